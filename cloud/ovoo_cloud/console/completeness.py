"""The completeness of a site as a map: a row a machine or signal, a column an hour, and what was lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from ovoo_contract.completeness import HOUR_NS, LostInterval

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.completeness import in_store
from ovoo_cloud.catalogue import completeness as records
from ovoo_cloud.catalogue import signals
from ovoo_cloud.catalogue.completeness import Account, SignalAccount
from ovoo_cloud.catalogue.tables import SignalRecord, Site
from ovoo_cloud.services import Services

__all__ = ["HOURS", "CompletenessView", "HourCell", "LossLine", "MapRow", "completeness_view"]

HOURS: Final = 24
_FEW_SIGNALS: Final = 100
"""A site with more is shown by machine first."""
_MOST_LOSSES: Final = 200
_LATE_NS: Final = 3 * HOUR_NS
CellState = Literal["none", "whole", "kept", "absent", "lost"]


@dataclass(slots=True)
class HourCell:
    """One row in one hour; sums over the signals of the row."""

    expected: int = 0
    stored: int = 0
    suppressed: int = 0
    lost: int = 0
    absent: int = 0
    backfilled: int = 0
    outstanding: int = 0
    """Given up for delivery and not in the store yet."""
    reports: int = 0

    def add(self, row: SignalAccount, held: int | None) -> None:
        """Adds one signal; `held` is what the store has of it, None where that is not known."""
        counts = row.counts
        self.reports += 1
        for name in ("expected", "stored", "suppressed", "lost", "absent", "backfilled"):
            setattr(self, name, getattr(self, name) + getattr(counts, name))
        self.outstanding += 0 if held is None else max(0, counts.stored - held)

    @property
    def state(self) -> CellState:
        """What people must see first."""
        if not self.reports:
            return "none"
        if self.lost:
            return "lost"
        if self.absent:
            return "absent"
        return "kept" if self.suppressed else "whole"

    @property
    def percent(self) -> int:
        """Stored or kept back on purpose, of what was expected; 100 only when nothing is missing."""
        if not self.expected:
            return 100
        return (self.stored + self.suppressed) * 100 // self.expected


@dataclass(slots=True)
class MapRow:
    """A machine or a signal."""

    key: str
    name: str
    link: str
    group: str = ""
    cells: list[HourCell] = field(default_factory=lambda: [HourCell() for _ in range(HOURS)])


@dataclass(frozen=True, slots=True)
class LossLine:
    """One lost interval; `address` is empty where a damaged spool no longer tells whose it was."""

    address: str
    interval: LostInterval


@dataclass(frozen=True, slots=True)
class CompletenessView:
    """What the page shows."""

    hours: Sequence[int]
    rows: Sequence[MapRow]
    by_machine: bool
    total: HourCell
    losses: Sequence[LossLine]
    more_losses: int
    withheld: int
    newest_ns: int | None
    now_ns: int

    @property
    def stale(self) -> bool:
        """True when no gateway has accounted for an hour that closed long ago."""
        return self.newest_ns is not None and self.now_ns - (self.newest_ns + HOUR_NS) > _LATE_NS


def completeness_view(
    services: Services, scope: Scope, place: Site, asset: str | None, language: str
) -> CompletenessView:
    """The last `HOURS` closed hours of a site, or of one of its machines (`area/line/asset`)."""
    end_ns = services.clock() // HOUR_NS * HOUR_NS
    start_ns = end_ns - HOURS * HOUR_NS
    path = f"{place.enterprise}/{place.id}/{asset}" if asset else None
    with services.database.read() as session:
        listed = signals.signals(session, scope, place.enterprise, site=place.id, asset=path)
        found = records.accounts(session, scope, place.enterprise, place.id, start_ns, end_ns, asset=path)
    by_machine = path is None and len(listed) > _FEW_SIGNALS
    countable = {row.address for row in listed if row.measurement == "telemetry"}
    held = in_store(services, scope, found.signals, countable)
    rows = _rows(listed, by_machine, language)
    total = HourCell()
    for row in found.signals:
        key = row.address.rpartition("/")[0] if by_machine else row.address
        stored = held.get((row.address, row.hour_ns))
        line = rows.setdefault(key, MapRow(key, key.split("/", 2)[-1], ""))
        line.cells[(row.hour_ns - start_ns) // HOUR_NS].add(row, stored)
        total.add(row, stored)
    losses = _losses(found)
    return CompletenessView(
        [start_ns + step * HOUR_NS for step in range(HOURS)],
        list(rows.values()),
        by_machine,
        total,
        losses[:_MOST_LOSSES],
        max(0, len(losses) - _MOST_LOSSES),
        found.withheld,
        max((row.hour_ns for row in found.signals), default=None),
        services.clock(),
    )


def _rows(listed: Sequence[SignalRecord], by_machine: bool, language: str) -> dict[str, MapRow]:
    rows: dict[str, MapRow] = {}
    for row in listed:
        key = row.asset if by_machine else row.address
        short = key.split("/", 2)[-1]
        name = short if by_machine else str((row.name_zh if language == "zh" else row.name_en) or row.name)
        link = f"?asset={short}" if by_machine else f"/signals/{row.address}"
        group = "" if by_machine else row.asset.split("/", 2)[-1]
        rows.setdefault(key, MapRow(key, name, link, group))
    return rows


def _losses(found: Account) -> list[LossLine]:
    lines = [LossLine(row.address, item) for row in found.signals for item in row.lost]
    lines += [LossLine("", item.interval) for item in found.unknown]
    return sorted(lines, key=lambda line: (-line.interval.start_ns, line.address, line.interval.cause))
