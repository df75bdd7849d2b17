"""Models at work inside the gateway: findings and scores come out with the samples, state survives a restart."""

from __future__ import annotations

import json
import pathlib
import random

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigErrors
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_edge.config import ModelSettings
from ovoo_edge.pipeline_stage import Stage
from ovoo_edge.scoring import Scoring
from ovoo_edge.signal_list import rules_of
from ovoo_edge.sources.base import Chunk
from ovoo_edge.watermark import Watermark
from ovoo_models import artifact
from ovoo_models.bindings import untrained
from ovoo_models.feedback import Adjustments
from ovoo_models.shadow import challenger_of
from ovoo_packs import instantiate, load_pack

from tests.edge_agent.support import SECOND, T0, make_batch

FAN = AssetAddress("ent", "site", "ventilation", "main", "fan1")
TEMPLATE = load_pack("coal_mine").templates["main_fan"]
ENTRIES = instantiate(TEMPLATE, FAN)


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> ModelSettings:
    path = tmp_path / "fan1.json"
    artifact.save(path, untrained(TEMPLATE, FAN.path))
    return ModelSettings(FAN, path)


def minutes(catalogue: Catalogue, start: int, count: int, vibration: float) -> SampleBatch:
    """One sample per signal and 5 s; the fan runs in the middle of every range."""
    rng = random.Random(start)
    rows = []
    for step in range(start * 12, (start + count) * 12):
        for index, entry in enumerate(catalogue.entries[: len(ENTRIES)]):
            middle = ((entry.low or 0.0) + (entry.high or 1.0)) / 2 * rng.uniform(0.98, 1.02)
            value = {"running": 1.0, "vibration": vibration * rng.uniform(0.98, 1.02)}.get(entry.address.signal, middle)
            rows.append((index, T0 + step * 5 * SECOND, value))
    return make_batch(rows)


def stage_of(scoring: Scoring) -> tuple[Stage, Catalogue]:
    catalogue = Catalogue([*ENTRIES, *scoring.outputs])
    rules = rules_of([], [], catalogue.entries)
    watermark = Watermark(len(catalogue), 0, T0)
    return Stage(catalogue, rules, scoring.scorer(catalogue), watermark, 600, (1 << 20, 1 << 23)), catalogue


def findings_of(stage: Stage, batch: SampleBatch) -> list[Finding]:
    result = stage.process([Chunk(batch, None, "src")], max(batch.time_ns))
    return [Finding.from_json(row.payload) for group in result.groups for row in group.rows if row.kind == "event"]


def test_a_limit_that_is_passed_becomes_a_spooled_finding(settings: ModelSettings) -> None:
    scoring = Scoring.load([settings], ENTRIES)
    stage, catalogue = stage_of(scoring)

    assert findings_of(stage, minutes(catalogue, 0, 30, 2.0)) == []
    found = findings_of(stage, minutes(catalogue, 30, 30, 30.0))

    assert found
    assert {finding.asset for finding in found} == {FAN}
    assert any("vibration" in finding.model or "vibration" in str(finding.detail) for finding in found)
    assert scoring.health()["findings"] == len(found)


def test_what_people_said_is_read_beside_the_model(settings: ModelSettings) -> None:
    told = Adjustments(muted={"signal.flatline": T0 + 10**18}, relief={"flat-power": 1.25})
    pathlib.Path(settings.artifact).with_suffix(".feedback.json").write_text(told.to_json(), encoding="utf-8")
    stage, catalogue = stage_of(Scoring.load([settings], ENTRIES))
    batch = minutes(catalogue, 0, 60, 2.0)
    speed = next(k for k, entry in enumerate(catalogue.entries) if entry.address.signal == "speed")
    for row, signal in enumerate(batch.signal):
        if signal == speed:
            batch.value[row] = 700.0

    found = [each for each in findings_of(stage, batch) if each.code == "signal.flatline"]

    assert {(each.severity, each.detail["muted"]) for each in found} == {("info", "known")}


def test_damaged_feedback_is_reported_with_its_file(settings: ModelSettings) -> None:
    beside = pathlib.Path(settings.artifact).with_suffix(".feedback.json")
    beside.write_text("{}", encoding="utf-8")

    with pytest.raises(ConfigErrors, match="feedback"):
        Scoring.load([settings], ENTRIES)


def test_a_challenger_runs_in_the_shadow_and_health_shows_how_it_does(settings: ModelSettings) -> None:
    artifact.save(challenger_of(pathlib.Path(settings.artifact)), untrained(TEMPLATE, FAN.path))
    scoring = Scoring.load([settings], ENTRIES)
    stage, catalogue = stage_of(scoring)

    found = findings_of(stage, minutes(catalogue, 0, 60, 30.0))

    figures = scoring.health()["assets"][0]["challenger"]
    told = len({each.id for each in found if each.severity != "info"})
    assert told > 0
    assert (figures["champion"], figures["challenger"], figures["both"]) == (told, told, told)


def test_state_survives_a_restart(settings: ModelSettings, tmp_path: pathlib.Path) -> None:
    state = tmp_path / "models.json"
    whole, parted = Scoring.load([settings], ENTRIES), Scoring.load([settings], ENTRIES)
    stage, catalogue = stage_of(whole)
    expected = findings_of(stage, minutes(catalogue, 0, 20, 2.0)) + findings_of(stage, minutes(catalogue, 20, 40, 30.0))

    stage, _ = stage_of(parted)
    before = findings_of(stage, minutes(catalogue, 0, 20, 2.0))
    parted.save(state)
    again = Scoring.load([settings], ENTRIES)
    again.restore(state)
    stage, _ = stage_of(again)

    assert before + findings_of(stage, minutes(catalogue, 20, 40, 30.0)) == expected


@pytest.mark.parametrize("content", ["", "[]", "{", json.dumps({FAN.path: 1}), json.dumps({FAN.path: {"version": 9}})])
def test_an_unfit_state_only_means_warming_up(settings: ModelSettings, tmp_path: pathlib.Path, content: str) -> None:
    (tmp_path / "models.json").write_text(content)
    scoring = Scoring.load([settings], ENTRIES)
    scoring.restore(tmp_path / "models.json")
    assert scoring.health()["assets"][0]["asset"] == FAN.path


def test_models_that_do_not_fit_are_reported_together(settings: ModelSettings, tmp_path: pathlib.Path) -> None:
    damaged = tmp_path / "damaged.json"
    document = json.loads(settings.artifact.read_text())
    document["sha256"] = "0" * 64
    damaged.write_text(json.dumps(document))
    other = AssetAddress("ent", "site", "ventilation", "main", "fan2")
    watts = [SignalEntry(entry.address, "W" if entry.address.signal == "power" else entry.unit) for entry in ENTRIES]

    with pytest.raises(ConfigErrors) as caught:
        Scoring.load([ModelSettings(FAN, damaged), ModelSettings(other, settings.artifact), settings], watts)

    texts = [str(error) for error in caught.value.errors]
    assert [text.split(":")[0] for text in texts] == [f"model[{index}].artifact" for index in range(3)]
    assert "none of the model's signals is configured" in texts[1]
    assert "the model reads power in kW" in texts[2]


def test_absent_signals_are_named(settings: ModelSettings) -> None:
    scoring = Scoring.load([settings], [entry for entry in ENTRIES if entry.address.signal != "vibration"])
    assert scoring.health()["assets"][0]["absent_signals"] == ["vibration"]


def test_without_models_nothing_is_scored() -> None:
    assert Scoring([]).scorer(Catalogue(ENTRIES)) is None
    assert Scoring([]).outputs == []
