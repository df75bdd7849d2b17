"""Topics are written and read by the same rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract import topics
from ovoo_contract.errors import AddressError
from ovoo_contract.topics import Topic

from tests.contract.strategies import QUICK, gateways

WRITERS = {
    "batch": topics.batch,
    "event": topics.event,
    "completeness": topics.completeness,
    "sums": topics.sums,
    "state": topics.state,
    "config_reported": topics.config_reported,
    "ack": topics.ack,
    "config_desired": topics.config_desired,
    "request": topics.request,
}


@pytest.mark.parametrize(("kind", "path"), [("batch", "batch"), ("config_reported", "config/reported"), ("ack", "ack")])
def test_topics_are_the_documented_ones(kind: str, path: str) -> None:
    assert WRITERS[kind]("heishan-gw1") == f"ovoo/v1/heishan-gw1/{path}"
    assert topics.catalog("heishan-gw1", "0123456789abcdef") == "ovoo/v1/heishan-gw1/catalog/0123456789abcdef"


@QUICK
@given(gateways, st.sampled_from(sorted(WRITERS)))
def test_a_topic_reads_back(gateway: str, kind: str) -> None:
    assert topics.parse(WRITERS[kind](gateway)) == Topic(gateway, kind)  # type: ignore[arg-type]
    assert topics.parse(topics.catalog(gateway, "a" * 16)) == Topic(gateway, "catalog", "a" * 16)


def test_kinds_are_up_or_down() -> None:
    assert sorted((*topics.UP_KINDS, *topics.DOWN_KINDS)) == sorted((*WRITERS, "catalog"))
    assert topics.subscription("batch") == "ovoo/v1/+/batch"
    assert topics.subscription("config_desired") == "ovoo/v1/+/config/desired"
    assert topics.subscription("catalog") == "ovoo/v1/+/catalog/+"


@pytest.mark.parametrize(
    "topic",
    ["", "ovoo/v1", "ovoo/v1/gw1", "ovoo/v2/gw1/batch", "ovoo/v1/gw1/", "ovoo/v1/gw1/batch/x", "ovoo/v1/GW/batch",
     "ovoo/v1/gw1/catalog", "ovoo/v1/gw1/catalog/xyz", "ovoo/v1/+/batch", "ovoo/v1/gw1/config", "$SYS/x/y/z"],
)  # fmt: skip
def test_a_foreign_topic_is_refused(topic: str) -> None:
    with pytest.raises(AddressError):
        topics.parse(topic)


def test_an_illegal_name_is_not_written() -> None:
    with pytest.raises(AddressError):
        topics.batch("a/b")
    with pytest.raises(AddressError):
        topics.catalog("gw1", "#")
