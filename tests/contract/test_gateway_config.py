"""Desired and reported configuration: one byte string for one content, and nothing else is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import DeliveryError
from ovoo_contract.gateway_config import LARGEST_CONFIG_BYTES, DesiredConfig, ReportedConfig, content_hash

FAN = AssetAddress("ent", "site", "ventilation", "main", "fan1")
PUMP = AssetAddress("ent", "site", "water", "main", "pump1")
DESIRED = DesiredConfig(3, {FAN: {"relief": {"mewma": 1.25}}}, {PUMP: "0123456789abcdef"})

paths = st.sampled_from([FAN, PUMP])
words = st.text("abcdef0123456789-", min_size=1, max_size=16)
documents = st.dictionaries(words, st.dictionaries(words, st.floats(1.0, 2.5) | words, max_size=3), max_size=3)


@given(st.integers(1, 2**63 - 1), st.dictionaries(paths, documents), st.dictionaries(paths, words))
def test_what_is_written_is_read_back(version: int, feedback: Any, promote: Any) -> None:
    written = DesiredConfig(version, feedback, promote)
    read = DesiredConfig.from_json(written.to_json())
    assert read == written
    assert read.to_json() == written.to_json()


def test_the_hash_is_of_the_content_and_not_of_the_version() -> None:
    later = DesiredConfig(9, DESIRED.feedback, DESIRED.promote)
    other = DesiredConfig(3, {PUMP: {}}, DESIRED.promote)
    assert later.hash == DESIRED.hash == content_hash(DESIRED.content)
    assert other.hash != DESIRED.hash


def test_every_asset_that_is_named_is_known() -> None:
    assert DESIRED.assets == {FAN, PUMP}


def test_a_section_of_a_later_contract_counts_in_the_hash_and_is_kept() -> None:
    content = {**DESIRED.content, "later": {"a": 1}}
    body = {"format": "ovoo-config/1", "version": "3", "hash": content_hash(content), "content": content}
    read = DesiredConfig.from_json(canonical_json(body))
    assert (read.feedback, read.unknown, read.hash) == (DESIRED.feedback, {"later": {"a": 1}}, body["hash"])


def changed(**parts: Any) -> bytes:
    """The document with some of its attributes replaced, the hash fitting the content unless it is given."""
    body = {**json.loads(DESIRED.to_json()), **parts}
    if "hash" not in parts and isinstance(body["content"], dict):
        body["hash"] = content_hash(body["content"])
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        pytest.param(b"", "config", id="empty"),
        pytest.param(b"{", "config", id="cut"),
        pytest.param(b"[]", "config", id="no object"),
        pytest.param(b"[" * 100_000, "config", id="deep"),
        pytest.param(b" " * (LARGEST_CONFIG_BYTES + 1), "too large", id="large"),
        pytest.param(changed(format="ovoo-config/2"), "config.format", id="another format"),
        pytest.param(changed(version="0"), "config.version", id="version 0"),
        pytest.param(changed(version=str(2**63)), "config.version", id="version beyond"),
        pytest.param(changed(hash="0" * 16), "config.hash", id="hash of something else"),
        pytest.param(changed(content={"feedback": {}}), "config.content", id="a section is missing"),
        pytest.param(changed(content={"feedback": {"fan1": {}}, "promote": {}}), "config.asset", id="no address"),
        pytest.param(changed(content={"feedback": {str(FAN): 7}, "promote": {}}), "config.feedback", id="no document"),
        pytest.param(changed(content={"feedback": {}, "promote": {str(FAN): 7}}), "config.promote", id="no model"),
        pytest.param(changed(content={"feedback": [], "promote": {}}), "config.content.feedback", id="no mapping"),
    ],
)
def test_anything_else_is_refused_by_name(payload: bytes, names: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        DesiredConfig.from_json(payload)
    assert names in str(caught.value)


def test_a_report_is_read_back() -> None:
    told = ReportedConfig(3, DESIRED.hash, "x" * 900, (str(PUMP),), {str(FAN): "a" * 16}, {str(FAN): "b" * 16})
    read = ReportedConfig.from_json(told.to_json())
    assert (read.version, read.hash, read.unused) == (3, DESIRED.hash, (str(PUMP),))
    assert (read.models, read.challengers) == (told.models, told.challengers)
    assert len(read.refused) == 400


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"{}", id="of an older gateway"),
        pytest.param(b'{"format":"ovoo-config/1","hash":"zz"}', id="no hash"),
        pytest.param(b'{"format":"ovoo-config/1","version":-1}', id="negative"),
        pytest.param(b'{"format":"ovoo-config/1","models":{"a":1}}', id="models are texts"),
    ],
)
def test_a_report_of_another_form_is_refused(payload: bytes) -> None:
    with pytest.raises(DeliveryError):
        ReportedConfig.from_json(payload)
