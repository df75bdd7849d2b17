"""An hour of sums on the wire: it reads back as it was written, its vectors stay, and nothing else is taken."""

from __future__ import annotations

import json
import pathlib
import zlib
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.canonical import canonical_json
from ovoo_contract.catalogue import DataClass
from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.errors import DeliveryError
from ovoo_contract.hour_sums import MAX_SUMS_BYTES, HourSums, SumsEnvelope, SumsLayout, hour_start

from tests.contract.strategies import QUICK, segments, u64

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reference" / "vectors" / "sums.json"
LAYOUT = SumsLayout("power_state", ("off", "idle", "load"), (("flow", "m3/min"),), ("machine-power", "kW"))
ASSET = AssetAddress.parse("heishan-coal/heishan/utilities/air/comp1")
HOUR = HourSums(
    ASSET, "0123456789abcdef", LAYOUT, 1_790_000_000_000_000_000 // HOUR_NS * HOUR_NS, 1_790_003_700_000_000_000,
    (1 << 60) - 1, (0, 10, 50), "important", {"version": 1, "sha256": "00", "body": {}},
)  # fmt: skip


@st.composite
def hours(draw: st.DrawFn) -> HourSums:
    names = draw(st.lists(segments.filter(lambda name: name != "machine-power"), min_size=1, max_size=7, unique=True))
    variables = tuple((name, draw(st.sampled_from(["kW", "m3/min", "1", "degC"]))) for name in names)
    regimes = tuple(f"regime_{code}" for code in range(draw(st.integers(1, 5))))
    minutes = draw(st.integers(0, 2**60 - 1))
    left, rows = minutes.bit_count(), []
    for _name in regimes:
        rows.append(draw(st.integers(0, left)))
        left -= rows[-1]
    classes: tuple[DataClass, ...] = ("general", "important", "core")
    return HourSums(
        AssetAddress(*(draw(segments) for _part in range(5))),
        draw(st.from_regex(r"[0-9a-f]{16}", fullmatch=True)),
        SumsLayout("power_state", regimes, variables, ("machine-power", "kW")),
        draw(st.integers(0, 10**6)) * HOUR_NS + draw(st.sampled_from([0, HOUR_NS // 2])),
        draw(st.integers(-(2**63) + 1, 2**63 - 1)),
        minutes,
        tuple(rows),
        draw(st.sampled_from(classes)),
        {"version": 1, "body": {"sums": [draw(st.text(max_size=5))]}},
    )


@QUICK
@given(hours(), u64, st.integers(1, 2**64 - 1))
def test_an_hour_reads_back_as_it_was_written(hour: HourSums, epoch: int, seq: int) -> None:
    envelope = SumsEnvelope(epoch, seq, hour)

    assert HourSums.from_bytes(hour.to_bytes()) == hour
    assert SumsEnvelope.from_bytes(envelope.to_bytes()) == envelope
    assert SumsEnvelope.peek(envelope.to_bytes()) == (epoch, seq)
    assert SumsLayout.from_document(json.loads(canonical_json(hour.layout.to_document()))).key == hour.layout.key


@QUICK
@given(st.binary(max_size=200), st.booleans())
def test_bytes_that_are_no_hour_are_refused(data: bytes, deflated: bool) -> None:
    with pytest.raises(DeliveryError):
        SumsEnvelope.from_bytes(zlib.compress(data) if deflated else data)


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"], ids=lambda v: v["name"])
def test_the_documented_vectors_hold(vector: dict[str, Any]) -> None:
    envelope = SumsEnvelope.from_bytes(bytes.fromhex(vector["message"]))

    assert canonical_json(envelope.hour.to_document()).decode() == vector["hour"]
    assert (str(envelope.epoch), str(envelope.seq)) == (vector["epoch"], vector["seq"])
    assert envelope.hour.layout.key == vector["layout_key"]
    assert SumsEnvelope.from_bytes(envelope.to_bytes()) == envelope


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "another version"),
        ({"asset": "no address"}, "asset"),
        ({"model": "champion"}, "fingerprint"),
        ({"start_ns": str(HOUR.start_ns + 1)}, "start of an hour"),
        ({"start_ns": "-3600000000000"}, "start_ns"),
        ({"minutes": "fff"}, "sixty minutes"),
        ({"rows": [0, 10, 51]}, "does not add up"),
        ({"rows": [0, 10]}, "does not add up"),
        ({"rows": [0, -1, 5]}, "does not add up"),
        ({"rows": [0, True, 5]}, "not a count"),
        ({"data_class": "secret"}, "data_class"),
        ({"sums": []}, "sums"),
        ({"layout": {**LAYOUT.to_document(), "kind": "Power State"}}, "not a word"),
        ({"layout": {**LAYOUT.to_document(), "regimes": ["off", "off", "load"]}}, "named twice"),
        ({"layout": {**LAYOUT.to_document(), "variables": []}}, "outside its range"),
        ({"layout": {**LAYOUT.to_document(), "variables": [["flow"]]}}, "name with a unit"),
        ({"layout": {**LAYOUT.to_document(), "variables": [["flow", "furlong"]]}}, "furlong"),
        ({"layout": None}, "not a JSON object"),
    ],
)
def test_an_hour_that_cannot_be_is_refused_and_says_why(change: dict[str, Any], words: str) -> None:
    document = {**HOUR.to_document(), **change}
    message = zlib.compress(canonical_json({"epoch": "7", "seq": "3", "hour": document}))

    with pytest.raises(DeliveryError, match=words):
        SumsEnvelope.from_bytes(message)
    assert SumsEnvelope.peek(message) == (7, 3)


def test_what_unpacks_to_more_than_a_message_is_not_read() -> None:
    with pytest.raises(DeliveryError, match="too long"):
        SumsEnvelope.from_bytes(zlib.compress(b" " * (MAX_SUMS_BYTES + 1)))
    with pytest.raises(DeliveryError, match="too long"):
        SumsEnvelope.from_bytes(HOUR.to_bytes() + b"x")


@QUICK
@given(st.integers(0, 4 * 10**18), st.sampled_from(["Asia/Shanghai", "Asia/Kolkata", "UTC", "Australia/Adelaide"]))
def test_the_hour_of_a_time_begins_at_minute_0_of_the_sites_clock(time_ns: int, name: str) -> None:
    from datetime import UTC, datetime

    zone = ZoneInfo(name)
    start = hour_start(time_ns, zone)
    local = datetime.fromtimestamp(start // 10**9, UTC).astimezone(zone)

    assert 0 <= time_ns - start < HOUR_NS
    if local.year >= 1972:  # before, offsets were not whole minutes everywhere
        assert (local.minute, local.second) == (0, 0)
