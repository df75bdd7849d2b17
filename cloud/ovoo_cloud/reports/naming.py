"""Names and dates of reports: a number as part of a path, the local day of an installation."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ovoo_contract.errors import ConfigError

__all__ = ["local_day", "slug"]


def slug(number: str) -> str:
    """A report number as part of a path: letters and digits stay, anything else becomes a hyphen."""
    text = "".join(char if char.isascii() and char.isalnum() else "-" for char in number).strip("-").lower()[:40]
    if not text:
        raise ConfigError("no letter or digit in it", offender="number", value=number, remedy="e.g. HS-2026-001")
    return text


def local_day(now_ns: int, zone: ZoneInfo) -> str:
    """The local date of a moment, ISO."""
    return datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).astimezone(zone).date().isoformat()
