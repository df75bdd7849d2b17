"""Which meter is wrong, over weeks of readings with varying loads, and whether in proportion or by a fixed amount.

Model: a reading is y = (1 + g) x + b + noise of the flow x; the balances give A y = A diag(x) g + A b + noise. g and b
of healthy meters are normal with the standard uncertainty of the class; one meter at a time gets a shift of its own,
and the likelihood ratio of that shift is its test. Readings enter by the sums of their products alone, so memory is
fixed.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ovoo_contract.errors import ConfigError, NotReady

from ovoo_models._select import balance_kernels
from ovoo_models.efficiency.balance.gain_model import Fit, GainModel
from ovoo_models.efficiency.balance.matrix import chi_square_limit
from ovoo_models.efficiency.balance.tree import MeterTree
from ovoo_models.efficiency.estimate import Estimate

__all__ = ["Bias", "BiasSearch", "Biases"]

Form = Literal["gain", "offset", "either"]
_SIGNIFICANCE: Final = 0.05
"""Of naming any meter where none is wrong, over all meters and both forms."""
_HELD: Final = 0.95
"""The set named holds that much of the probability, every meter having been as likely before."""
_ALIKE: Final = 0.5
_LEAST_ROWS: Final = 8


@dataclass(frozen=True, slots=True)
class Bias:
    """A gross error. meters: the one named, or the set that the data cannot tell apart, likeliest first.

    form: gain (reading off in proportion), offset (by a fixed amount), either (not told apart). gain: reading / truth
    - 1; offset: reading - truth in the unit of the root; both of meters[0], for the form that is likelier.
    """

    meters: tuple[str, ...]
    form: Form
    gain: Estimate
    offset: Estimate
    statistic: float
    limit: float

    @property
    def named(self) -> str | None:
        """The meter, where one alone explains the readings."""
        return self.meters[0] if len(self.meters) == 1 else None


@dataclass(frozen=True, slots=True)
class Biases:
    """What was found, gravest first; correction: what every meter's readings are to be multiplied by (`factor`) and
    shifted by (`shift`, in the unit of the root) for the balances to close. imbalance_share: greatest imbalance of
    a balance over the whole time after that, as a share of what enters into it."""

    found: tuple[Bias, ...]
    factor: dict[str, float]
    shift: dict[str, float]
    imbalance_share: float
    rows: int


class BiasSearch:
    """Takes readings block by block and searches them; memory is (meters + 1)^2 sums.

    meters: the order of the readings in a row; those of the tree that are absent count as not measured.
    """

    def __init__(self, tree: MeterTree, meters: Sequence[str]) -> None:
        for name in meters:
            tree.meter(name)
        doubled = sorted({name for name in meters if list(meters).count(name) > 1})
        if doubled:
            raise ConfigError(
                "a meter is listed twice", code="balance.meter_listed_twice", offender=doubled[0],
                remedy="a column each",
            )  # fmt: skip
        self._tree, self._meters = tree, tuple(meters)
        self._products = array("d", bytes(8 * (len(meters) + 1) ** 2))
        self.rows = 0

    def add(self, readings: array[float]) -> int:
        """Rows of readings in the meters' own units; a row with a NaN is left out. Gives the rows used.

        ConfigError names a meter with negative readings.
        """
        width = len(self._meters)
        if len(readings) % width:
            raise ConfigError(
                "rows are not whole", code="balance.rows_not_whole", slots={"width": width}, offender="readings",
                value=len(readings), remedy=f"{width} a row",
            )  # fmt: skip
        for k, name in enumerate(self._meters):
            least = min((x for x in readings[k::width] if x == x), default=0.0)
            if least < 0.0:
                raise ConfigError(
                    "a flow cannot be", code="balance.flow_cannot_be", offender=name, value=least,
                    remedy="0 or more: check the meter's direction",
                )  # fmt: skip
        used = balance_kernels.gram_rows(readings, width, len(readings) // width, self._products)
        self.rows += used
        return used

    def search(self, most: int = 3) -> Biases:
        """Up to `most` gross errors, one after the other; NotReady with too few rows or no complete balance."""
        if self.rows < _LEAST_ROWS:
            raise NotReady(
                "too few rows", code="balance.too_few_rows", slots={"least": _LEAST_ROWS}, offender="readings",
                value=self.rows, remedy=f"{_LEAST_ROWS} or more",
            )  # fmt: skip
        model = GainModel(self._tree, self._meters, self._products)
        found: list[Bias] = []
        while True:
            fit = model.fit()
            bias = _worst(model, fit) if len(found) < most else None
            if bias is None:
                break
            found.append(bias)
            model.release(model.names.index(bias.meters[0]))
        factors, shifts = model.corrections(fit)
        return Biases(
            tuple(found), dict(zip(model.names, factors, strict=True)), dict(zip(model.names, shifts, strict=True)),
            model.imbalance_share(fit), self.rows,
        )  # fmt: skip


def _worst(model: GainModel, fit: Fit) -> Bias | None:
    """The likeliest gross error, with the meters that explain the readings as well; None where none is shown."""
    m = model.m
    ratios = model.ratios(fit)
    limit = chi_square_limit(_SIGNIFICANCE / (2 * m), 1)
    best = max(range(2 * m), key=lambda a: ratios[a])
    first = best % m
    if ratios[best] <= limit or model.released(first):
        return None
    form: Form = "gain" if best < m else "offset"
    if abs(ratios[first] - ratios[m + first]) <= limit:
        form = "either"
    tied = _likeliest([max(ratios[k], ratios[m + k]) for k in range(m)])
    gain = Estimate(*model.shift(fit, first), "1")
    offset = Estimate(*model.shift(fit, m + first), model.tree.unit_of(model.names[first]))
    return Bias(tuple(model.names[k] for k in tied), form, gain, offset, ratios[best], limit)


def _likeliest(ratios: list[float]) -> list[int]:
    """The fewest places, likeliest first, that hold enough of the probability, and those as likely as the last of them.

    A likelihood ratio T weighs exp(T / 2).
    """
    best = max(ratios)
    weights = [math.exp(0.5 * (ratio - best)) for ratio in ratios]
    enough = _HELD * math.fsum(weights)
    found: list[int] = []
    held, last = 0.0, best
    for k in sorted(range(len(ratios)), key=lambda k: -ratios[k]):
        if held >= enough and ratios[k] < last - _ALIKE:
            break
        found.append(k)
        last = ratios[k] if held < enough else last
        held += weights[k]
    return found
