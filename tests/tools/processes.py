"""Python in a process of its own, where nothing is cached and sets come in another order."""

import os
import subprocess
import sys


def printed(code, *arguments, hash_seed="0", cwd=None):
    """What `code` prints; strings hash by `hash_seed`. It can import what the tests can."""
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={
            **os.environ,
            "PYTHONPATH": path,
            "PYTHONHASHSEED": hash_seed,
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
