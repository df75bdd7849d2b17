"""Python environments of peers under the user's cache folder, and conversations with scripts that run in them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

__all__ = ["Talk", "python_with"]


def cache_folder() -> pathlib.Path:
    """Where peers are installed once."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ovoo-benchmarks"


def python_with(name: str, *steps: Sequence[str]) -> pathlib.Path | None:
    """The interpreter of environment `name` with the packages of each pip step; None where that fails."""
    folder = cache_folder() / name
    python = folder / "bin" / "python"
    done = folder / ".complete"
    if done.exists():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    commands = [[sys.executable, "-m", "venv", "--clear", str(folder)]]
    commands += [[str(python), "-m", "pip", "install", "-q", *step] for step in steps]
    for command in commands:
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return None
    done.touch()
    return python


class Talk:
    """A peer script that answers a line of JSON to a line of text; it runs until `close`."""

    def __init__(self, python: pathlib.Path, script: pathlib.Path, *arguments: str) -> None:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [str(python), str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=python.parent,  # not the checkout: the peer must not import from it
            env={**os.environ, **threads, "PYTHONPATH": ""},
        )

    def ask(self, text: str) -> Any:
        """The answer to `text`; SystemExit where the peer ended instead."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"peer {text!r} ended early")
        return json.loads(line)

    def close(self) -> None:
        """Ends the peer."""
        self._process.kill()
        self._process.communicate()
