"""Growing columns of a chunk, and how one JSON value becomes a row of them."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ovoo_contract.errors import PayloadError
from ovoo_contract.quality import BAD
from ovoo_contract.samples import SampleBatch, encode_value

from ovoo_edge.sources.base import SignalMap

__all__ = ["Columns", "append_value"]

_NAN = float("nan")
_EXACT = 2**53
# narrower than float(): no underscores, no "nan", no digits of other scripts
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


@dataclass(slots=True)
class Columns:
    """Growing columns of a chunk and what was odd about them."""

    signal: array[int] = field(default_factory=lambda: array("I"))
    time_ns: array[int] = field(default_factory=lambda: array("q"))
    value: array[float] = field(default_factory=lambda: array("d"))
    quality: array[int] = field(default_factory=lambda: array("I"))
    text: dict[int, str] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.signal)

    def cut(self, rows: int) -> None:
        """Drops every row from `rows` on: a message is taken whole or not at all."""
        for column in (self.signal, self.time_ns, self.value, self.quality):
            del column[rows:]
        for row in [row for row in self.text if row >= rows]:
            del self.text[row]

    def batch(self) -> SampleBatch:
        """The columns as a batch."""
        return SampleBatch(self.signal, self.time_ns, self.value, self.quality, self.text)


def append_value(
    columns: Columns, signal: SignalMap, value: Any, time_ns: int, flag: int, words: Mapping[str, float]
) -> None:
    """Appends one row; a text where a number belongs is Bad and keeps the text.

    Raises:
        PayloadError: an object or a list stands where a value belongs.
    """
    if isinstance(value, list):
        value = value[signal.element] if signal.element < len(value) else None
    kind = type(value)
    number = _NAN
    quality = flag
    if kind is float or kind is bool or (kind is int and -_EXACT <= value <= _EXACT):
        number = float(value)
        if number - number != 0.0:
            number, columns.text[len(columns)] = _with_text(value)
    elif value is None:
        columns.counters["null_values"] += 1
        quality |= BAD
    elif kind is str and not signal.is_text:
        number, text, bad = _read_text(value, words)
        if bad:
            columns.counters["wrong_types"] += 1
            quality |= BAD
        if text is not None:
            columns.text[len(columns)] = text
    elif kind is str or kind is int:
        number, text = encode_value(value)
        if text is not None:
            columns.text[len(columns)] = text
    else:
        raise PayloadError(
            "a value is neither number, text nor truth value", offender=signal.address, value=kind.__name__
        )
    columns.signal.append(signal.index)
    columns.time_ns.append(time_ns)
    columns.value.append(number)
    columns.quality.append(quality)


def _with_text(value: float) -> tuple[float, str]:
    number, text = encode_value(value)
    return number, text or ""


def _read_text(value: str, words: Mapping[str, float]) -> tuple[float, str | None, bool]:
    """(number, text, whether it is Bad) of a text that should be a number."""
    match = _NUMBER.fullmatch(value) if len(value) <= 400 else None
    if match is not None:
        whole = match.group(1) is None and match.group(2) is None
        number, text = encode_value(int(value) if whole else float(value))
        return number, text, False
    known = words.get(value.strip().lower())
    if known is not None:
        return known, None, False
    return _NAN, encode_value(value)[1], True
