"""Samples as columns: the unit of flow everywhere in Ovoo."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ovoo_contract._select import kernels
from ovoo_contract.errors import OvooError
from ovoo_contract.quality import SHIFTED

__all__ = ["Deduped", "SampleBatch", "encode_value"]

_EXACT: Final = 2**53
_CANONICAL_NAN: Final = 0x7FF8000000000000


@dataclass(slots=True, eq=False)
class SampleBatch:
    """Columns of samples, one row each; legal batches are sorted by (signal, time).

    signal: index into a catalogue (u32). time_ns: nanoseconds since 1970 UTC (i64). value: double, NaN where absent.
    quality: OPC UA status code with our flags (u32). text: row -> text, for what a double cannot hold.
    server_delta_us, receive_delta_us: microseconds from `time_ns` to server and receive time, or None.
    Equality (`==`) is identity; compare with `columns_equal`.
    """

    signal: array[int]
    time_ns: array[int]
    value: array[float]
    quality: array[int]
    text: dict[int, str] = field(default_factory=dict)
    server_delta_us: array[int] | None = None
    receive_delta_us: array[int] | None = None

    def __post_init__(self) -> None:
        rows = len(self.signal)
        for name, code in _CODES.items():
            column = getattr(self, name)
            if column is None and name.endswith("_us"):
                continue
            if not isinstance(column, array) or column.typecode != code:
                raise OvooError(
                    f"a column of type array({code!r}) is needed", offender=f"batch.{name}", value=type(column)
                )
            if len(column) != rows:
                raise OvooError(
                    "columns differ in length", offender=f"batch.{name}", value=len(column), remedy=f"{rows} rows"
                )
        if self.text and not (min(self.text) >= 0 and max(self.text) < rows):
            raise OvooError("text for a row that is not there", offender="batch.text", value=max(self.text))

    @classmethod
    def empty(cls) -> SampleBatch:
        """A batch without rows."""
        return cls(array("I"), array("q"), array("d"), array("I"))

    @classmethod
    def concat(cls, batches: Sequence[SampleBatch]) -> SampleBatch:
        """All rows in the given order; time deltas are 0 for rows of batches that lack them while others have them."""
        result = cls.empty()
        for name in ("server_delta_us", "receive_delta_us"):
            if any(getattr(batch, name) is not None for batch in batches):
                setattr(result, name, array("i"))
        for batch in batches:
            start = len(result)
            result.signal.extend(batch.signal)
            result.time_ns.extend(batch.time_ns)
            result.value.extend(batch.value)
            result.quality.extend(batch.quality)
            for name in ("server_delta_us", "receive_delta_us"):
                column = getattr(result, name)
                if column is not None:
                    part = getattr(batch, name)
                    column.extend(array("i", bytes(4 * len(batch))) if part is None else part)
            result.text.update({start + row: text for row, text in batch.text.items()})
        return result

    def __len__(self) -> int:
        return len(self.signal)

    def is_sorted(self) -> bool:
        """True if rows stand in (signal, time) order."""
        return kernels.is_sorted(self.signal, self.time_ns)

    def sorted(self) -> SampleBatch:
        """This batch if it is in (signal, time) order, else a sorted copy; equal keys keep their order."""
        if self.is_sorted():
            return self
        return self.take(kernels.sort_rows(self.signal, self.time_ns))

    def take(self, row_indexes: Sequence[int]) -> SampleBatch:
        """The given rows in the given order; IndexError if one does not exist."""
        if isinstance(row_indexes, range) and row_indexes.step == 1:
            start, stop = row_indexes.start, row_indexes.stop
            if 0 <= start <= stop <= len(self):
                return self.slice(start, stop)
        rows = row_indexes if isinstance(row_indexes, array) and row_indexes.typecode == "I" else _rows(row_indexes)
        return SampleBatch(
            kernels.take_rows(self.signal, rows),
            kernels.take_rows(self.time_ns, rows),
            kernels.take_rows(self.value, rows),
            kernels.take_rows(self.quality, rows),
            self._take_text(rows),
            _take_optional(self.server_delta_us, rows),
            _take_optional(self.receive_delta_us, rows),
        )

    def slice(self, start: int, stop: int) -> SampleBatch:
        """The rows from `start` up to but not including `stop`; less where the batch ends before."""
        part = slice(start, stop)
        server, receive = self.server_delta_us, self.receive_delta_us
        return SampleBatch(
            self.signal[part],
            self.time_ns[part],
            self.value[part],
            self.quality[part],
            {row - start: text for row, text in self.text.items() if start <= row < stop},
            None if server is None else server[part],
            None if receive is None else receive[part],
        )

    def select_signals(self, keep: bytes) -> SampleBatch:
        """The rows whose signal has a nonzero byte at its index in `keep`; indexes beyond its end are left out."""
        rows = kernels.select_rows(self.signal, keep)
        return self if len(rows) == len(self) else self.take(rows)

    def dedupe(self) -> Deduped:
        """Sorted, with at most one row per signal and time (CONTRACT 2).

        Equal rows (value bits, quality, text) are dropped and counted; different ones move to the next free
        nanosecond, at most +999, get the flag `SHIFTED` and are counted.
        """
        batch = self.sorted()
        rows, times, moved, duplicates, overflow = kernels.dedupe_rows(
            batch.signal, batch.time_ns, batch.value, batch.quality, batch._text_tags()
        )
        if len(rows) == len(batch) and 1 not in moved:
            return Deduped(batch, 0, 0, 0)
        shifted = moved.count(1)
        result = batch.take(rows)
        if shifted:
            quality = array(
                "I", [code | SHIFTED if mark else code for code, mark in zip(result.quality, moved, strict=True)]
            )
            result = replace(result, time_ns=times, quality=quality).sorted()
        return Deduped(result, duplicates, shifted, overflow)

    def columns_equal(self, other: SampleBatch) -> bool:
        """True if both batches have the same rows, bit for bit; every NaN counts as the same absent value."""
        return (
            self.signal == other.signal
            and self.time_ns == other.time_ns
            and _value_bytes(self.value) == _value_bytes(other.value)
            and self.quality == other.quality
            and self.text == other.text
            and self.server_delta_us == other.server_delta_us
            and self.receive_delta_us == other.receive_delta_us
        )

    def _take_text(self, rows: array[int]) -> dict[int, str]:
        if not self.text:
            return {}
        return {new: self.text[old] for new, old in enumerate(rows) if old in self.text}

    def _text_tags(self) -> array[int] | None:
        if not self.text:
            return None
        tags = array("I", bytes(4 * len(self)))
        known: dict[str, int] = {}
        for row, text in self.text.items():
            tags[row] = known.setdefault(text, len(known) + 1)
        return tags


class Deduped(tuple[SampleBatch, int, int]):
    """What `SampleBatch.dedupe` found; unpacks as ``batch, duplicates, shifted``."""

    overflow: int
    """Rows that found no free nanosecond within +999 and were left out; the caller lists them as lost."""

    def __new__(cls, batch: SampleBatch, duplicates: int, shifted: int, overflow: int) -> Deduped:
        """Three items to unpack, and the overflow beside them."""
        result = super().__new__(cls, (batch, duplicates, shifted))
        result.overflow = overflow
        return result

    @property
    def batch(self) -> SampleBatch:
        """The rows that stay, in (signal, time) order."""
        return self[0]

    @property
    def duplicates(self) -> int:
        """Rows equal to one that stays."""
        return self[1]

    @property
    def shifted(self) -> int:
        """Rows that were moved by 1 to 999 ns."""
        return self[2]


_CODES: Final[Mapping[str, str]] = {
    "signal": "I",
    "time_ns": "q",
    "value": "d",
    "quality": "I",
    "server_delta_us": "i",
    "receive_delta_us": "i",
}


def _rows(row_indexes: Sequence[int]) -> array[int]:
    try:
        return array("I", row_indexes)
    except OverflowError as error:
        raise IndexError("row out of range") from error


def _take_optional(column: array[int] | None, rows: array[int]) -> array[int] | None:
    return None if column is None else kernels.take_rows(column, rows)


def _value_bytes(value: array[float]) -> bytes:
    copy = value[:]
    kernels.replace_nan(copy)
    return copy.tobytes()


def encode_value(obj: object) -> tuple[float, str | None]:
    """A scalar as `(value, text)`: what fits a double exactly is the value, anything else the text.

    None is (NaN, None). Booleans are 0 and 1. Integers beyond +-2**53, NaN, infinities and text become text with an
    absent value; a NaN that is not the canonical one keeps its bits as ``NaN:<16 hex>``. Bytes become hex.
    """
    if obj is None:
        return math.nan, None
    if isinstance(obj, (bool, int)):
        return (float(obj), None) if -_EXACT <= obj <= _EXACT else (math.nan, str(int(obj)))
    if isinstance(obj, float):
        return (obj, None) if math.isfinite(obj) else (math.nan, _special(obj))
    if isinstance(obj, (bytes, bytearray)):
        return math.nan, bytes(obj).hex()
    text = obj if isinstance(obj, str) else str(obj)
    return math.nan, text.encode("utf-8", "replace").decode()


def _special(number: float) -> str:
    if number == number:
        return "Infinity" if number > 0 else "-Infinity"
    bits = int.from_bytes(struct.pack(">d", number), "big")
    return "NaN" if bits == _CANONICAL_NAN else f"NaN:{bits:016x}"
