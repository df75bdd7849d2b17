"""One period's readings made to agree: weighted least squares, and which meters may hold a gross error.

Crowe, Narasimhan and Jordache: x = y - S A' (A S A')^-1 A y; global test r' V^-1 r; measurement test as the generalised
likelihood ratio (a_j' V^-1 r)^2 / (a_j' V^-1 a_j), r = A y, V = A S A'.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import ConfigError, NotReady

from ovoo_models.efficiency.balance.equations import Equations, Kind
from ovoo_models.efficiency.balance.matrix import chi_square_limit, chi_square_tail, inverse, product, quadratic
from ovoo_models.efficiency.balance.tree import MeterTree
from ovoo_models.efficiency.estimate import Estimate

__all__ = ["Reconciled", "Reconciliation", "Suspects", "reconcile", "serial_elimination"]

_SIGNIFICANCE: Final = 0.01
_PARALLEL: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A flow after reconciliation, in the unit of its root; NaN where it cannot be computed. adjustment: value minus
    reading, NaN without one."""

    name: str
    kind: Kind
    value: Estimate
    adjustment: float


@dataclass(frozen=True, slots=True)
class Suspects:
    """Meters that may hold the gross error: no other explains the readings better, at 1 % over all meters.

    shown: whether there is an error that the classes do not explain; without it the set says only where one could hide.
    tied: the sets within it that no snapshot can tell apart, because they enter every balance alike. bias: what each
    would be off, in the unit of its root, if it alone were wrong; statistic: the greatest likelihood ratio.
    """

    meters: tuple[str, ...]
    shown: bool
    tied: tuple[tuple[str, ...], ...]
    bias: dict[str, Estimate]
    statistic: float
    limit: float


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All flows of a tree; chi_square is the global test with its degrees of freedom and probability.

    imbalance_share: greatest |in - out| of a balance after reconciliation, as a share of what enters into it.
    """

    flows: tuple[Reconciled, ...]
    chi_square: float
    freedom: int
    probability: float
    suspects: Suspects
    imbalance_share: float

    def flow(self, name: str) -> Reconciled:
        """That of one meter."""
        found = next((each for each in self.flows if each.name == name), None)
        if found is None:
            raise ConfigError(
                "no such meter", code="balance.no_such_meter", offender=name, remedy="name a meter of the tree"
            )
        return found


class _Snapshot:
    """Readings with their balances."""

    def __init__(self, tree: MeterTree, readings: Mapping[str, float], without: Collection[str]) -> None:
        known = {name: value for name, value in tree.read(readings).items() if name not in without}
        self.tree = tree
        self.equations = Equations.of(tree, known)
        names = self.equations.measured
        if not self.equations.rows:
            raise NotReady(
                "no balance can be closed", code="balance.no_balance_can_be_closed", offender="readings",
                value=len(known),
                remedy="every balance lacks a meter: read the missing ones",
            )  # fmt: skip
        self.y = [known[name] for name in names]
        self.sigma = [tree.sigma(name, y) for name, y in zip(names, self.y, strict=True)]
        self.rest = [math.fsum(a * y for a, y in zip(row, self.y, strict=True)) for row in self.equations.rows]
        self.weight = inverse(_covariance(self.equations.rows, self.sigma), len(self.rest))
        self.pull = product(self.weight, self.rest)


def reconcile(tree: MeterTree, readings: Mapping[str, float], without: Collection[str] = ()) -> Reconciliation:
    """The flows that balance and lie nearest to the readings, each in its own uncertainty; meters in `without` are
    taken as not read. NotReady where no balance is complete."""
    snapshot = _Snapshot(tree, readings, without)
    values, sigmas = _adjusted(snapshot)
    statistic = math.fsum(r * w for r, w in zip(snapshot.rest, snapshot.pull, strict=True))
    freedom = len(snapshot.rest)
    return Reconciliation(
        _told(snapshot, values, sigmas), statistic, freedom, chi_square_tail(statistic, freedom), _suspects(snapshot),
        _imbalance_share(snapshot, values),
    )  # fmt: skip


def serial_elimination(tree: MeterTree, readings: Mapping[str, float], most: int = 3) -> tuple[Suspects, ...]:
    """Sets of suspects one after the other; the likeliest of each is taken as not read, until none is shown."""
    found: list[Suspects] = []
    without: list[str] = []
    while len(found) < most:
        try:
            suspects = _suspects(_Snapshot(tree, readings, without))
        except NotReady:
            break
        if not suspects.shown:
            break
        found.append(suspects)
        without.append(suspects.meters[0])
    return tuple(found)


def _covariance(rows: tuple[tuple[float, ...], ...], sigma: list[float]) -> array[float]:
    return array(
        "d", [math.fsum(a * b * s * s for a, b, s in zip(one, two, sigma, strict=True)) for one in rows for two in rows]
    )


def _adjusted(snapshot: _Snapshot) -> tuple[list[float], list[float]]:
    values, sigmas = [], []
    for k, (y, s) in enumerate(zip(snapshot.y, snapshot.sigma, strict=True)):
        column = snapshot.equations.column(k)
        values.append(y - s * s * math.fsum(a * p for a, p in zip(column, snapshot.pull, strict=True)))
        sigmas.append(math.sqrt(max(s * s - s**4 * quadratic(snapshot.weight, column, column), 0.0)))
    return values, sigmas


def _told(snapshot: _Snapshot, values: list[float], sigmas: list[float]) -> tuple[Reconciled, ...]:
    equations, tree = snapshot.equations, snapshot.tree
    at = {name: k for k, name in enumerate(equations.measured)}
    found = []
    for each in tree.meters:
        unit, kind = tree.unit_of(each.name), equations.kinds[each.name]
        if each.name in at:
            k = at[each.name]
            value = Estimate(values[k], sigmas[k], unit)
            found.append(Reconciled(each.name, kind, value, values[k] - snapshot.y[k]))
        elif each.name in equations.solved:
            terms = equations.solved[each.name]
            value = Estimate(
                math.fsum(c * x for c, x in zip(terms, values, strict=True)), _combined(snapshot, terms), unit
            )
            found.append(Reconciled(each.name, kind, value, math.nan))
        else:
            found.append(Reconciled(each.name, kind, Estimate(math.nan, math.nan, unit), math.nan))
    return tuple(found)


def _combined(snapshot: _Snapshot, terms: tuple[float, ...]) -> float:
    """Standard uncertainty of a sum of reconciled flows: c' (S - S A' V^-1 A S) c."""
    scaled = [c * s * s for c, s in zip(terms, snapshot.sigma, strict=True)]
    own = math.fsum(c * x for c, x in zip(terms, scaled, strict=True))
    through = [math.fsum(a * x for a, x in zip(row, scaled, strict=True)) for row in snapshot.equations.rows]
    return math.sqrt(max(own - quadratic(snapshot.weight, through, through), 0.0))


def _suspects(snapshot: _Snapshot) -> Suspects:
    equations = snapshot.equations
    ratios: dict[str, float] = {}
    bias: dict[str, Estimate] = {}
    for k, name in enumerate(equations.measured):
        column = equations.column(k)
        information = quadratic(snapshot.weight, column, column)
        if information > 0.0:
            score = math.fsum(a * p for a, p in zip(column, snapshot.pull, strict=True))
            ratios[name] = score * score / information
            size = Estimate(score / information, 1.0 / math.sqrt(information), snapshot.tree.unit_of(name))
            bias[name] = size
    groups = _parallel(equations)
    limit = chi_square_limit(_SIGNIFICANCE / len(groups), 1)
    best = max(ratios.values())
    chosen = [name for name, ratio in ratios.items() if best - ratio <= limit]
    chosen.sort(key=lambda name: -ratios[name])
    shown = best > limit
    tied = tuple(group for group in groups if len(group) > 1 and set(group) & set(chosen))
    return Suspects(tuple(chosen), shown, tied, {name: bias[name] for name in chosen}, best, limit)


def _parallel(equations: Equations) -> list[tuple[str, ...]]:
    """Meters that enter the balances alike, but for a factor."""
    groups: dict[tuple[float, ...], list[str]] = {}
    for k, name in enumerate(equations.measured):
        column = equations.column(k)
        first = next((x for x in column if abs(x) > _PARALLEL), 0.0)
        if first:
            groups.setdefault(tuple(round(x / first, 9) + 0.0 for x in column), []).append(name)
    return [tuple(group) for group in groups.values()]


def _imbalance_share(snapshot: _Snapshot, values: list[float]) -> float:
    worst = 0.0
    for row in snapshot.equations.rows:
        parts = [a * x for a, x in zip(row, values, strict=True)]
        through = 0.5 * math.fsum(abs(x) for x in parts)
        if through > 0.0:
            worst = max(worst, abs(math.fsum(parts)) / through)
    return worst
