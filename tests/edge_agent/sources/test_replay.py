"""Recorded files: read back bit for bit, resumed where the last commit stood, paced."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import struct
import time
from array import array

import pytest
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL, BatchHeader, encode_batch
from ovoo_edge.sources.base import SignalMap

from tests.edge_agent.sources.harness import address, running, until

START_NS = 1_780_000_000_000_000_000


def entries(*names: str) -> Catalogue:
    return Catalogue([SignalEntry(Address.parse(address(name)), "kW") for name in names])


def batch(signal: int, start_ns: int, values: list[float]) -> SampleBatch:
    rows = len(values)
    times = array("q", [start_ns + row * 1_000_000_000 for row in range(rows)])
    return SampleBatch(array("I", [signal] * rows), times, array("d", values), array("I", [0] * rows))


def write_ovb(path: pathlib.Path, catalogue: Catalogue, batches: list[SampleBatch]) -> pathlib.Path:
    records = [catalogue.to_json()]
    for number, item in enumerate(batches, start=1):
        header = BatchHeader(catalogue_id=catalogue.id, epoch=1, seq=number, receive_ns=START_NS)
        records.append(encode_batch(header, item))
    path.write_bytes(b"".join(struct.pack("<I", len(record)) + record for record in records))
    return path


def table(path: pathlib.Path, **extra: object) -> dict[str, object]:
    return {"name": "history", "driver": "replay", "path": str(path), **extra}


async def test_recorded_batches_arrive_under_the_gateways_own_indexes(tmp_path: pathlib.Path) -> None:
    catalogue = entries("a", "b", "c")
    first = batch(catalogue.index(Address.parse(address("b"))), START_NS, [1.0, math.nan, -0.0])
    first = dataclasses.replace(first, text={1: "瓦斯"})
    second = batch(catalogue.index(Address.parse(address("c"))), START_NS, [9.0])
    path = write_ovb(tmp_path / "x.ovb", catalogue, [first, second])
    signals = [SignalMap(41, address("b")), SignalMap(7, address("unrelated"))]

    async with running(table(path), signals, tmp_path) as (source, collector):
        await until(lambda: source.health().state == "finished", "finished")

    (chunk,) = collector.chunks
    assert chunk.batch.columns_equal(dataclasses.replace(first, signal=array("I", [41, 41, 41])))
    assert chunk.flags == FLAG_BACKFILL
    assert source.health().counters["unmapped_samples"] == 1


async def test_recent_batches_are_not_backfill(tmp_path: pathlib.Path) -> None:
    catalogue = entries("a")
    path = write_ovb(tmp_path / "x.ovb", catalogue, [batch(0, time.time_ns() - 10_000_000_000, [1.0])])

    async with running(table(path), [SignalMap(0, address("a"))], tmp_path) as (source, collector):
        await until(lambda: source.health().state == "finished", "finished")

    assert collector.chunks[0].flags == 0


async def test_restart_goes_on_after_the_last_commit(tmp_path: pathlib.Path) -> None:
    catalogue = entries("a")
    pieces = [batch(0, START_NS + number * 10_000_000_000, [float(number)]) for number in range(10)]
    path = write_ovb(tmp_path / "x.ovb", catalogue, pieces)
    signals = [SignalMap(0, address("a"))]

    async with running(table(path), signals, tmp_path, hold=True) as (source, collector):
        await until(lambda: len(collector.chunks) == 10, "all handed over")
        collector.commit(4)
        assert source.health().state == "running"
    async with running(table(path), signals, tmp_path) as (source, second):
        await until(lambda: source.health().state == "finished", "finished")
    assert second.values(0) == [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]

    async with running(table(path), signals, tmp_path) as (source, third):
        await until(lambda: source.health().state == "finished", "finished at once")
    assert third.chunks == []

    write_ovb(path, catalogue, pieces[:2])
    async with running(table(path), signals, tmp_path) as (source, fourth):
        await until(lambda: source.health().state == "finished", "another file starts over")
    assert fourth.values(0) == [0.0, 1.0]


async def test_commits_out_of_order_never_skip_a_chunk(tmp_path: pathlib.Path) -> None:
    catalogue = entries("a")
    path = write_ovb(
        tmp_path / "x.ovb", catalogue, [batch(0, START_NS + number, [float(number)]) for number in range(3)]
    )
    signals = [SignalMap(0, address("a"))]

    async with running(table(path), signals, tmp_path, hold=True) as (source, collector):
        await until(lambda: len(collector.chunks) == 3, "all handed over")
        last = collector.chunks[2].committed
        assert last is not None
        last()
        assert source.health().counters["offset"] == 0
    async with running(table(path), signals, tmp_path) as (source, again):
        await until(lambda: source.health().state == "finished", "finished")
    assert again.values(0) == [0.0, 1.0, 2.0]


async def test_speed_paces_recorded_time(tmp_path: pathlib.Path) -> None:
    catalogue = entries("a")
    path = write_ovb(tmp_path / "x.ovb", catalogue, [batch(0, START_NS + number * 10**9, [1.0]) for number in range(6)])
    started = time.monotonic()

    async with running(table(path, speed=10), [SignalMap(0, address("a"))], tmp_path) as (source, _):
        await until(lambda: source.health().state == "finished", "finished")

    assert 0.45 <= time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[:-3], "cut off"),
        (lambda data: data[:-10] + b"\0" * 10, "batch cannot be read"),
        (lambda data: b"", "file is empty"),
        (lambda data: struct.pack("<I", 2**31) + data, "cut off"),
        (lambda data: struct.pack("<I", 3) + b"{}x" + data, "catalogue cannot be read"),
    ],
    ids=["torn", "flipped", "empty", "huge", "foreign"],
)
async def test_damaged_files_stop_with_their_place(tmp_path: pathlib.Path, damage: object, said: str) -> None:
    path = write_ovb(tmp_path / "x.ovb", entries("a"), [batch(0, START_NS, [1.0]), batch(0, START_NS + 9, [2.0])])
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]

    async with running(table(path), [SignalMap(0, address("a"))], tmp_path) as (source, _):
        await until(lambda: source.health().state == "failed", "failed")

    assert said in source.health().problems[0].status
    assert str(path) in source.health().problems[0].offender


async def test_missing_file_is_said(tmp_path: pathlib.Path) -> None:
    async with running(table(tmp_path / "absent.csv"), [SignalMap(0, address("a"))], tmp_path) as (source, _):
        await until(lambda: source.health().state == "failed", "failed")
    assert "absent.csv" in source.health().problems[0].status


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
async def test_csv_columns_become_signals(tmp_path: pathlib.Path, encoding: str) -> None:
    path = tmp_path / "x.csv"
    rows = ["时间;功率;状态;备注;多余", "2026-05-01 08:00:00;1.5;true;启动;x", "2026-05-01 08:00:01;;false;;y",
            "2026-05-01 08:00:02;n/a;7;停;z", "2026-05-01 08:00:03;坏;1;停;z"]  # fmt: skip
    path.write_text("\n".join(rows), encoding=encoding)
    signals = [
        SignalMap(0, address("a"), "功率"),
        SignalMap(1, address("b"), "状态"),
        SignalMap(2, address("c"), "备注", is_text=True),
    ]
    settings = table(path, time_column="时间", timezone="Asia/Shanghai", rows_per_chunk=2)

    async with running(settings, signals, tmp_path) as (source, collector):
        await until(lambda: source.health().state == "finished", "finished")

    start_ns = 1_777_593_600_000_000_000
    assert collector.rows(0)[0] == (0, start_ns, 1.5, 0, None)
    assert collector.rows(0)[1][3:] == (0x8000_0000, "坏")
    assert collector.values(1) == [1.0, 0.0, 7.0, 1.0]
    assert [row[4] for row in collector.rows(2)] == ["启动", "停", "停"]
    assert source.health().counters["wrong_types"] == 1
    assert len(collector.chunks) == 2


async def test_csv_resumes_by_row(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("time,a\n" + "".join(f"{1_780_000_000 + row},{row}\n" for row in range(100)))
    signals = [SignalMap(0, address("a"), "a")]
    settings = table(path, time_form="s", rows_per_chunk=10)

    async with running(settings, signals, tmp_path, hold=True) as (_, collector):
        await until(lambda: len(collector.chunks) == 10, "all handed over")
        collector.commit(3)
    async with running(settings, signals, tmp_path) as (source, again):
        await until(lambda: source.health().state == "finished", "finished")

    assert again.values(0) == [float(row) for row in range(30, 100)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "time column is missing"),
        ("time,b\n1,2\n", "no column is mapped"),
        ("time,a\nnever,2\n", ":2: row cannot be read"),
    ],
)
async def test_csv_faults_are_named(tmp_path: pathlib.Path, text: str, said: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)

    async with running(table(path), [SignalMap(0, address("x"), "a")], tmp_path) as (source, _):
        await until(lambda: source.health().state == "failed", "failed")

    assert said in source.health().problems[0].status
