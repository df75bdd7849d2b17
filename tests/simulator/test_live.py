from __future__ import annotations

import asyncio
import os
import pathlib

import numpy as np
import pytest
from ovoo_contract.errors import ConfigError
from ovoo_simulator.faults import Fault, FaultPlan
from ovoo_simulator.live import FaultFile, Feed, nap, ticks, until_stopped
from ovoo_simulator.plants import Plant, create_plant
from ovoo_simulator.times import HOUR_NS, SECOND_NS, local_midnight_ns

ORIGIN_NS = local_midnight_ns(1_795_392_000 * SECOND_NS)
START_NS = ORIGIN_NS + HOUR_NS
LEAK = Fault("leak", "utilities/air/comp1", "", START_NS + 5 * SECOND_NS, START_NS + HOUR_NS, 0.2, ("flow",))


@pytest.fixture(scope="module")
def mine() -> Plant:
    return create_plant("coal_mine", seed=3, origin_ns=ORIGIN_NS)


def flow(plant: Plant, feed: Feed, second: int) -> float:
    row = [str(entry.address).endswith("comp1/flow") for entry in plant.entries].index(True)
    return float(feed.at(START_NS + second * SECOND_NS).value[row])


def save(path: pathlib.Path, plan: FaultPlan) -> None:
    """Saves with a new modification time even within one tick of the file system's clock."""
    plan.save(path)
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + len(plan.faults) + 1))


def test_feed_gives_what_the_plant_gives_whatever_the_order(mine: Plant) -> None:
    feed = Feed(mine, tuple)

    for second in (0, 1, 9, 10, 3, 500):
        sample = feed.at(START_NS + second * SECOND_NS)
        expected = mine.simulate(START_NS + second * SECOND_NS, SECOND_NS, 1)
        assert np.array_equal(sample.value, expected.value[:, 0], equal_nan=True)


def test_a_fault_added_to_the_file_shows_at_once_and_leaves_the_past(mine: Plant, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "truth.json"
    feed = Feed(mine, FaultFile(path, "coal_mine").faults)
    healthy = [flow(mine, feed, second) for second in (4, 900)]

    save(path, FaultPlan("coal_mine", 0, (LEAK,)))

    assert flow(mine, feed, 4) == healthy[0]
    assert flow(mine, feed, 900) > 1.05 * healthy[1]


def test_a_broken_file_keeps_the_faults_known_before(
    mine: Plant, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "truth.json"
    save(path, FaultPlan("coal_mine", 0, (LEAK,)))
    file = FaultFile(path, "coal_mine")
    assert file.faults() == (LEAK,)

    path.write_text("{half", encoding="utf-8")

    assert file.faults() == file.faults() == (LEAK,)
    assert [record.message.split()[0] for record in caplog.records] == ["event=faults_refused"]


def test_faults_of_another_plant_are_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "truth.json"
    FaultPlan("dairy", 0, ()).save(path)

    with pytest.raises(ConfigError, match="another plant"):
        FaultFile(path, "coal_mine")


async def test_late_ticks_are_made_up_for_and_none_is_skipped() -> None:
    now = iter([100, 100, 460, 460, 460, 460, 460])
    stop = asyncio.Event()
    seen = []

    async for due in ticks(100, 100, lambda: next(now), stop):
        seen.append(due)
        if len(seen) == 4:
            stop.set()

    assert seen == [100, 200, 300, 400]


async def test_stop_ends_a_nap_and_cancels_work_but_errors_come_through() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, stop.set)
    await asyncio.wait_for(nap(stop, 60.0), 5.0)
    await asyncio.wait_for(until_stopped(asyncio.sleep(60.0), stop), 5.0)

    async def fail() -> None:
        raise ConfigError("broken", offender="work")

    with pytest.raises(ConfigError, match="broken"):
        await until_stopped(fail(), asyncio.Event())
