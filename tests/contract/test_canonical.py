"""Canonical JSON of RFC 8785."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.canonical import canonical_json, format_number, sha256_hex
from ovoo_contract.errors import OvooError

from tests.contract.strategies import QUICK, finite, texts


# RFC 8785, appendix B
@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_numbers_are_written_as_ecmascript_writes_them(bits: str, text: str) -> None:
    number = struct.unpack(">d", bytes.fromhex(bits))[0]

    assert format_number(number) == text


@QUICK
@given(finite)
def test_numbers_read_back(number: float) -> None:
    assert float(format_number(number)) == number


def test_keys_are_sorted_by_utf16_units() -> None:
    # RFC 8785 section 3.2.3
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]

    written = canonical_json(dict.fromkeys(keys, 0)).decode()

    assert list(json.loads(written)) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_text_is_escaped_as_the_rfc_says() -> None:
    obj = {
        "string": '\u20ac$\u000f\u000aA\'B"\\\\"/\x7f\u2028',
        "literals": [None, True, False],
        "numbers": [4.50, 2e-3, 1e30],
    }

    assert canonical_json(obj).decode() == (
        '{"literals":[null,true,false],"numbers":[4.5,0.002,1e+30],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f\u2028"}'
    )


documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), finite, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


@QUICK
@given(documents)
def test_any_document_reads_back_and_is_stable(document: object) -> None:
    data = canonical_json(document)

    assert json.loads(data, parse_int=float) == document
    assert canonical_json(json.loads(data)) == data


@pytest.mark.parametrize(
    ("obj", "path"),
    [
        pytest.param({"a": [1, math.nan]}, r"\$\.a\[1\]", id="nan"),
        pytest.param([math.inf], r"\$\[0\]", id="infinity"),
        pytest.param({"a": 2**63 + 1}, r"\$\.a", id="large integer"),
        pytest.param({"a": 10**400}, r"\$\.a", id="huge integer"),
        pytest.param({"a": 2**53 + 1}, r"\$\.a", id="integer"),
        pytest.param({1: 2}, r"\$", id="key"),
        pytest.param({"a": "\ud800"}, r"\$\.a", id="surrogate"),
        pytest.param({"\udc00": 1}, r"\$", id="surrogate key"),
        pytest.param({"a": {1, 2}}, r"\$\.a", id="set"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_path(obj: object, path: str) -> None:
    with pytest.raises(OvooError, match=path):
        canonical_json(obj)


def test_deep_nesting_is_refused() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]

    with pytest.raises(OvooError, match="nested too deep"):
        canonical_json(deep)


def test_sha256_of_nothing() -> None:
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
