"""The balance of a site's meter trees over a window: flows, tests, and which meter may be wrong."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from ovoo_contract.errors import NotReady
from ovoo_contract.evidence import Evidence
from ovoo_models.efficiency.balance import (
    Biases,
    BiasSearch,
    Flow,
    MeterTree,
    NodeBalance,
    Reconciliation,
    balances,
    flows,
    reconcile,
    swapped,
)
from ovoo_models.efficiency.estimate import Estimate

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import meter_trees, signals
from ovoo_cloud.catalogue.energy_tables import MeterTreeRecord
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.amounts import QUARTER_NS, Doubles, amount_rule, binned, increments
from ovoo_cloud.energy.meter_rows import AMOUNT_UNITS, SiteMeter, trees_of
from ovoo_cloud.energy.window_reader import WindowReader, quarter_window
from ovoo_cloud.services import Services

__all__ = ["CarrierBalance", "MeterReading", "SiteBalance", "site_balance"]

_LEAST_SHARE: Final = 0.6
"""A meter of which less of the window's quarter hours are known is taken as not read."""
_QUERY: Final = "amounts of quarter hours that every meter read"
_FORMULAS: Final = ("balance.flows/1", "balance.reconcile/1", "balance.bias/1")


@dataclass(frozen=True, slots=True)
class MeterReading:
    """One meter over the window. amount: over the common quarter hours, None where it was not read.

    known: share of the quarter hours that it read. state: ok; unmeasured (there is none); no_signal (the catalogue has
    lost it); sparse (less than 60 % known); negative (it counts backwards: it is taken as not read).
    """

    meter: SiteMeter
    state: str
    known: float
    amount: Estimate | None


@dataclass(frozen=True, slots=True)
class CarrierBalance:
    """The tree of one carrier. rows: quarter hours that all its meters read, of `of`.

    reconciliation and biases are None where no balance is complete or too few rows are there: nothing can be tested.
    """

    carrier: str
    unit: str
    readings: tuple[MeterReading, ...]
    balances: tuple[NodeBalance, ...]
    flows: tuple[Flow, ...]
    swapped: tuple[str, ...]
    reconciliation: Reconciliation | None
    biases: Biases | None
    rows: int
    of: int
    evidence: Evidence

    @property
    def abnormal(self) -> bool:
        """Whether a node does not close, a meter is suspected, or one was put aside."""
        open_nodes = any(each.explained is False for each in self.balances)
        found = self.biases is not None and bool(self.biases.found)
        return open_nodes or found or any(each.state == "negative" for each in self.readings)

    def name_of(self, meter: str, language: str) -> str:
        """What people call a meter."""
        for each in self.readings:
            if each.meter.name == meter:
                chosen = each.meter.name_zh if language == "zh" else each.meter.name_en
                return chosen or each.meter.name_zh or each.meter.name_en or meter
        return meter


@dataclass(frozen=True, slots=True)
class SiteBalance:
    """The balances of a site over whole quarter hours, by the tree's version."""

    tree: MeterTreeRecord
    window: Window
    carriers: tuple[CarrierBalance, ...]


def site_balance(
    services: Services, scope: Scope, enterprise: str, site: str, start_ns: int, end_ns: int
) -> SiteBalance | None:
    """Balances of every carrier; None where the site has no meter tree.

    Raises:
        NotFound, Forbidden: outside the scope.
        BudgetExceeded: over 32 days.
    """
    scope = scope.under(Permission.READ_ENERGY)
    with services.database.read() as session:
        record = meter_trees.current_tree(session, scope, enterprise, site)
        rows = signals.signals(session, scope, enterprise, site=site) if record else ()
    window = quarter_window(start_ns, end_ns)
    if record is None:
        return None
    meters = meter_trees.meters_in(record)
    known = {row.address.split("/", 2)[2]: row for row in rows}
    reader = WindowReader(services, scope, enterprise, window)
    carriers = tuple(
        _carrier(tree, [each for each in meters if each.carrier == carrier], known, reader)
        for carrier, tree in trees_of(meters).items()
    )
    return SiteBalance(record, window, carriers)


def quarter_amounts(meter: SiteMeter, row: SignalRecord, reader: WindowReader) -> Doubles:
    """What a meter counted in each quarter hour, NaN where it is not known."""
    rule = amount_rule(row, meter.carrier)
    return binned(increments(reader.columns(row), rule), reader.window, QUARTER_NS).amount


def _carrier(
    tree: MeterTree, meters: Sequence[SiteMeter], known: Mapping[str, SignalRecord], reader: WindowReader
) -> CarrierBalance:
    columns: dict[str, Doubles] = {}
    states: dict[str, tuple[str, float]] = {}
    count = (reader.window.end_ns - reader.window.start_ns) // QUARTER_NS
    for each in meters:
        row = known.get(each.signal)
        amounts = None if row is None else quarter_amounts(each, row, reader)
        states[each.name] = _state(each, amounts)
        if amounts is not None and states[each.name][0] == "ok":
            columns[each.name] = amounts
    table = np.column_stack(list(columns.values())) if columns else np.empty((count, 0))
    table = table[~np.isnan(table).any(axis=1)]
    totals = {name: math.fsum(table[:, k].tolist()) for k, name in enumerate(columns)} if len(table) else {}
    used = [known[each.signal] for each in meters if each.name in columns]
    return CarrierBalance(
        meters[0].carrier,
        AMOUNT_UNITS[meters[0].carrier],
        tuple(_reading(tree, each, states[each.name], totals) for each in meters),
        balances(tree, totals),
        flows(tree, totals),
        swapped(tree, totals),
        _reconciled(tree, totals),
        _biases(tree, tuple(columns), table),
        len(table) if columns else 0,
        count,
        reader.evidence(used, _QUERY, _FORMULAS),
    )


def _state(meter: SiteMeter, amounts: Doubles | None) -> tuple[str, float]:
    if not meter.measured:
        return "unmeasured", 0.0
    if amounts is None:
        return "no_signal", 0.0
    share = float(np.count_nonzero(~np.isnan(amounts)) / len(amounts))
    if share < _LEAST_SHARE:
        return "sparse", share
    return ("negative" if float(np.nanmin(amounts)) < 0.0 else "ok"), share


def _reading(tree: MeterTree, meter: SiteMeter, state: tuple[str, float], totals: Mapping[str, float]) -> MeterReading:
    amount = None
    if meter.name in totals:
        value = totals[meter.name]
        amount = Estimate(value, tree.sigma(meter.name, value), AMOUNT_UNITS[meter.carrier])
    return MeterReading(meter, state[0], state[1], amount)


def _reconciled(tree: MeterTree, totals: Mapping[str, float]) -> Reconciliation | None:
    try:
        return reconcile(tree, totals)
    except NotReady:
        return None


def _biases(tree: MeterTree, names: tuple[str, ...], table: Doubles) -> Biases | None:
    if not names:
        return None
    search = BiasSearch(tree, names)
    search.add(array("d", np.ascontiguousarray(table).tobytes()))
    try:
        return search.search()
    except NotReady:
        return None
