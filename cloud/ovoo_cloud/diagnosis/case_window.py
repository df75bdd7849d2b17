"""The window of a case: from when, until when, in which time zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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
    start, end = _instant(reader, "start", zone), _instant(reader, "end", zone)
    if start >= end:
        reader.fail(
            "end",
            "window ends before it starts",
            "write end later than start; end is not included",
            code="intake.window_backwards",
        )
    reader.finish()
    return start, end, name


def _instant(reader: IntakeReader, key: str, zone: ZoneInfo) -> int:
    text = reader.text(key)
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        reader.fail(key, "not a date", "write 2026-05-01 or 2026-05-01T08:00:00+08:00", code="intake.not_date")
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    whole = int((moment.replace(microsecond=0)).timestamp())
    return whole * 1_000_000_000 + moment.microsecond * 1000
