"""Line protocol: what is written reads back, by our own reader and by a real InfluxDB."""

from __future__ import annotations

import json
import math
import struct
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import CatalogueError, StoreRejected
from ovoo_contract.line_protocol import LineEncoder, encode_point
from ovoo_contract.samples import SampleBatch

from tests.contract.line_parser import Point, parse_lines
from tests.contract.strategies import QUICK, TODAY_NS, batch_of, batches, finite

if TYPE_CHECKING:
    from tests.servers.influxdb import InfluxServer

pytestmark = pytest.mark.usefixtures("implementation")

FAN = "coal/heishan/ventilation/main/fan1"
CATALOGUE = Catalogue(
    [
        SignalEntry(Address.parse(f"{FAN}/power"), "kW"),
        SignalEntry(Address.parse(f"{FAN}/state"), "1", type="text"),
        SignalEntry(Address.parse(f"{FAN}/mewma-score"), "1", measurement="score", field="score", model="mewma"),
        SignalEntry(Address.parse(f"{FAN}/energy-power_kw"), "kW", measurement="energy", field="power_kw"),
        SignalEntry(Address.parse("coal/heishan/edge/gw/gw1/cpu"), "1", measurement="gateway", field="cpu"),
    ]
)
TAGS = {"site": "heishan", "asset": "ventilation/main/fan1"}


def test_each_measurement_has_its_tags_and_fields() -> None:
    lines = LineEncoder(CATALOGUE).encode(batch_of(*((signal, 5 + signal, 1.5, 0) for signal in range(5))))

    assert parse_lines(lines) == [
        Point("telemetry", {**TAGS, "signal": "power"}, {"value": 1.5, "quality": 0}, 5),
        Point("telemetry", {**TAGS, "signal": "state"}, {"value": 1.5, "quality": 0}, 6),
        Point("score", {**TAGS, "model": "mewma"}, {"score": 1.5}, 7),
        Point("energy", TAGS, {"power_kw": 1.5}, 8),
        Point("gateway", {"gateway": "gw1"}, {"cpu": 1.5}, 9),
    ]


def test_bytes_are_the_documented_ones() -> None:
    batch = batch_of((0, TODAY_NS, 21.5, 0), (1, TODAY_NS, math.nan, 0x80310000), text={1: '停 "A"\\'})

    assert LineEncoder(CATALOGUE).encode(batch).decode() == (
        "telemetry,asset=ventilation/main/fan1,signal=power,site=heishan value=21.5,quality=0i 1700000000000000000\n"
        "telemetry,asset=ventilation/main/fan1,signal=state,site=heishan "
        'quality=2150694912i,text="停 \\"A\\"\\\\" 1700000000000000000\n'
    )


@pytest.mark.parametrize("absent", [math.nan, math.inf, -math.inf])
def test_an_absent_value_leaves_its_field_out(absent: float) -> None:
    lines = LineEncoder(CATALOGUE).encode(batch_of((0, 1, absent, 3), (2, 1, absent, 0), (3, 1, absent, 0)))

    assert [point.fields for point in parse_lines(lines)] == [{"quality": 3}]


def test_only_the_wanted_rows_are_written() -> None:
    batch = batch_of((0, 1, 1.0, 0), (0, 2, 2.0, 0), (0, 3, 3.0, 0), text={2: "x"})

    points = parse_lines(LineEncoder(CATALOGUE).encode(batch, [2, 0]))

    assert [(point.time_ns, point.fields) for point in points] == [
        (3, {"value": 3.0, "quality": 0, "text": "x"}),
        (1, {"value": 1.0, "quality": 0}),
    ]
    assert LineEncoder(CATALOGUE).encode(batch, []) == b""
    assert LineEncoder(CATALOGUE).encode(SampleBatch.empty()) == b""


def test_a_signal_outside_the_catalogue_is_refused() -> None:
    with pytest.raises(CatalogueError, match="a row names a signal that is not listed"):
        LineEncoder(CATALOGUE).encode(batch_of((5, 1, 1.0, 0)))


@QUICK
@given(batches())
def test_any_batch_reads_back(batch: SampleBatch) -> None:
    for row in range(len(batch)):
        batch.signal[row] %= 2

    points = parse_lines(LineEncoder(CATALOGUE).encode(batch))

    assert [point.time_ns for point in points] == list(batch.time_ns)
    for row, point in enumerate(points):
        expected: dict[str, object] = {"quality": batch.quality[row]}
        if math.isfinite(batch.value[row]):
            assert struct.pack("d", point.fields["value"]) == struct.pack("d", batch.value[row])
            expected["value"] = batch.value[row]
        if row in batch.text:
            expected["text"] = batch.text[row]
        assert point.fields == expected


names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8).filter(
    lambda text: not text.endswith("\\")
)
field_values = st.one_of(finite, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.text(max_size=8))


@QUICK
@given(names, st.dictionaries(names, names, max_size=3), st.dictionaries(names, field_values, min_size=1, max_size=3))
def test_any_point_reads_back(measurement: str, tags: dict[str, str], fields: dict[str, float | str]) -> None:
    fields = {key: _clean(value) for key, value in fields.items()}

    (point,) = parse_lines(encode_point(measurement, tags, fields, -5))

    assert point == Point(measurement, tags, fields, -5)
    assert [type(value) for value in point.fields.values()] == [type(value) for value in fields.values()]


def _clean(value: float | str) -> float | str:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def test_absent_fields_and_empty_tags_are_left_out() -> None:
    assert encode_point("m", {"a": "", "b": "x"}, {"v": math.nan, "w": None, "z": 1}, 7) == b"m,b=x z=1i 7\n"
    assert encode_point("m", {}, {"v": math.inf}, 7) == b""


@pytest.mark.parametrize(
    ("measurement", "tags", "fields"),
    [
        pytest.param("", {}, {"v": 1.0}, id="empty measurement"),
        pytest.param("m\n", {}, {"v": 1.0}, id="line break in the measurement"),
        pytest.param("m", {"a": "x\ny"}, {"v": 1.0}, id="line break in a tag"),
        pytest.param("m", {"a": "x\\"}, {"v": 1.0}, id="trailing backslash"),
        pytest.param("m", {}, {"": 1.0}, id="empty field key"),
        pytest.param("m", {}, {"v": 2**63}, id="integer beyond 64 bits"),
    ],
)
def test_what_the_protocol_cannot_carry_is_refused(
    measurement: str, tags: dict[str, str], fields: dict[str, float]
) -> None:
    with pytest.raises(StoreRejected):
        encode_point(measurement, tags, fields, 1)


VALUES = [0.0, -0.0, 5e-324, -1.7976931348623157e308, 0.1, 21.125, 1e22, 123456789.123, 1e-7, math.pi, 2.0**53, 1e15]
TEXTS = ["", "停机", 'say "no"', "back\\slash", "two\nlines", "comma, equals= blank", "\\", '\\"', "😀", "tab\tend"]


@pytest.mark.server
def test_a_real_influxdb_gives_back_the_same_samples(influxdb: InfluxServer, implementation: str) -> None:
    database = f"contract_{implementation}"
    influxdb.create(database)
    numbers = [(0, TODAY_NS + n, value, n << 16) for n, value in enumerate(VALUES)]
    words = [(1, TODAY_NS + n, math.nan, 0xFFFFFFFF) for n in range(len(TEXTS))]
    text = {len(numbers) + n: item for n, item in enumerate(TEXTS)}

    influxdb.write(database, LineEncoder(CATALOGUE).encode(batch_of(*numbers, *words, text=text)))

    where = f"time >= {TODAY_NS} and time < {TODAY_NS + 1000}"
    rows = influxdb.query(database, f"select * from telemetry where signal = 'power' and {where}")
    assert [row["value"] for row in rows] == VALUES
    assert _signs(influxdb, database) == [math.copysign(1, value) for value in VALUES]
    assert [row["quality"] for row in rows] == [n << 16 for n in range(len(VALUES))]
    assert [row["time"] for row in rows] == [TODAY_NS + n for n in range(len(VALUES))]
    assert {(row["site"], row["asset"]) for row in rows} == {("heishan", "ventilation/main/fan1")}
    rows = influxdb.query(database, f"select * from telemetry where signal = 'state' and {where}")
    assert [row["text"] for row in rows] == TEXTS
    assert {row["quality"] for row in rows} == {0xFFFFFFFF}


def _signs(influxdb: InfluxServer, database: str) -> list[float]:
    """Signs of the stored values; InfluxDB writes -0.0 as the JSON number -0, which is an int to Python's reader."""
    question = urllib.parse.urlencode({"db": database, "q": "select value from telemetry where signal = 'power'"})
    with urllib.request.urlopen(f"{influxdb.url}/query?{question}", timeout=30) as answer:
        document = json.loads(answer.read(), parse_int=float)
    return [math.copysign(1, value) for _, value in document["results"][0]["series"][0]["values"]]


@pytest.mark.server
def test_a_real_influxdb_reads_our_escapes(influxdb: InfluxServer, implementation: str) -> None:
    database = f"escapes_{implementation}"
    influxdb.create(database)
    name, key, value = "odd name,x", "key =,1", "数 值,=a\\b"
    fields: dict[str, float | int | bool | str] = {"low": -(2**63), "high": 2**63 - 1, "on": True, "odd field,=": "x"}

    influxdb.write(database, encode_point(name, {key: value}, fields, TODAY_NS))

    (row,) = influxdb.query(database, f'select * from "{name}" where time = {TODAY_NS}')
    assert row[key] == value
    assert {field: row[field] for field in fields} == fields
