"""Hypothesis strategies for the contract's types."""

from __future__ import annotations

import math
import struct
from array import array

from hypothesis import settings
from hypothesis import strategies as st
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader

QUICK = settings(max_examples=100, deadline=None)
SLOW = settings(max_examples=50, deadline=None)
TODAY_NS = 1_700_000_000_000_000_000


def widened(value: float) -> float:
    """A double that came from single precision."""
    result: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return result


segments = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=63)
gateways = st.from_regex(r"[a-z0-9][a-z0-9-]{2,62}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
u64 = st.integers(0, 2**64 - 1)
finite = st.floats(allow_nan=False, allow_infinity=False)

decimals = st.builds(lambda whole, digits: whole / 10**digits, st.integers(-(10**7), 10**7), st.integers(0, 6))
values = st.one_of(
    st.floats(),
    decimals,
    decimals.map(widened),
    decimals.map(lambda item: math.nextafter(item, math.inf)),
    st.floats(width=32),
    st.sampled_from([math.nan, 0.0, -0.0, 5e-324, -5e-324, 2.0**51, 2.0**53, 1e300, math.inf, -math.inf]),
)
signals = st.one_of(st.integers(0, 4), st.integers(0, 2**32 - 1))
times = st.one_of(
    st.integers(TODAY_NS, TODAY_NS + 5),
    st.integers(0, 5000).map(lambda ms: TODAY_NS + ms * 1_000_000),
    st.integers(-(2**63), 2**63 - 1),
)
qualities = st.one_of(st.just(0), st.just(0x80310000), st.integers(0, 2**32 - 1))


@st.composite
def batches(draw: st.DrawFn, max_size: int = 40) -> SampleBatch:
    """Batches in any order, with gaps, odd values, texts and optional columns."""
    rows = draw(st.lists(st.tuples(signals, times, values, qualities), max_size=max_size))
    if draw(st.booleans()):
        rows.sort(key=lambda row: row[:2])
    count = len(rows)
    written = draw(st.dictionaries(st.integers(0, max(count - 1, 0)), texts, max_size=3)) if count else {}
    deltas = st.one_of(
        st.none(),
        st.lists(st.integers(-(2**31), 2**31 - 1), min_size=count, max_size=count).map(lambda x: array("i", x)),
    )
    return SampleBatch(
        array("I", [row[0] for row in rows]),
        array("q", [row[1] for row in rows]),
        array("d", [row[2] for row in rows]),
        array("I", [row[3] for row in rows]),
        written,
        draw(deltas),
        draw(deltas),
    )


headers = st.builds(
    BatchHeader,
    catalogue_id=st.text("0123456789abcdef", min_size=16, max_size=16),
    epoch=u64,
    seq=st.integers(0, 2**64 - 2**32),
    merged=st.integers(1, 2**32 - 1),
    flags=st.integers(0, 7),
    receive_ns=st.integers(-(2**63), 2**63 - 1),
    clock_offset_ns=st.integers(-(2**63), 2**63 - 1),
)


def batch_of(*rows: tuple[int, int, float, int], text: dict[int, str] | None = None) -> SampleBatch:
    """A batch from (signal, time, value, quality) rows."""
    return SampleBatch(
        array("I", [row[0] for row in rows]),
        array("q", [row[1] for row in rows]),
        array("d", [row[2] for row in rows]),
        array("I", [row[3] for row in rows]),
        text or {},
    )
