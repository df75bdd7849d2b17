"""Draws up the account of every hour that closed or changed and puts it into the spool, on its way to the cloud."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import CatalogueError, SpoolError

from ovoo_edge.completeness import Counts, WatchedSignal, account
from ovoo_edge.completeness_row import ReportRow
from ovoo_edge.completeness_state import KNOWN_POSITION, STATE_POSITION, ReporterState
from ovoo_edge.mapping import SignalRow
from ovoo_edge.sources.base import Source
from ovoo_edge.spool_rows import EVENT_RANK, HOUR_NS, Group, LostRow, RowMeta
from ovoo_edge.spool_service import SpoolService

__all__ = ["CompletenessReporter"]

_LOG = logging.getLogger(__name__)
_CYCLE_S: Final = 60.0
_GRACE_NS: Final = 120_000_000_000
"""So long after its end an hour is closed: slow sources and the last commits are in."""
_AGAIN_NS: Final = 600_000_000_000
"""A changed hour is reported again at most this often."""
_WINDOW_HOURS: Final = 14 * 24
_CYCLE_HOURS: Final = 24
_SHOWN_HOURS: Final = 6
_SHOWN: Final = ("expected", "stored", "backfilled", "suppressed", "lost", "absent")
_Former = dict[str, dict[int, WatchedSignal]]


class CompletenessReporter:
    """One per gateway; `run` beside the other parts.

    Args:
        catalogue: the running one.
        rows: the configured signals, which have a nominal step and a source; all others are derived.
        sources: their gaps are part of the account.
        spool: counts come from it, reports go into it.
        wall_ns: UTC now.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rows: Sequence[SignalRow],
        sources: Sequence[Source],
        spool: SpoolService,
        wall_ns: Callable[[], int],
    ) -> None:
        self._catalogue = catalogue
        self._rows = {str(row.entry.address): row for row in rows}
        self._sources = sources
        self._only_source = sources[0].name if len(sources) == 1 else ""
        self._spool = spool
        self._wall_ns = wall_ns
        self._state = ReporterState()
        self._started = False

    async def run(self) -> None:
        """Works until cancelled; while the spool refuses, nothing is forgotten and it is tried again."""
        while True:
            try:
                await self.cycle()
            except SpoolError as error:
                _LOG.warning("event=completeness_waits detail=%r", str(error))
            await asyncio.sleep(_CYCLE_S)

    async def cycle(self) -> int:
        """Commits the reports that are due now and what must be remembered; returns how many there were."""
        now_ns = self._wall_ns()
        group = Group()
        if not self._started:
            await self._start(now_ns)
            group.positions[KNOWN_POSITION] = self._state.pack_known()
        newest = (now_ns - _GRACE_NS) // HOUR_NS
        oldest = newest - _WINDOW_HOURS
        self._state.follow([source.health() for source in self._sources], now_ns, oldest * HOUR_NS)
        due = await self._due(oldest, newest, now_ns)
        for hour in due:
            for row in await self.account(hour):
                self._append(group, row)
        self._state.reported.update({hour: (mark, now_ns) for hour, mark in due.items()})
        group.positions[STATE_POSITION] = self._state.pack()
        await self._spool.commit(*_groups(group, self._spool.limits[1]))
        self._started = True
        return len(due)

    async def account(self, hour: int) -> list[ReportRow]:
        """The reports of one hour as the counts stand now."""
        now_ns = self._wall_ns()
        counts, unknown, former = await self._counts(hour)
        gaps = self._state.known_gaps()
        rows = list(account(self._catalogue.id, self._signals(), hour, now_ns, counts, unknown, gaps))
        for catalogue_id, signals in former.items():
            rows += account(catalogue_id, sorted(signals.items()), hour, now_ns, counts, (), gaps)
        return rows

    async def sums(self, sinks: Sequence[str]) -> list[dict[str, Any]]:
        """The last closed hours for people: all signals together, for each sink."""
        found: list[dict[str, Any]] = []
        newest = self._wall_ns() // HOUR_NS
        for hour in range(newest - _SHOWN_HOURS, newest):
            for row in await self.account(hour):
                for sink in sinks:
                    report = row.whole(sink)
                    sums = {name: sum(getattr(item, name) for item in report.signals) for name in _SHOWN}
                    found.append({"hour": hour, "sink": sink, "catalogue": report.catalogue_id, **sums})
        return found

    async def _start(self, now_ns: int) -> None:
        positions = await self._spool.positions()
        self._state = ReporterState.read(positions.get(STATE_POSITION, b""), positions.get(KNOWN_POSITION, b""))
        texts = {text: text for text in self._rows}
        addresses = (str(entry.address) for entry in self._catalogue.entries)
        self._state.start((texts.get(text, text) for text in addresses), now_ns)  # one text of each is enough

    async def _due(self, oldest: int, newest: int, now_ns: int) -> dict[int, str]:
        """Hours whose account is missing or no longer true, oldest first, with the marks of their counts."""
        marks = await self._spool.hour_marks(oldest, newest)
        first = min(self._state.known.values(), default=now_ns) // HOUR_NS
        due: dict[int, str] = {}
        for hour in sorted({*marks, *range(max(oldest, first), newest)}):
            mark = self._state.mark(hour, marks.get(hour, ""))
            known, at_ns = self._state.reported.get(hour, (None, 0))
            if mark != known and not 0 <= now_ns - at_ns < _AGAIN_NS:
                due[hour] = mark
            if len(due) == _CYCLE_HOURS:
                break
        return due

    async def _counts(self, hour: int) -> tuple[Mapping[str, Counts], list[LostRow], _Former]:
        """Counts by address, losses of unknown signals, and signals that only an earlier catalogue lists."""
        found: dict[str, Counts] = {}
        former: _Former = {}
        current = {str(entry.address) for entry in self._catalogue.entries}
        names: dict[str, list[str]] = {}
        for row in await self._spool.ledger(hour, hour + 1):
            if row.catalogue_id not in names:
                names[row.catalogue_id] = await self._addresses(row.catalogue_id)
            if row.signal >= len(names[row.catalogue_id]):
                continue
            address = names[row.catalogue_id][row.signal]
            if address not in current and address not in found:
                # no step any more: what came is what was expected
                former.setdefault(row.catalogue_id, {})[row.signal] = WatchedSignal(address, 0, "", 0)
            found.setdefault(address, Counts()).add(row)
        unknown: list[LostRow] = []
        for loss in await self._spool.lost(hour, hour + 1):
            if loss.address == "*":
                unknown.append(loss)
            elif not loss.address.startswith("event:"):
                found.setdefault(loss.address, Counts()).lost.setdefault(loss.sink, []).append(loss)
        return found, unknown, former

    async def _addresses(self, catalogue_id: str) -> list[str]:
        try:
            return await self._spool.addresses(catalogue_id)
        except CatalogueError:
            # a damaged file has lost it: its counts cannot be told by signal any more
            return []

    def _signals(self) -> list[tuple[int, WatchedSignal]]:
        return [(index, self._signal(str(entry.address))) for index, entry in enumerate(self._catalogue.entries)]

    def _signal(self, address: str) -> WatchedSignal:
        row = self._rows.get(address)
        since_ns = self._state.known.get(address, 0)
        if row is None:
            return WatchedSignal(address, 0, "", since_ns)
        return WatchedSignal(address, max(1, int(row.entry.period_s * 1e9)), row.source or self._only_source, since_ns)

    def _append(self, group: Group, row: ReportRow) -> None:
        start_ns = row.base.hour * HOUR_NS
        meta = RowMeta(1, start_ns, start_ns + HOUR_NS - 1, EVENT_RANK, 0, row.base.made_ns)
        group.append("completeness", row.base.catalogue_id, row.to_bytes(), meta)


def _groups(whole: Group, limit_bytes: int) -> list[Group]:
    """The rows in groups that one transaction can take; the positions go with the last one."""
    groups = [Group()]
    for row in whole.rows:
        if groups[-1].size + len(row.payload) > limit_bytes // 2:
            groups.append(Group())
        groups[-1].rows.append(row)
    groups[-1].positions = whole.positions
    return groups
