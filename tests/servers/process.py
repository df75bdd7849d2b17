"""A child process that is started, awaited by a probe, stopped by SIGTERM and killed by SIGKILL."""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence


class ServerUnavailable(RuntimeError):
    """The program is not installed, or did not answer in time; the message holds the end of its log."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 20.0, step_s: float = 0.02, what: str = "") -> None:
    """Returns as soon as `condition` holds; raises TimeoutError naming `what` when it never does."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not reached within {timeout_s} s: {what or condition}")
        time.sleep(step_s)


def port_answers(port: int, host: str = "127.0.0.1") -> bool:
    """True when something accepts a TCP connection on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def find_program(*names: str) -> str:
    """The full path of the first program found, Debian's version folders included."""
    extra = os.pathsep.join(["/usr/sbin", "/usr/bin", "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/17/bin"])
    for name in names:
        found = shutil.which(name, path=extra + os.pathsep + os.environ.get("PATH", ""))
        if found:
            return found
    raise ServerUnavailable(f"{names[0]} is not installed; `make test` installs it")


class ServerProcess:
    """One server program and its log."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        log: pathlib.Path,
        ready: Callable[[], bool],
        environment: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        self._arguments = list(arguments)
        self._log = log
        self._ready = ready
        self._environment = {**os.environ, **(environment or {})}
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; raises ServerUnavailable when it is not running."""
        if self._process is None:
            raise ServerUnavailable(f"{self._arguments[0]} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts the program and returns once it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._environment
            )
        deadline = time.monotonic() + self._timeout_s
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ServerUnavailable(f"{self._arguments[0]} did not start:\n{self.log_tail()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after ten seconds."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, as a power cut or the OOM killer would."""
        self._end(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Sends any other signal, SIGSTOP for one."""
        os.kill(self.pid, number)

    def log_tail(self, characters: int = 2000) -> str:
        """The end of what the program printed."""
        return self._log.read_text(errors="replace")[-characters:] if self._log.exists() else ""

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        self._process = None
