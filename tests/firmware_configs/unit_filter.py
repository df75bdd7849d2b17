"""Runs a command under the system-call filter of a systemd unit, as systemd lays it: `python -m ... UNIT COMMAND...`.

Laid is what `SystemCallFilter`, `SystemCallErrorNumber` and `ProtectClock` say; other lines of the sandbox are not.
"""

from __future__ import annotations

import ctypes
import errno
import os
import pathlib
import platform
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from tests.servers.process import find_program

_ARCHITECTURE: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[platform.machine()]
"""AUDIT_ARCH_* of <linux/audit.h>."""
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def members(group: str) -> frozenset[str]:
    """The calls of one group, groups within it opened; a call is a group of itself."""
    if not group.startswith("@"):
        return frozenset({group})
    told = subprocess.run(
        [find_program("systemd-analyze"), "syscall-filter", group], capture_output=True, text=True, check=True
    ).stdout
    names = [line.strip() for line in told.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return frozenset[str]().union(*map(members, names))


def settings(unit: pathlib.Path, key: str) -> list[str]:
    """What stands behind a key, line by line."""
    return re.findall(rf"^{key}=(.*)$", unit.read_text(encoding="utf-8"), flags=re.MULTILINE)


def allowed(unit: pathlib.Path) -> frozenset[str]:
    """The calls that pass: lines add to the first one, or take away where they begin with ~."""
    found = members("@default")
    for line in settings(unit, "SystemCallFilter"):
        named = frozenset[str]().union(*map(members, line.removeprefix("~").split()))
        found = found - named if line.startswith("~") else found | named
    return found


def _numbers() -> dict[str, int]:
    told = subprocess.run(
        [find_program("gcc"), "-E", "-dM", "-include", "sys/syscall.h", "-xc", "/dev/null"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {name: int(number) for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", told, flags=re.MULTILINE)}


def verdicts(unit: pathlib.Path) -> dict[int, int]:
    """Call number -> what the kernel does; any other call is none that systemd knows: there is no such call."""
    otherwise = settings(unit, "SystemCallErrorNumber")
    refusal = _ERRNO | getattr(errno, otherwise[-1]) if otherwise else _KILL
    passes = allowed(unit)
    clock = members("@clock") if settings(unit, "ProtectClock")[-1:] == ["yes"] else frozenset[str]()
    numbers = _numbers()
    found = {numbers[name]: refusal for name in members("@known") - passes if name in numbers}
    found.update((numbers[name], _ALLOW) for name in passes - clock if name in numbers)
    # of two filters the harder verdict counts
    found.update((numbers[name], _ERRNO | errno.EPERM) for name in passes & clock if name in numbers)
    return found


def _steps(unit: pathlib.Path) -> Iterator[bytes]:
    yield struct.pack("HBBI", _LOAD, 0, 0, 4)
    yield struct.pack("HBBI", _JUMP_EQUAL, 1, 0, _ARCHITECTURE)
    yield struct.pack("HBBI", _RETURN, 0, 0, _KILL)
    yield struct.pack("HBBI", _LOAD, 0, 0, 0)
    for number, verdict in sorted(verdicts(unit).items()):
        yield struct.pack("HBBI", _JUMP_EQUAL, 0, 1, number)
        yield struct.pack("HBBI", _RETURN, 0, 0, verdict)
    yield struct.pack("HBBI", _RETURN, 0, 0, _ERRNO | errno.ENOSYS)


def lay(unit: pathlib.Path) -> None:
    """Puts the filter on this process and what it starts, for good."""
    steps = list(_steps(unit))
    program = _Program(len(steps), b"".join(steps))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program))):
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "the filter cannot be laid")


if __name__ == "__main__":
    lay(pathlib.Path(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
