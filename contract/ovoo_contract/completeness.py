"""What became of the samples of one hour, signal by signal: the gateway's own account, which adds up to 100 %."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ovoo_contract._fields import Fields
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import DeliveryError

__all__ = [
    "HOUR_NS",
    "MAX_REPORT_BYTES",
    "MAX_SIGNALS",
    "CompletenessEnvelope",
    "HourReport",
    "LostInterval",
    "SignalHour",
]

HOUR_NS: Final = 3_600_000_000_000
MAX_SIGNALS: Final = 2000
"""Signals in one report; a larger catalogue takes several, each complete in itself."""
MAX_REPORT_BYTES: Final = 4 << 20
"""A report's JSON is never longer; what unpacks to more is refused before it is read."""
_VERSION: Final = 1
_U64: Final = 2**64 - 1
_I64: Final = 2**63 - 1
_U32: Final = 2**32 - 1
_COUNT: Final = 2**53
_HOUR_MAX: Final = _I64 // HOUR_NS - 1
_COLUMNS: Final = ("expected", "received", "backfilled", "suppressed", "duplicate")
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
_CATALOGUE_ID: Final = re.compile(r"[0-9a-f]{16}\Z")


@dataclass(frozen=True, slots=True)
class LostInterval:
    """Samples of one signal that will never be stored.

    Attributes:
        signal: index in the catalogue; None where a damaged file no longer tells whose they were.
        start_ns, end_ns: they lie in [start_ns, end_ns), UTC.
        cause: a snake_case word such as `spool_full`.
        count: how many, >= 1.
        received: True = the gateway had them and the count is exact; False = they never reached it and the count
            follows from the signal's nominal step.
    """

    signal: int | None
    start_ns: int
    end_ns: int
    cause: str
    count: int
    received: bool = True

    def __post_init__(self) -> None:
        if _CODE.match(self.cause) is None:
            raise DeliveryError("not a code", offender="lost.cause", value=self.cause, remedy="a snake_case word")
        if not -_I64 <= self.start_ns < self.end_ns <= _I64:
            raise DeliveryError("empty or backwards", offender="lost", value=(self.start_ns, self.end_ns))
        if not 1 <= self.count <= _COUNT:
            raise DeliveryError("outside its range", offender="lost.count", value=self.count, remedy="at least 1")


@dataclass(frozen=True, slots=True)
class SignalHour:
    """One signal in one hour, in samples; `expected = stored + suppressed + lost + absent` holds by construction.

    Attributes:
        signal: index in the catalogue.
        expected: what the nominal step asks for within the time that the gateway knew the signal, and never less than
            what came or is known to have been lost.
        received: came in, repetitions included.
        backfilled: of the received ones, those that came late or from a source's history.
        suppressed: kept back on purpose (deadband, swinging door, figures instead of samples).
        duplicate: repetitions.
        lost_received: came in and will never be stored; the sum of the exact intervals.
        lost_before: never came in, within an interval of which that is known.
    """

    signal: int
    expected: int
    received: int
    backfilled: int = 0
    suppressed: int = 0
    duplicate: int = 0
    lost_received: int = 0
    lost_before: int = 0

    def __post_init__(self) -> None:
        if min(self.stored, self.absent, self.expected, self.received, self.suppressed, self.duplicate) < 0:
            raise DeliveryError(
                "does not add up",
                offender=f"signal {self.signal}",
                value=(self.expected, self.received, self.suppressed, self.duplicate, self.lost),
                remedy="expected = stored + suppressed + lost + absent",
            )
        if not 0 <= self.backfilled <= self.received:
            raise DeliveryError("more than came in", offender=f"signal {self.signal}", value=self.backfilled)

    @property
    def stored(self) -> int:
        """Came in, is no repetition, and is kept: it is in the store or on its way to it."""
        return self.received - self.duplicate - self.suppressed - self.lost_received

    @property
    def lost(self) -> int:
        """Will never be stored."""
        return self.lost_received + self.lost_before

    @property
    def absent(self) -> int:
        """The source gave no sample, and nothing is known to have gone wrong: an unchanged value, a machine at rest."""
        return self.expected - self.stored - self.suppressed - self.lost


@dataclass(frozen=True, slots=True)
class HourReport:
    """Signals of one catalogue in one hour; a later report replaces what an earlier one says of the same signal.

    Attributes:
        catalogue_id: in which the indexes are valid.
        hour: hours since 1970 UTC.
        made_ns: when it was drawn up; the greater one is the later.
        signals: ascending, at most `MAX_SIGNALS`.
        lost: the intervals behind the sums, by signal and start.
        withheld: signals left out because their data class may not leave the site.
    """

    catalogue_id: str
    hour: int
    made_ns: int
    signals: tuple[SignalHour, ...]
    lost: tuple[LostInterval, ...] = ()
    withheld: int = 0

    @classmethod
    def of(
        cls,
        catalogue_id: str,
        hour: int,
        made_ns: int,
        counts: Iterable[tuple[int, int, int, int, int, int]],
        lost: Iterable[LostInterval] = (),
        withheld: int = 0,
    ) -> HourReport:
        """A report from rows (signal, expected, received, backfilled, suppressed, duplicate) and the lost intervals.

        Raises:
            DeliveryError: a signal does not add up, or an interval is of a signal or hour that is not in the report.
        """
        intervals = tuple(sorted(lost, key=_interval_order))
        exact, guessed = _sums(intervals, hour)
        rows = sorted(counts)
        signals = tuple(SignalHour(*row, exact.pop(row[0], 0), guessed.pop(row[0], 0)) for row in rows)
        if exact or guessed:
            raise DeliveryError(
                "lost samples of a signal without counts", offender="lost", value=sorted({*exact, *guessed})[:5]
            )
        return cls(catalogue_id, hour, made_ns, signals, intervals, withheld)

    def __post_init__(self) -> None:
        if _CATALOGUE_ID.match(self.catalogue_id) is None:
            raise DeliveryError("not a catalogue id", offender="completeness", value=self.catalogue_id)
        if len(self.signals) > MAX_SIGNALS:
            raise DeliveryError("too many signals", offender="completeness", value=len(self.signals))
        if any(a.signal >= b.signal for a, b in zip(self.signals, self.signals[1:], strict=False)):
            raise DeliveryError("signals not ascending", offender="completeness.signals")

    def to_bytes(self) -> bytes:
        """Canonical JSON in columns, deflated (zlib)."""
        return zlib.compress(canonical_json(self.to_document()), 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> HourReport:
        """Reads `to_bytes`; DeliveryError for anything else, never more than `MAX_REPORT_BYTES` unpacked."""
        return cls.from_document(_inflate(data).data)

    @classmethod
    def from_document(cls, document: object) -> HourReport:
        """Reads `to_document`; DeliveryError for anything else."""
        return _report(Fields(document, "completeness"))

    def to_document(self) -> dict[str, Any]:
        """The report as JSON values, in columns."""
        columns = {name: [getattr(row, name) for row in self.signals] for name in _COLUMNS}
        lost = [
            [item.signal, str(item.start_ns), str(item.end_ns), item.cause, item.count, item.received]
            for item in self.lost
        ]
        return {
            "version": _VERSION,
            "catalogue_id": self.catalogue_id,
            "hour": self.hour,
            "made_ns": str(self.made_ns),
            "signals": [row.signal for row in self.signals],
            "lost": lost,
            "withheld": self.withheld,
            **columns,
        }


@dataclass(frozen=True, slots=True)
class CompletenessEnvelope:
    """A report as a delivery: (epoch, seq) in the number space of the batches."""

    epoch: int
    seq: int
    report: HourReport = field(hash=False)

    def to_bytes(self) -> bytes:
        """Canonical JSON with epoch and seq as decimal strings, deflated (zlib)."""
        document = {"epoch": str(self.epoch), "seq": str(self.seq), "report": self.report.to_document()}
        return zlib.compress(canonical_json(document), 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> CompletenessEnvelope:
        """Reads `to_bytes`; DeliveryError for anything else."""
        fields = _inflate(data)
        return cls(*_place(fields), HourReport.from_document(fields.data.get("report")))

    @classmethod
    def peek(cls, data: bytes) -> tuple[int, int]:
        """Epoch and seq, even where the report itself is malformed; DeliveryError where they cannot be read."""
        return _place(_inflate(data))


def _place(fields: Fields) -> tuple[int, int]:
    return fields.integer("epoch", 0, _U64), fields.integer("seq", 1, _U64)


def _interval_order(item: LostInterval) -> tuple[int, int, int, str, bool]:
    return (-1 if item.signal is None else item.signal, item.start_ns, item.end_ns, item.cause, item.received)


def _sums(lost: Sequence[LostInterval], hour: int) -> tuple[dict[int, int], dict[int, int]]:
    exact: dict[int, int] = {}
    guessed: dict[int, int] = {}
    for item in lost:
        if not hour * HOUR_NS <= item.start_ns < item.end_ns <= (hour + 1) * HOUR_NS:
            raise DeliveryError("outside the hour", offender="lost", value=(item.start_ns, item.end_ns))
        if item.signal is not None:
            into = exact if item.received else guessed
            into[item.signal] = into.get(item.signal, 0) + item.count
    return exact, guessed


def _inflate(data: bytes) -> Fields:
    opened = zlib.decompressobj()
    try:
        text = opened.decompress(data, MAX_REPORT_BYTES)
    except zlib.error as error:
        raise DeliveryError("not deflated", offender="completeness", remedy=str(error)) from error
    if not opened.eof or opened.unused_data:
        raise DeliveryError("cut off or too long", offender="completeness", remedy=f"at most {MAX_REPORT_BYTES} bytes")
    return Fields.parse(text, "completeness")


def _report(fields: Fields) -> HourReport:
    if fields.integer("version", 0, _U32) != _VERSION:
        raise DeliveryError(
            "another version", offender="completeness.version", value=fields.data["version"], remedy=f"{_VERSION}"
        )
    signals = _numbers(fields, "signals", _U32)
    columns = [_numbers(fields, name, _COUNT) for name in _COLUMNS]
    if any(len(column) != len(signals) for column in columns):
        raise DeliveryError("columns of different length", offender="completeness")
    return HourReport.of(
        fields.text("catalogue_id"),
        fields.integer("hour", 0, _HOUR_MAX),
        fields.integer("made_ns", -_I64, _I64),
        zip(signals, *columns, strict=True),
        [_lost(item) for item in fields.items("lost")],
        fields.integer("withheld", 0, _U32, 0),
    )


def _numbers(fields: Fields, name: str, high: int) -> list[int]:
    numbers = fields.items(name)
    for number in numbers:
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= high:
            raise DeliveryError("not a count", offender=f"completeness.{name}", value=number)
    return numbers


def _lost(item: object) -> LostInterval:
    if not isinstance(item, list) or len(item) != 6:
        raise DeliveryError("not an interval", offender="completeness.lost", value=item)
    names = ("signal", "start_ns", "end_ns", "cause", "count", "received")
    fields = Fields(dict(zip(names, item, strict=True)), "completeness.lost")
    return LostInterval(
        None if item[0] is None else fields.integer("signal", 0, _U32),
        fields.integer("start_ns", -_I64, _I64),
        fields.integer("end_ns", -_I64, _I64),
        fields.text("cause"),
        fields.integer("count", 1, _COUNT),
        fields.flag("received"),
    )
