"""Gains and offsets of all meters of a tree at once, from the sums of products of their readings."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import NotReady

from ovoo_models.efficiency.balance.equations import Equations
from ovoo_models.efficiency.balance.matrix import inverse, times_transposed
from ovoo_models.efficiency.balance.tree import MeterTree

__all__ = ["Fit", "GainModel"]

_FREE: Final = 1e4
"""A meter that is released gets so many times the standard uncertainty of its class."""
_PASSES: Final = 3


@dataclass(frozen=True, slots=True)
class Fit:
    """Means and covariance of the parameters: gains first, then offsets."""

    theta: list[float]
    covariance: array[float]


class GainModel:
    """The sums of products of one search, in the units of the roots, for the meters that stand in a balance.

    Regressors are not the readings y but flows x that balance, x = P (y - e x - b): with P of the noise's weights they
    do not hold the noise that the balances show, which would else pass for gains of all meters of a node.
    """

    def __init__(self, tree: MeterTree, meters: tuple[str, ...], products: array[float]) -> None:
        self.tree = tree
        equations = Equations.of(tree, meters)
        if not equations.rows:
            raise NotReady(
                "no balance can be closed", code="balance.no_balance_can_be_closed", offender="meters",
                value=len(meters), remedy="read more of them",
            )  # fmt: skip
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

    def fit(self) -> Fit:
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

    def _once(self, theta: list[float]) -> Fit:
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

    def _solved(self, matrix: array[float], right: list[float]) -> Fit:
        """In units of the priors, in which the matrix is well conditioned."""
        side = 2 * self.m
        for a in range(side):
            for b in range(side):
                matrix[a * side + b] *= self.prior[a] * self.prior[b]
            matrix[a * side + a] += 1.0
        covariance = inverse(matrix, side)
        scaled = array("d", [x * s for x, s in zip(right, self.prior, strict=True)])
        theta = times_transposed(covariance, scaled, side)
        return Fit([x * s for x, s in zip(theta, self.prior, strict=True)], covariance)

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

    def ratios(self, fit: Fit) -> list[float]:
        """Likelihood ratio of a shift of each parameter: theta^2 / (prior variance - posterior variance)."""
        side = 2 * self.m
        found = []
        for a in range(side):
            told = 1.0 - fit.covariance[a * side + a]
            scaled = fit.theta[a] / self.prior[a]
            found.append(scaled * scaled / told if told > 1e-12 else 0.0)
        return found

    def shift(self, fit: Fit, a: int) -> tuple[float, float]:
        """Likeliest shift of a parameter and its standard uncertainty, which holds the healthy spread of the class."""
        told = 1.0 - fit.covariance[a * 2 * self.m + a]
        if told <= 1e-12:
            return math.nan, math.nan
        return fit.theta[a] / told, self.prior[a] / math.sqrt(told)

    def released(self, k: int) -> bool:
        """Whether meter k is free of its class."""
        return self.prior[k] > 0.5 * _FREE * self.classes[k]

    def release(self, k: int) -> None:
        """Take meter k's reading for unknown in gain and offset."""
        for a in (k, self.m + k):
            self.prior[a] *= _FREE

    def corrections(self, fit: Fit) -> tuple[list[float], list[float]]:
        """By meter: what its readings are to be multiplied by and then shifted by."""
        factors = [1.0 / (1.0 + fit.theta[k]) for k in range(self.m)]
        return factors, [-fit.theta[self.m + k] * factor for k, factor in enumerate(factors)]

    def imbalance_share(self, fit: Fit) -> float:
        """Greatest imbalance of a balance over the whole time, corrected, as a share of what enters into it."""
        factors, shifts = self.corrections(fit)
        after = [f * mean + s for f, mean, s in zip(factors, self.means, shifts, strict=True)]
        worst = 0.0
        for q in range(self.p):
            parts = [self.balances[q * self.m + k] * x for k, x in enumerate(after)]
            through = 0.5 * math.fsum(abs(x) for x in parts)
            worst = max(worst, abs(math.fsum(parts)) / through if through > 0.0 else 0.0)
        return worst
