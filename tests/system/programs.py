"""Our own programs as child processes."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.servers.process import ServerProcess

__all__ = ["ProgramFailed", "command", "run", "run_json", "started"]

_PROGRAMS = pathlib.Path(sys.executable).parent


class ProgramFailed(RuntimeError):
    """One of our programs ended badly; the message holds what it said."""


def command(name: str, *arguments: str | pathlib.Path) -> list[str]:
    """The command line of one of our programs."""
    return [str(_PROGRAMS / name), *map(str, arguments)]


def run(name: str, *arguments: str | pathlib.Path, codes: tuple[int, ...] = (0,), timeout_s: float = 120.0) -> str:
    """Runs a program to its end and gives what it printed; raises ProgramFailed for another exit code."""
    done = subprocess.run(command(name, *arguments), capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode not in codes:
        raise ProgramFailed(f"{name} {arguments[0]} ended with code {done.returncode}:\n{done.stderr}{done.stdout}")
    return done.stdout


def run_json(name: str, *arguments: str | pathlib.Path, codes: tuple[int, ...] = (0,), timeout_s: float = 120.0) -> Any:
    """As `run`, for a program that prints one JSON document."""
    return json.loads(run(name, *arguments, codes=codes, timeout_s=timeout_s))


def started(
    name: str,
    *arguments: str | pathlib.Path,
    log: pathlib.Path,
    ready: Callable[[], bool] = lambda: True,
    prefix: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
) -> ServerProcess:
    """A program that runs until it is stopped; not started yet. `environment` is added to this process's own."""
    line = [*prefix, *command(name, *arguments)]
    return ServerProcess(line, log=log, ready=ready, environment=environment, timeout_s=timeout_s)
