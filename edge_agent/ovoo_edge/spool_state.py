"""The parts of an open spool, and everything that it tells without being changed."""

from __future__ import annotations

from collections.abc import Callable

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import CatalogueError

from ovoo_edge.ledger import Ledger, LedgerRow
from ovoo_edge.spool_acks import Acknowledgements
from ovoo_edge.spool_backlog import Backlog
from ovoo_edge.spool_catalogues import CatalogueTable
from ovoo_edge.spool_gauges import FillRate, SinkGauges
from ovoo_edge.spool_held import HeldTable
from ovoo_edge.spool_losses import lost_marks, lost_rows, lost_totals, record, tally_unreadable
from ovoo_edge.spool_open import OpenSpool
from ovoo_edge.spool_policy import SpoolPolicy
from ovoo_edge.spool_quarantine import Quarantine
from ovoo_edge.spool_refusals import RefusalCounts
from ovoo_edge.spool_rows import LostRow, QuarantinedRow, RefusedRow, SpoolGauges, SpoolRow, Tally
from ovoo_edge.spool_space import SpaceKeeper
from ovoo_edge.spool_transactions import named_failures
from ovoo_edge.spool_writer import SpoolWriter

__all__ = ["SpoolState"]


class SpoolState:
    """What `Spool` is made of; reading rows may list a damaged one as lost, else nothing is changed here."""

    def __init__(self, opened: OpenSpool, clock: Callable[[], int], policy: SpoolPolicy) -> None:
        self._opened = opened
        self._connection = opened.connection
        self._clock = clock
        self._acks = Acknowledgements(dict(opened.acked))
        self._catalogues = CatalogueTable(opened.connection)
        self._ledger = Ledger(opened.connection)
        self._held = HeldTable(opened.connection)
        self._held_high_ns = max((max(batch.time_ns) for _, batch in self._held.live()[0]), default=0)
        self._space = SpaceKeeper(
            opened.connection, opened.path, opened.budget, policy, self._acks, self._catalogues.find
        )
        self._quarantine = Quarantine(opened.connection, opened.budget, clock)
        self._gauges = SinkGauges(opened.connection, self._acks)
        self._rate = FillRate(clock)
        self._refusals = RefusalCounts(opened.connection, self._acks.sinks)
        self._backlog = Backlog(opened.connection, self._acks, self._drop_damaged)
        self._writer = SpoolWriter(
            opened,
            clock,
            self._acks,
            self._space,
            self._gauges,
            self._ledger,
            self._held,
            self._refusals,
            self._catalogues,
        )
        self._space.shrink()
        self._gauges.recount(self.last_seq)
        self._space.restore_ballast()

    @property
    def epoch(self) -> int:
        """Random number of this file; a new one whenever the file is created or replaced."""
        return self._opened.epoch

    @property
    def last_seq(self) -> int:
        """The number given last, 0 before the first."""
        return self._writer.last_seq

    @property
    def high_ns(self) -> int:
        """Greatest sample time ever committed to this file: rows up to it may be repetitions after a crash."""
        return max(self._writer.high_ns, self._held_high_ns)

    @property
    def max_item_bytes(self) -> int:
        """Largest payload a row may have."""
        return self._opened.budget.max_item_bytes

    @property
    def max_group_bytes(self) -> int:
        """Largest sum of payloads of a group."""
        return self._opened.budget.max_group_bytes

    @named_failures
    def catalogue(self, catalogue_id: str) -> Catalogue:
        """A catalogue that some row refers to.

        Raises:
            CatalogueError: it is not in the file.
        """
        found = self._catalogues.find(catalogue_id)
        if found is None:
            raise CatalogueError(
                "catalogue is not in the spool", offender=catalogue_id, remedy="its rows are quarantined"
            )
        return found

    @named_failures
    def positions(self) -> dict[str, bytes]:
        """How far each source was committed, as it put it itself."""
        return dict(self._connection.execute("SELECT source, body FROM position").fetchall())

    @named_failures
    def pending(
        self,
        sink: str,
        limit: int,
        *,
        newest_first: bool = False,
        after: int = 0,
        before: int | None = None,
        max_bytes: int | None = None,
    ) -> list[SpoolRow]:
        """Rows the sink has not acknowledged, in order; no transaction stays open.

        Args:
            sink: its name.
            limit: rows at most, >= 1.
            newest_first: descending numbers.
            after: only numbers greater than this.
            before: only numbers smaller than this.
            max_bytes: stop once the payloads pass this sum (at least one row is given).
        """
        last = self.last_seq if before is None else min(before - 1, self.last_seq)
        return self._backlog.rows(sink, after + 1, last, limit, newest_first=newest_first, max_bytes=max_bytes)

    @named_failures
    def quarantined(self, limit: int = 100) -> list[QuarantinedRow]:
        """The newest quarantined rows."""
        return self._quarantine.newest(limit)

    @named_failures
    def refusals(self) -> list[RefusedRow]:
        """What each sink was not shown because of its class."""
        return self._refusals.rows()

    @named_failures
    def lost(self, from_hour: int, to_hour: int) -> list[LostRow]:
        """What will never arrive, per signal, hour, cause and sink."""
        return lost_rows(self._connection, from_hour, to_hour)

    @named_failures
    def ledger(self, from_hour: int, to_hour: int) -> list[LedgerRow]:
        """Counts per signal and hour."""
        return self._ledger.rows(from_hour, to_hour)

    @named_failures
    def hour_marks(self, from_hour: int, to_hour: int) -> dict[int, str]:
        """A text per hour with counts or losses, which changes whenever one of them does."""
        counts = self._ledger.marks(from_hour, to_hour)
        losses = lost_marks(self._connection, from_hour, to_hour)
        return {hour: f"{counts.get(hour, 0):08x}{losses.get(hour, '')}" for hour in counts.keys() | losses.keys()}

    @named_failures
    def gauges(self) -> SpoolGauges:
        """State for health pages."""
        return SpoolGauges(
            epoch=self.epoch,
            next_seq=self.last_seq + 1,
            used_bytes=self._space.used_bytes(),
            limit_bytes=self._space.limit_bytes,
            file_bytes=self._space.file_bytes(),
            backlog_rows=self._gauges.rows,
            backlog_bytes=self._gauges.bytes,
            backlog_since_ns=self._gauges.since_ns(self.last_seq),
            buffer_h=self._rate.hours(self._space.room_bytes()),
            quarantined=self._gauges.quarantined(),
            refused=self._refusals.totals(),
            lost=lost_totals(self._connection),
            ballast=self._space.has_ballast,
            salvaged=self._opened.salvaged,
        )

    def _drop_damaged(self, row: SpoolRow) -> None:
        lost: Tally = {}
        tally_unreadable(row.rows, row.first_ns, row.last_ns, lost)
        needy = [name for name in self._acks.sinks if self._acks.missing(name, row.seq, row.seq)]
        self._writer.durably(lambda: record(self._connection, "row_damaged", needy, lost))
        for name in needy:
            self._gauges.removed(name, self._acks.add(name, [(row.seq, row.seq)], self.last_seq))
