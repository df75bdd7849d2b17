"""Local times of the month as text."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

__all__ = ["local_day", "local_text"]


def local_text(instant_ns: int, zone: ZoneInfo) -> str:
    """Local date and time to the minute: 2026-10-08 09:15."""
    return f"{datetime.fromtimestamp(instant_ns // 1_000_000_000, zone):%Y-%m-%d %H:%M}"


def local_day(instant_ns: int, zone: ZoneInfo) -> str:
    """ISO local date."""
    return local_text(instant_ns, zone)[:10]
