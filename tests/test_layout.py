"""The layout of the package: which room may import which, and how long files and functions may be.

Reads the source; imports nothing. `if TYPE_CHECKING` imports and imports in functions count too.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = (
    "cli",
    "study",
    "report",
    "traces",
    "training",
    "evaluation",
    "models",
    "runs",
    "knowledge",
)
MAX_FILE, MAX_FUNCTION = 300, 60  # lines

# Known exceptions. Remove an entry with its cause; never add one.
LONG_FILES: set[str] = set()
LONG_FUNCTIONS = {
    "rlrecall.training.implant.implant",  # to be deleted with its module
    "rlrecall.training.priming.prime",  # to be deleted with its module
}
UPWARD: set[tuple[str, str]] = set()  # (module, what it imports)
CYCLES: set[frozenset[str]] = set()


@cache
def modules() -> dict[str, Path]:
    """Each module's dotted name and file."""
    found = {}
    for path in sorted((ROOT / "rlrecall").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


@cache
def imports() -> dict[str, set[str]]:
    """The modules of the package that each module names in an import."""
    graph: dict[str, set[str]] = {}
    for module in modules():
        named = set()
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    submodule = f"{node.module}.{alias.name}"
                    named.add(submodule if submodule in modules() else node.module)
        graph[module] = {name for name in named if name in modules()} - {module}
    return graph


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def reachable(start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for module in imports()[waiting.pop()] - found:
            found.add(module)
            waiting.append(module)
    return found


def test_the_package_has_no_other_rooms():
    assert {room(module) for module in modules()} - {"", "__main__"} == set(ROOMS)


def test_imports_go_downwards():
    upward = {
        (module, imported)
        for module, named in imports().items()
        for imported in named
        if room(module) in ROOMS
        and (room(imported) not in ROOMS or ROOMS.index(room(module)) > ROOMS.index(room(imported)))
    }
    assert upward == UPWARD


def test_no_modules_import_one_another():
    below = {module: reachable(module) for module in modules()}
    cycles = {
        frozenset(other for other in below[module] if module in below[other])
        for module in modules()
        if module in below[module]
    }
    assert cycles == CYCLES


def test_stages_do_not_import_each_other():
    stages = {f"rlrecall.training.{stage}" for stage in ("pretrain", "sft", "warmup", "rl")}
    crossed = {(s, other) for s in stages & imports().keys() for other in imports()[s] & stages}
    assert crossed == set()


@pytest.mark.parametrize("module", [name for name in modules() if room(name) == "knowledge"])
def test_knowledge_never_imports_torch(module):
    heavy = {"torch", "transformers", "trl", "peft", "accelerate"}
    names = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    assert not names & heavy


def test_no_file_is_too_long():
    long = {
        str(path.relative_to(ROOT))
        for path in modules().values()
        if len(path.read_text(encoding="utf-8").splitlines()) > MAX_FILE
    }
    assert long == LONG_FILES


def test_no_function_is_too_long():
    long = {
        f"{module}.{node.name}"
        for module in modules()
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION
    }
    assert long == LONG_FUNCTIONS
