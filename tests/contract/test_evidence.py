"""Evidence: ids that do not depend on order, hashes that do not depend on cuts."""

from __future__ import annotations

import hashlib
import itertools
import math
import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.address import Address
from ovoo_contract.errors import EvidenceError
from ovoo_contract.evidence import Evidence, EvidenceDescriptor, hash_samples
from ovoo_contract.samples import SampleBatch

from tests.contract.strategies import QUICK, TODAY_NS, batch_of

pytestmark = pytest.mark.usefixtures("implementation")

ONE = Address.parse("coal/heishan/ventilation/main/fan1/power")
TWO = Address.parse("coal/heishan/ventilation/main/fan2/power")
DESCRIPTOR = EvidenceDescriptor((ONE, TWO), TODAY_NS, TODAY_NS + 10**9, "raw", ("c1",), ("f2", "f1"), ("k1",))
SAMPLES = batch_of((0, 1, 1.5, 0), (0, 2, math.nan, 5), (0, 3, -0.0, 0), (0, 9, 2.0, 0), text={1: "停", 3: "b"})
NAN_WITH_PAYLOAD = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000123))[0]


def test_an_id_does_not_depend_on_order() -> None:
    other = EvidenceDescriptor((TWO, ONE, TWO), TODAY_NS, TODAY_NS + 10**9, "raw", ("c1",), ("f1", "f2"), ("k1",))

    assert other == DESCRIPTOR
    assert DESCRIPTOR.id == other.id == "ev_" + hashlib.sha256(_canonical()).hexdigest()[:16]


def _canonical() -> bytes:
    return (
        b'{"addresses":["coal/heishan/ventilation/main/fan1/power","coal/heishan/ventilation/main/fan2/power"],'
        b'"catalogue_ids":["c1"],"end_ns":"1700000001000000000","factor_ids":["k1"],"formula_ids":["f1","f2"],'
        b'"query":"raw","start_ns":"1700000000000000000"}'
    )


@pytest.mark.parametrize(
    "change",
    [{"addresses": (ONE,)}, {"start_ns": 0}, {"query": "mean"}, {"factor_ids": ()}, {"catalogue_ids": ("c2",)}],
    ids=str,
)
def test_another_question_has_another_id(change: dict[str, Any]) -> None:
    assert replace(DESCRIPTOR, **change).id != DESCRIPTOR.id


def test_evidence_reads_back() -> None:
    evidence = Evidence(DESCRIPTOR, 4, 0.75, "ab" * 32, ((5, 9),))

    assert Evidence.from_dict(evidence.to_dict()) == evidence
    assert evidence.id == DESCRIPTOR.id


@pytest.mark.parametrize(
    ("change", "offender"),
    [
        ({"good_share": None}, "good_share"),
        ({"samples": 0}, "good_share"),
        ({"good_share": 1.5}, "good_share"),
        ({"sha256": "x"}, "sha256"),
        ({"gaps": ((5, 5),)}, "gaps"),
    ],
    ids=str,
)
def test_impossible_evidence_is_refused(change: dict[str, Any], offender: str) -> None:
    with pytest.raises(EvidenceError, match=rf"evidence\.{offender}"):
        replace(Evidence(DESCRIPTOR, 4, 0.75, "ab" * 32), **change)
    with pytest.raises(EvidenceError, match="starts before it ends"):
        replace(DESCRIPTOR, end_ns=0)


@QUICK
@given(st.lists(st.integers(0, 4), max_size=4))
def test_a_hash_does_not_depend_on_cuts(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 4]
    pieces = [SAMPLES.take(range(start, stop)) for start, stop in itertools.pairwise(edges)]

    assert hash_samples((ONE, piece) for piece in pieces) == hash_samples([(ONE, SAMPLES)])


def test_the_hash_is_the_documented_one() -> None:
    name = str(ONE).encode()
    parts = [
        struct.pack("<4q", 1, 2, 3, 9),
        struct.pack("<dQdd", 1.5, 0x7FF8000000000000, -0.0, 2.0),
        struct.pack("<4I", 0, 5, 0, 0),
        struct.pack("<QQ", 1, 3) + "停".encode() + struct.pack("<QQ", 3, 1) + b"b",
    ]
    expected = struct.pack("<IQ", len(name), 4) + name + b"".join(hashlib.sha256(part).digest() for part in parts)

    assert hash_samples([(ONE, SAMPLES)]) == hashlib.sha256(expected).hexdigest()
    assert hash_samples([]) == hashlib.sha256(b"").hexdigest()


def test_any_nan_is_the_same_absent_value() -> None:
    odd = SAMPLES.take(range(4))
    odd.value[1] = NAN_WITH_PAYLOAD

    assert hash_samples([(ONE, odd)]) == hash_samples([(ONE, SAMPLES)])
    assert math.isnan(odd.value[1])


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(batch_of((0, 1, 1.5, 0), (0, 2, math.nan, 5), (0, 3, 0.0, 0), (0, 9, 2.0, 0)), id="sign and text"),
        pytest.param(SAMPLES.take(range(3)), id="fewer"),
        pytest.param(SampleBatch.empty(), id="none"),
    ],
)
def test_other_samples_have_another_hash(other: SampleBatch) -> None:
    assert hash_samples([(ONE, other)]) != hash_samples([(ONE, SAMPLES)])
    assert hash_samples([(TWO, SAMPLES)]) != hash_samples([(ONE, SAMPLES)])


def test_samples_out_of_order_are_refused() -> None:
    with pytest.raises(EvidenceError, match="addresses out of order"):
        hash_samples([(TWO, SAMPLES), (ONE, SAMPLES)])
    with pytest.raises(EvidenceError, match="times out of order"):
        hash_samples([(ONE, SAMPLES), (ONE, SAMPLES)])
    with pytest.raises(EvidenceError, match="times out of order"):
        hash_samples([(ONE, SAMPLES.take([1, 0]))])
