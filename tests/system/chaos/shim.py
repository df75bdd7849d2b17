"""The clock and the disk of one process, changed while it runs; see shim.c."""

from __future__ import annotations

import mmap
import pathlib
import struct
import subprocess

from tests.servers.process import ServerUnavailable, find_program

__all__ = ["Shim", "build_shim"]

_SOURCE = pathlib.Path(__file__).with_name("shim.c")
_LAYOUT = struct.Struct("<qq")


def build_shim(folder: pathlib.Path) -> pathlib.Path:
    """Compiles the shim into `folder`; raises ServerUnavailable where there is no C compiler, or it refuses."""
    library = folder / "libchaos.so"
    command = [find_program("gcc", "cc", "clang"), "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise ServerUnavailable(f"the fault shim does not compile: {done.stderr}")
    return library


class Shim:
    """Control of one process; a new process with the same environment finds the numbers as they are.

    Args:
        library: from `build_shim`.
        control: the file of numbers, made here.
    """

    def __init__(self, library: pathlib.Path, control: pathlib.Path) -> None:
        control.write_bytes(_LAYOUT.pack(0, 0))
        self.environment = {"LD_PRELOAD": str(library), "OVOO_CHAOS_CONTROL": str(control)}
        with control.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _LAYOUT.size)

    def shift_clock(self, offset_ns: int) -> None:
        """Sets the process's wall clock so much ahead of (negative: behind) the true one."""
        self._memory[0:8] = struct.pack("<q", offset_ns)

    def delay_sync(self, seconds: float) -> None:
        """Makes every fsync and fdatasync take so much longer."""
        self._memory[8:16] = struct.pack("<q", round(seconds * 1e6))
