"""The replay source: plays a recorded file into the gateway and goes on where the last commit stood."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import json
import logging
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ovoo_contract.errors import OvooError
from ovoo_contract.wire import FLAG_BACKFILL

from ovoo_edge.sources.base import Chunk, Intake, SignalMap, SourceContext, SourceHealth, SourceProblem, SourceState
from ovoo_edge.sources.replay_files import Piece, read_csv_file, read_ovb_file
from ovoo_edge.sources.settings_replay import ReplaySettings
from ovoo_edge.sources.state_file import load_state

__all__ = ["ReplaySource"]

_log = logging.getLogger(__name__)
_BACKFILL_AFTER_NS = 300_000_000_000
_IDENTITY_BYTES = 65_536


@dataclass(slots=True)
class _Handed:
    """A chunk on its way to disk and where reading goes on after it."""

    next_offset: int
    committed: bool = False


class ReplaySource:
    """One file, played once.

    Args:
        settings: the source's settings.
        signals: matched by address (.ovb), by `reference` or address as column name (.csv).
        context: clocks and the state folder.
    """

    def __init__(self, settings: ReplaySettings, signals: Sequence[SignalMap], context: SourceContext) -> None:
        self._settings = settings
        self._signals = tuple(signals)
        self._context = context
        self._state_path = context.state_dir / f"{settings.name}.replay.json"
        self._order: deque[_Handed] = deque()
        self._progress = asyncio.Event()
        self._offset = 0
        self._handed_offset = 0
        self._identity = ""
        self._counters: Counter[str] = Counter()
        self._state: SourceState = "idle"
        self._fault: SourceProblem | None = None
        self._last_sample_ns = 0

    @property
    def name(self) -> str:
        """The name given in the configuration."""
        return self._settings.name

    def health(self) -> SourceHealth:
        """State, counters and what stopped the file; `offset` is on disk, in bytes (.ovb) or rows (.csv)."""
        counters = {**self._counters, "offset": self._offset, "uncommitted_chunks": len(self._order)}
        problems = (self._fault,) if self._fault else ()
        return SourceHealth(
            self.name,
            "replay",
            self._state,
            detail=str(self._settings.path),
            last_sample_ns=self._last_sample_ns,
            counters=counters,
            problems=problems,
        )

    async def run(self, intake: Intake) -> None:
        """Plays the file and returns once its last sample is on disk; a damaged file ends it with state `failed`."""
        try:
            self._recall()
            await self._play(intake)
        except asyncio.CancelledError:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._context.settle_s):
                    await self._settled()
            raise
        except (OvooError, OSError) as error:
            self._state = "failed"
            remedy = error.remedy if isinstance(error, OvooError) else "check the path"
            self._fault = SourceProblem(str(self._settings.path), str(error), remedy)
            _log.error("source=%s event=replay_failed error=%r", self.name, str(error))
        finally:
            if self._state == "running":
                self._state = "stopped"

    async def _play(self, intake: Intake) -> None:
        self._state = "running"
        pieces = self._open()
        pace = _Pace(self._settings.speed, self._context)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            await pace.wait(piece)
            await self._hand_over(piece, intake)
        await self._settled()
        self._state = "finished"
        _log.info("source=%s event=replay_finished samples=%d", self.name, self._counters["samples"])

    async def _settled(self) -> None:
        while self._order:
            self._progress.clear()
            await self._progress.wait()

    def _open(self) -> Iterator[Piece]:
        if self._settings.path.suffix == ".ovb":
            return read_ovb_file(self._settings.path, self._signals, self._handed_offset)
        return read_csv_file(self._settings, self._signals, self._handed_offset)

    async def _hand_over(self, piece: Piece, intake: Intake) -> None:
        handed = _Handed(piece.next_offset)
        self._order.append(handed)
        self._counters.update(piece.counters)
        self._counters["samples"] += len(piece.batch)
        if not len(piece.batch):
            self._commit(handed)
            return
        newest_ns = max(piece.batch.time_ns)
        receive_ns = self._context.wall_ns()
        flags = FLAG_BACKFILL if receive_ns - newest_ns > _BACKFILL_AFTER_NS else 0
        self._last_sample_ns = receive_ns
        committed = functools.partial(self._commit, handed)
        position = functools.partial(self._position, piece.next_offset)
        await intake.put(Chunk(piece.batch, committed, self.name, flags, receive_ns, position))
        self._handed_offset = piece.next_offset

    def _commit(self, handed: _Handed) -> None:
        handed.committed = True
        while self._order and self._order[0].committed:
            self._offset = self._order.popleft().next_offset
        self._progress.set()

    def _position(self, offset: int) -> bytes:
        return json.dumps({"identity": self._identity, "offset": offset}).encode()

    def _recall(self) -> None:
        with self._settings.path.open("rb") as file:
            head = file.read(_IDENTITY_BYTES)
        size = self._settings.path.stat().st_size
        identity = f"{size}-{hashlib.sha256(head).hexdigest()}"
        if identity == self._identity:  # a second run of this process: what was handed over is on its way to disk
            return
        self._identity = identity
        self._offset = self._handed_offset = self._committed_offset()

    def _committed_offset(self) -> int:
        """Where the spool has this file; a gateway before version 2 of the spool kept that in a file of its own."""
        position = self._context.position
        state = json.loads(position) if position.startswith(b"{") else load_state(self._state_path)
        return int(state["offset"]) if state is not None and state.get("identity") == self._identity else 0


class _Pace:
    """Holds pieces back so that recorded time runs at `speed` times real time."""

    def __init__(self, speed: float, context: SourceContext) -> None:
        self._speed = speed
        self._context = context
        self._start: tuple[int, float] | None = None

    async def wait(self, piece: Piece) -> None:
        """Returns when the newest sample of the piece is due."""
        if self._speed == 0 or not len(piece.batch):
            return
        newest_ns = max(piece.batch.time_ns)
        now_s = self._context.monotonic_s()
        if self._start is None:
            self._start = (min(piece.batch.time_ns), now_s)
        due_s = self._start[1] + (newest_ns - self._start[0]) / 1e9 / self._speed
        if due_s > now_s:
            await asyncio.sleep(due_s - now_s)
