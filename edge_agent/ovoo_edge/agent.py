"""Assembles the gateway: sources, pipeline, spool, sinks and health in one task group, and takes it down in order."""

from __future__ import annotations

import asyncio
import functools
import logging
import pathlib
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from ovoo_contract.catalogue import Catalogue

from ovoo_edge import __version__
from ovoo_edge._select import heap_kernels
from ovoo_edge.backoff import Backoff
from ovoo_edge.completeness_reporter import CompletenessReporter
from ovoo_edge.config import GatewayConfig
from ovoo_edge.derived import deriving
from ovoo_edge.desired import DesiredState
from ovoo_edge.folder_lock import FolderLock
from ovoo_edge.health import HealthReport, HealthServer, sink_figures
from ovoo_edge.hour_sums import SumsBook
from ovoo_edge.mapping import bind_signals
from ovoo_edge.pipeline import Pipeline, PipelineClocks
from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.posture import look_around
from ovoo_edge.scoring import Scoring
from ovoo_edge.signal_list import figures_of, rules_of
from ovoo_edge.sinks.base import Sink, SinkContext
from ovoo_edge.sinks.registry import create_sink
from ovoo_edge.sinks.settings import MqttSinkSettings
from ovoo_edge.source_clock import ClockedIntake
from ovoo_edge.sources.base import Intake, Source, SourceContext
from ovoo_edge.sources.registry import create_source
from ovoo_edge.sources.settings import ReplaySettings
from ovoo_edge.spool import Spool
from ovoo_edge.spool_service import SpoolReader, SpoolService
from ovoo_edge.status_words import status_line
from ovoo_edge.supervisor import Supervised, supervise
from ovoo_edge.systemd import is_supervised, notify, notify_status, runtime_dir, watchdog_interval_s
from ovoo_edge.watermark import Watermark

__all__ = ["Agent", "World"]

_LOG = logging.getLogger(__name__)
_INTAKE_SAMPLES = 200_000
_SETTLE_S = 5.0
_SAVE_S = 60.0
_TELL_S = 5.0


@dataclass(frozen=True, slots=True)
class World:
    """Clocks and chance; tests replace them."""

    wall_ns: Callable[[], int] = time.time_ns
    monotonic_s: Callable[[], float] = time.monotonic
    rng: random.Random = field(default_factory=random.SystemRandom)
    epoch_source: Callable[[], int] = lambda: secrets.randbits(64)
    runtime_dir: pathlib.Path | None = field(default_factory=runtime_dir)


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
            async with SpoolService(self._open_spool) as spool:
                await spool.add_catalogue(catalogue)
                try:
                    await self._run_parts(spool, catalogue, scoring, desired)
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

    async def _run_parts(
        self, spool: SpoolService, catalogue: Catalogue, scoring: Scoring, desired: DesiredState
    ) -> None:
        config, world = self._config, self._world
        watermark = Watermark(len(catalogue), spool.high_ns, world.wall_ns())
        derive = deriving(config.derived, catalogue)
        positions = await spool.positions()
        scorer = scoring.scorer(catalogue)
        scoring.sums = SumsBook.of(scoring.followed(), positions, config.timezone, catalogue.id, spool.limits[1])
        stage = Stage(
            catalogue,
            rules_of(config.signals, config.derived, catalogue.entries[len(config.measured) :]),
            scorer,
            watermark,
            config.refresh_s,
            spool.limits,
            derive,
            scoring.sums,
        )
        live = [item.name for item in config.sources if not isinstance(item, ReplaySettings)]
        intake = ClockedIntake(_INTAKE_SAMPLES, world.monotonic_s, live)
        clocks = PipelineClocks(world.wall_ns, world.monotonic_s, world.rng)
        pipeline = Pipeline(intake, stage, spool, config.commit_s, clocks, _INTAKE_SAMPLES // 2)
        sources = self._sources(catalogue, positions)
        reporter = CompletenessReporter(catalogue, config.signals, sources, spool, world.wall_ns)
        report = HealthReport(
            config,
            self.software,
            world.wall_ns,
            spool,
            pipeline,
            sources,
            scoring,
            self._parts,
            intake.estimates,
            catalogue,
            reporter.sums,
        )
        report.desired = desired.health
        sinks = self._sinks(catalogue, spool, report, desired)
        report.sinks = [sink for sink, _ in sinks]
        async with HealthServer(config.health.listen, report), asyncio.TaskGroup() as group:
            fixed = [group.create_task(pipeline.run()), group.create_task(spool.maintain())]
            fixed.append(group.create_task(reporter.run()))
            fixed += [
                group.create_task(self._tell(report)),
                group.create_task(self._watchdog(spool)),
                group.create_task(self._save(scoring)),
            ]
            feeding = [
                group.create_task(self._supervised(f"source {item.name}", _feeding(item, intake))) for item in sources
            ]
            delivering = [
                group.create_task(self._supervised(f"sink {sink.name}", _delivering(sink, reader)))
                for sink, reader in sinks
            ]
            self._started()
            notify("READY=1")
            _LOG.info("event=started gateway=%s signals=%d catalogue=%s", config.gateway, len(catalogue), catalogue.id)
            await self._wait_for_stop(feeding)
            notify("STOPPING=1")
            notify_status("stopping: sources are closed, what they gave is committed and delivered")
            await self._drain(feeding, pipeline, delivering, [reader for _, reader in sinks])
            for task in fixed:
                task.cancel()

    async def _wait_for_stop(self, feeding: list[asyncio.Task[None]]) -> None:
        if not self._stop_when_finished:
            await self._stop.wait()
            return
        stopping = asyncio.create_task(self._stop.wait())
        everything = asyncio.create_task(_all_done(feeding))
        await asyncio.wait({stopping, everything}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        everything.cancel()

    async def _drain(
        self,
        feeding: list[asyncio.Task[None]],
        pipeline: Pipeline,
        delivering: list[asyncio.Task[None]],
        readers: list[SpoolReader],
    ) -> None:
        """Order matters: no new samples, everything on disk and acknowledged, then out of the door."""
        _LOG.info("event=draining gateway=%s", self._config.gateway)
        for task in feeding:
            task.cancel()
        await asyncio.gather(*feeding, return_exceptions=True)
        try:
            async with asyncio.timeout(_SETTLE_S + self._config.commit_s):
                await pipeline.drained()
        except TimeoutError:
            _LOG.error("event=not_committed detail='the spool refuses; sources keep what was not acknowledged'")
        self._draining.set()
        for reader in readers:
            reader.wake()
        await self._let_go(delivering)
        for task in delivering:
            task.cancel()
        await asyncio.gather(*delivering, return_exceptions=True)

    async def _let_go(self, delivering: list[asyncio.Task[None]]) -> None:
        """Waits for the sinks: after a replay until they are done or somebody loses patience, else `drain_s`."""
        done = asyncio.create_task(_all_done(delivering))
        stopped = asyncio.create_task(self._stop.wait())
        if self._stop_when_finished and not self._stop.is_set():
            await asyncio.wait({done, stopped}, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.wait({done}, timeout=self._config.drain_s)
        done.cancel()
        stopped.cancel()

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

    def _sources(self, catalogue: Catalogue, positions: Mapping[str, bytes]) -> list[Source]:
        world = self._world
        folder = self._config.state_dir / "sources"
        folder.mkdir(parents=True, exist_ok=True)
        memory = world.runtime_dir / self._config.gateway if world.runtime_dir else None
        context = SourceContext(folder, world.wall_ns, world.monotonic_s, world.rng, runtime_dir=memory)
        return [
            create_source(
                settings,
                bind_signals(self._config.signals, catalogue, settings.name),
                replace(context, position=positions.get(settings.name, b"")),
            )
            for settings in self._config.sources
        ]

    def _sinks(
        self, catalogue: Catalogue, spool: SpoolService, report: HealthReport, desired: DesiredState
    ) -> list[tuple[Sink, SpoolReader]]:
        config, world = self._config, self._world

        async def figures() -> Mapping[str, float]:
            return sink_figures(await report.collect())

        context = SinkContext(
            gateway=config.gateway,
            enterprise=config.enterprise,
            catalogue=catalogue,
            software=self.software,
            wall_ns=world.wall_ns,
            monotonic_s=world.monotonic_s,
            rng=world.rng,
            draining=self._draining,
            counters=figures,
        )
        # two clouds of different opinions would undo each other's word
        first = next((each for each in config.sinks if isinstance(each, MqttSinkSettings) and each.takes_config), None)
        return [
            (
                create_sink(each, replace(context, configure=desired.take if each is first else None)),
                spool.reader(each.name),
            )
            for each in config.sinks
        ]


async def _all_done(tasks: list[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks)


def _feeding(source: Source, intake: Intake) -> Callable[[], Awaitable[None]]:
    return lambda: source.run(intake)


def _delivering(sink: Sink, reader: SpoolReader) -> Callable[[], Awaitable[None]]:
    return lambda: sink.run(reader)
