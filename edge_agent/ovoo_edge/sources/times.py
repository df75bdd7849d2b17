"""Times of samples: the contract's rule for choosing one, and the forms in which JSON and CSV write it."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal

from ovoo_contract.errors import PayloadError
from ovoo_contract.quality import TIME_FROM_RECEIVE, TIME_FROM_SERVER

__all__ = ["EARLIEST_NS", "LATEST_AHEAD_NS", "RepeatedHour", "TimeForm", "TimeReader", "likely_forms", "pick_time"]

TimeForm = Literal["s", "ms", "us", "ns", "iso", "excel", "filetime", "receive"]
RepeatedHour = Literal["refuse", "first", "second"]

EARLIEST_NS = 946_684_800_000_000_000
"""2000-01-01 UTC: an older source time is a clock that was never set."""

LATEST_AHEAD_NS = 86_400_000_000_000
"""A source time more than a day ahead of the receipt is a wrong clock."""

_NS_PER = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1000, "ns": 1, "filetime": 100}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILETIME_EPOCH_NS = -11_644_473_600 * 10**9
_EXCEL_EPOCH = datetime(1899, 12, 30)
_EXCEL_LOWEST = 61  # 1900-03-01: before it Excel counts a day that never was
_MOST_MINUTES = 4096
# date, time without fraction, fraction, zone; separators as spreadsheets and PLCs write them
_ISO = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T ] ?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?)?"
    r" ?(Z|z|[+-]\d{2}(?::?\d{2})?)?"
)
# the basic format, which needs no separators: 20261129T100000.5+0800, also without the T
_BASIC = re.compile(
    r"(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(?:(\d{2})(?:[.,](\d{1,12}))?)?)? ?(Z|z|[+-]\d{2}(?::?\d{2})?)?"
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?")
_DAY_FIRST = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.](\d{2}|\d{4})\b.*")
_LARGEST = 2**63 - 1


def pick_time(source_ns: int | None, server_ns: int | None, receive_ns: int) -> tuple[int, int]:
    """(time, quality flag bits) by the contract's rule; None where a time did not come along."""
    latest_ns = receive_ns + LATEST_AHEAD_NS
    if source_ns is not None and EARLIEST_NS <= source_ns <= latest_ns:
        return source_ns, 0
    if server_ns is not None and EARLIEST_NS <= server_ns <= latest_ns:
        return server_ns, TIME_FROM_SERVER
    return receive_ns, TIME_FROM_RECEIVE


def likely_forms(value: Any, timezone: str, receive_ns: int) -> list[TimeForm]:
    """The forms in which `value` would be a time between 2000 and tomorrow; for hints to a person, never to decide."""
    fitting: list[TimeForm] = []
    forms: tuple[TimeForm, ...] = ("s", "ms", "us", "ns", "iso", "excel", "filetime")
    for form in forms:
        try:
            time_ns = TimeReader(form, timezone).read(value)
        except PayloadError:
            continue
        if EARLIEST_NS <= time_ns <= receive_ns + LATEST_AHEAD_NS:
            fitting.append(form)
    return fitting


class TimeReader:
    """Reads one form of time.

    Args:
        form: unit of a number since 1970 ("s", "ms", "us", "ns"), "iso" for text, "excel" for days since 1900 in
            local time, "filetime" for Windows' 100 ns since 1601, "receive" for none.
        timezone: zone of local times: ISO texts that name none, and Excel.
        repeated_hour: which of both is meant when clocks are set back and a local time comes twice.
    """

    def __init__(self, form: TimeForm, timezone: str, repeated_hour: RepeatedHour = "first") -> None:
        self._factor = _NS_PER.get(form)
        self._shift_ns = _FILETIME_EPOCH_NS if form == "filetime" else 0
        self._zone: tzinfo = zoneinfo.ZoneInfo(timezone)
        self._zone_name = timezone
        self._repeated_hour = repeated_hour
        self._form = form
        self._minutes: dict[tuple[str | None, ...], int] = {}

    @property
    def unit_ns(self) -> int:
        """Nanoseconds of one unit since 1970 where the form is a plain number of them, else 0."""
        return self._factor if self._factor is not None and not self._shift_ns else 0

    def read(self, value: Any) -> int:
        """UTC nanoseconds of a number or text.

        Raises:
            PayloadError: it is not a time of this form.
        """
        if self._factor is not None:
            return self._number(value, self._factor)
        if self._form == "excel":
            return self._excel(value)
        if isinstance(value, int) and not isinstance(value, bool) and len(str(value)) in (14, 17):
            value = _with_point(str(value))
        if isinstance(value, str):
            return self._text(value)
        raise PayloadError("is not a time", offender="time", value=value, remedy=f"expected form {self._form}")

    def read_two(self, date: Any, clock: Any) -> int:
        """UTC nanoseconds of a date and a time of day that stand in two fields.

        Raises:
            PayloadError: one of them is not what it should be.
        """
        if not isinstance(date, str) or not isinstance(clock, str):
            raise PayloadError(
                "date and time of day must be texts",
                offender="time",
                value=f"{date!r}, {clock!r}",
                remedy='such as "2026-11-29" and "10:00:00"',
            )
        return self._text(f"{date.strip()} {clock.strip()}")

    def _number(self, value: Any, factor: int) -> int:
        value = self._as_number(value)
        try:
            whole = int(value)
        except (ValueError, OverflowError) as error:
            raise PayloadError("is not a time", offender="time", value=value) from error
        # whole and fraction apart: their product would not fit a double's 53 bits
        result: int = whole * factor + round((value - whole) * factor) + self._shift_ns
        if not -_LARGEST <= result <= _LARGEST:
            raise PayloadError(
                "is out of range", offender="time", value=value, remedy=f"expected a number of {self._form}"
            )
        return result

    def _as_number(self, value: Any) -> int | float:
        remedy = f"expected a number of {self._form}"
        if isinstance(value, str):
            try:
                value = int(value) if value.strip().lstrip("+-").isdigit() else float(value)
            except ValueError as error:
                raise PayloadError("is not a time", offender="time", value=value, remedy=remedy) from error
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise PayloadError("is not a time", offender="time", value=value, remedy=remedy)
        return value

    def _excel(self, value: Any) -> int:
        """Days since 1899-12-30 in local time; a double of them is good to about a microsecond, so that is kept."""
        days = self._as_number(value)
        if not _EXCEL_LOWEST <= days < 2_958_466:
            raise PayloadError("is not an Excel date", offender="time", value=value, remedy="days since 1900")
        moment = _EXCEL_EPOCH + timedelta(microseconds=round(days * 86_400_000_000))
        return self._utc_s(moment.replace(microsecond=0), self._zone, value) * 10**9 + moment.microsecond * 1000

    def _text(self, text: str) -> int:
        text = text.strip()
        match = _ISO.fullmatch(text) or _BASIC.fullmatch(text)
        if match is None:
            raise PayloadError("is not an ISO 8601 time", offender="time", value=text, remedy=_why_not(text))
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        key = (year, month, day, hour, minute, zone)
        start_s = self._minutes.get(key)
        if start_s is None:
            start_s = self._minute(key, text)
        seconds = int(second or 0)
        if seconds > 60:
            raise PayloadError("is not a time", offender="time", value=text, remedy="seconds go up to 59")
        return (start_s + seconds) * 1_000_000_000 + int((fraction or "0").ljust(9, "0")[:9])

    def _minute(self, key: tuple[str | None, ...], text: str) -> int:
        """UTC seconds of a minute, remembered: the next thousand samples are of the same one."""
        year, month, day, hour, minute, zone = key
        try:
            moment = datetime(int(year or 0), int(month or 0), int(day or 0), int(hour or 0), int(minute or 0))
            start_s = self._utc_s(moment, self._zone_of(zone), text)
        except (ValueError, OverflowError) as error:
            raise PayloadError("is not a time", offender="time", value=text, remedy=str(error)) from error
        if len(self._minutes) >= _MOST_MINUTES:
            self._minutes.clear()
        self._minutes[key] = start_s
        return start_s

    def _utc_s(self, local: datetime, zone: tzinfo, value: Any) -> int:
        first, second = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
        if first.utcoffset() != second.utcoffset():
            if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
                remedy = f"clocks in {self._zone_name} jump over it; let the device send UTC or its offset"
                raise PayloadError("is a local time that does not exist", offender="time", value=value, remedy=remedy)
            if self._repeated_hour == "refuse":
                remedy = f'clocks in {self._zone_name} are set back: set repeated_hour = "first" or "second"'
                raise PayloadError("is a local time that comes twice", offender="time", value=value, remedy=remedy)
        chosen = second if self._repeated_hour == "second" else first
        delta = chosen.astimezone(UTC) - _EPOCH
        return delta.days * 86_400 + delta.seconds

    def _zone_of(self, zone: str | None) -> tzinfo:
        if zone is None:
            return self._zone
        if zone in "Zz":
            return UTC
        parsed = datetime.strptime(zone if len(zone) > 3 else zone + "00", "%z").tzinfo
        return parsed or UTC


def _with_point(digits: str) -> str:
    """`20261129100000123` as `20261129100000.123`."""
    return digits[:14] + ("." + digits[14:] if len(digits) > 14 else "")


def _why_not(text: str) -> str:
    """The remedy that fits what a person or a PLC wrote instead."""
    if _CLOCK.fullmatch(text):
        return "it has no date: give the date's field as date_path"
    if _DAY_FIRST.fullmatch(text):
        return "day and month cannot be told apart: let the device write the year first, 2026-11-29 10:00:00"
    if text.replace(".", "", 1).isdigit():
        return 'it is a number: set time_form to its unit ("s", "ms", "us", "ns", "excel" or "filetime")'
    return "such as 2026-05-01T08:00:00+08:00"
