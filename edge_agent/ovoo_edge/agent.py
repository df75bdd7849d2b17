"""The life of a gateway: sources, pipeline, sinks and health start in one task group and are taken down in order."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence

from ovoo_contract.catalogue import Catalogue

from ovoo_edge import __version__
from ovoo_edge._select import heap_kernels
from ovoo_edge.assembly import Assembly, Parts, World
from ovoo_edge.backoff import Backoff
from ovoo_edge.config import GatewayConfig
from ovoo_edge.desired import DesiredState
from ovoo_edge.drain import Working, drain, wait_for_all
from ovoo_edge.folder_lock import FolderLock
from ovoo_edge.health import HealthReport, HealthServer
from ovoo_edge.posture import look_around
from ovoo_edge.scoring import Scoring
from ovoo_edge.signal_list import figures_of
from ovoo_edge.sinks.base import Sink
from ovoo_edge.sources.base import Intake, Source
from ovoo_edge.spool import Spool
from ovoo_edge.spool_service import SpoolReader, SpoolService
from ovoo_edge.status_words import status_line
from ovoo_edge.supervisor import Supervised, supervise
from ovoo_edge.systemd import is_supervised, notify, notify_status, watchdog_interval_s

__all__ = ["Agent"]

_LOG = logging.getLogger(__name__)
_SAVE_S = 60.0
_TELL_S = 5.0


class Agent:
    """One gateway; `run` once.

    Args:
        config: its settings.
        world: clocks and chance.
        stop_when_finished: end as soon as every source has finished (a replay) and the spool is empty.
        started: called once everything is built, before the first sample.
    """

    def __init__(
        self,
        config: GatewayConfig,
        world: World | None = None,
        *,
        stop_when_finished: bool = False,
        started: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._world = world or World()
        self._stop_when_finished = stop_when_finished
        self._started = started
        self._stop = asyncio.Event()
        self._draining = asyncio.Event()
        self._parts: list[Supervised] = []
        self.software = f"ovoo-edge {__version__}"

    def stop(self) -> None:
        """Asks the agent to drain and return; SIGTERM does this."""
        self._stop.set()

    async def run(self) -> None:
        """Works until `stop`; sources stop first, then what they gave is committed, then sinks get `drain_s`.

        Raises:
            OvooError: it cannot start: the folder is in use, a model does not fit, the disk refuses.
        """
        config = self._config
        with FolderLock(config.state_dir):
            scoring = Scoring.load(config.models, config.measured)
            catalogue = Catalogue([*config.measured, *figures_of(config.signals), *scoring.outputs])
            scoring.restore(config.state_dir / "models.json")
            desired = DesiredState(scoring, config.state_dir, config.enterprise, config.site)
            desired.posture = functools.partial(look_around, config)
            desired.restore()
            assembly = Assembly(
                config, self._world, self.software, catalogue, scoring, desired, self._draining, self._parts
            )
            async with SpoolService(self._open_spool) as spool:
                await spool.add_catalogue(catalogue)
                try:
                    await self._run_parts(spool, assembly)
                finally:
                    scoring.save(config.state_dir / "models.json")
        _LOG.info("event=stopped gateway=%s", config.gateway)

    def _open_spool(self, damage: str) -> Spool:
        config = self._config
        return Spool.open(
            config.state_dir / "spool.db",
            config.spool.budget_mib << 20,
            sinks=[sink.name for sink in config.sinks],
            epoch_source=self._world.epoch_source,
            clock=self._world.wall_ns,
            policy=config.spool.policy,
            damage=damage,
        )

    async def _run_parts(self, spool: SpoolService, assembly: Assembly) -> None:
        parts = await assembly.build(spool)
        async with HealthServer(self._config.health.listen, parts.report), asyncio.TaskGroup() as group:
            minding = [
                group.create_task(each)
                for each in (
                    parts.pipeline.run(),
                    spool.maintain(),
                    parts.reporter.run(),
                    self._tell(parts.report),
                    self._watchdog(spool),
                    self._save(assembly.scoring),
                )
            ]
            working = self._begin_work(parts, group)
            self._announce(assembly.catalogue)
            await self._wait_for_stop(working.feeding)
            notify("STOPPING=1")
            notify_status("stopping: sources are closed, what they gave is committed and delivered")
            await self._take_down(working)
            for task in minding:
                task.cancel()

    def _begin_work(self, parts: Parts, group: asyncio.TaskGroup) -> Working:
        feeding = [
            group.create_task(self._supervised(f"source {item.name}", _feeding(item, parts.intake)))
            for item in parts.sources
        ]
        delivering = [
            group.create_task(self._supervised(f"sink {sink.name}", _delivering(sink, reader)))
            for sink, reader in parts.sinks
        ]
        return Working(parts.pipeline, feeding, delivering, [reader for _, reader in parts.sinks])

    def _announce(self, catalogue: Catalogue) -> None:
        self._started()
        notify("READY=1")
        gateway = self._config.gateway
        _LOG.info("event=started gateway=%s signals=%d catalogue=%s", gateway, len(catalogue), catalogue.id)

    async def _wait_for_stop(self, feeding: Sequence[asyncio.Task[None]]) -> None:
        if not self._stop_when_finished:
            await self._stop.wait()
            return
        stopping = asyncio.create_task(self._stop.wait())
        everything = asyncio.create_task(wait_for_all(feeding))
        await asyncio.wait({stopping, everything}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        everything.cancel()

    async def _take_down(self, working: Working) -> None:
        """After a replay the sinks have until they are done or somebody loses patience, else `drain_s`."""
        config = self._config
        _LOG.info("event=draining gateway=%s", config.gateway)
        replayed = self._stop_when_finished and not self._stop.is_set()
        await drain(
            working,
            self._draining,
            settle_s=config.commit_s,
            drain_s=None if replayed else config.drain_s,
            impatient=self._stop,
        )

    async def _supervised(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        part = Supervised(name)
        self._parts.append(part)
        await supervise(part, run, Backoff(1.0, 300.0, self._world.rng), monotonic_s=self._world.monotonic_s)

    async def _watchdog(self, spool: SpoolService) -> None:
        """Tells the service manager that loop and disk still answer; a hung disk ends in a restart."""
        interval_s = watchdog_interval_s()
        while interval_s is not None:
            await spool.gauges()
            notify("WATCHDOG=1")
            await asyncio.sleep(interval_s)

    async def _tell(self, report: HealthReport) -> None:
        """Keeps the line of words in the service manager's status true."""
        while is_supervised():
            notify_status(status_line(await report.collect()))
            await asyncio.sleep(_TELL_S)

    async def _save(self, scoring: Scoring) -> None:
        """Now and then: the models' state to disk, memory that is free to the system."""
        while True:
            await asyncio.to_thread(heap_kernels.give_back)
            await asyncio.sleep(_SAVE_S)
            await asyncio.to_thread(scoring.save, self._config.state_dir / "models.json")


def _feeding(source: Source, intake: Intake) -> Callable[[], Awaitable[None]]:
    return lambda: source.run(intake)


def _delivering(sink: Sink, reader: SpoolReader) -> Callable[[], Awaitable[None]]:
    return lambda: sink.run(reader)
