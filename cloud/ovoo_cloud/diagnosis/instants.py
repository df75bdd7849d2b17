"""Moments as people write them in an intake."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = ["read_instant"]


def read_instant(reader: IntakeReader, key: str, zone: ZoneInfo) -> int:
    """ns UTC of a date or time under `key`, in `zone` where it names none; mistakes go to the reader's log."""
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
