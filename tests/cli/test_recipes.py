"""Every recipe that is shipped loads, every command that the README names is one."""

import re
import shlex
from pathlib import Path

import pytest

from rlrecall.cli.main import build_parser
from rlrecall.runs.recipes import load_config

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^(rlrecall [a-z].*?)(?:\s+#.*)?$", README, flags=re.MULTILINE)


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.name)
def test_a_recipe_loads_and_says_what_to_expect(path):
    config = load_config(path)
    assert config.name == path.stem
    header = path.read_text().splitlines()[:8]
    for word in ("Command:", "Hardware:", "Wall time:", "Expect:", "Date:"):
        assert any(line.startswith("#") and word in line for line in header), word


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_parses(command):
    args = build_parser().parse_args(shlex.split(command)[1:])
    if args.takes_config and Path(args.config).suffix == ".yaml":
        load_config(ROOT / args.config, args.overrides)


def test_git_ignores_the_environments_also_where_they_are_links():
    assert {".venv", ".venv-interop"} <= set((ROOT / ".gitignore").read_text().split("\n"))


def test_the_readme_names_no_make_target_that_is_not_there():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"\bmake (\w+)", README)) <= targets
    assert len(COMMANDS) > 8
