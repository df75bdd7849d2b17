"""Child processes of the demo: started with a log each, watched, stopped in reverse order."""

from __future__ import annotations

import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType

PROGRAMS = pathlib.Path(sys.executable).parent


class ChildFailed(RuntimeError):
    """A program of the demo ended or did not get ready; the message shows the end of its log."""


def program(name: str, *arguments: str) -> list[str]:
    """The command line of one of our programs."""
    return [str(PROGRAMS / name), *arguments]


class Child:
    """One running program."""

    def __init__(self, name: str, command: Sequence[str], logs: pathlib.Path) -> None:
        self.name = name
        self._log = logs / f"{name}.log"
        with self._log.open("ab") as log:
            # a group of its own: Ctrl-C in the terminal is the demo's, which stops its programs in order
            self._process = subprocess.Popen(
                list(command), stdout=log, stderr=log, stdin=subprocess.DEVNULL, process_group=0
            )

    def check(self) -> None:
        """Raises ChildFailed when the program has ended by itself."""
        code = self._process.poll()
        if code is not None:
            raise ChildFailed(f"{self.name} ended with code {code}:\n{self._tail()}")

    def wait(self, timeout_s: float) -> None:
        """Waits for a program that ends by itself; raises ChildFailed unless it ends well in time."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ChildFailed(f"{self.name} still runs after {timeout_s:g} s:\n{self._tail()}") from error
        if code != 0:
            raise ChildFailed(f"{self.name} ended with code {code}:\n{self._tail()}")

    @property
    def running(self) -> bool:
        """True while the program lives."""
        return self._process.poll() is None

    def stop(self, timeout_s: float = 30.0) -> None:
        """SIGTERM, and SIGKILL when that does not help."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _tail(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-3000:]


class Children:
    """All programs of the demo; leaving the block stops them, the youngest first."""

    def __init__(self, logs: pathlib.Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._running: list[Child] = []

    def start(self, name: str, command: Sequence[str]) -> Child:
        """Starts a program."""
        child = Child(name, command, self._logs)
        self._running.append(child)
        return child

    def run(self, name: str, command: Sequence[str], timeout_s: float = 300.0) -> None:
        """Runs a program to its end."""
        self.start(name, command).wait(timeout_s)

    def wait_until(self, condition: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
        """Waits for a condition while all programs live that have not ended well."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise ChildFailed(f"not reached within {timeout_s:g} s: {what}")
            time.sleep(0.1)

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._running):
            child.stop()
