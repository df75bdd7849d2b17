"""OPC UA status codes as sample quality, with our flags in bits that OPC UA keeps at zero."""

from __future__ import annotations

import functools
import json
import pathlib
from typing import Final, Literal

__all__ = [
    "BAD",
    "BAD_NO_COMMUNICATION",
    "BAD_OUT_OF_RANGE",
    "CLOCK_SUSPECT",
    "FLAGS",
    "GOOD",
    "SHIFTED",
    "TIME_FROM_RECEIVE",
    "TIME_FROM_SERVER",
    "UNCERTAIN",
    "UNCERTAIN_LAST_USABLE",
    "describe",
    "is_good",
    "severity",
    "status_code",
]

GOOD: Final = 0
UNCERTAIN: Final = 0x40000000
BAD: Final = 0x80000000
BAD_NO_COMMUNICATION: Final = 0x80310000
BAD_OUT_OF_RANGE: Final = 0x803C0000
UNCERTAIN_LAST_USABLE: Final = 0x40900000

TIME_FROM_SERVER: Final = 1 << 12
"""The source gave no usable time; `time_ns` is the server's."""
TIME_FROM_RECEIVE: Final = 1 << 13
"""Neither source nor server gave a usable time; `time_ns` is the gateway's receive time."""
SHIFTED: Final = 1 << 28
"""Another value stood at the same signal and time; this one was moved by 1 to 999 ns."""
CLOCK_SUSPECT: Final = 1 << 29
"""The clock that gave `time_ns` is known to be off; the offset is recorded, never applied."""
FLAGS: Final = TIME_FROM_SERVER | TIME_FROM_RECEIVE | SHIFTED | CLOCK_SUSPECT
"""All bits of ours."""

_ALL: Final = 0xFFFFFFFF
_CODE: Final = 0xFFFF0000

Severity = Literal["good", "uncertain", "bad"]
Language = Literal["zh", "en"]


def is_good(quality: int) -> bool:
    """True where the top two bits are 00, the only meaning of "good" anywhere in Ovoo."""
    return quality < UNCERTAIN


def severity(quality: int) -> Severity:
    """The class of a quality by its top two bits; the reserved class 11 counts as bad."""
    if quality < UNCERTAIN:
        return "good"
    return "uncertain" if quality < BAD else "bad"


def status_code(quality: int) -> int:
    """The OPC UA status code without our flags."""
    return quality & _ALL & ~FLAGS


def describe(quality: int, language: Language = "zh") -> str:
    """Words for a quality, for people: the code's name (or its class and number) and our flags."""
    table = _words()[language]
    code = status_code(quality)
    key = f"{code & _CODE:08X}"
    name = table.get(key)
    words = [name if name is not None else f"{table[severity(quality)]} 0x{code:08X}"]
    words.extend(table[flag] for flag, bit in _FLAG_NAMES if quality & bit)
    return table["separator"].join(words)


_FLAG_NAMES = (
    ("time_from_server", TIME_FROM_SERVER),
    ("time_from_receive", TIME_FROM_RECEIVE),
    ("shifted", SHIFTED),
    ("clock_suspect", CLOCK_SUSPECT),
)


@functools.lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, str]]:
    text = pathlib.Path(__file__).with_name("quality.json").read_text(encoding="utf-8")
    words: dict[str, dict[str, str]] = json.loads(text)
    return words
