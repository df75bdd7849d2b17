"""The dry run of an MQTT mapping on captured messages: forms found in the field, and what a person is told."""

from __future__ import annotations

import base64
import gzip
import json
import pathlib
from typing import Any

import pytest
from ovoo_edge.cli import main
from ovoo_edge.mqtt_trial_words import trial_lines
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.mqtt_captures import Captured, read_captures
from ovoo_edge.sources.mqtt_trial import Trial, TrialMessage
from ovoo_edge.sources.settings_mqtt import MqttSettings

NOW_NS = 1_796_000_000_000_000_000
TS = 1_795_917_600_000
AT = "2026-11-29T02:00:00.000000000Z"
ASSET = "coal/heishan/ventilation/main/fan1"
TOPIC = "heishan/ventilation/main/fan1"
TEMPLATE: dict[str, Any] = {"topic_template": "{site}/{area}/{line}/{asset}", "address": {"enterprise": "coal"}}
SIGNALS = [
    SignalMap(0, f"{ASSET}/power"),
    SignalMap(1, f"{ASSET}/running"),
    SignalMap(2, f"{ASSET}/state", is_text=True),
]


def tried(payload: Any, topic: str = TOPIC, signals: list[SignalMap] = SIGNALS, **table: Any) -> TrialMessage:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    (result,) = Trial(MqttSettings("m", "h", **table), signals, NOW_NS).run([Captured(1, topic, data)])
    return result


def values(result: TrialMessage) -> list[tuple[str, float | None]]:
    return [(value.address.rpartition("/")[2], value.value) for value in result.values]


def test_one_object_with_several_values() -> None:
    result = tried({"ts": TS, "values": {"power": 12.5, "running": True, "state": "auto", "rpm": 740}}, **TEMPLATE)

    assert values(result) == [("power", 12.5), ("running", 1.0), ("state", None)]
    assert result.values[2].text == "auto"
    assert {value.time for value in result.values} == {AT}
    assert result.unmapped == (("values.rpm", "740"),)


def test_list_of_name_value_and_time() -> None:
    """As gateways of several makers send it: every tag of a channel in one list on one topic."""
    signals = [
        SignalMap(0, f"{ASSET}/power", "kep/iot", "Channel1.Fan 1.Power"),
        SignalMap(1, f"{ASSET}/running", "kep/iot", "Channel1.Fan 1.Running"),
    ]
    rows = [
        {"id": "Channel1.Fan 1.Power", "v": 12.5, "q": True, "t": TS},
        {"id": "Channel1.Fan 1.Running", "v": False, "q": True, "t": TS + 1},
        {"id": "Channel1.Fan 1.Spare", "v": 3, "q": True, "t": TS},
    ]
    form = {"samples_path": "values", "name_path": "id", "value_path": "v", "time_path": "t"}

    result = tried({"timestamp": TS, "values": rows}, "kep/iot", signals, **form)

    assert values(result) == [("power", 12.5), ("running", 0.0)]
    assert result.values[1].time == "2026-11-29T02:00:00.001000000Z"
    assert result.unmapped == (("Channel1.Fan 1.Spare", "3"),)


def test_name_and_value_with_the_asset_in_the_topic() -> None:
    form = {**TEMPLATE, "name_path": "name", "value_path": "value"}
    assert values(tried([{"name": "power", "value": 1, "ts": TS}], **form)) == [("power", 1.0)]
    assert tried([{"value": 1, "ts": TS}], **form).error == "a sample has no name"


def test_nested_values_and_elements_of_lists() -> None:
    signals = [
        SignalMap(0, f"{ASSET}/power", "fan/1", "data.electric.p[1]"),
        SignalMap(1, f"{ASSET}/flow", "fan/1", 'data["air.flow"].v'),
    ]
    document = {"meta": {"t": TS}, "data": {"electric": {"p": [0, 7.5, 1]}, "air.flow": {"v": 3, "unit": "m3/s"}}}

    result = tried(document, "fan/1", signals, time_path="meta.t")

    assert values(result) == [("power", 7.5), ("flow", 3.0)]
    assert dict(result.unmapped) == {'data["air.flow"].unit': '"m3/s"', "data.electric.p": "[0, 7.5, 1]"}


def test_topic_levels_are_asset_and_signal() -> None:
    form = {**TEMPLATE, "topic_template": "plant/{site}/{area}/{line}/{asset}/{signal}", "values_path": ""}
    result = tried({"ts": TS, "power": 4}, f"plant/{TOPIC}/power", **form)
    assert values(result) == [("power", 4.0)]


def test_texts_words_and_null_for_numbers() -> None:
    result = tried({"ts": TS, "values": {"power": "12,5", "running": "ON"}}, **TEMPLATE)
    assert [(value.quality, value.value) for value in result.values] == [("bad", None), ("bad", None)]
    assert [(hint.code, hint.facts.get("better")) for hint in result.hints] == [("comma", "12.5"), ("word", None)]

    worded = tried({"ts": TS, "values": {"power": " 12.5e1 ", "running": "On"}}, **TEMPLATE, words={"ON": 1.0})
    assert values(worded) == [("power", 125.0), ("running", 1.0)]

    null = tried({"ts": TS, "values": {"power": None}}, **TEMPLATE)
    assert [(value.quality, value.value, value.text) for value in null.values] == [("bad", None, None)]


@pytest.mark.parametrize("text", ["nan", "1_000", "١٢", "0x10", "1e5e5", "", "Infinity"])
def test_texts_that_python_would_take_for_numbers_are_bad(text: str) -> None:
    result = tried({"ts": TS, "values": {"power": text}}, **TEMPLATE)
    assert [(value.quality, value.text) for value in result.values] == [("bad", text)]


def test_whole_numbers_in_quotes_stay_exact() -> None:
    result = tried({"ts": TS, "values": {"power": "9007199254740993"}}, **TEMPLATE)
    assert (result.values[0].quality, result.values[0].text) == ("good", "9007199254740993")


@pytest.mark.parametrize(
    ("time", "form", "code", "told"),
    [
        (TS // 1000, "ms", "other_form", '"s"'),
        ("2026-11-29 10:00:00", "ms", "other_form", '"iso"'),
        (46_355.4, "s", "midnight", "46355.4"),
        (134_403_912_000_000_000, "ns", "other_form", '"filetime"'),
        (36_000, "s", "midnight", "36000"),
        (None, "ms", None, ""),
    ],
)
def test_a_time_of_another_form_is_recognised(time: Any, form: Any, code: str | None, told: str) -> None:
    result = tried({"ts": time, "values": {"power": 1}}, **TEMPLATE, time_form=form)
    assert [hint.code for hint in result.hints] == ([code] if code else [])
    assert told in str([dict(hint.facts) for hint in result.hints])


def test_a_message_without_time_says_so() -> None:
    result = tried({"values": {"power": 1}}, **TEMPLATE)
    assert result.values[0].from_receive
    assert [(hint.code, hint.facts["path"]) for hint in result.hints] == [("no_time", "ts")]


@pytest.mark.parametrize(
    ("payload", "error", "position", "hint"),
    [
        (b'{"ts": 1,\n "values": {"power": 1,}}', "payload is not JSON", (2, 24), "trailing_comma"),
        (b"{'power': 1}", "payload is not JSON", (1, 2), "quotes"),
        (b'{"values": {"power": 12,5}}', "payload is not JSON", (1, 25), "comma_in_json"),
        (b'{"values": {"power": 07}}', "payload is not JSON", (1, 23), "leading_zero"),
        (b"", "payload is not JSON", (1, 1), "empty"),
        ('{"名": 1}'.encode("gbk"), "payload is not UTF-8", None, None),
        (gzip.compress(b'{"ts": 1}'), "payload is compressed (gzip)", None, None),
        (b"\x28\xb5\x2f\xfd\x04\x00", "payload is compressed (Zstandard)", None, None),
        (b'{"a": 1, "a": 2}', "JSON names a key twice", None, None),
        (b"[" * 100_000, "JSON is nested too deep", None, None),
        (b'{"ts": 1, "other": {"power": 1}}', "values are missing", None, None),
        (b'"' + b"x" * 10_000_000 + b'"', "payload is too large", None, None),
    ],
)
def test_what_would_be_a_dead_letter_is_told_with_place_and_remedy(
    payload: bytes, error: str, position: tuple[int, int] | None, hint: str | None
) -> None:
    result = tried(payload, **TEMPLATE)

    assert (result.error, result.position, result.values) == (error, position, ())
    assert hint is None or hint in [each.code for each in result.hints]
    for language in ("zh", "en"):
        (first, fault, *_) = trial_lines([result], language)
        assert TOPIC in first
        assert fault.startswith("!")
        assert (error in fault) == (language == "en")


@pytest.mark.parametrize("topic", ["煤矿/风机 1", "a/#", "🚀", "spBv1.0/g/DDATA/n/d", "x" * 300])
def test_unknown_topics_are_named_with_what_they_hold(topic: str) -> None:
    result = tried({"ts": TS, "a": {"b": 1}}, topic, **TEMPLATE)
    assert result.error == "no signal is mapped to this topic"
    assert result.unmapped == (("a.b", "1"),)


def test_captures_of_every_form_are_read() -> None:
    letter = {
        "time_ns": str(NOW_NS),
        "topic": "煤/d",
        "reason": "x",
        "bytes": 3,
        "payload": base64.b64encode(b"{1}").decode(),
    }
    text = (
        "\ufeffa/b\t{\"x\": 1}\r\n"
        "a/b c {\"x\":\n  \"} [\\\" \",\n \"y\": [\n 1\n]\n}\n"
        "\n"
        "plain 23.5\n"
        "empty\n"
        '{"tst":"2026-11-29T10:00:00Z","topic":"j/1","qos":1,"retain":0,"payloadlen":2,"payload":{"x":"é"}}\n'
        '{"topic":"j/2","payload":"23"}\n'
    )  # fmt: skip
    found = list(read_captures(text.encode() + json.dumps(letter).encode()))

    assert [(each.line, each.topic) for each in found] == [
        (1, "a/b"), (2, "a/b c"), (9, "plain"), (10, "empty"), (11, "j/1"), (12, "j/2"), (13, "煤/d"),
    ]  # fmt: skip
    assert found[0].payload == b'{"x": 1}'
    assert json.loads(found[1].payload) == {"x": '} [" ', "y": [1]}
    assert [each.payload for each in found[2:]] == [b"23.5", b"", '{"x": "é"}'.encode(), b"23", b"{1}"]
    assert found[-1].receive_ns == NOW_NS


CONFIG = """
[gateway]
id = "gw-1"
enterprise = "coal"
site = "heishan"
state_dir = "state"
signals = ["signals.csv"]
[[source]]
name = "plant"
driver = "mqtt"
host = "127.0.0.1"
topic_template = "{site}/{area}/{line}/{asset}"
address = { enterprise = "coal" }
[[sink]]
name = "historian"
driver = "influx"
url = "http://127.0.0.1:1"
"""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_command_prints_values_and_ends_with_4_when_one_cannot_be_read(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], language: str
) -> None:
    (tmp_path / "agent.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "signals.csv").write_text(f"address,unit\n{ASSET}/power,kW\n", encoding="utf-8")
    capture = tmp_path / "capture.txt"
    capture.write_text(f'{TOPIC} {{"ts": {TS}, "values": {{"power": 12.5, "x": 1}}}}\n', encoding="utf-8")
    command = ["check", "-c", str(tmp_path / "agent.toml"), "--payloads", str(capture), "--language", language]

    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{ASSET}/power = 12.5" in lines[1]
    assert "values.x" in lines[2]

    with capture.open("a", encoding="utf-8") as file:
        file.write(f"{TOPIC} {{'power'\n")
    assert main([*command, "--json"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert document[0]["values"][0]["value"] == 12.5
    assert document[1]["error"] == "payload is not JSON"
    assert document[1]["hints"][0]["code"] == "quotes"

    assert main([*command[:-2], "--source", "nobody"]) == 3
    assert main([*command[:3], "--payloads", str(tmp_path / "absent")]) == 3
