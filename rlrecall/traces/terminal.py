"""Print to standard output: with color and a pager in a terminal, as plain text elsewhere."""

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # rich would exit with status 1


def console(file: IO[str], **more: Any) -> Console:
    """A console that writes to `file`, in color if standard output is a terminal."""
    terminal = sys.stdout.isatty()
    # Set explicitly: FORCE_COLOR would put color codes into a file.
    return _Console(
        file=file,
        force_terminal=terminal,
        color_system="auto" if terminal else None,
        highlight=False,
        **more,
    )


def plain_table(
    words: Sequence[str], numbers: Sequence[str], title: str | Text | None = None
) -> Table:
    """A table without lines; the columns `words` are aligned left, `numbers` right."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for head in (*words, *numbers):
        table.add_column(head, justify="right" if head in numbers else "left", no_wrap=True)
    return table


def print_texts(lines: Iterable[Text], pager: bool = False) -> None:
    """Print to standard output; `pager` applies only in a terminal."""

    def put(file: IO[str]) -> None:
        out = console(file)
        for text in lines:
            out.print(text, end="", soft_wrap=True)

    command = shlex.split(os.environ.get("PAGER") or "less")
    if not (pager and sys.stdout.isatty() and shutil.which(command[0])):
        put(sys.stdout)
        return
    # Rich's pager would start only when the last of 100,000 traces is ready.
    os.environ.setdefault("LESS", "-FRX")  # without -R less shows color codes
    process = subprocess.Popen(command, stdin=subprocess.PIPE, encoding="utf-8")
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):  # the user quit it before the end
        put(process.stdin)
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    while process.poll() is None:
        with contextlib.suppress(KeyboardInterrupt):  # meant for the pager, where it stops a search
            process.wait()
