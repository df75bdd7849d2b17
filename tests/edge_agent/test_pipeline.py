"""Sources hear of their samples only after the commit; a spool that refuses holds them back."""

from __future__ import annotations

import asyncio
import functools
import pathlib
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ovoo_contract.samples import SampleBatch
from ovoo_edge.normalise import SignalRule
from ovoo_edge.pipeline import Pipeline, PipelineClocks
from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.sources.base import Chunk, Intake
from ovoo_edge.spool_service import SpoolService
from ovoo_edge.watermark import Watermark

from tests.edge_agent.support import SECOND, bulk_at, eventually, make_batch, make_catalogue, open_spool, service_of

CATALOGUE = make_catalogue()
CLOCKS = PipelineClocks(time.time_ns, time.monotonic, random.Random(1))


@asynccontextmanager
async def running(spool: SpoolService, intake: Intake, commit_s: float = 0.05) -> AsyncIterator[Pipeline]:
    await spool.add_catalogue(CATALOGUE)
    stage = Stage(CATALOGUE, [SignalRule()] * 4, None, Watermark(4, 0, time.time_ns()), 600, spool.limits)
    pipeline = Pipeline(intake, stage, spool, commit_s, CLOCKS, 100_000)
    task = asyncio.create_task(pipeline.run())
    try:
        yield pipeline
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def now_chunk(value: float, committed: Callable[[], None] | None = None) -> Chunk:
    now = time.time_ns()
    return Chunk(make_batch([(0, now, value)]), committed, "src", 0, now)


async def test_acknowledged_only_when_durable(tmp_path: pathlib.Path) -> None:
    done: list[int] = []
    intake = Intake()
    async with service_of(tmp_path) as spool, running(spool, intake):
        await intake.put(now_chunk(1.0, lambda: done.append(spool.last_seq)))
        await eventually(lambda: bool(done), "acknowledgement")

        assert done == [1]
        assert (await spool.reader("cloud").pending(9))[0].rows == 1


async def test_chunks_of_one_interval_share_a_commit(tmp_path: pathlib.Path) -> None:
    done: list[int] = []
    intake = Intake()
    async with service_of(tmp_path) as spool, running(spool, intake, commit_s=0.3) as pipeline:
        for index in range(5):
            await intake.put(now_chunk(float(index), lambda: done.append(1)))
        await eventually(lambda: len(done) == 5, "acknowledgements")

        assert spool.last_seq == 1
        assert pipeline.health().counters["commits"] == 1


async def test_the_first_chunk_is_committed_without_waiting_for_the_interval(tmp_path: pathlib.Path) -> None:
    done: list[int] = []
    intake = Intake()
    async with service_of(tmp_path) as spool, running(spool, intake, commit_s=30.0):
        await intake.put(now_chunk(1.0, lambda: done.append(1)))
        await eventually(lambda: len(done) == 1, "the first acknowledgement", 10)
        assert spool.last_seq == 1


async def test_sources_that_wait_for_acknowledgement_are_not_kept_for_the_whole_interval(
    tmp_path: pathlib.Path,
) -> None:
    done: list[int] = []
    intake = Intake()
    async with service_of(tmp_path) as spool, running(spool, intake, commit_s=30.0):
        for index in range(20):
            await intake.put(now_chunk(float(index), lambda: done.append(1)))
        await eventually(lambda: len(done) == 20, "acknowledgements", 10)


async def test_a_full_spool_holds_sources_back_and_then_goes_on(tmp_path: pathlib.Path) -> None:
    service = SpoolService(
        lambda damage: open_spool(tmp_path, budget_mib=4, policy="block", clock=time.time_ns, damage=damage)
    )
    intake = Intake(max_samples=20_000)
    done: list[int] = []
    async with service as spool, running(spool, intake) as pipeline:
        start = time.time_ns()

        async def feed() -> None:
            for index in range(120):
                batch = bulk_at(start + index * 2500 * SECOND, 10_000)
                await intake.put(Chunk(batch, lambda: done.append(1), "src", 0, start))

        feeding = asyncio.create_task(feed())
        await eventually(lambda: bool(pipeline.health().held_back), "hold back")
        held = len(done)
        assert pipeline.health().at_risk_s >= 0
        await eventually(lambda: intake.chunks > 0, "back-pressure")
        assert not feeding.done()
        assert "spool.budget_mib" in pipeline.health().held_back

        reader = spool.reader("cloud")
        while not feeding.done() or len(done) < 120:
            await reader.ack(spool.epoch, [(1, spool.last_seq)])
            await spool.call(lambda opened: opened.flush())
            await asyncio.sleep(0.02)

        assert len(done) == 120 > held
        assert pipeline.health().held_back == ""
        assert (await spool.gauges()).lost == {}


async def test_data_at_risk_is_the_age_of_the_oldest_sample_not_on_disk_also_while_it_waits(
    tmp_path: pathlib.Path,
) -> None:
    now_s = [100.0]
    intake = Intake(monotonic_s=lambda: now_s[0])
    clocks = PipelineClocks(time.time_ns, lambda: now_s[0], random.Random(1))
    async with service_of(tmp_path) as spool:
        await spool.add_catalogue(CATALOGUE)
        stage = Stage(CATALOGUE, [SignalRule()] * 4, None, Watermark(4, 0, time.time_ns()), 600, spool.limits)
        pipeline = Pipeline(intake, stage, spool, 30.0, clocks, 100_000)
        assert pipeline.health().at_risk_s == 0

        done: list[int] = []
        await intake.put(now_chunk(1.0))
        now_s[0] += 7
        await intake.put(now_chunk(2.0, lambda: done.append(1)))
        assert pipeline.health().at_risk_s == 7

        async with asyncio.TaskGroup() as tasks:
            running_pipeline = tasks.create_task(pipeline.run())
            await eventually(lambda: intake.chunks == 0, "collection")
            now_s[0] += 5
            assert pipeline.health().at_risk_s == 12
            # enough chunks for the pipeline to close the group although its interval is long
            for index in range(20):
                await intake.put(now_chunk(3.0 + index))
            await eventually(lambda: bool(done), "commit")
            await pipeline.drained()
            assert pipeline.health().at_risk_s == 0
            running_pipeline.cancel()


async def test_damage_while_running_is_salvaged_and_work_goes_on(tmp_path: pathlib.Path) -> None:
    done: list[int] = []
    intake = Intake()
    async with service_of(tmp_path) as spool, running(spool, intake):
        for index in range(40):
            await intake.put(now_chunk(float(index), lambda: done.append(1)))
        await eventually(lambda: len(done) == 40, "acknowledgements")
        epoch = spool.epoch
        await spool.call(lambda opened: opened._space.checkpoint())
        with (tmp_path / "spool.db").open("r+b") as file:
            file.write(random.Random(1).randbytes((tmp_path / "spool.db").stat().st_size))
        await spool.call(lambda opened: opened._connection.execute("PRAGMA shrink_memory").fetchall())

        await intake.put(now_chunk(99.0, lambda: done.append(1)))
        await eventually(lambda: len(done) == 41, "acknowledgement after damage")
        gauges = await spool.gauges()

    assert spool.epoch != epoch
    assert "file kept as" in gauges.salvaged[0]


async def test_drained_waits_for_what_was_handed_over(tmp_path: pathlib.Path) -> None:
    intake = Intake()
    async with service_of(tmp_path) as spool, running(spool, intake, commit_s=0.2) as pipeline:
        await intake.put(now_chunk(1.0))
        await asyncio.wait_for(pipeline.drained(), 10)
        assert spool.last_seq == 1
        await asyncio.wait_for(pipeline.drained(), 1)


async def test_a_chunk_without_rows_is_acknowledged_too(tmp_path: pathlib.Path) -> None:
    done: list[int] = []
    intake = Intake()
    async with service_of(tmp_path) as spool, running(spool, intake):
        await intake.put(Chunk(SampleBatch.empty(), lambda: done.append(1), "src"))
        await eventually(lambda: bool(done), "acknowledgement")
        assert spool.last_seq == 0


async def test_the_last_position_of_each_source_is_durable_with_its_rows(tmp_path: pathlib.Path) -> None:
    intake = Intake()
    asked: list[bytes] = []

    def position(name: bytes) -> bytes:
        asked.append(name)
        return name

    async with service_of(tmp_path) as spool, running(spool, intake, commit_s=0.3) as pipeline:
        for source, name in (("a", b"a1"), ("b", b"b1"), ("a", b"a2")):
            chunk = Chunk(SampleBatch.empty(), None, source, position=functools.partial(position, name))
            await intake.put(chunk)
        await intake.put(Chunk(SampleBatch.empty(), None, "a"))
        await asyncio.wait_for(pipeline.drained(), 10)

        assert await spool.positions() == {"a": b"a2", "b": b"b1"}
        assert sorted(asked) == [b"a2", b"b1"]
