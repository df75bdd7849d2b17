"""Builds the parts of a gateway from its settings: sources, stage and pipeline, sinks, and the report of its health."""

from __future__ import annotations

import asyncio
import pathlib
import random
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ovoo_contract.catalogue import Catalogue

from ovoo_edge.completeness_reporter import CompletenessReporter
from ovoo_edge.config import GatewayConfig
from ovoo_edge.derived import deriving
from ovoo_edge.desired import DesiredState
from ovoo_edge.health import HealthReport, sink_figures
from ovoo_edge.hour_sums import SumsBook
from ovoo_edge.mapping import bind_signals
from ovoo_edge.pipeline import Pipeline, PipelineClocks
from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.scoring import Scoring
from ovoo_edge.signal_list import rules_of
from ovoo_edge.sinks.base import Sink, SinkContext
from ovoo_edge.sinks.registry import create_sink
from ovoo_edge.sinks.settings import MqttSinkSettings
from ovoo_edge.source_clock import ClockedIntake
from ovoo_edge.sources.base import Source, SourceContext
from ovoo_edge.sources.registry import create_source
from ovoo_edge.sources.settings import ReplaySettings
from ovoo_edge.spool_service import SpoolReader, SpoolService
from ovoo_edge.supervisor import Supervised
from ovoo_edge.systemd import runtime_dir
from ovoo_edge.watermark import Watermark

__all__ = ["Assembly", "Parts", "World"]

_INTAKE_SAMPLES = 200_000


@dataclass(frozen=True, slots=True)
class World:
    """Clocks and chance; tests replace them."""

    wall_ns: Callable[[], int] = time.time_ns
    monotonic_s: Callable[[], float] = time.monotonic
    rng: random.Random = field(default_factory=random.SystemRandom)
    epoch_source: Callable[[], int] = lambda: secrets.randbits(64)
    runtime_dir: pathlib.Path | None = field(default_factory=runtime_dir)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a running gateway is made of."""

    intake: ClockedIntake
    pipeline: Pipeline
    reporter: CompletenessReporter
    report: HealthReport
    sources: Sequence[Source]
    sinks: Sequence[tuple[Sink, SpoolReader]]


@dataclass(frozen=True, slots=True)
class Assembly:
    """One gateway's settings and what is known before its parts are.

    Attributes:
        software: version text for the gateway's state.
        draining: set when the gateway stops.
        supervised: what the supervisor knows of each part; it grows as they start.
    """

    config: GatewayConfig
    world: World
    software: str
    catalogue: Catalogue
    scoring: Scoring
    desired: DesiredState
    draining: asyncio.Event
    supervised: Sequence[Supervised]

    async def build(self, spool: SpoolService) -> Parts:
        """The parts, wired to `spool`; nothing runs yet.

        Raises:
            OvooError: a driver refuses its settings.
        """
        world = self.world
        positions = await spool.positions()
        live = [item.name for item in self.config.sources if not isinstance(item, ReplaySettings)]
        intake = ClockedIntake(_INTAKE_SAMPLES, world.monotonic_s, live)
        clocks = PipelineClocks(world.wall_ns, world.monotonic_s, world.rng)
        stage = self._stage(spool, positions)
        pipeline = Pipeline(intake, stage, spool, self.config.commit_s, clocks, _INTAKE_SAMPLES // 2)
        sources = self._sources(positions)
        reporter = CompletenessReporter(self.catalogue, self.config.signals, sources, spool, world.wall_ns)
        report = HealthReport(
            self.config,
            self.software,
            world.wall_ns,
            spool,
            pipeline,
            sources,
            self.scoring,
            self.supervised,
            intake.estimates,
            self.catalogue,
            reporter.sums,
        )
        report.desired = self.desired.health
        sinks = self._sinks(spool, report)
        report.sinks = [sink for sink, _ in sinks]
        return Parts(intake, pipeline, reporter, report, sources, sinks)

    def _stage(self, spool: SpoolService, positions: Mapping[str, bytes]) -> Stage:
        config, catalogue, scoring = self.config, self.catalogue, self.scoring
        watermark = Watermark(len(catalogue), spool.high_ns, self.world.wall_ns())
        derive = deriving(config.derived, catalogue)
        scorer = scoring.scorer(catalogue)
        scoring.sums = SumsBook.of(scoring.followed(), positions, config.timezone, catalogue.id, spool.limits[1])
        return Stage(
            catalogue,
            rules_of(config.signals, config.derived, catalogue.entries[len(config.measured) :]),
            scorer,
            watermark,
            config.refresh_s,
            spool.limits,
            derive,
            scoring.sums,
        )

    def _sources(self, positions: Mapping[str, bytes]) -> list[Source]:
        world = self.world
        folder = self.config.state_dir / "sources"
        folder.mkdir(parents=True, exist_ok=True)
        memory = world.runtime_dir / self.config.gateway if world.runtime_dir else None
        context = SourceContext(folder, world.wall_ns, world.monotonic_s, world.rng, runtime_dir=memory)
        return [
            create_source(
                settings,
                bind_signals(self.config.signals, self.catalogue, settings.name),
                replace(context, position=positions.get(settings.name, b"")),
            )
            for settings in self.config.sources
        ]

    def _sinks(self, spool: SpoolService, report: HealthReport) -> list[tuple[Sink, SpoolReader]]:
        config, world = self.config, self.world

        async def figures() -> Mapping[str, float]:
            return sink_figures(await report.collect())

        context = SinkContext(
            gateway=config.gateway,
            enterprise=config.enterprise,
            catalogue=self.catalogue,
            software=self.software,
            wall_ns=world.wall_ns,
            monotonic_s=world.monotonic_s,
            rng=world.rng,
            draining=self.draining,
            counters=figures,
        )
        # two clouds of different opinions would undo each other's word
        first = next((each for each in config.sinks if isinstance(each, MqttSinkSettings) and each.takes_config), None)
        return [
            (
                create_sink(each, replace(context, configure=self.desired.take if each is first else None)),
                spool.reader(each.name),
            )
            for each in config.sinks
        ]
