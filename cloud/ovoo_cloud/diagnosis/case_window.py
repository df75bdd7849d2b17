"""The window of a case: from when, until when, in which time zone."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ovoo_cloud.diagnosis.instants import read_instant
from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = ["read_window"]


def read_window(top: IntakeReader) -> tuple[int, int, str]:
    """Start and excluded end in nanoseconds, and the name of the time zone; mistakes go to the reader's log."""
    reader = top.child("window", required=True)
    if reader is None:
        return 0, 1, "Asia/Shanghai"
    name = reader.text("timezone", "Asia/Shanghai")
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        reader.fail(
            "timezone", "unknown time zone", "write an IANA name such as Asia/Shanghai", code="intake.no_such_time_zone"
        )
        zone = ZoneInfo("Asia/Shanghai")
    start, end = read_instant(reader, "start", zone), read_instant(reader, "end", zone)
    if start >= end:
        reader.fail(
            "end",
            "window ends before it starts",
            "write end later than start; end is not included",
            code="intake.window_backwards",
        )
    reader.finish()
    return start, end, zone.key
