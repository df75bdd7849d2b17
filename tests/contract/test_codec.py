"""Wire columns: lossless, small, and unbreakable from outside."""

from __future__ import annotations

import math
import random
import struct
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract import _codec_py
from ovoo_contract.samples import SampleBatch

from tests.contract.strategies import QUICK, TODAY_NS, batches, widened


def _encode(codec: Any, batch: SampleBatch) -> bytes:
    data: bytes = codec.encode_columns(batch.signal, batch.time_ns, batch.value, batch.quality)
    return data


def _series(values: list[float], step_ns: int = 1_000_000_000) -> SampleBatch:
    rows = len(values)
    times = array("q", range(TODAY_NS, TODAY_NS + rows * step_ns, step_ns))
    return SampleBatch(array("I", [7]) * rows, times, array("d", values), array("I", bytes(4 * rows)))


@QUICK
@given(batches())
def test_columns_survive_bit_for_bit(codec: Any, batch: SampleBatch) -> None:
    data = _encode(codec, batch)

    signal, time_ns, value, quality, end = codec.decode_columns(b"ab" + data + b"cd", 2, len(batch))

    assert SampleBatch(signal, time_ns, value, quality).columns_equal(
        SampleBatch(batch.signal, batch.time_ns, batch.value, batch.quality)
    )
    assert end == 2 + len(data)


@QUICK
@given(batches())
def test_compiled_and_twin_write_the_same_bytes(codec: Any, batch: SampleBatch) -> None:
    assert _encode(codec, batch) == _codec_py.encode_columns(batch.signal, batch.time_ns, batch.value, batch.quality)


@QUICK
@given(st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_deltas_survive(codec: Any, numbers: list[int]) -> None:
    data = codec.encode_deltas(array("i", numbers))

    values, end = codec.decode_deltas(data + b"x", 0, len(numbers))

    assert list(values) == numbers
    assert end == len(data)


@pytest.mark.parametrize(
    ("values", "most"),
    [
        pytest.param([round(20 + 0.001 * n, 3) for n in range(1000)], 2.1, id="three decimals"),
        pytest.param([widened(round(20 + 0.01 * n, 2)) for n in range(1000)], 2.1, id="single precision decimals"),
        pytest.param([math.nextafter(20 + n, 99999) for n in range(1000)], 3.1, id="one step beside decimals"),
        pytest.param([float(n % 2) for n in range(1000)], 2.1, id="booleans"),
        pytest.param([math.nan] * 1000, 1.1, id="absent"),
        pytest.param([math.sin(n) for n in range(1000)], 10.1, id="full precision"),
    ],
)
def test_each_kind_of_series_stays_small(codec: Any, values: list[float], most: float) -> None:
    data = _encode(codec, _series(values))

    assert len(data) / len(values) <= most


@pytest.mark.parametrize(
    ("values", "descriptor"),
    [
        pytest.param([1.5, 2.25], 1 | 2 << 4, id="decimal"),
        pytest.param([widened(0.1), widened(0.2)], 3 | 1 << 4, id="single precision"),
        pytest.param([0.1, 0.1 + 0.2], 2 | 1 << 4, id="near decimal"),
        pytest.param([math.pi, -0.0], 4, id="xor"),
        pytest.param([math.nan], 0, id="absent"),
        pytest.param([math.nan, 1.0], 1 | 8, id="partly absent"),
    ],
)
def test_series_descriptor_is_the_documented_one(codec: Any, values: list[float], descriptor: int) -> None:
    data = _encode(codec, _series(values))

    offset = 3 + 1 + 5 + (len(values) - 1)  # one run, its unit, the first time in seconds, one byte of step each
    assert data[offset] == descriptor


def test_time_unit_falls_back_to_nanoseconds(codec: Any) -> None:
    batch = _series([1.0, 2.0, 3.0])
    batch.time_ns[1] += 1

    assert codec.decode_columns(_encode(codec, batch), 0, 3)[1] == batch.time_ns


def test_no_rows_are_one_byte(codec: Any) -> None:
    assert _encode(codec, SampleBatch.empty()) == b"\0"
    assert codec.decode_columns(b"\0", 0, 0)[4] == 1


def test_columns_of_different_length_are_refused(codec: Any) -> None:
    with pytest.raises(ValueError, match="differ in length"):
        codec.encode_columns(array("I", [1]), array("q"), array("d"), array("I"))


MALFORMED = {
    "empty": b"",
    "more rows than bytes": b"\x01\x00\x01",
    "more runs than rows": b"\x05" + bytes(20),
    "empty run": b"\x01\x00\x00" + bytes(20),
    "run longer than rows": b"\x01\x00\x09" + bytes(20),
    "runs do not add up": b"\x01\x00\x02" + bytes(20),
    "signal beyond 32 bits": b"\x01\xfe\xff\xff\xff\x7f\x03" + bytes(20),
    "negative signal": b"\x01\x01\x03" + bytes(20),
    "endless number": b"\xff" * 20,
    "unknown unit": b"\x01\x00\x03\x0a" + bytes(20),
    "time overflow": b"\x01\x00\x03\x09" + b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01" + bytes(20),
    "unknown descriptor": b"\x01\x00\x03\x00\x00\x00\x00\x05" + bytes(20),
    "absent and partial": b"\x01\x00\x03\x00\x00\x00\x00\x08" + bytes(20),
    "xor with exponent": b"\x01\x00\x03\x00\x00\x00\x00\x14" + bytes(20),
    "presence too long": b"\x01\x00\x03\x00\x00\x00\x00\x09\x04" + bytes(20),
    "presence endless": b"\x01\x00\x03\x00\x00\x00\x00\x09\x00\x00\x00" + bytes(20),
    "xor too wide": b"\x01\x00\x03\x00\x00\x00\x00\x04\x81" + bytes(20),
    "quality run empty": b"\x01\x00\x03\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00",
    "quality run long": b"\x01\x00\x03\x00\x00\x00\x00\x01\x00\x00\x00\x00\x04",
    "quality beyond 32 bits": b"\x01\x00\x03\x00\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff\x7f\x03",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_columns_are_refused(codec: Any, data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        codec.decode_columns(data, 0, 3)


@pytest.mark.parametrize(("offset", "rows"), [(-1, 1), (0, -1), (9, 0), (0, 2**40)])
def test_impossible_positions_are_refused(codec: Any, offset: int, rows: int) -> None:
    with pytest.raises(ValueError, match="fewer bytes than rows"):
        codec.decode_columns(bytes(8), offset, rows)
    with pytest.raises(ValueError, match="fewer bytes than rows"):
        codec.decode_deltas(bytes(8), offset, rows)


def test_deltas_beyond_32_bits_are_refused(codec: Any) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        codec.decode_deltas(b"\xfe\xff\xff\xff\x0f\x02\x02", 0, 3)


def test_mutated_columns_never_crash_and_twin_agrees(codec: Any) -> None:
    chance = random.Random(20)
    values = [round(chance.uniform(-9, 9), 2) if chance.random() > 0.2 else math.nan for _ in range(12)]
    batch = SampleBatch(
        array("I", [1] * 4 + [2] * 4 + [900] * 4),
        array("q", [TODAY_NS + n * 1_000_000 for n in range(12)]),
        array("d", [*values[:8], math.pi, 0.1 + 0.2, 1.0, -0.0]),
        array("I", [0] * 6 + [0x80310000] * 6),
    )
    data = _encode(codec, batch)

    for _ in range(4000):
        bad = bytearray(data)
        for _ in range(chance.randrange(1, 4)):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        assert _outcome(codec, bytes(bad)) == _outcome(_codec_py, bytes(bad))


def _outcome(codec: Any, data: bytes) -> tuple[bytes, ...] | None:
    try:
        *columns, end = codec.decode_columns(data, 0, 12)
    except ValueError:
        return None
    return (*(column.tobytes() for column in columns), struct.pack("<q", end))
