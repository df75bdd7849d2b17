"""The ingest thread: groups messages, hands them to the intake, retries while the store is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.errors import StoreUnavailable, WireError
from ovoo_contract.wire import peek_header

from ovoo_cloud.ingest.configs import PERIOD_S, ConfigDesk
from ovoo_cloud.ingest.intake import Intake
from ovoo_cloud.ingest.mqtt import BrokerLink, Received
from ovoo_cloud.services import Services

__all__ = ["IngestService", "Waiting"]

_log = logging.getLogger(__name__)
_IDLE_S: Final = 0.2
_FIRST_RETRY_S: Final = 0.2
_LAST_RETRY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages received and not yet acknowledged, and the age of the oldest; 0 without one."""

    messages: int
    oldest_s: float


class IngestService:
    """Runs one broker link and one intake in a thread of its own.

    A group closes after `ingest_group_ms` or `ingest_group_rows`, whichever comes first: one store transaction and
    one acknowledgement for all of it. `failure` holds the exception that ended the thread, None while all is well.
    """

    def __init__(
        self,
        services: Services,
        on_failure: Callable[[BaseException], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        settings = services.settings
        self.intake = Intake(services.database, services.store, services.clock, timezone=settings.timezone)
        self.link = BrokerLink(settings, monotonic)
        self._configs = ConfigDesk(services.database, services.clock)
        self._configs_due_s = monotonic()
        self._monotonic = monotonic
        self._held: Sequence[Received] = ()
        self.failure: BaseException | None = None
        self.store_down = False
        self._group_s = settings.ingest_group_ms / 1000
        self._group_rows = settings.ingest_group_rows
        self._on_failure = on_failure
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ovoo-ingest", daemon=True)

    def start(self) -> None:
        """Starts thread and link."""
        self._thread.start()
        self.link.start()

    def stop(self) -> None:
        """Ends the link, then the thread; what is not stored stays with broker and gateways."""
        self.link.stop()
        self._stop.set()
        self._thread.join(timeout=30)

    def waiting(self) -> Waiting:
        """What is not acknowledged now: the group in hand and the queue behind it."""
        held, first = self._held, self.link.oldest()
        oldest = held[0] if held else first
        age_s = 0.0 if oldest is None else max(0.0, self._monotonic() - oldest.received_s)
        return Waiting(len(held) + len(self.link.lanes), age_s)

    def health(self) -> dict[str, Any]:
        """State for the status page: connection, queue, counters, failure."""
        return {
            "connected": self.link.connected,
            "queued": len(self.link.lanes),
            "store_down": self.store_down,
            "failure": "" if self.failure is None else str(self.failure),
            **self.intake.counters.to_dict(),
        }

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                group = self._gather()
                if group:
                    self._held = group
                    self._process(group)
                    self._held = ()
                self._tell_configs()
        except BaseException as error:
            # whatever it is, it must be seen: a silent dead thread would look like a quiet plant
            self.failure = error
            _log.exception("event=ingest_failed")
            if self._on_failure is not None:
                self._on_failure(error)

    def _tell_configs(self) -> None:
        """Now and then tells gateways what people said; what is not said now is said the next time."""
        if self._monotonic() < self._configs_due_s or not self.link.connected:
            return
        self._configs_due_s = self._monotonic() + PERIOD_S
        try:
            self._configs.tell(self.link.connection, self.link.publish)
        except StoreUnavailable as error:
            _log.warning("event=configs_wait detail=%s", error)

    def _gather(self) -> list[Received]:
        """The next group, all of one lane: waits for a first message, then until time or rows are full."""
        begun = self.link.lanes.begin(_IDLE_S)
        if begun is None:
            return []
        first, lane = begun
        group, rows = [first], _rows(first)
        deadline_s = self._monotonic() + self._group_s
        while rows < self._group_rows:
            received = self.link.lanes.more(lane, deadline_s)
            if received is None:
                break
            group.append(received)
            rows += _rows(received)
        return group

    def _process(self, group: list[Received]) -> None:
        delay = _FIRST_RETRY_S
        while not self._stop.is_set():
            try:
                answers = self.intake.handle([received.message for received in group])
            except StoreUnavailable as error:
                self.store_down = True
                _log.warning("event=store_unavailable retry_s=%.1f detail=%s", delay, error)
                self._stop.wait(delay)
                delay = min(delay * 2, _LAST_RETRY_S)
                continue
            self.store_down = False
            self.link.publish(answers)
            self.link.acknowledge(group)
            return


def _rows(received: Received) -> int:
    """Rows of a batch message; 1 for anything else."""
    try:
        return peek_header(received.message.payload)[1]
    except WireError:
        return 1
