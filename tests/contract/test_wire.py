"""The wire batch as a message."""

from __future__ import annotations

import json
import math
import pathlib
import random
import struct
import zlib
from array import array
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import WireError
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import (
    CODEC_NONE,
    CODEC_ZLIB,
    FLAG_BACKFILL,
    HEADER_SIZE,
    MAX_BODY,
    MAX_ROWS,
    BatchHeader,
    decode_batch,
    encode_batch,
    peek_header,
)

from tests.contract.strategies import QUICK, SLOW, TODAY_NS, batch_of, batches, headers

pytestmark = pytest.mark.usefixtures("implementation")

VECTORS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "reference" / "vectors" / "wire.json"
HEADER = BatchHeader(catalogue_id="0123456789abcdef", epoch=2**64 - 1, seq=7, receive_ns=TODAY_NS)


@QUICK
@given(headers, batches(), st.sampled_from([CODEC_NONE, CODEC_ZLIB]))
def test_a_batch_survives_bit_for_bit(header: BatchHeader, batch: SampleBatch, codec: int) -> None:
    data = encode_batch(header, batch, codec)

    got_header, got = decode_batch(data)

    assert got_header == header
    assert got.columns_equal(batch)
    assert peek_header(data) == (header, len(batch))


def test_a_message_built_by_hand_is_read() -> None:
    body = bytes.fromhex(
        "04"  # a text column follows
        "01 06 02"  # one run: signal 3, two rows
        "09"  # seconds
        "80c49fd50c"  # zigzag of 1 700 000 000
        "02"  # one second later
        "31"  # decimal, three decimals
        "f42e dc0b"  # 3.002, then +0.750
        "00 01 8080c48108 01"  # good once, then 0x80310000 once
        "01 01 03 616263"  # one text, at row 1: abc
    )
    head = struct.pack("<4sBBH8sQQqqIII", b"OVOB", 1, 0, 0, bytes(8), 5, 6, 7, -8, 2, 2, len(body))
    check = zlib.crc32(body, zlib.crc32(head))

    header, batch = decode_batch(head + struct.pack("<I", check) + body)

    assert header == BatchHeader(catalogue_id="0" * 16, epoch=5, seq=6, merged=2, receive_ns=7, clock_offset_ns=-8)
    assert list(batch.signal) == [3, 3]
    assert list(batch.time_ns) == [1_700_000_000 * 10**9, 1_700_000_001 * 10**9]
    assert list(batch.value) == [3.002, 3.752]
    assert list(batch.quality) == [0, 0x80310000]
    assert batch.text == {1: "abc"}


def _vectors() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    return loaded


@pytest.mark.parametrize("vector", _vectors(), ids=lambda vector: vector["name"])
def test_published_vector(vector: dict[str, Any]) -> None:
    fields: dict[str, Any] = {name: int(item) for name, item in vector["header"].items() if name != "catalogue_id"}
    header = BatchHeader(catalogue_id=vector["header"]["catalogue_id"], **fields)
    batch = _batch(vector["columns"])
    message = bytes.fromhex(vector["message"])

    got_header, got = decode_batch(message)

    assert got_header == header
    assert got.columns_equal(batch)
    if vector["codec"] == CODEC_NONE:  # compressed bytes depend on the zlib at hand
        assert encode_batch(header, batch, CODEC_NONE) == message


def _batch(columns: dict[str, Any]) -> SampleBatch:
    value = array("d")
    value.frombytes(
        b"".join(struct.pack("=d", struct.unpack(">d", bytes.fromhex(bits))[0]) for bits in columns["value_bits"])
    )
    deltas = [
        array("i", columns[name]) if name in columns else None for name in ("server_delta_us", "receive_delta_us")
    ]
    return SampleBatch(
        array("I", columns["signal"]),
        array("q", [int(item) for item in columns["time_ns"]]),
        value,
        array("I", columns["quality"]),
        {int(row): text for row, text in columns.get("text", {}).items()},
        *deltas,
    )


def test_realistic_data_stays_under_six_bytes_a_sample() -> None:
    chance = random.Random(5)
    rows = []
    for signal in range(100):
        level = chance.uniform(0, 400)
        for second in range(10):
            level += chance.gauss(0, 0.05)
            time_ns = TODAY_NS + second * 10**9 + chance.randrange(1000) * 10**6
            rows.append((signal, time_ns, round(level, 3), 0))

    assert len(encode_batch(HEADER, batch_of(*rows))) / len(rows) <= 6


@pytest.mark.parametrize(
    ("change", "offender"),
    [
        ({"catalogue_id": "xyz"}, "catalogue_id"),
        ({"epoch": -1}, "epoch"),
        ({"seq": 2**64}, "seq"),
        ({"merged": 0}, "merged"),
        ({"flags": 8}, "flags"),
        ({"receive_ns": 2**63}, "receive_ns"),
        ({"seq": 2**64 - 1, "merged": 2}, "merged"),
    ],
    ids=str,
)
def test_a_header_outside_its_range_is_refused(change: dict[str, Any], offender: str) -> None:
    with pytest.raises(WireError, match=rf"header\.{offender}: outside its range"):
        replace(HEADER, **change)


def test_unknown_codec_and_broken_text_are_refused() -> None:
    with pytest.raises(WireError, match="unknown codec"):
        encode_batch(HEADER, SampleBatch.empty(), 2)
    with pytest.raises(WireError, match=r"text\[0\]: text holds half"):
        encode_batch(HEADER, batch_of((0, 1, math.nan, 0), text={0: "\ud800"}))


def _message(body: bytes, rows: int, size: int | None = None, codec: int = CODEC_NONE, **head: Any) -> bytes:
    """A message with a right checksum around any body."""
    fields = {"magic": b"OVOB", "version": 1, "flags": 0, "merged": 1, **head}
    start = struct.pack(
        "<4sBBH8sQQqqIII",
        fields["magic"],
        fields["version"],
        codec,
        fields["flags"],
        bytes(8),
        1,
        1,
        0,
        0,
        fields["merged"],
        rows,
        len(body) if size is None else size,
    )
    return start + struct.pack("<I", zlib.crc32(body, zlib.crc32(start))) + body


BOMB = zlib.compress(bytes(MAX_BODY + 5), 9)
MALFORMED = {
    "nothing": b"",
    "short": b"OVOB\x01",
    "magic": _message(b"\0\0", 0, magic=b"JSON"),
    "version": _message(b"\0\0", 0, version=2),
    "codec": _message(b"\0\0", 0, codec=2),
    "flags": _message(b"\0\0", 0, flags=64),
    "merged zero": _message(b"\0\0", 0, merged=0),
    "too many rows": _message(b"\0\0", MAX_ROWS + 1, MAX_BODY),
    "body too large": _message(b"\0\0", 0, MAX_BODY + 1),
    "rows without bytes": _message(b"\0\0", 2),
    "size too small": _message(b"\0\0\0", 0, 2),
    "trailing bytes": _message(b"\0\0\0", 0),
    "unknown column": _message(b"\x08\0", 0),
    "checksum": encode_batch(HEADER, SampleBatch.empty())[:-1] + b"\x7f",
    "bad zlib": _message(b"garbage", 0, codec=CODEC_ZLIB),
    "zlib cut off": _message(zlib.compress(b"\0\0")[:-3], 0, 2, CODEC_ZLIB),
    "zlib and more": _message(zlib.compress(b"\0\0") + b"x", 0, 2, CODEC_ZLIB),
    "zlib bomb, small size": _message(BOMB, 1, 100, CODEC_ZLIB),
    "zlib bomb, full size": _message(BOMB, MAX_ROWS, MAX_BODY, CODEC_ZLIB),
    "rows of nothing": _message(zlib.compress(bytes(MAX_ROWS + 9)), MAX_ROWS, MAX_ROWS + 9, CODEC_ZLIB),
    "text without rows": _message(b"\x04\0\x01\0\0", 0),
    "text not UTF-8": _message(b"\x04\x01\0\x01\x09\0\0\0\x01\x01\0\x01\xff", 1),
    "text row beyond": _message(b"\x04\x01\0\x01\x09\0\0\0\x01\x01\x05\0", 1),
    "text cut off": _message(b"\x04\x01\0\x01\x09\0\0\0\x01\x01\0\x7f", 1),
    "no text": _message(b"\x04\x01\0\x01\x09\0\0\0\x01\0", 1),
    "text count endless": _message(b"\x04\x01\0\x01\x09\0\0\0\x01" + b"\xff" * 9, 1),
    "delta cut off": _message(b"\x01\x01\0\x01\x09\0\0\0\x01", 1),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_message_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_batch(data)


@SLOW
@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_batch(data)
    with pytest.raises(WireError):
        decode_batch(b"OVOB\x01\x00" + data)


@SLOW
@given(st.binary(max_size=60), st.integers(0, 60), st.sampled_from([CODEC_NONE, CODEC_ZLIB]))
def test_garbage_under_a_right_checksum_is_a_batch_or_refused(body: bytes, rows: int, codec: int) -> None:
    stored = zlib.compress(body) if codec == CODEC_ZLIB else body
    try:
        header, batch = decode_batch(_message(stored, rows, len(body), codec))
    except WireError:
        return
    assert len(batch) == rows
    assert decode_batch(encode_batch(header, batch))[1].columns_equal(batch)


def test_every_truncation_is_refused() -> None:
    data = encode_batch(HEADER, batch_of((1, TODAY_NS, 1.5, 0), (1, TODAY_NS + 1, math.pi, 0), text={1: "x"}))

    for size in range(len(data)):
        with pytest.raises(WireError):
            decode_batch(data[:size])
    assert len(data) > HEADER_SIZE


def test_twenty_thousand_mutations_are_batches_or_refused(implementation: str) -> None:
    chance = random.Random(1)
    rows = [(n // 5, TODAY_NS + n * 10**6, round(chance.uniform(-9, 9), 2), (n // 7) << 16) for n in range(20)]
    rows[3] = (0, TODAY_NS + 3 * 10**6, math.nan, 0)
    rows[7] = (1, TODAY_NS + 7 * 10**6, math.pi, 0)
    batch = batch_of(*rows, text={3: "断电", 9: "b"})
    batch.server_delta_us = array("i", range(20))
    original = bytearray(encode_batch(replace(HEADER, flags=FLAG_BACKFILL), batch, CODEC_NONE))
    accepted = 0

    for _ in range(20_000 if implementation == "compiled" else 4_000):
        data = bytearray(original)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        check = zlib.crc32(data[HEADER_SIZE:], zlib.crc32(data[: HEADER_SIZE - 4]))
        data[HEADER_SIZE - 4 : HEADER_SIZE] = struct.pack("<I", check)
        try:
            _, got = decode_batch(bytes(data))
        except WireError:
            continue
        accepted += 1
        assert len(got) == len(got.quality) <= 20
    assert 0 < accepted < 20_000


def test_single_bit_errors_are_always_noticed() -> None:
    data = encode_batch(HEADER, batch_of((1, TODAY_NS, 1.5, 0), (2, TODAY_NS, 2.5, 0)))

    for position in range(len(data) * 8):
        broken = bytearray(data)
        broken[position // 8] ^= 1 << position % 8
        with pytest.raises(WireError):
            decode_batch(bytes(broken))
