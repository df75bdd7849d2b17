"""Twin baselines: what they find, how well they size it, and what they say of their own doubt."""

from __future__ import annotations

import math
import random
from array import array
from typing import Any

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ConfigError
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import IDLE, NORMAL, OFF, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.efficiency.drift import Drift, DriftFactors, EnergyDrift
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.monitor import AssetMonitor
from ovoo_models.phrases import render
from ovoo_models.train.drift import fit_drift
from ovoo_packs.templates import ModelBinding

from tests.models.conftest import SECOND, START, to_batch

MINUTE = 60 * SECOND
PLACE = Place((0, 1), -1, 2, MINUTE)
HOURS = 60


def line(hours: int, excess_kw: float = 0.0, seed: int = 1, start: int = 0, wobble: float = 0.4) -> FrameBlock:
    """A pump a row a minute: off 4 h a day, unloaded 2 h at 25 kW, else 40 + 2 flow kW; excess only at load."""
    rng = random.Random(seed)
    block = FrameBlock.empty(2)
    slow = 0.0
    for i in range(start * HOURS, (start + hours) * HOURS):
        hour = i / HOURS % 24
        slow += 0.01 * (rng.gauss(0, 1.0) - slow)
        flow = 30 + 10 * math.sin(i / 97) + rng.gauss(0, 0.3)
        power = 40 + 2 * flow + 8 * wobble * slow + excess_kw + rng.gauss(0, 0.8)
        if hour < 4:
            flow, power = 0.0, abs(rng.gauss(0, 0.1))
        elif hour < 6:
            flow, power = 0.0, rng.gauss(25, 0.4)
        block.time_ns.append(START + i * MINUTE)
        block.values.extend([power, flow])
    return block


def fitted(**params: Any) -> EnergyDrift:
    return fit_drift({"degree": 1, **params}, PLACE, line(24 * 14))[0]


def run(model: EnergyDrift, rows: FrameBlock) -> ScoreBlock:
    out = ScoreBlock()
    model.score_many(rows, out)
    return out


@pytest.fixture(scope="module")
def state() -> dict[str, str]:
    return fitted().state()


def ready(state: dict[str, str]) -> EnergyDrift:
    model = EnergyDrift({"degree": 1}, PLACE)
    model.load(state)
    return model


@pytest.mark.parametrize("excess_kw", [4.0, -4.0])
def test_a_loss_and_a_saving_are_found_and_sized_within_the_band(state: dict[str, str], excess_kw: float) -> None:
    model = ready(state)

    out = run(model, line(24 * 7, excess_kw, seed=2, start=24 * 14))

    drift = model.drift()
    assert max(x for x in out.score if x == x) >= 1.0
    low, high = drift.now_kw.interval(0.95)
    assert low <= excess_kw <= high
    assert drift.now_kw.sigma < 0.5 * abs(excess_kw)
    assert drift.now_kw.stands_out_from(0.0, 0.9)
    truth = excess_kw * drift.hours
    assert drift.energy_kwh.interval(0.95)[0] <= truth <= drift.energy_kwh.interval(0.95)[1]
    assert drift.hours == pytest.approx(18 * 7, abs=2.0)


@pytest.mark.parametrize("seed", range(3, 5))
def test_no_loss_is_no_finding_and_the_band_covers_zero(state: dict[str, str], seed: int) -> None:
    model = ready(state)

    out = run(model, line(24 * 7, 0.0, seed=seed, start=24 * 14))

    assert max(x for x in out.score if x == x) < 1.0
    assert not model.drift().now_kw.stands_out_from(0.0)


def test_only_load_is_scored_and_the_other_states_are_named(state: dict[str, str]) -> None:
    model = ready(state)
    rows = line(24, start=24 * 14)

    out = run(model, rows)

    hours = [i / HOURS % 24 for i in range(24 * 14 * HOURS, 24 * 15 * HOURS)]
    assert {out.state[i] for i, hour in enumerate(hours) if 0.1 < hour < 4} == {OFF}
    assert {out.state[i] for i, hour in enumerate(hours) if 4.1 < hour < 6} == {IDLE}
    assert sum(out.state[i] == NORMAL for i, hour in enumerate(hours) if hour > 6.1) > 0.97 * 17.9 * HOURS


def test_the_frozen_twin_stays_and_the_adaptive_one_moves(state: dict[str, str]) -> None:
    model = ready(state)
    frozen = model.weights

    out = run(model, line(24 * 7, 6.0, seed=2, start=24 * 14))

    last = max(i for i in range(out.rows) if out.state[i] == NORMAL)
    assert model.weights == frozen
    assert out.trace[8 * last + 1] - out.trace[8 * last] == pytest.approx(6.0, abs=2.0)


def test_a_machine_without_states_is_all_load() -> None:
    rng = random.Random(1)
    rows = FrameBlock(array("q", [START + i * MINUTE for i in range(6000)]), array("d"), 2)
    for _ in range(6000):
        flow = rng.gauss(50, 5)
        rows.values.extend([20 + flow + rng.gauss(0, 1), flow])
    model = fit_drift({"degree": 1}, PLACE, rows)[0]

    out = run(model, rows)

    assert sum(out.state[i] == NORMAL for i in range(6000)) > 5800


def test_switched_off_power_states_take_every_row() -> None:
    model = fitted(states=0)
    out = run(model, line(24, start=24 * 14))

    assert sum(code in (NORMAL, UNKNOWN) for code in out.state[: out.rows]) == out.rows
    assert sum(code == NORMAL for code in out.state[: out.rows]) > 0.95 * out.rows


def test_streaming_learning_gives_scatter_of_hours_and_bias() -> None:
    model = EnergyDrift({"degree": 1, "learn_rows": 3000}, PLACE)
    model.learn_many(line(24 * 14))

    assert model.ready
    assert 0.1 < model.hour_sigma_kw < 3.0
    assert model.finding_sigma < model.hour_sigma_kw + 1.0
    out = run(model, line(24 * 7, 8.0, seed=2, start=24 * 14))
    assert max(x for x in out.score if x == x) >= 1.0


def test_energy_is_told_in_money_carbon_and_coal_with_the_doubt_of_the_factor() -> None:
    drift = Drift(Estimate(4.0, 0.5, "kW"), Estimate(1000.0, 100.0, "kWh"), 250.0)
    factors = DriftFactors(yuan_per_kwh=Estimate(0.5, 0.0, "CNY/kWh"), kg_co2_per_kwh=Estimate(0.6, 0.06, "kg/kWh"))

    told = drift.in_terms_of(factors)

    assert set(told) == {"yuan", "kg_co2"}
    assert (told["yuan"].value, told["yuan"].sigma, told["yuan"].unit) == (500.0, 50.0, "CNY")
    assert told["kg_co2"].sigma == pytest.approx(math.hypot(60.0, 60.0))


def test_before_it_is_fitted_nothing_is_claimed() -> None:
    drift = EnergyDrift({}, PLACE).drift()

    assert math.isnan(drift.now_kw.value)
    assert not drift.now_kw.stands_out_from(0.0)


def test_too_many_features_and_a_twin_that_does_not_adapt_are_refused() -> None:
    with pytest.raises(ConfigError, match="eight at most"):
        EnergyDrift({"degree": 2}, Place((0, 1, 2, 3), -1, 4, MINUTE))
    with pytest.raises(ConfigError, match=r"energy_drift\.forget"):
        EnergyDrift({"forget": 1}, PLACE)
    with pytest.raises(ConfigError, match=r"energy_drift\.mean_h"):
        EnergyDrift({"mean_h": 0}, PLACE)


@pytest.mark.parametrize(
    ("language", "word"), [("en", "kW more than when the baseline was frozen"), ("zh", "功率比基准冻结时多")]
)
def test_a_finding_is_one_sentence_with_the_band(state: dict[str, str], language: str, word: str) -> None:
    asset = AssetAddress("e", "s", "a", "l", "pump")
    uses = tuple(SignalUse(name, unit) for name, unit in (("power", "kW"), ("flow", "m3/h")))
    binding = ModelBinding("energy_drift", "drift", ("power", "flow"), {"degree": 1})
    models = ModelSet("e/s/a/l/pump", 60.0, uses, (binding,), {"drift": state})
    monitor = AssetMonitor(models, asset)

    rows = line(24 * 7, 6.0, seed=2, start=24 * 14)

    findings = monitor.process(to_batch(rows), {"power": 0, "flow": 1}, 100).findings

    found = [each for each in findings if each.code == "energy.drift"]
    assert found
    assert found[-1].unit == "kW"
    assert found[-1].value == pytest.approx(6.0, abs=3.0 * (found[-1].uncertainty or 0.0))
    text = render(found[-1], language)
    assert word in text
    assert " ± " in text
