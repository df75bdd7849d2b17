"""Times of samples: the contract's rule for choosing one, and the forms in which JSON and CSV write it."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from ovoo_contract.errors import PayloadError
from ovoo_contract.quality import TIME_FROM_RECEIVE, TIME_FROM_SERVER

__all__ = ["EARLIEST_NS", "LATEST_AHEAD_NS", "TimeForm", "TimeReader", "pick_time"]

TimeForm = Literal["s", "ms", "us", "ns", "iso", "receive"]

EARLIEST_NS = 946_684_800_000_000_000
"""2000-01-01 UTC: an older source time is a clock that was never set."""

LATEST_AHEAD_NS = 86_400_000_000_000
"""A source time more than a day ahead of the receipt is a wrong clock."""

_NS_PER = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1000, "ns": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# date, time without fraction, fraction, zone; separators as spreadsheets and PLCs write them
_ISO = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?)?"
    r" ?(Z|z|[+-]\d{2}:?\d{2})?"
)
_LARGEST = 2**63 - 1


def pick_time(source_ns: int | None, server_ns: int | None, receive_ns: int) -> tuple[int, int]:
    """(time, quality flag bits) by the contract's rule; None where a time did not come along."""
    latest_ns = receive_ns + LATEST_AHEAD_NS
    if source_ns is not None and EARLIEST_NS <= source_ns <= latest_ns:
        return source_ns, 0
    if server_ns is not None and EARLIEST_NS <= server_ns <= latest_ns:
        return server_ns, TIME_FROM_SERVER
    return receive_ns, TIME_FROM_RECEIVE


class TimeReader:
    """Reads one form of time.

    Args:
        form: unit of a number ("s", "ms", "us", "ns"), "iso" for text, "receive" for none.
        timezone: zone of ISO texts that name none.
    """

    def __init__(self, form: TimeForm, timezone: str) -> None:
        self._factor = _NS_PER.get(form)
        self._zone: tzinfo = zoneinfo.ZoneInfo(timezone)
        self._form = form

    def read(self, value: Any) -> int:
        """UTC nanoseconds of a number or text.

        Raises:
            PayloadError: it is not a time of this form.
        """
        if self._factor is not None:
            return self._number(value, self._factor)
        if isinstance(value, str):
            return self._text(value)
        raise PayloadError("is not a time", offender="time", value=value, remedy=f"expected form {self._form}")

    def _number(self, value: Any, factor: int) -> int:
        if isinstance(value, str):
            try:
                value = int(value) if value.strip().lstrip("+-").isdigit() else float(value)
            except ValueError as error:
                raise PayloadError(
                    "is not a time", offender="time", value=value, remedy=f"expected a number of {self._form}"
                ) from error
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise PayloadError(
                "is not a time", offender="time", value=value, remedy=f"expected a number of {self._form}"
            )
        try:
            whole = int(value)
        except (ValueError, OverflowError) as error:
            raise PayloadError("is not a time", offender="time", value=value) from error
        # whole and fraction apart: their product would not fit a double's 53 bits
        result = whole * factor + round((value - whole) * factor)
        if not -_LARGEST <= result <= _LARGEST:
            raise PayloadError(
                "is out of range", offender="time", value=value, remedy=f"expected a number of {self._form}"
            )
        return result

    def _text(self, text: str) -> int:
        match = _ISO.fullmatch(text.strip())
        if match is None:
            raise PayloadError(
                "is not an ISO 8601 time", offender="time", value=text, remedy="such as 2026-05-01T08:00:00+08:00"
            )
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        try:
            moment = datetime(
                int(year),
                int(month),
                int(day),
                int(hour or 0),
                int(minute or 0),
                min(int(second or 0), 59),
                tzinfo=self._zone_of(zone),
            )
            delta = moment.astimezone(UTC) - _EPOCH
        except (ValueError, OverflowError) as error:
            raise PayloadError("is not a time", offender="time", value=text, remedy=str(error)) from error
        seconds = delta.days * 86_400 + delta.seconds + (int(second or 0) == 60)
        return seconds * 1_000_000_000 + int((fraction or "0").ljust(9, "0")[:9])

    def _zone_of(self, zone: str | None) -> tzinfo:
        if zone is None:
            return self._zone
        if zone in "Zz":
            return UTC
        parsed = datetime.strptime(zone, "%z").tzinfo
        return parsed or UTC
