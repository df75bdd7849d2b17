"""What goes into each node of a meter tree and does not come out, with the uncertainty that the instruments explain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ovoo_models.efficiency.balance.tree import Meter, MeterTree
from ovoo_models.efficiency.estimate import Estimate

__all__ = ["Flow", "NodeBalance", "balances", "flows", "swapped"]

_COVERAGE: Final = 0.95


@dataclass(frozen=True, slots=True)
class NodeBalance:
    """A node over a period: inflow - outflow = imbalance, in the unit of its root.

    missing: meters without a reading; then the imbalance is the rest that they and losses share, and `explained` is
    None: nothing can be tested. explained: whether the imbalance lies within the 95 % interval of the meter classes.
    """

    node: str
    inflow: Estimate
    outflow: Estimate
    imbalance: Estimate
    missing: tuple[str, ...]
    explained: bool | None

    @property
    def loss_share(self) -> Estimate:
        """Imbalance as a share of the inflow; NaN where nothing flows in. Its sigma takes both as independent of drift:
        u = |out / in| sqrt(u_in^2 / in^2 + u_out^2 / out^2)."""
        if self.inflow.value <= 0.0:
            return Estimate(math.nan, math.nan, "1")
        share = self.outflow.value / self.inflow.value
        sigma = math.hypot(share * self.inflow.sigma, self.outflow.sigma) / self.inflow.value
        return Estimate(1.0 - share, sigma, "1")


@dataclass(frozen=True, slots=True)
class Flow:
    """A link of a Sankey diagram, > 0, in the unit of its tree.

    metered: read by a meter. rest: what is not read, where meters are missing. loss: what is lost though all is read,
    or within what the instruments explain. surplus: more comes out than goes in.
    """

    source: str
    target: str
    value: Estimate
    kind: Literal["metered", "rest", "loss", "surplus"]


def balances(tree: MeterTree, readings: Mapping[str, float]) -> tuple[NodeBalance, ...]:
    """Every node whose own meter was read, for the readings of one period (energy or amount, or a mean flow)."""
    known = tree.read(readings)
    return tuple(_balance(tree, node, known) for node in tree.nodes if node in known)


def flows(tree: MeterTree, readings: Mapping[str, float]) -> tuple[Flow, ...]:
    """Links between meters, with what each node loses or leaves unmeasured."""
    known = tree.read(readings)
    found = []
    for each in tree.meters:
        if each.parent is not None and each.name in known and known[each.name] > 0.0:
            source, target = (each.parent, each.name) if each.direction == "use" else (each.name, each.parent)
            value = Estimate(known[each.name], tree.sigma(each.name, known[each.name]), tree.unit_of(each.name))
            found.append(Flow(source, target, value, "metered"))
    for node in tree.nodes:
        if node in known:
            found.extend(_left_over(_balance(tree, node, known)))
    return tuple(found)


def swapped(tree: MeterTree, readings: Mapping[str, float]) -> tuple[str, ...]:
    """Meters under nodes that do not balance but would, were the meter's direction the other (`use` for `feed`)."""
    known = tree.read(readings)
    found = []
    for node in tree.nodes:
        if node not in known:
            continue
        balance = _balance(tree, node, known)
        if balance.explained is not False:
            continue
        for each in tree.under(node):
            turned = balance.imbalance.value - 2.0 * _sign(each) * known[each.name]
            if abs(turned) <= balance.imbalance.half_width(_COVERAGE) < 2.0 * known[each.name]:
                found.append(each.name)
    return tuple(found)


def _balance(tree: MeterTree, node: str, known: Mapping[str, float]) -> NodeBalance:
    under, unit = tree.under(node), tree.unit_of(node)
    feeds = [each for each in under if each.direction == "feed" and each.name in known]
    uses = [each for each in under if each.direction == "use" and each.name in known]
    missing = tuple(each.name for each in under if each.name not in known)
    inflow = _sum(tree, [tree.meter(node), *feeds], known, unit)
    outflow = _sum(tree, uses, known, unit)
    sigma = math.hypot(inflow.sigma, outflow.sigma)
    imbalance = Estimate(inflow.value - outflow.value, sigma, unit)
    explained = None if missing else not imbalance.stands_out_from(0.0, _COVERAGE)
    return NodeBalance(node, inflow, outflow, imbalance, missing, explained)


def _sum(tree: MeterTree, meters: Sequence[Meter], known: Mapping[str, float], unit: str) -> Estimate:
    value = math.fsum(known[each.name] for each in meters)
    sigma = math.sqrt(math.fsum(tree.sigma(each.name, known[each.name]) ** 2 for each in meters))
    return Estimate(value, sigma, unit)


def _left_over(balance: NodeBalance) -> list[Flow]:
    value = balance.imbalance
    if value.value > 0.0:
        kind: Literal["rest", "loss"] = "rest" if balance.missing else "loss"
        return [Flow(balance.node, f"{balance.node} {kind}", value, kind)]
    if value.value < 0.0:
        turned = Estimate(-value.value, value.sigma, value.unit)
        return [Flow(f"{balance.node} surplus", balance.node, turned, "surplus")]
    return []


def _sign(meter: Meter) -> float:
    return 1.0 if meter.direction == "feed" else -1.0
