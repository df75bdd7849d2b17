"""What a cloud wants a gateway to run: applied whole or not at all, kept over a restart, reported."""

from __future__ import annotations

import pathlib
from dataclasses import replace

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.gateway_config import DesiredConfig, ReportedConfig
from ovoo_edge.config import ModelSettings
from ovoo_edge.desired import DesiredState
from ovoo_edge.pipeline_stage import Scorer
from ovoo_edge.scoring import Scoring
from ovoo_models import artifact
from ovoo_models.bindings import untrained
from ovoo_models.feedback import Adjustments
from ovoo_models.shadow import Shadow, challenger_of
from ovoo_packs import instantiate, load_pack

from tests.edge_agent.support import SECOND, T0, make_batch

FAN = AssetAddress("ent", "site", "ventilation", "main", "fan1")
OTHER = AssetAddress("ent", "site", "ventilation", "main", "fan2")
TEMPLATE = load_pack("coal_mine").templates["main_fan"]
ENTRIES = instantiate(TEMPLATE, FAN)
DEAFER = Adjustments(relief={"mewma": 1.25}, muted={"signal.flatline": 2**60})
DEAFEST = Adjustments(relief={"mewma": 2.5})


@pytest.fixture
def settings(tmp_path: pathlib.Path) -> ModelSettings:
    path = tmp_path / "fan1.json"
    artifact.save(path, untrained(TEMPLATE, FAN.path))
    return ModelSettings(FAN, path)


class Gateway:
    """The models of a gateway and what its cloud wants of them, as one start of it has them."""

    def __init__(self, settings: ModelSettings, state_dir: pathlib.Path) -> None:
        self.scoring = Scoring.load([settings], ENTRIES)
        self.desired = DesiredState(self.scoring, state_dir, "ent", "site")
        self.desired.restore()

    @property
    def said(self) -> Adjustments:
        """What the running monitor goes by."""
        monitor = self.scoring._monitors[0][1]
        return (monitor.champion if isinstance(monitor, Shadow) else monitor).adjustments

    async def take(self, payload: bytes | DesiredConfig) -> ReportedConfig:
        body = payload.to_json() if isinstance(payload, DesiredConfig) else payload
        return ReportedConfig.from_json(await self.desired.take(body))


@pytest.fixture
def gateway(settings: ModelSettings, tmp_path: pathlib.Path) -> Gateway:
    return Gateway(settings, tmp_path)


def wanted(version: int, said: Adjustments = DEAFER, asset: AssetAddress = FAN, model: str = "") -> DesiredConfig:
    return DesiredConfig(version, {asset: said.to_dict()}, {FAN: model} if model else {})


def same(one: Adjustments, other: Adjustments) -> bool:
    return one.to_dict() == other.to_dict()


async def test_what_people_said_is_applied_to_the_running_models_and_reported(gateway: Gateway) -> None:
    before = await gateway.take(b"")
    told = await gateway.take(wanted(1))

    assert (before.version, before.hash, before.refused) == (0, "", "")
    assert (told.version, told.hash, told.refused) == (1, wanted(1).hash, "")
    assert told.models == {str(FAN): untrained(TEMPLATE, FAN.path).fingerprint}
    assert same(gateway.said, DEAFER)


async def test_an_asset_that_is_not_named_any_more_is_no_longer_adjusted(gateway: Gateway) -> None:
    await gateway.take(wanted(1))
    await gateway.take(DesiredConfig(2))
    assert same(gateway.said, Adjustments())


async def test_it_survives_a_restart_and_saying_it_again_changes_nothing(
    gateway: Gateway, settings: ModelSettings, tmp_path: pathlib.Path
) -> None:
    first = await gateway.take(wanted(1))
    written = (tmp_path / "desired.json").stat().st_mtime_ns

    again = Gateway(settings, tmp_path)
    assert same(again.said, DEAFER)
    assert await again.take(wanted(1)) == first
    assert (tmp_path / "desired.json").stat().st_mtime_ns == written


async def test_a_version_from_before_is_passed_over(gateway: Gateway) -> None:
    await gateway.take(wanted(5, DEAFEST))
    told = await gateway.take(wanted(4))
    assert (told.version, told.refused) == (5, "")
    assert same(gateway.said, DEAFEST)


@pytest.mark.parametrize(
    ("payload", "names"),
    [
        pytest.param(b"\xff{", "config", id="no JSON"),
        pytest.param(wanted(2).to_json()[:-9], "config", id="cut"),
        pytest.param(wanted(2).to_json().replace(b"1.25", b"2.25"), "config.hash", id="changed on its way"),
        pytest.param(wanted(1, DEAFEST).to_json(), "config.version", id="another content under the same version"),
        pytest.param(
            wanted(2, asset=AssetAddress("ent", "elsewhere", "a", "b", "c")).to_json(), "elsewhere", id="another site"
        ),
        pytest.param(
            wanted(2, asset=AssetAddress("foreign", "site", "a", "b", "c")).to_json(), "foreign", id="another plant"
        ),
        pytest.param(DesiredConfig(2, {FAN: {"format": "x"}}).to_json(), str(FAN), id="no feedback document"),
        pytest.param(
            wanted(2, Adjustments(relief={"mewma": 99.0})).to_json(), "relief out of bounds", id="deaf, not deafer"
        ),
        pytest.param(wanted(2, DEAFEST, model="0" * 16).to_json(), "no challenger", id="a challenger that is not here"),
    ],
)
async def test_a_document_that_does_not_fit_changes_nothing_and_is_reported_with_the_reason(
    gateway: Gateway, settings: ModelSettings, tmp_path: pathlib.Path, payload: bytes, names: str
) -> None:
    await gateway.take(wanted(1))

    told = await gateway.take(payload)

    assert names in told.refused
    assert (told.version, told.hash) == (1, wanted(1).hash)
    assert same(gateway.said, DEAFER)
    assert same(Gateway(settings, tmp_path).said, DEAFER)
    assert (await gateway.take(wanted(2, DEAFEST))).refused == ""


async def test_a_disk_that_refuses_leaves_what_runs(gateway: Gateway, tmp_path: pathlib.Path) -> None:
    (tmp_path / "desired.json.new").mkdir()

    told = await gateway.take(wanted(1))

    assert told.version == 0
    assert "desired.json" in told.refused
    assert same(gateway.said, Adjustments())


async def test_assets_without_a_model_here_are_named(gateway: Gateway) -> None:
    told = await gateway.take(wanted(1, asset=OTHER))
    assert (told.version, told.unused) == (1, (str(OTHER),))


async def test_a_gateway_without_models_takes_note(tmp_path: pathlib.Path) -> None:
    desired = DesiredState(Scoring([]), tmp_path, "ent", "site")
    told = ReportedConfig.from_json(await desired.take(wanted(1).to_json()))
    assert (told.version, told.unused, told.refused) == (1, (str(FAN),), "")


def test_a_file_carried_by_hand_holds_until_the_cloud_speaks(settings: ModelSettings, tmp_path: pathlib.Path) -> None:
    settings.artifact.with_suffix(".feedback.json").write_text(DEAFEST.to_json(), encoding="utf-8")
    assert same(Gateway(settings, tmp_path).said, DEAFEST)


async def test_from_then_on_the_cloud_has_the_say(settings: ModelSettings, tmp_path: pathlib.Path) -> None:
    settings.artifact.with_suffix(".feedback.json").write_text(DEAFEST.to_json(), encoding="utf-8")
    await Gateway(settings, tmp_path).take(DesiredConfig(1))
    assert same(Gateway(settings, tmp_path).said, Adjustments())


@pytest.mark.parametrize("content", ["", "{}", '{"version": 1, "sha256": "", "state": {}}'])
async def test_a_damaged_file_waits_for_the_cloud_to_say_it_again(
    gateway: Gateway, settings: ModelSettings, tmp_path: pathlib.Path, content: str
) -> None:
    await gateway.take(wanted(3))
    (tmp_path / "desired.json").write_text(content, encoding="utf-8")

    again = Gateway(settings, tmp_path)

    assert (await again.take(b"")).version == 0
    assert (await again.take(wanted(3))).version == 3
    assert same(again.said, DEAFER)


@pytest.fixture
def rival(settings: ModelSettings) -> str:
    """Fingerprint of a challenger beside the model, which has the same scores to give."""
    models = untrained(TEMPLATE, FAN.path)
    stricter = tuple(
        replace(each, params={**each.params, "delay_s": 1.0}) if each.id.startswith("limit-") else each
        for each in models.bindings
    )
    challenger = replace(models, bindings=stricter)
    artifact.save(challenger_of(settings.artifact), challenger)
    return challenger.fingerprint


async def test_a_challenger_becomes_champion_in_the_running_gateway_and_in_its_files(
    settings: ModelSettings, tmp_path: pathlib.Path, rival: str
) -> None:
    gateway = Gateway(settings, tmp_path)
    before = await gateway.take(b"")
    former = artifact.load(settings.artifact).fingerprint

    told = await gateway.take(wanted(1, model=rival))

    assert before.challengers == {str(FAN): rival}
    assert (told.models, told.challengers, told.refused) == ({str(FAN): rival}, {}, "")
    assert artifact.load(settings.artifact).fingerprint == rival
    assert artifact.load(settings.artifact.with_suffix(".previous.json")).fingerprint == former
    assert not challenger_of(settings.artifact).exists()
    assert same(gateway.said, DEAFER)


async def test_a_promotion_is_done_once_and_what_people_do_to_the_file_later_stands(
    settings: ModelSettings, tmp_path: pathlib.Path, rival: str
) -> None:
    await Gateway(settings, tmp_path).take(wanted(1, model=rival))
    artifact.save(settings.artifact, untrained(TEMPLATE, FAN.path))

    told = await Gateway(settings, tmp_path).take(wanted(2, DEAFEST, model=rival))

    assert (told.version, told.refused) == (2, "")
    assert told.models == {str(FAN): untrained(TEMPLATE, FAN.path).fingerprint}


async def test_a_challenger_with_other_scores_is_not_promoted_from_afar(
    settings: ModelSettings, tmp_path: pathlib.Path
) -> None:
    models = untrained(TEMPLATE, FAN.path)
    fewer = replace(models, bindings=tuple(each for each in models.bindings if each.model != "mewma"))
    artifact.save(challenger_of(settings.artifact), fewer)

    told = await Gateway(settings, tmp_path).take(wanted(1, model=fewer.fingerprint))

    assert "new signal list" in told.refused
    assert artifact.load(settings.artifact).fingerprint == models.fingerprint


def first_finding(score: Scorer) -> int:
    """Steps of 5 s until a fan that shakes far beyond its limit is found."""
    values = {"running": 1.0, "vibration": 500.0}
    index = {entry.address.signal: k for k, entry in enumerate(ENTRIES)}
    for step in range(400):
        time_ns = T0 + step * 5 * SECOND
        _, found = score(make_batch(sorted((index[name], time_ns, value) for name, value in values.items())))
        if any(each.code == "limit.high" for each in found):
            return step
    raise AssertionError("never found")


async def test_the_stream_goes_on_with_the_new_champion(
    settings: ModelSettings, tmp_path: pathlib.Path, rival: str
) -> None:
    gateway = Gateway(settings, tmp_path)
    catalogue = Catalogue([*ENTRIES, *gateway.scoring.outputs])
    score = gateway.scoring.scorer(catalogue)
    former = Scoring.load([settings], ENTRIES).scorer(catalogue)
    assert score is not None
    assert former is not None

    await gateway.take(wanted(1, model=rival))

    # the challenger's delay is a second, the former champion's that of the pack
    assert first_finding(score) < first_finding(former)
