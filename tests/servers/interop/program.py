"""A running server of another maker: started, told what to write, killed and started again on its port."""

from __future__ import annotations

import os
import pathlib
import subprocess
from dataclasses import dataclass

from tests.servers.interop.build import command
from tests.servers.process import ServerUnavailable, free_port

__all__ = ["PASSWORD", "SERVER_URI", "USER", "InteropProgram", "Written"]

SERVER_URI = "urn:ovoo:test:interop"
USER = "reader"
PASSWORD = "geheim-7"
_TICKS_1970 = 116_444_736_000_000_000
_EXIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Written:
    """What the server was told to hold: times in nanoseconds since 1970, status as the 32 bits of the standard."""

    name: str
    value: float | bool | str
    status: int
    source_ns: int
    server_ns: int

    @property
    def line(self) -> str:
        """The command on the server's standard input."""
        text = str(self.value).lower() if isinstance(self.value, bool) else str(self.value)
        source, server = (time_ns // 100 + _TICKS_1970 for time_ns in (self.source_ns, self.server_ns))
        return f"write {self.name} {self.status:08x} {source} {server} {text}\n"


class InteropProgram:
    """One server process.

    Args:
        name: key of `SERVERS`.
        pki: folder with `server.pem`, `server.der` and `server.key.pem`.
    """

    def __init__(self, name: str, pki: pathlib.Path) -> None:
        self.port = free_port()
        self.endpoint = f"opc.tcp://127.0.0.1:{self.port}"
        self._arguments = [*command(name), str(self.port), str(pki), SERVER_URI, USER, PASSWORD]
        self._log = pki / f"{name}.log"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when the server says that it is ready."""
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                env={**os.environ, "PYTHONUTF8": "1"},
            )
        self._expect("ready")

    def write(self, written: Written) -> None:
        """Returns when the server has taken the value."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(written.line)
        self._process.stdin.flush()
        self._expect("wrote")

    def kill(self) -> None:
        """SIGKILL: no farewell to clients."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(_EXIT_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def _expect(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() == word:
                return
        raise ServerUnavailable(f"{self._arguments[0]} ended:\n{self._log.read_text(errors='replace')[-2000:]}")
