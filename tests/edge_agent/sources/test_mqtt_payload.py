"""JSON payloads to columns: forms, times, values, and what is refused."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from ovoo_contract.errors import ConfigErrors, PayloadError
from ovoo_contract.quality import BAD, TIME_FROM_RECEIVE
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.mqtt_payload import Columns, PayloadMapper
from ovoo_edge.sources.settings_mqtt import MqttSettings

RECEIVE_NS = 1_790_000_000_000_000_000
TS = 1_789_999_999_000
ASSET = "coal/heishan/ventilation/main/fan1"
TOPIC = "heishan/ventilation/main/fan1"


def templated(**extra: Any) -> PayloadMapper:
    settings = MqttSettings(
        "m", "h", topic_template="{site}/{area}/{line}/{asset}", address={"enterprise": "coal"}, **extra
    )
    note = SignalMap(2, f"{ASSET}/note", is_text=True)
    return PayloadMapper(settings, [SignalMap(0, f"{ASSET}/power"), SignalMap(1, f"{ASSET}/running"), note])


def add(mapper: PayloadMapper, payload: Any, topic: str = TOPIC) -> Columns:
    columns = Columns()
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    mapper.add(topic, data, RECEIVE_NS, columns)
    return columns


def rows(columns: Columns) -> list[tuple[int, int, float, int]]:
    return list(zip(columns.signal, columns.time_ns, columns.value, columns.quality, strict=True))


def test_values_object_with_a_time() -> None:
    columns = add(templated(), {"ts": TS, "values": {"power": 12.5, "running": True, "other": 1}})

    assert rows(columns) == [(0, TS * 1_000_000, 12.5, 0), (1, TS * 1_000_000, 1.0, 0)]
    assert columns.counters["unknown_signals"] == 1


def test_flat_message_with_its_own_time_key() -> None:
    columns = add(
        templated(values_path="", time_path="t", time_form="s"), {"t": TS / 1000, "power": 3, "running": False}
    )

    assert [row[:3] for row in rows(columns)] == [(0, TS * 1_000_000, 3.0), (1, TS * 1_000_000, 0.0)]
    assert columns.counters["unknown_signals"] == 0


@pytest.mark.parametrize("samples_path", ["", "data.rows"])
def test_list_of_samples(samples_path: str) -> None:
    samples = [{"ts": TS + number, "values": {"power": number}} for number in range(3)]
    document: Any = {"data": {"rows": samples}} if samples_path else samples

    columns = add(templated(samples_path=samples_path), document)

    assert [row[1] for row in rows(columns)] == [(TS + number) * 1_000_000 for number in range(3)]


@pytest.mark.parametrize(
    ("form", "zone", "value", "expected_ns"),
    [
        ("s", "UTC", 1_789_999_999, 1_789_999_999_000_000_000),
        ("s", "UTC", 1_789_999_999.25, 1_789_999_999_250_000_000),
        ("ms", "UTC", "1789999999123", 1_789_999_999_123_000_000),
        ("us", "UTC", 1_789_999_999_123_456, 1_789_999_999_123_456_000),
        ("ns", "UTC", 1_789_999_999_123_456_789, 1_789_999_999_123_456_789),
        ("iso", "UTC", "2026-09-01T00:00:00Z", 1_788_220_800_000_000_000),
        ("iso", "UTC", "2026-09-01T08:00:00.123456789+08:00", 1_788_220_800_123_456_789),
        ("iso", "Asia/Shanghai", "2026-09-01 08:00:00", 1_788_220_800_000_000_000),
        ("iso", "Asia/Shanghai", "2026/9/1 08:00:00.5", 1_788_220_800_500_000_000),
        ("iso", "UTC", "2026-09-01", 1_788_220_800_000_000_000),
    ],
)  # fmt: skip
def test_every_form_of_time(form: Any, zone: str, value: Any, expected_ns: int) -> None:
    columns = add(templated(time_form=form, timezone=zone), {"ts": value, "values": {"power": 1}})

    assert rows(columns) == [(0, expected_ns, 1.0, 0)]


@pytest.mark.parametrize(
    "value", [None, 0, -5, 4_102_444_800_000, 915_148_800_000], ids=["null", "zero", "negative", "2100", "1999"]
)
def test_a_time_that_cannot_be_is_replaced_by_the_receipt_and_flagged(value: Any) -> None:
    columns = add(templated(), {"ts": value, "values": {"power": 1}})

    assert rows(columns) == [(0, RECEIVE_NS, 1.0, TIME_FROM_RECEIVE)]
    assert columns.counters["time_from_receive"] == 1


def test_special_values_keep_their_meaning() -> None:
    payload = b'{"ts": %d, "values": {"power": NaN, "running": null, "note": "0012"}}' % TS
    columns = add(templated(), payload)
    assert all(math.isnan(value) for value in columns.value)
    assert columns.text == {0: "NaN", 2: "0012"}
    assert list(columns.quality) == [0, BAD, 0]

    columns = add(templated(), b'{"ts": %d, "values": {"power": 9007199254740993, "running": "1", "note": "x"}}' % TS)
    assert columns.text == {0: "9007199254740993", 2: "x"}
    assert columns.value[1] == 1.0

    columns = add(templated(), {"ts": TS, "values": {"power": "broken", "running": [1, 2]}})
    assert columns.text == {0: "broken"}
    assert columns.quality[0] == BAD
    assert columns.counters["wrong_types"] == 1
    assert columns.value[1] == 1.0


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"{bad", "not JSON"),
        (b"", "not JSON"),
        (b'{"ts": 1, "values": {"power": 1, "power": 2}}', "key twice"),
        (b"[" * 200_000, "nested too deep"),
        (b'{"ts": 1, "values": {"power": "\xff\xfe"}}', "not UTF-8"),
        (b'{"ts": "yesterday", "values": {"power": 1}}', "not a time"),
        (b'{"ts": 1e400, "values": {"power": 1}}', "not a time"),
        (b'{"ts": %d, "values": [1]}' % TS, "values are missing"),
        (b'{"ts": %d, "values": {"power": {"deep": 1}}}' % TS, "neither number"),
        (b'{"ts": %d, "values": {"unknown": 1}}' % TS, "no mapped signal"),
        (b"17", "values are missing"),
        (b'"' + b"x" * 5_000_000 + b'"', "too large"),
        (b'{"ts": 1, "values": {"power": ' + b"9" * 5000 + b"}}", "not JSON"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_bad_payloads_are_refused_whole_with_a_reason(payload: bytes, reason: str) -> None:
    mapper = templated()
    columns = add(mapper, {"ts": TS, "values": {"power": 1}})

    with pytest.raises(PayloadError, match=reason):
        mapper.add(TOPIC, payload, RECEIVE_NS, columns)

    assert len(columns) == len(columns.batch()) == 1


@pytest.mark.parametrize(
    "topic", ["other/topic", "heishan/ventilation/main", "煤矿/通风/主/风机", "a/b/c/🚀", "x/y/z/fan1"]
)
def test_unknown_topics_are_refused(topic: str) -> None:
    with pytest.raises(PayloadError, match="no signal is mapped"):
        add(templated(), {"ts": TS, "values": {"power": 1}}, topic)


def test_signals_with_their_own_topic_and_path() -> None:
    signals = [
        SignalMap(4, f"{ASSET}/power", "煤矿/风机/1", "data.p[1].v"),
        SignalMap(5, f"{ASSET}/flow", "煤矿/风机/1", "data.q", element=2),
        SignalMap(6, f"{ASSET}/speed", "plain/speed", ""),
    ]
    mapper = PayloadMapper(MqttSettings("m", "h", time_path="time"), signals)

    columns = add(mapper, {"time": TS, "data": {"p": [0, {"v": 7}], "q": [1, 2, 3]}}, "煤矿/风机/1")
    assert [row[:3] for row in rows(columns)] == [(4, TS * 1_000_000, 7.0), (5, TS * 1_000_000, 3.0)]

    columns = add(mapper, b"23.5", "plain/speed")
    assert rows(columns) == [(6, RECEIVE_NS, 23.5, TIME_FROM_RECEIVE)]
    assert mapper.topic_filters() == ("plain/speed", "煤矿/风机/1")


def test_template_becomes_a_subscription_filter() -> None:
    assert templated().topic_filters() == ("+/+/+/+",)


def test_signals_that_cannot_be_found_are_a_configuration_error() -> None:
    with pytest.raises(ConfigErrors, match="no topic"):
        PayloadMapper(MqttSettings("m", "h"), [SignalMap(0, f"{ASSET}/power")])
    with pytest.raises(ConfigErrors, match="wildcard"):
        PayloadMapper(MqttSettings("m", "h"), [SignalMap(0, f"{ASSET}/power", "a/+/b")])
