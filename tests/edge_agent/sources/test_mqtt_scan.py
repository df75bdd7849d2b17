"""The compiled message reader against its twin: the same rows bit for bit and the same counts, or declined."""

from __future__ import annotations

import dataclasses
import json
import random
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import PayloadError
from ovoo_edge.sources import _mqtt_scan_py as twin
from ovoo_edge.sources._mqtt_select import COMPILED, MessageReader
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.mqtt_columns import Columns
from ovoo_edge.sources.mqtt_plan import Plan, Route, Topics, make_plan
from ovoo_edge.sources.settings_mqtt import MqttSettings

pytestmark = pytest.mark.skipif(not COMPILED, reason="there is nothing to compare: the twin is in use")
RECEIVE_NS = 1_790_000_000_000_000_000
TS = 1_789_999_999_000
ASSET = "coal/heishan/ventilation/main/fan1"
TOPIC = "heishan/ventilation/main/fan1"
NAMED = [
    SignalMap(0, f"{ASSET}/power"),
    SignalMap(1, f"{ASSET}/风量"),
    SignalMap(2, f"{ASSET}/note", is_text=True),
    SignalMap(3, f"{ASSET}/ts"),
    SignalMap(4, f"{ASSET}/vib", element=1),
    *(SignalMap(10 + number, f"{ASSET}/s{number}") for number in range(30)),
]
PATHS = [
    SignalMap(0, f"{ASSET}/power", TOPIC, "values.power"),
    SignalMap(1, f"{ASSET}/flow", TOPIC, "data.p[1].v"),
    SignalMap(2, f"{ASSET}/note", TOPIC, "data.note", is_text=True),
    SignalMap(3, f"{ASSET}/again", TOPIC, "values.power"),
    SignalMap(4, f"{ASSET}/clock", TOPIC, "ts"),
    SignalMap(5, f"{ASSET}/first", TOPIC, "[0]"),
    SignalMap(6, f"{ASSET}/whole", TOPIC, ""),
]
TAGS = [SignalMap(7, f"{ASSET}/power", TOPIC, "power"), SignalMap(8, f"{ASSET}/note", TOPIC, "note", is_text=True)]
TEMPLATE = {"topic_template": "{site}/{area}/{line}/{asset}", "address": {"enterprise": "coal"}}
FORMS: dict[str, tuple[dict[str, Any], list[SignalMap]]] = {
    "values": (TEMPLATE, NAMED),
    "flat": ({**TEMPLATE, "values_path": ""}, NAMED),
    "list": ({**TEMPLATE, "samples_path": "data.rows"}, NAMED),
    "receive": ({**TEMPLATE, "time_form": "receive", "values_path": ""}, NAMED),
    "iso": ({**TEMPLATE, "time_form": "iso", "timezone": "Asia/Shanghai"}, NAMED),
    "seconds": ({**TEMPLATE, "time_form": "s"}, NAMED),
    "nanoseconds": ({**TEMPLATE, "time_form": "ns"}, NAMED),
    "filetime": ({**TEMPLATE, "time_form": "filetime"}, NAMED),
    "paths": ({}, PATHS[:5]),
    "elements": ({}, PATHS[5:6]),
    "plain": ({}, PATHS[6:]),
    "both": (TEMPLATE, [*NAMED, *(dataclasses.replace(row, index=row.index + 50) for row in PATHS[:2])]),
    "tags": ({"samples_path": "values", "name_path": "id", "value_path": "v", "time_path": "t"}, TAGS),
}


def parts(form: str) -> tuple[Plan, Route]:
    table, signals = FORMS[form]
    configured = MqttSettings("m", "h", **table)
    route = Topics(configured, signals).route(TOPIC)
    assert route is not None
    return make_plan(configured), route


READERS = {form: (MessageReader(*parts(form)), twin.MessageReader(*parts(form))) for form in FORMS}


def bits(columns: Columns) -> tuple[Any, ...]:
    values = [struct.pack("<d", value) for value in columns.value]
    counters = {name: count for name, count in columns.counters.items() if count}
    return columns.signal.tolist(), columns.time_ns.tolist(), values, columns.quality.tolist(), columns.text, counters


def compare(form: str, payload: bytes) -> bool:
    """True: taken and equal; False: declined, and no trace was left. Both readers start behind an earlier row."""
    compiled, general = READERS[form]
    mine, theirs = Columns(), Columns()
    for columns in (mine, theirs):
        for column, value in ((columns.signal, 99), (columns.time_ns, 1), (columns.value, 0.5), (columns.quality, 0)):
            column.append(value)  # type: ignore[arg-type]
    before = bits(mine)
    if not compiled.scan(payload, RECEIVE_NS, mine):
        assert bits(mine) == before
        return False
    try:
        general.read(payload, TOPIC, RECEIVE_NS, theirs)
    except PayloadError as error:
        raise AssertionError(f"taken, but the twin refuses: {error}") from error
    assert bits(mine) == bits(theirs)
    return True


TAKEN = {
    "values": [
        b'{"ts": 1789999999000, "values": {"power": 12.5, "note": "on", "s3": null, "x": [1, {"a": 2}]}}',
        '{"values": {"风量": -0.0, "power": 1e-7, "s1": true}, "ts": 1789999999000}'.encode(),
        b' [ {"ts":1789999999000,"values":{"power":1}} , {"values":{"power":2.25e3}} ] ',
        b'{"ts": null, "values": {"power": 9007199254740992, "s1": 0.1234567890123456789}}',
        b'{"ts": 5, "values": {"power": 1.7976931348623157e308, "s1": 5e-324}}',
    ],
    "flat": [b'{"ts": 1789999999000, "power": 3, "ts2": 4}', b'{"ts": 1789999999000.75}'],
    "list": [b'{"data": {"n": 1, "rows": [{"ts": 1789999999001, "values": {"power": 1}}]}, "z": []}'],
    "receive": [b'{"time": "never", "power": 3}'],
    "iso": [b'{"ts": "2026-09-01 08:00:00.5", "values": {"power": 1}}', b'{"ts": 20260901080000, "values": {"s1": 1}}'],
    "seconds": [b'{"ts": 1789999999.123456, "values": {"power": 1}}'],
    "nanoseconds": [b'{"ts": 1789999999123456789, "values": {"power": 1}}'],
    "filetime": [b'{"ts": 134344735990000000, "values": {"power": 1}}'],
    "paths": [b'{"ts": 1789999999000, "data": {"p": [0, {"v": 7}], "note": "x"}, "values": {"power": 3}}'],
    "elements": [b"[[5, 6], [7]]"],
    "plain": [b"23.5", b" -4 ", b"true", b"[1, 2]"],
    "both": [b'{"ts": 1789999999000, "data": {"p": [0, {"v": 7}]}, "values": {"s1": 2, "power": 3}}'],
    "tags": [b'{"values": [{"id": "power", "v": 1.5, "q": true, "t": 1789999999000}, {"v": "a", "id": "note"}]}'],
}


@pytest.mark.parametrize("form", FORMS)
def test_what_fields_send_is_taken_and_equal(form: str) -> None:
    for payload in TAKEN[form]:
        assert compare(form, payload), payload


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b'{"ts": 1, "values": {"power": 1, "power": 2}}',
        b'{"ts": 1, "ts": 2, "values": {"power": 1}}',
        b'{"x": {"a": 1, "a": 1}, "values": {"power": 1}}',
        b'{"values": {"power": NaN}}',
        b'{"values": {"power": 9007199254740993}}',
        b'{"values": {"power": 1e999}}',
        b'{"values": {"power": 01}}',
        b'{"values": {"power": 1.}}',
        b'{"values": {"power": "1"}}',
        b'{"values": {"power": 1, "note": "\xff"}}',
        b'{"values": {"power": 1, "x": "\\ud800"}}',
        b'{"values": {"power": 1}} x',
        b'{"values": {"power": 1,}}',
        b'\xef\xbb\xbf{"values": {"power": 1}}',
        b'{"values": {"power": 1}, "x": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"values": {"power": 1}, "x": ' + b"9" * 5000 + b"}",
        b'{"values": {"power": 1}, "x": {' + b",".join(b'"k%d": 1' % n for n in range(3000)) + b"}}",
        '{"values": {"power": 1}}'.encode("utf-16"),
    ],
)
def test_what_is_not_plain_is_left_to_the_twin(payload: bytes) -> None:
    assert not compare("values", payload)


KEYS = st.sampled_from(
    ["ts", "values", "power", "风量", "note", "data", "rows", "p", "v", "id", "t", "s1", "s2", "vib", "x", ""]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.integers(-(2**60), 2**60)
    | st.integers(TS - 10, TS + 10)
    | st.sampled_from(["power", "note", "12.5", "2026-09-01T00:00:00Z", "1789999999", "x", "é", "a\\b"])
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=25
)
SAMPLES = st.fixed_dictionaries(
    {}, optional={"ts": SCALARS, "t": SCALARS, "id": SCALARS, "v": DOCUMENTS, "power": SCALARS, "data": DOCUMENTS,
                  "values": st.dictionaries(KEYS, SCALARS, max_size=8) | DOCUMENTS}
)  # fmt: skip
MESSAGES = SAMPLES | st.lists(SAMPLES, max_size=3) | st.builds(lambda rows: {"data": {"rows": rows}}, st.lists(SAMPLES))


@settings(max_examples=1500, deadline=None)
@given(form=st.sampled_from(sorted(FORMS)), message=MESSAGES | DOCUMENTS, ascii_only=st.booleans(), space=st.booleans())
def test_any_document_is_read_alike_or_declined(form: str, message: Any, ascii_only: bool, space: bool) -> None:
    text = json.dumps(message, ensure_ascii=ascii_only, indent=1 if space else None)
    compare(form, text.encode("utf-8", "surrogatepass"))


@settings(max_examples=800, deadline=None)
@given(value=st.floats(allow_nan=False, allow_infinity=False), digits=st.integers(1, 25), shape=st.sampled_from("gef"))
@example(value=0.1 + 0.2, digits=17, shape="g")
@example(value=2.2250738585072011e-308, digits=25, shape="e")
def test_numbers_are_rounded_as_python_rounds_them(value: float, digits: int, shape: str) -> None:
    text = f"{value:.{digits}{shape}}"
    compare("values", b'{"ts": %d, "values": {"power": %s}}' % (TS, text.encode()))


@pytest.mark.parametrize("form", FORMS)
def test_mutated_messages_are_read_alike_or_declined(form: str) -> None:
    rng = random.Random(f"mqtt {form}")
    bytes_of_json = b'{}[]",:\\ue0123456789.-+truefalsn \n\x00\xff\xc3'
    taken = 0
    for _ in range(6000):
        payload = bytearray(rng.choice(TAKEN[form]))
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(payload) + 1)
            match rng.randrange(4):
                case 0:
                    payload[at : at + rng.randint(0, 3)] = b""
                case 1:
                    payload[at:at] = bytes([rng.choice(bytes_of_json)])
                case 2:
                    payload[at : at + 1] = bytes([rng.choice(bytes_of_json)])
                case _:
                    start = rng.randrange(len(payload) + 1)
                    payload[at:at] = payload[start : start + rng.randint(1, 12)]
        taken += compare(form, bytes(payload))
    assert taken > 100  # else nothing was compared


PLAIN = st.integers(-(10**17), 10**17).map(str) | st.decimals(
    -(10**9), 10**9, allow_nan=False, allow_infinity=False, places=4
).map("{:f}".format)
ODD = st.sampled_from(
    ["-0", "-0.0", "0", "00", "1.", "-", "1e5", "0.1234567890123456789", "9007199254740992", "9007199254740993"]
) | st.sampled_from(
    ["99999999999999999999", "null", "true", '"x"', "[1]", '{"s1": 2}', "1 ", " 1", "", "12]", "0x1", "12}"]
)
MEMBERS = st.lists(
    st.tuples(st.sampled_from(["power", "风量", "note", "vib", "s1", "s2", "s12", "new", "ts", "a b"]), PLAIN | ODD),
    max_size=8,
)


@settings(max_examples=600, deadline=None)
@given(
    form=st.sampled_from(["values", "flat", "both", "receive"]),
    members=MEMBERS,
    order=st.randoms(use_true_random=False),
    spaces=st.sampled_from([("", ""), ("", " "), (" ", "  "), ("\n", "\t")]),
)
def test_an_order_that_is_learnt_and_then_changes_alters_nothing(
    form: str, members: list[tuple[str, str]], order: random.Random, spaces: tuple[str, str]
) -> None:
    """Three messages in one order, one in another, and the first again: each as the twin reads it, whatever it is."""
    shuffled = order.sample(members, len(members))
    for turn in (members, members, members, shuffled, members):
        body = f",{spaces[1]}".join(f'"{key}"{spaces[0]}:{spaces[1]}{value}' for key, value in turn)
        inner = f'"ts": {TS}{"," if body else ""}{body}' if form in ("flat", "receive") else f'"values": {{{body}}}'
        compare(form, f"{{{inner}}}".encode())


def test_messages_of_one_layout_are_taken_whatever_their_order() -> None:
    names = ["power", "风量", "vib", *(f"s{number}" for number in range(30))]
    rng = random.Random(7)
    for _ in range(20):
        rng.shuffle(names)
        for _ in range(3):
            values = {name: round(rng.uniform(-1e6, 1e6), rng.randrange(7)) for name in names}
            assert compare("values", json.dumps({"ts": TS, "values": values}, ensure_ascii=False).encode())


def test_a_name_that_is_no_plain_text_in_json_is_never_matched_byte_by_byte() -> None:
    names = ['a"b', "c\\d", "e\x01f"]
    plan, _ = parts("values")
    route = Route({name: SignalMap(index, f"{ASSET}/n{index}") for index, name in enumerate(names)}, ())
    reader = MessageReader(plan, route)
    for name in names:
        payload = b'{"values": {"%b": 1.5, "x": 123456789}}' % name.encode()
        columns = Columns()
        assert not reader.scan(payload, RECEIVE_NS, columns)
        assert not len(columns)


def test_every_cut_of_a_message_is_declined() -> None:
    whole = TAKEN["values"][0]
    for length in range(len(whole)):
        assert not compare("values", whole[:length])


def test_memory_behind_the_payload_is_not_read() -> None:
    """A number, a word or a text that ends with the payload ends there, whatever stands behind it in memory."""
    for tail in (b"12", b"tru", b"nul", b'"abc', b"1.", b"1e", b"-"):
        assert not compare("values", b'{"values": {"power": ' + tail)
