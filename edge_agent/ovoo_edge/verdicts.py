"""Numbers that kernels and Python share: what becomes of a row, which policy a signal has, what a check says."""

from __future__ import annotations

from typing import Final, Literal

from ovoo_contract.quality import UNCERTAIN_LAST_USABLE

__all__ = [
    "AGGREGATED",
    "BEHIND",
    "CLAMPED_HIGH",
    "CLAMPED_LOW",
    "COPY",
    "HELD",
    "KEPT",
    "NEVER_NS",
    "OLD",
    "POLICIES",
    "STUCK",
    "SUPPRESSED",
    "TOO_FAST",
    "Keep",
    "all_kept",
]

NEVER_NS: Final = -(2**63)
"""A time before every other: nothing was seen yet."""

KEPT: Final = 0
BEHIND: Final = 1
"""Not newer than what was seen of the signal: kept, and sent as backfill."""
SUPPRESSED: Final = 2
HELD: Final = 3
"""Neither stored nor suppressed yet: a later sample decides."""
OLD: Final = 4
"""Kept, but more than five minutes old: sent as backfill."""
AGGREGATED: Final = 5
"""Went into a minute that is still open."""
COPY: Final = 6
"""A copy of a sample that was kept back: a duplicate."""

Keep = Literal["raw", "on_change", "events", "swinging_door", "aggregate_1m"]
POLICIES: Final[dict[Keep, int]] = {"raw": 0, "on_change": 1, "events": 2, "swinging_door": 3, "aggregate_1m": 4}

_DATA_VALUE: Final = 1 << 10
_LOW: Final = 1 << 8
_HIGH: Final = 2 << 8
_CONSTANT: Final = 3 << 8

CLAMPED_LOW: Final = 0x40940000 | _DATA_VALUE | _LOW
"""Uncertain_EngineeringUnitsExceeded, limit bits low: the value was below the range and stands at its bound."""
CLAMPED_HIGH: Final = 0x40940000 | _DATA_VALUE | _HIGH
"""The same above the range."""
STUCK: Final = UNCERTAIN_LAST_USABLE | _DATA_VALUE | _CONSTANT
"""Uncertain_LastUsableValue, limit bits constant: the value has not moved for `stuck_after_s`."""
TOO_FAST: Final = 0x40930000
"""Uncertain_SensorNotAccurate: the value moved faster than `max_rate`."""


def all_kept(mark: bytes | bytearray) -> bool:
    """True where no row of the column of verdicts is anything but `KEPT`."""
    return mark == bytes([KEPT]) * len(mark)
