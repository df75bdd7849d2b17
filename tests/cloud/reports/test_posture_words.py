"""The table of the network as gateways see it: every fact in words, and what was not seen said to be not seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import pytest
from ovoo_cloud.reports.resolve import Locale
from ovoo_cloud.reports.sections.network import posture_blocks
from ovoo_edge.network_view import Kind

SOURCE = {
    "name": "plc", "driver": "opcua", "plain": True, "policy": "None", "mode": "None", "user": "anonymous",
    "segment": "other_interface",
}  # fmt: skip
POSTURE = {
    "interfaces": {"wired": 2},
    "uplinks": [{"name": "cloud", "driver": "mqtt", "kind": "cellular", "tls": True, "certificate": True}],
    "sources": [SOURCE, {"name": "shop", "driver": "mqtt", "plain": False, "user": "certificate"}],
    "default_route_on_ot": False,
    "listening": {"outside": [22, 4840], "local": 2},
    "datagrams": {"outside": [161], "local": 0},
}


def row(posture: Mapping[str, Any] | None, language: str = "en") -> list[str]:
    locale = Locale("en" if language == "en" else "zh")
    (table,) = (block for block in posture_blocks([{"gateway": "gw1", "posture": posture}]) if block["b"] == "table")
    return [locale.inline(cell) for cell in table["rows"][0]]


def test_every_fact_stands_in_words() -> None:
    gateway, uplink, sources, default, ports = row(POSTURE)

    assert (gateway, uplink, default, ports) == ("gw1", "cloud: cellular, TLS yes", "no", "22, 4840, UDP 161")
    assert "plc: plain text, None, anonymous, other interface than the uplink" in sources
    assert "shop: encrypted, mqtt, certificate, not seen" in sources
    assert row(POSTURE, "zh")[4] == ports


def test_what_an_older_agent_or_a_hidden_system_does_not_tell_is_not_made_up() -> None:
    tcp_only = {name: value for name, value in POSTURE.items() if name != "datagrams"}
    blind = {"uplinks": [{"name": "cloud", "driver": "mqtt"}], "sources": []}

    assert row(tcp_only)[4] == "22, 4840"
    assert row(POSTURE | {"listening": {"outside": [], "local": 3}})[4] == "UDP 161"
    assert row(blind)[1:] == ["cloud: not seen, TLS not seen", row(POSTURE | {"sources": []})[2], *["not seen"] * 2]
    assert row(None)[1:] == ["not seen"] * 4


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_that_an_agent_may_tell_has_a_word(language: str) -> None:
    kinds = get_args(Kind)
    said = {row(POSTURE | {"uplinks": [{"name": "cloud", "kind": kind}]}, language)[1] for kind in kinds}

    assert len(said) == len(kinds)
    assert not any("dependable." in each for each in said)
