"""A challenger runs beside the champion, says nothing, is compared, and is promoted by a command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ArtifactError
from ovoo_models import artifact, cli
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.monitor import AssetMonitor
from ovoo_models.shadow import Shadow, challenger_of, promote
from ovoo_models.train import fit_frames
from ovoo_packs.templates import ModelBinding

from tests.models.conftest import machine, to_batch

ASSET = AssetAddress("e", "s", "drainage", "main", "pump1")
NAMES = ("running", "load", "power", "temperature")
INDEX = {name: k for k, name in enumerate(NAMES)}


def models(limit_factor: float, asset: str = "a") -> ModelSet:
    gate = {"gate": "running", "gate_above": 0.5, "limit_factor": limit_factor}
    bindings = (ModelBinding("mewma", "mewma", ("load", "power", "temperature"), gate),)
    return fit_frames(ModelSet(asset, 5.0, tuple(map(SignalUse, NAMES)), bindings), machine(8000), {})


def monitor(limit_factor: float) -> AssetMonitor:
    return AssetMonitor(models(limit_factor), ASSET)


def test_only_the_champion_speaks() -> None:
    rows = to_batch(machine(900, seed=5, fault_from=300))
    alone, shadow = monitor(4.0), Shadow(monitor(4.0), monitor(60.0))

    said = shadow.process(rows, INDEX, 0)
    expected = alone.process(rows, INDEX, 0)

    assert said.findings == expected.findings
    assert said.batch.columns_equal(expected.batch)
    assert shadow.outputs == alone.outputs


def test_the_comparison_counts_what_both_saw_and_how_much_later() -> None:
    shadow = Shadow(monitor(4.0), monitor(60.0))

    shadow.process(to_batch(machine(900, seed=5, fault_from=300)), INDEX, 0)
    figures = shadow.comparison()

    assert (figures.champion, figures.challenger, figures.both) == (1, 1, 1)
    assert figures.delay_s is not None
    assert figures.delay_s > 0.0


def test_a_restart_keeps_both_and_the_comparison() -> None:
    rows, first = machine(900, seed=5, fault_from=300), Shadow(monitor(4.0), monitor(60.0))
    whole, second = Shadow(monitor(4.0), monitor(60.0)), Shadow(monitor(4.0), monitor(60.0))
    whole.process(to_batch(rows), INDEX, 0)

    first.process(to_batch(rows.rows(0, 400)), INDEX, 0)
    second.load(json.loads(json.dumps(first.state())))
    second.process(to_batch(rows.rows(400, 900)), INDEX, 0)

    assert second.comparison() == whole.comparison()


def test_a_challenger_may_join_a_champion_that_ran_alone() -> None:
    alone, shadow = monitor(4.0), Shadow(monitor(4.0), monitor(60.0))
    alone.process(to_batch(machine(100)), INDEX, 0)

    shadow.load(json.loads(json.dumps(alone.state())))

    assert shadow.champion.state() == alone.state()


def test_promotion_changes_places_and_keeps_the_old_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    champion, challenger, path = models(4.0), models(60.0), tmp_path / "fan1.json"
    artifact.save(path, champion)
    artifact.save(challenger_of(path), challenger)

    assert cli.main(["promote", str(path)]) == 0

    assert artifact.load(path).fingerprint == challenger.fingerprint
    assert artifact.load(tmp_path / "fan1.previous.json").fingerprint == champion.fingerprint
    assert not challenger_of(path).exists()
    assert "promoted" in capsys.readouterr().out
    assert cli.main(["promote", str(path)]) == 1


def test_a_challenger_of_another_asset_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fan1.json"
    artifact.save(path, models(4.0))
    artifact.save(challenger_of(path), models(4.0, asset="b"))

    with pytest.raises(ArtifactError, match="another asset"):
        promote(path)
    assert artifact.load(path).asset == "a"
