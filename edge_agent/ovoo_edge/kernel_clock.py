"""What the kernel says of the gateway's own clock: whether a time server holds it, and how far off it may be.

`adjtimex` reads this without any right and without asking who holds the clock: chrony, ntpd or systemd-timesyncd.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["KernelClock", "Timex", "read_kernel_clock"]

_UNSYNCHRONISED: Final = 0x0040
"""STA_UNSYNC of <sys/timex.h>."""
_ERROR: Final = 5
"""TIME_ERROR: the state of a clock that nobody holds."""


class Timex(ctypes.Structure):
    """`struct timex` of Linux; reading needs no field beyond `status`, the rest is room that the kernel fills."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_long * 32),
    )


@dataclass(frozen=True, slots=True)
class KernelClock:
    """`error_ms` is the greatest error that the kernel allows, in ms; it grows while nobody corrects the clock."""

    synchronised: bool
    error_ms: float


def _of_libc(buffer: Timex) -> int:
    return int(ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(buffer)))


def read_kernel_clock(adjtimex: Callable[[Timex], int] = _of_libc) -> KernelClock | None:
    """The clock's state; None where the system does not tell (no Linux, or a container that forbids the call)."""
    buffer = Timex()
    try:
        state = adjtimex(buffer)
    except (AttributeError, OSError):
        return None
    if state < 0:
        return None
    held = state != _ERROR and not buffer.status & _UNSYNCHRONISED
    return KernelClock(held, buffer.maxerror / 1000)
