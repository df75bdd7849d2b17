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
from ovoo_models.efficiency.balance.equations import Equations
from ovoo_models.efficiency.balance.matrix import chi_square_limit, inverse, times_transposed
from ovoo_models.efficiency.balance.tree import MeterTree
from ovoo_models.efficiency.estimate import Estimate

__all__ = ["Bias", "BiasSearch", "Biases"]

Form = Literal["gain", "offset", "either"]
_SIGNIFICANCE: Final = 0.01
_FREE: Final = 1e4
"""A meter once named gets so many times the standard uncertainty of its class."""
_PASSES: Final = 3
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
            raise ConfigError("a meter is listed twice", offender=doubled[0], remedy="a column each")
        self._tree, self._meters = tree, tuple(meters)
        self._products = array("d", bytes(8 * (len(meters) + 1) ** 2))
        self.rows = 0

    def add(self, readings: array[float]) -> int:
        """Rows of readings in the meters' own units; a row with a NaN is left out. Gives the rows used.

        ConfigError names a meter with negative readings.
        """
        width = len(self._meters)
        if len(readings) % width:
            raise ConfigError("rows are not whole", offender="readings", value=len(readings), remedy=f"{width} a row")
        for k, name in enumerate(self._meters):
            least = min((x for x in readings[k::width] if x == x), default=0.0)
            if least < 0.0:
                raise ConfigError(
                    "a flow cannot be", offender=name, value=least, remedy="0 or more: check the meter's direction"
                )
        used = balance_kernels.gram_rows(readings, width, len(readings) // width, self._products)
        self.rows += used
        return used

    def search(self, most: int = 3) -> Biases:
        """Up to `most` gross errors, one after the other; NotReady with too few rows or no complete balance."""
        if self.rows < _LEAST_ROWS:
            raise NotReady("too few rows", offender="readings", value=self.rows, remedy=f"{_LEAST_ROWS} or more")
        model = _Model(self._tree, self._meters, self._products)
        found: list[Bias] = []
        while True:
            fit = model.fit()
            bias = model.worst(fit) if len(found) < most else None
            if bias is None:
                break
            found.append(bias)
            model.release(bias)
        return model.told(found, fit, self.rows)


@dataclass(frozen=True, slots=True)
class _Fit:
    """Means and covariance of the parameters: gains first, then offsets."""

    theta: list[float]
    covariance: array[float]


class _Model:
    """The sums of products of one search, in the units of the roots, for the meters that stand in a balance.

    Regressors are not the readings y but flows x that balance, x = P (y - e x - b): with P of the noise's weights they
    do not hold the noise that the balances show, which would else pass for gains of all meters of a node.
    """

    def __init__(self, tree: MeterTree, meters: tuple[str, ...], products: array[float]) -> None:
        self.tree = tree
        equations = Equations.of(tree, meters)
        if not equations.rows:
            raise NotReady("no balance can be closed", offender="meters", value=len(meters), remedy="read more of them")
        kept = [k for k, name in enumerate(equations.measured) if equations.kinds[name] == "redundant"]
        self.names = [equations.measured[k] for k in kept]
        self.m, self.p = len(kept), len(equations.rows)
        self.side = self.m + 1
        self.balances = array("d", [row[k] for row in equations.rows for k in kept])
        self.by_meter = array("d", [row[k] for k in kept for row in equations.rows])
        columns = [*(meters.index(name) for name in self.names), len(meters)]
        factors = [*(tree.factor(name) for name in self.names), 1.0]
        width = len(meters) + 1
        self.gram = array(
            "d", [products[a * width + b] * fa * fb for a, fa in zip(columns, factors, strict=True)
                  for b, fb in zip(columns, factors, strict=True)],
        )  # fmt: skip
        self.count = self.gram[-1]
        self.means = [self.gram[self.m * self.side + k] / self.count for k in range(self.m)]
        self.sizes = [math.sqrt(self.gram[k * self.side + k] / self.count) or 1.0 for k in range(self.m)]
        self.classes = [tree.sigma(name, size) / size for name, size in zip(self.names, self.sizes, strict=True)]
        self.prior = [*self.classes, *(c * s for c, s in zip(self.classes, self.sizes, strict=True))]
        self.spread = [(c * s) ** 2 for c, s in zip(self.classes, self.sizes, strict=True)]
        self.noise = self._weighed(self.spread)
        self.projector = self._projector()

    def _weighed(self, weights: list[float]) -> array[float]:
        """A diag(weights) A'."""
        m = self.m
        scaled = [x * weights[i % m] for i, x in enumerate(self.balances)]
        return times_transposed(scaled, self.balances, m)

    def _projector(self) -> array[float]:
        """I - S A' (A S A')^-1 A."""
        m, p = self.m, self.p
        gain = times_transposed(self.by_meter, inverse(self.noise, p), p)
        through = times_transposed(gain, self.by_meter, p)
        return array("d", [(i == k) - self.spread[i] * through[i * m + k] for i in range(m) for k in range(m)])

    def fit(self) -> _Fit:
        """The parameters under their priors; regressors and the noise of the balances follow from the last ones."""
        fit = self._once([0.0] * (2 * self.m))
        for _ in range(_PASSES):
            fit = self._once(fit.theta)
        return fit

    def _flows(self, theta: list[float]) -> array[float]:
        """The map from readings and 1 to flows that balance, once gains and offsets are taken off."""
        m = self.m
        rows: list[float] = []
        for i in range(m):
            line = self.projector[i * m : (i + 1) * m]
            rows.extend(x / (1.0 + theta[k]) for k, x in enumerate(line))
            rows.append(-math.fsum(x * theta[m + k] / (1.0 + theta[k]) for k, x in enumerate(line)))
        return array("d", rows)

    def _once(self, theta: list[float]) -> _Fit:
        m, p, side = self.m, self.p, self.side
        flows = self._flows(theta)
        self.noise = self._left_noise(theta, flows) if any(theta) else self.noise
        half = times_transposed(flows, self.gram, side)
        gram = times_transposed(half, flows, side)
        plain = array("d", [x for i in range(p) for x in (*self.balances[i * m : (i + 1) * m], 0.0)])
        crossed = times_transposed(half, plain, side)
        rests = times_transposed(self.gram[m * side :], plain, side)
        through = times_transposed(self.by_meter, inverse(self.noise, p), p)
        kernel = times_transposed(through, self.by_meter, p)
        matrix, right = array("d", bytes(32 * m * m)), [0.0] * (2 * m)
        for a in range(m):
            for b in range(m):
                weighed = kernel[a * m + b]
                matrix[a * 2 * m + b] = weighed * gram[a * m + b]
                matrix[a * 2 * m + m + b] = matrix[(m + b) * 2 * m + a] = weighed * half[a * side + m]
                matrix[(m + a) * 2 * m + m + b] = weighed * self.count
            right[a] = math.fsum(through[a * p + q] * crossed[a * p + q] for q in range(p))
            right[m + a] = math.fsum(through[a * p + q] * rests[q] for q in range(p))
        return self._solved(matrix, right)

    def _solved(self, matrix: array[float], right: list[float]) -> _Fit:
        """In units of the priors, in which the matrix is well conditioned."""
        side = 2 * self.m
        for a in range(side):
            for b in range(side):
                matrix[a * side + b] *= self.prior[a] * self.prior[b]
            matrix[a * side + a] += 1.0
        covariance = inverse(matrix, side)
        scaled = array("d", [x * s for x, s in zip(right, self.prior, strict=True)])
        theta = times_transposed(covariance, scaled, side)
        return _Fit([x * s for x, s in zip(theta, self.prior, strict=True)], covariance)

    def _left_noise(self, theta: list[float], flows: array[float]) -> array[float]:
        """Covariance of what gains and offsets leave of the balances, with a floor that keeps it definite."""
        m, p, side = self.m, self.p, self.side
        left = array("d")
        for q in range(p):
            row = self.balances[q * m : (q + 1) * m]
            for j in range(side):
                own = row[j] if j < m else -math.fsum(row[k] * theta[m + k] for k in range(m))
                left.append(own - math.fsum(row[k] * theta[k] * flows[k * side + j] for k in range(m) if row[k]))
        found = times_transposed(times_transposed(left, self.gram, side), left, side)
        for q in range(p):
            through = math.fsum(abs(self.balances[q * m + k]) * self.sizes[k] for k in range(m))
            for other in range(p):
                found[q * p + other] /= self.count
            found[q * p + q] += 1e-10 * through * through
        return array("d", [0.5 * (found[i * p + j] + found[j * p + i]) for i in range(p) for j in range(p)])

    def _ratios(self, fit: _Fit) -> list[float]:
        """Likelihood ratio of a shift of each parameter: theta^2 / (prior variance - posterior variance)."""
        side = 2 * self.m
        found = []
        for a in range(side):
            told = 1.0 - fit.covariance[a * side + a]
            scaled = fit.theta[a] / self.prior[a]
            found.append(scaled * scaled / told if told > 1e-12 else 0.0)
        return found

    def worst(self, fit: _Fit) -> Bias | None:
        """The likeliest gross error, with all meters that explain the readings as well; None where none is shown."""
        m = self.m
        ratios = self._ratios(fit)
        limit = chi_square_limit(_SIGNIFICANCE / (2 * m), 1)
        best = max(range(2 * m), key=lambda a: ratios[a])
        if ratios[best] <= limit or self._named(best % m):
            return None
        by_meter = sorted(range(m), key=lambda k: -max(ratios[k], ratios[m + k]))
        tied = [self.names[k] for k in by_meter if ratios[best] - max(ratios[k], ratios[m + k]) <= limit]
        first = best % m
        form: Form = "gain" if best < m else "offset"
        if abs(ratios[first] - ratios[m + first]) <= limit:
            form = "either"
        gain, offset = self._shift(fit, first), self._shift(fit, m + first)
        unit = self.tree.unit_of(self.names[first])
        return Bias(tuple(tied), form, Estimate(*gain, "1"), Estimate(*offset, unit), ratios[best], limit)

    def _shift(self, fit: _Fit, a: int) -> tuple[float, float]:
        """Likeliest shift of a parameter and its standard uncertainty, which holds the healthy spread of the class."""
        told = 1.0 - fit.covariance[a * 2 * self.m + a]
        if told <= 1e-12:
            return math.nan, math.nan
        return fit.theta[a] / told, self.prior[a] / math.sqrt(told)

    def _named(self, k: int) -> bool:
        return self.prior[k] > 0.5 * _FREE * self.classes[k]

    def release(self, bias: Bias) -> None:
        """Take the likeliest meter's reading for unknown in gain and offset."""
        k = self.names.index(bias.meters[0])
        for a in (k, self.m + k):
            self.prior[a] *= _FREE

    def told(self, found: list[Bias], fit: _Fit, rows: int) -> Biases:
        """With the corrections that close the balances."""
        m = self.m
        factor = {name: 1.0 / (1.0 + fit.theta[k]) for k, name in enumerate(self.names)}
        shift = {name: -fit.theta[m + k] * factor[name] for k, name in enumerate(self.names)}
        after = [factor[name] * self.means[k] + shift[name] for k, name in enumerate(self.names)]
        worst = 0.0
        for q in range(self.p):
            parts = [self.balances[q * m + k] * x for k, x in enumerate(after)]
            through = 0.5 * math.fsum(abs(x) for x in parts)
            worst = max(worst, abs(math.fsum(parts)) / through if through > 0.0 else 0.0)
        return Biases(tuple(found), factor, shift, worst, rows)
