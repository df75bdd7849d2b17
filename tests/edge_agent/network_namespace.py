"""A network of its own for a test: a namespace of the kernel, made and taken away again, and who looks around in it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.servers.process import find_program

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Looker:
    """The agent's reader in a process within the namespace; see `posture_looker`."""

    process: subprocess.Popen[str]

    def ask(self, do: str, **more: Any) -> Any:
        """What it answers; the test fails where it died."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the reader ended with {self.process.wait(30)}"
        return json.loads(line)


@dataclass(frozen=True, slots=True)
class Namespace:
    """One network namespace by its name."""

    name: str
    ip_program: str = field(default_factory=lambda: find_program("ip"))

    def ip(self, *lines: str) -> None:
        """Runs lines of `ip` within it, in one go; the first that fails ends the test."""
        subprocess.run([self.ip_program, "-n", self.name, "-batch", "-"], input="\n".join(lines), text=True, check=True)

    def tries(self, line: str) -> bool:
        """Whether the kernel takes one line."""
        done = subprocess.run([self.ip_program, "-n", self.name, *line.split()], capture_output=True, check=False)
        return done.returncode == 0

    def leaves_by(self, host: str) -> str | None:
        """What the kernel itself says, asked with rights that the agent has not; None where it refuses."""
        host, _, link = host.partition("%")
        words = ["route", "get", host, *(["oif", link] if link else [])]
        done = subprocess.run(
            [self.ip_program, "-n", self.name, "-json", *words], capture_output=True, text=True, check=False
        )
        found = json.loads(done.stdout)[0] if done.returncode == 0 else {}
        return None if found.get("type") in ("blackhole", "unreachable", "prohibit") else found.get("dev")

    @contextmanager
    def looker(self, folder: pathlib.Path, enter: Sequence[str] = ()) -> Iterator[Looker]:
        """A reader for the configuration in a folder; `enter` is another way in than `ip netns exec`."""
        way = enter or (self.ip_program, "netns", "exec", self.name)
        command = [*way, sys.executable, "-m", "tests.edge_agent.posture_looker", str(folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            yield Looker(process)


@contextmanager
def namespace(label: str) -> Iterator[Namespace]:
    """A fresh one that holds nothing but a loopback that is down; skips where this machine allows none."""
    made = Namespace(f"ovoo-{label}-{os.getpid()}")
    done = subprocess.run([made.ip_program, "netns", "add", made.name], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot make a network namespace here: {done.stderr.strip()}")
    try:
        yield made
    finally:
        subprocess.run([made.ip_program, "netns", "delete", made.name], check=True)
