"""Samples of one enterprise over a window, read once each, with the evidence they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from ovoo_contract.address import Address
from ovoo_contract.errors import BudgetExceeded, QueryError
from ovoo_contract.evidence import Evidence, EvidenceDescriptor, hash_samples
from ovoo_contract.quality import UNCERTAIN

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import gateways, signals
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.amounts import QUARTER_NS
from ovoo_cloud.energy.integrate import REACH_NS
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Columns, check_bounds, read_all

__all__ = ["LONGEST_NS", "WindowReader", "quarter_window"]

LONGEST_NS: Final = 32 * 86_400_000_000_000
"""The longest window that is read at once."""


def quarter_window(start_ns: int, end_ns: int) -> Window:
    """The whole quarter hours inside [start, end).

    Raises:
        BudgetExceeded: over 32 days.
        QueryError: there is no whole quarter hour in it.
    """
    check_bounds(start_ns, end_ns)
    if end_ns - start_ns > LONGEST_NS:
        raise BudgetExceeded(
            "more than 32 days", code="quarters.more_than_32_days", offender="time range",
            remedy="ask for shorter windows",
        )  # fmt: skip
    first, last = -(-start_ns // QUARTER_NS) * QUARTER_NS, end_ns // QUARTER_NS * QUARTER_NS
    if last <= first:
        raise QueryError(
            "no whole quarter hour", code="quarters.no_whole_quarter_hour", offender="time range",
            value=end_ns - start_ns, remedy="ask for more",
        )  # fmt: skip
    return Window(first, last)


class WindowReader:
    """Reads the signals of one site; the caller's scope was checked when their rows were found."""

    def __init__(self, services: Services, scope: Scope, enterprise: str, window: Window) -> None:
        scope.require_enterprise(enterprise)
        self.window = window
        self._store = services.store
        self._read: dict[str, Columns] = {}
        with services.database.read() as session:
            # which catalogues stood behind the samples belongs to the evidence, whoever asks
            found = gateways.gateways(session, Scope.system(), enterprise)
            self._catalogues = tuple(sorted({each.catalogue_id for each in found if each.catalogue_id}))

    def columns(self, row: SignalRecord) -> Columns:
        """Samples of [start - 15 min, end + 15 min): what lies just outside tells of the edges."""
        address = stored_address(row)
        if address not in self._read:
            key = Address.parse(address)
            start = max(self.window.start_ns - REACH_NS, 0)
            self._read[address] = read_all(self._store, [key], start, self.window.end_ns + REACH_NS)[key]
        return self._read[address]

    def evidence(self, rows: Sequence[SignalRecord], query: str, formulas: Sequence[str]) -> Evidence:
        """What these signals delivered inside the window."""
        inside = {Address.parse(stored_address(row)): self._inside(self.columns(row)) for row in rows}
        samples = sum(len(each) for each in inside.values())
        good = sum(int((each.quality < UNCERTAIN).sum()) for each in inside.values())
        descriptor = EvidenceDescriptor(
            addresses=tuple(inside),
            start_ns=self.window.start_ns,
            end_ns=self.window.end_ns,
            query=query,
            catalogue_ids=self._catalogues,
            formula_ids=tuple(formulas),
        )
        digest = hash_samples((address, inside[address].to_batch()) for address in descriptor.addresses)
        return Evidence(descriptor, samples, good / samples if samples else None, digest)

    def _inside(self, columns: Columns) -> Columns:
        first, last = np.searchsorted(columns.time_ns, [self.window.start_ns, self.window.end_ns]).tolist()
        text = {row - first: words for row, words in columns.text.items() if first <= row < last}
        return Columns(columns.time_ns[first:last], columns.value[first:last], columns.quality[first:last], text)


def stored_address(row: SignalRecord) -> str:
    """Where the samples are: a signal sent as one-minute figures has its mean (a state or counter: its last value)."""
    figure = "last" if row.type == "bool" or row.name == "energy" else "mean"
    return signals.minute_figure(row, figure) or row.address
