"""What an OPC UA server says of a value arrives: type, status, times, silence."""

from __future__ import annotations

import asyncio
import math
import pathlib
from datetime import UTC, datetime
from typing import Any

import pytest
from ovoo_contract.quality import BAD_NO_COMMUNICATION, TIME_FROM_RECEIVE, TIME_FROM_SERVER, status_code
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.harness import running, until
from tests.edge_agent.sources.opcua_setup import signal_maps, table
from tests.edge_agent.sources.ua_server import UaTestServer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.server]


async def test_every_kind_of_value_survives_a_type_change(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    kinds = ua.VariantType
    written: list[tuple[Any, Any, float, str | None]] = [
        (True, kinds.Boolean, 1.0, None),
        (-5, kinds.Int16, -5.0, None),
        (2**53 + 1, kinds.Int64, math.nan, str(2**53 + 1)),
        (2**64 - 1, kinds.UInt64, math.nan, str(2**64 - 1)),
        (2.5, kinds.Float, 2.5, None),
        (math.inf, kinds.Double, math.nan, "Infinity"),
        (math.nan, kinds.Double, math.nan, "NaN"),
        ("0012", kinds.String, math.nan, "0012"),
        ("瓦斯", kinds.String, math.nan, "瓦斯"),
        (ua.LocalizedText("运行"), kinds.LocalizedText, math.nan, "运行"),
        ([7.0, 8.0], kinds.Double, 7.0, None),
        (datetime(2026, 5, 1, tzinfo=UTC), kinds.DateTime, math.nan, "2026-05-01T00:00:00+00:00"),
    ]
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: len(collector.rows(0)) == 1, "first")
        for count, (value, kind, _, _) in enumerate(written, start=2):
            # the server itself never lets a node change its type, so the stored value is replaced beneath it
            await plant.write("a", value, kind=kind)
            await until(lambda count=count: len(collector.rows(0)) >= count, f"{value!r}")  # type: ignore[misc]
        assert source.health().state == "running"

    got = [(row[2], row[4]) for row in collector.rows(0)[1:]]
    for (value, _, number, text), (got_number, got_text) in zip(written, got, strict=True):
        assert got_text == text, value
        assert got_number == number or (math.isnan(got_number) and math.isnan(number)), value


async def test_status_time_and_overflow_bits_are_kept_and_counted(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a"), tmp_path) as (source, collector):
        await until(lambda: len(collector.rows(0)) == 1, "first")
        await plant.write("a", 1.0, StatusCode=ua.StatusCode(ua.StatusCodes.UncertainLastUsableValue))
        await plant.write("a", 2.0, StatusCode=ua.StatusCode(0x0000_0480))
        await plant.write("a", None, StatusCode=ua.StatusCode(ua.StatusCodes.BadDeviceFailure))
        await plant.write("a", 3.0, source_time=datetime(1999, 1, 1, tzinfo=UTC))
        await until(lambda: len(collector.rows(0)) >= 5, "all rows")

    rows = collector.rows(0)[1:]
    assert [row[3] for row in rows[:3]] == [0x4090_0000, 0x0480, 0x808B_0000]
    assert math.isnan(rows[2][2])
    assert rows[3][3] & TIME_FROM_SERVER
    counters = source.health().counters
    assert counters["overflow"] == 1
    assert counters["time_from_server"] == 1


async def test_signal_past_its_deadline_gets_one_flagged_row(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    signals = signal_maps("a", "b", freshness_s=0.4)
    async with running(table(plant.endpoint), signals, tmp_path) as (source, collector):
        await until(lambda: len(collector.rows()) >= 2, "first values")
        for number in range(60):
            await plant.write("a", float(number))
            await asyncio.sleep(0.02)
        silent = [row for row in collector.rows(1) if row[3] & 0x8000_0000]
        assert len(silent) == 1
        assert status_code(silent[0][3]) == BAD_NO_COMMUNICATION
        assert silent[0][3] & TIME_FROM_RECEIVE
        assert math.isnan(silent[0][2])
        assert not [row for row in collector.rows(0) if row[3] & 0x8000_0000]
        assert source.health().state == "degraded"

        await plant.write("b", 1.0)
        await until(lambda: source.health().state == "running", "fresh again")


async def test_values_arrive_as_columns_with_source_time(plant: UaTestServer, tmp_path: pathlib.Path) -> None:
    async with running(table(plant.endpoint), signal_maps("a", "b"), tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        moment = await plant.write("b", 42.5)
        await until(lambda: 42.5 in collector.values(1), "value")

    row = next(row for row in collector.rows(1) if row[2] == 42.5)
    assert abs(row[1] - int(moment.timestamp() * 1e9)) < 2_000
    assert row[3] == 0
