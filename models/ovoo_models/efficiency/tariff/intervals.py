"""Energy of consecutive intervals, counted in whole nano-kilowatt-hours so that no sum depends on its order."""

from __future__ import annotations

import math
import operator
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from itertools import islice
from typing import Final

from ovoo_contract.errors import ConfigError, EvidenceError

__all__ = ["HOUR_NS", "NANO", "QUARTER_NS", "Intervals", "kwh_of", "nano_kwh", "shares"]

HOUR_NS: Final = 3_600_000_000_000
QUARTER_NS: Final = HOUR_NS // 4
NANO: Final = 1_000_000_000
_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Intervals:
    """`kwh[i]` was used in [start_ns[i], end_ns[i]), UTC nanoseconds; NaN where it is not known.

    Rows stand in the order of the export; what is wrong with it is found by `defects.examine`.

    Raises:
        ConfigError: the columns differ in length.
    """

    start_ns: array[int]
    end_ns: array[int]
    kwh: array[float]

    def __post_init__(self) -> None:
        if not len(self.start_ns) == len(self.end_ns) == len(self.kwh):
            lengths = (len(self.start_ns), len(self.end_ns), len(self.kwh))
            raise ConfigError(
                "columns differ in length", code="tariff.columns_differ_in_length", offender="intervals",
                value=lengths, remedy="one row each",
            )  # fmt: skip

    def __len__(self) -> int:
        return len(self.kwh)

    @classmethod
    def regular(cls, start_ns: int, step_ns: int, kwh: Sequence[float]) -> Intervals:
        """Intervals of one length without a break, the first beginning at `start_ns`."""
        starts = array("q", (start_ns + step_ns * row for row in range(len(kwh))))
        return cls(starts, array("q", (start + step_ns for start in starts)), array("d", kwh))

    def between(self, start_ns: int, end_ns: int) -> range:
        """The rows that reach into [start_ns, end_ns).

        Raises:
            EvidenceError: rows overlap or do not stand in time order.
        """
        self._check_order()
        first = bisect_right(self.end_ns, start_ns)
        last = first
        while last < len(self) and self.start_ns[last] < end_ns:
            last += 1
        return range(first, last)

    def _check_order(self) -> None:
        starts, ends = self.start_ns, self.end_ns
        if not any(map(operator.ge, starts, ends)) and not any(map(operator.gt, ends, islice(starts, 1, None))):
            return
        row = next(i for i in range(len(self)) if starts[i] >= ends[i] or (i > 0 and ends[i - 1] > starts[i]))
        remedy = "see what `defects.examine` finds, and bring the rows in order"
        raise EvidenceError(
            "rows overlap or go back", code="tariff.rows_overlap_or_go_back", offender=f"row {row}",
            value=starts[row], remedy=remedy,
        )  # fmt: skip


def nano_kwh(kwh: float) -> int:
    """The shortest decimal of a reading in nano-kWh, half to even.

    Raises:
        ConfigError: the reading is not finite.
    """
    if not math.isfinite(kwh):
        raise ConfigError(
            "not an amount of energy", code="tariff.not_amount_of_energy", offender="kwh", value=kwh,
            remedy="name the gap, do not fill it",
        )  # fmt: skip
    return int(Decimal(repr(kwh)).scaleb(9, _CONTEXT).to_integral_value(ROUND_HALF_EVEN, _CONTEXT))


def kwh_of(nano: int) -> Decimal:
    """Nano-kWh as an exact decimal number of kWh."""
    return Decimal(nano).scaleb(-9, _CONTEXT).normalize(_CONTEXT) if nano else Decimal(0)


def shares(nano: int, start_ns: int, end_ns: int, borders: Sequence[int]) -> list[int]:
    """The energy of [start_ns, end_ns) before the first border, between borders, and after the last, at even power.

    Cut at any further border, the parts of a part add up to it: what is given up to an instant never depends on the
    other borders. The parts add up to `nano` exactly.
    """
    length = end_ns - start_ns
    marks = [nano * (border - start_ns) // length for border in borders]
    return [high - low for low, high in zip([0, *marks], [*marks, nano], strict=True)]
