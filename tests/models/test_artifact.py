"""Model files: exact, checksummed, refused with a reason."""

from __future__ import annotations

import json
import math
from array import array
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import ArtifactError
from ovoo_models import artifact
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.state import ArrayStore, doubles_from_text, doubles_to_text
from ovoo_packs.templates import ModelBinding

BINDING = ModelBinding("range", "limit", ("power",), MappingProxyType({"high": 0.1 + 0.2}))
SET = ModelSet("a/b/c", 5.0, (SignalUse("power", "kW"),), (BINDING,), {"limit": {"fit": "d:"}}, {"rows": 3})


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "pump.json"
    artifact.save(path, SET)

    loaded = artifact.load(path)
    assert loaded == SET
    assert loaded.fingerprint == SET.fingerprint
    assert list(tmp_path.iterdir()) == [path]


def test_the_card_is_no_part_of_the_fingerprint() -> None:
    other = ModelSet(SET.asset, SET.period_s, SET.signals, SET.bindings, SET.states, {"rows": 4})
    assert other.fingerprint == SET.fingerprint


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x80\x04", "not a JSON document"),
        (b"[]", "not a model file"),
        (b'{"format": "ovoo-model-set", "version": 2}', "version not known here"),
        (b'{"format": "ovoo-model-set", "version": 1, "body": {}, "sha256": "0"}', "checksum does not match"),
    ],
)
def test_foreign_files_are_refused(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_bytes(data)
    with pytest.raises(ArtifactError, match=message):
        artifact.load(path)


def test_a_changed_byte_is_noticed_and_a_missing_file_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="checksum"):
        artifact.loads(artifact.dumps(SET).replace(b"0.30000000000000004", b"0.31"))
    with pytest.raises(ArtifactError, match=r"absent\.json"):
        artifact.load(tmp_path / "absent.json")


@given(st.data())
def test_whatever_the_loader_takes_it_writes_and_takes_again(data: st.DataObject) -> None:
    body = json.loads(artifact.dumps(SET))["body"]
    key = data.draw(st.sampled_from(sorted(body)))
    body[key] = data.draw(st.one_of(st.none(), st.integers(-9, 9), st.text(), st.lists(st.integers(0, 9), max_size=2)))
    from ovoo_contract.canonical import canonical_json, sha256_hex

    head = {"format": "ovoo-model-set", "version": 1, "sha256": sha256_hex(canonical_json(body)), "body": body}
    try:
        taken = artifact.loads(canonical_json(head))
    except ArtifactError:
        return
    assert artifact.loads(artifact.dumps(taken)) == taken


@pytest.mark.parametrize(
    ("signals", "bindings", "period_s", "message"),
    [
        ((SignalUse("power"), SignalUse("power")), (), 5.0, "named twice"),
        ((SignalUse("power"),), (BINDING, BINDING), 5.0, "named twice"),
        ((SignalUse("power"),), (), 0.0, "positive period"),
        ((SignalUse("flow"),), (BINDING,), 5.0, "reads a signal"),
    ],
)
def test_sets_that_contradict_themselves_are_refused(
    signals: tuple[SignalUse, ...], bindings: tuple[ModelBinding, ...], period_s: float, message: str
) -> None:
    with pytest.raises(ArtifactError, match=message):
        ModelSet("a", period_s, signals, bindings)
    with pytest.raises(ArtifactError, match="no such signal"):
        SET.index("flow")


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True)))
def test_doubles_survive_as_text(values: list[float]) -> None:
    column = array("d", values)
    assert doubles_from_text(doubles_to_text(column), "x").tobytes() == column.tobytes()


def test_a_store_takes_only_what_fits() -> None:
    mine = array("d", [1.0, math.nan])
    store = ArrayStore("x", a=mine, b=array("q", [2**62]))
    state = store.state()
    mine[0] = 5.0
    store.load(state)
    assert mine[0] == 1.0
    for wrong in ({}, {**state, "a": "q:AAAA"}, {**state, "a": "d:AAA"}, {**state, "a": "d:"}, {**state, "a": "d:!"}):
        with pytest.raises(ArtifactError):
            store.load(wrong)
