"""Findings: identity and JSON."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import DeliveryError
from ovoo_contract.findings import Finding

from tests.contract.strategies import QUICK, TODAY_NS, finite, texts

FAN = AssetAddress.parse("coal/heishan/ventilation/main/fan1")
FINDING = Finding(
    "bearing_wear", "warning", FAN, TODAY_NS, TODAY_NS + 60 * 10**9, 7.25, "mm/s", 0.5, ("ev_1",), "a.b", "m1"
)

findings = st.builds(
    Finding,
    code=texts.filter(bool),
    severity=st.sampled_from(["info", "warning", "critical"]),
    asset=st.just(FAN),
    start_ns=st.integers(-(2**62), TODAY_NS),
    end_ns=st.integers(TODAY_NS, 2**63 - 1),
    value=st.one_of(st.none(), finite),
    uncertainty=st.one_of(st.none(), finite),
    evidence=st.lists(texts, max_size=3).map(tuple),
    advice=texts,
    model=texts,
    open=st.booleans(),
    detail=st.dictionaries(texts, st.one_of(texts, finite), max_size=3),
)


@QUICK
@given(findings)
def test_a_finding_reads_back(finding: Finding) -> None:
    again = Finding.from_json(finding.to_json())

    assert again == finding
    assert again.id == finding.id
    assert hash(again) == hash(finding)


def test_seeing_it_again_is_the_same_finding() -> None:
    longer = replace(FINDING, end_ns=FINDING.end_ns + 1, value=9.0, severity="critical", open=True, evidence=("ev_2",))

    assert longer.id == FINDING.id == "fi_" + FINDING.id[3:]
    assert len(FINDING.id) == 19


@pytest.mark.parametrize(
    "change",
    [{"code": "leak"}, {"asset": replace(FAN, asset="fan2")}, {"start_ns": TODAY_NS + 1}, {"model": "m2"}],
    ids=str,
)
def test_another_code_asset_start_or_model_is_another_finding(change: dict[str, Any]) -> None:
    assert replace(FINDING, **change).id != FINDING.id


@pytest.mark.parametrize(
    ("change", "offender"),
    [
        ({"code": ""}, "code"),
        ({"severity": "bad"}, "severity"),
        ({"end_ns": TODAY_NS - 1}, "end_ns"),
        ({"value": math.nan}, "value"),
        ({"uncertainty": math.inf}, "uncertainty"),
        ({"detail": {"x": math.nan}}, "detail"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(change: dict[str, Any], offender: str) -> None:
    with pytest.raises(DeliveryError, match=rf"finding\.{offender}"):
        replace(FINDING, **change)


def test_detail_cannot_change_afterwards() -> None:
    detail: dict[str, str | float] = {"x": 1.0}
    finding = replace(FINDING, detail=detail)
    detail["x"] = 2.0

    assert finding.detail == {"x": 1.0}
    with pytest.raises(TypeError):
        finding.detail["x"] = 3.0  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "value"),
    [("asset", "x"), ("evidence", [1]), ("detail", {"a": [1]}), ("detail", {"a": 10**400}), ("open", 1)],
)
def test_a_wrong_field_is_named(name: str, value: object) -> None:
    with pytest.raises(DeliveryError, match=rf"finding\.{name}"):
        Finding.from_dict({**FINDING.to_dict(), name: value})
