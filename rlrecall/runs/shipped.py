"""The recipes and the base model that come with the package.

An installed wheel holds them in rlrecall/shipped/, a source checkout in its root.
"""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def find_shipped(name: str | Path) -> Path:
    """`name`, or the shipped file of that name if the working folder has none.

    Applies to configs/*.yaml and checkpoints/base-tiny.
    """
    path = Path(name)
    shipped = path.parts[:-1] == ("configs",) or path.parts == ("checkpoints", "base-tiny")
    if shipped and not path.exists():
        for root in (PACKAGE / "shipped", PACKAGE.parent):
            if (root / path).exists():
                return root / path
    return path
