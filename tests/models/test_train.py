"""Training: against scikit-learn and numpy, and on simulated machines with known faults."""

from __future__ import annotations

from array import array
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ArtifactError, ConfigError, NotReady
from ovoo_contract.samples import SampleBatch
from ovoo_models import artifact
from ovoo_models.artifact import SignalUse
from ovoo_models.base import Place
from ovoo_models.bindings import untrained
from ovoo_models.frames import FrameBuilder
from ovoo_models.monitor import AssetMonitor
from ovoo_models.train import fit, fit_frames, frames_of
from ovoo_models.train.baseline import fit_baseline
from ovoo_models.train.history import matrix
from ovoo_models.train.multivariate import fit_mewma
from ovoo_packs import load_pack

from tests.models.conftest import SECOND, START, machine

PLACE = Place((1, 2, 3), 0, 4, 5 * SECOND)
GATE: dict[str, Any] = {"gate": "running", "gate_above": 0.5}


def test_limits_hold_on_weeks_that_training_never_saw() -> None:
    model, found = fit_mewma(GATE, PLACE, machine(7 * 1440))
    assert found.limit >= 4 * found.q99
    assert found.limit >= 2 * found.held_max
    from ovoo_models.base import ScoreBlock

    for seed in (11, 12, 13):
        out = ScoreBlock()
        rows = machine(7 * 1440, seed=seed)
        model.score_many(rows, out)
        assert not any(out.score[i] >= out.limits[i] for i in range(len(rows)))


def test_the_baseline_is_the_regression_of_power_on_its_drivers() -> None:
    rows = machine(5000)
    model, found = fit_baseline({**GATE, "degree": 1}, Place((2, 1), 0, 4, 5 * SECOND), rows)
    x = matrix(rows)
    use = x[:, 0] > 0.5
    slope, intercept = np.polyfit(x[use, 1], x[use, 2], 1)
    values, ok = model.features(rows)
    use &= np.array(ok) == 3
    expected = np.array(values).reshape(len(rows), -1)[use] @ model.weights

    np.testing.assert_allclose(expected, intercept + slope * x[use, 1], atol=0.1)
    assert found.r2 > 0.99
    assert found.cv_rmse < 0.03


def test_a_guarded_driver_is_scored_in_the_middle_of_its_training_range_only() -> None:
    rows, place = machine(5000), Place((2, 1), 0, 4, 5 * SECOND)
    driver = matrix(rows)[:, 1]

    def used(**params: Any) -> Any:
        model, _found = fit_baseline({**GATE, "degree": 1, **params}, place, rows)
        return np.array(model.features(rows)[1]) == 3

    every, guarded = used(margin=1.0), used(guard=[1])
    low, high = np.quantile(driver[every], [0.05, 0.95])

    np.testing.assert_array_equal(guarded, every & (driver >= low) & (driver <= high))
    assert 0.85 < guarded.sum() / every.sum() < 0.95 < used().sum() / every.sum()
    with pytest.raises(ConfigError, match=r"energy_baseline\.guard"):
        fit_baseline({**GATE, "guard": [0]}, place, rows)


def test_frames_of_a_history_are_those_of_one_push() -> None:
    rng = np.random.default_rng(4)
    uses = [SignalUse("a", hold_s=30), SignalUse("absent"), SignalUse("b", hold_s=3), SignalUse("c", hold_s=9000)]
    history = {}
    for name, rows in (("a", 9000), ("b", 4000), ("c", 3)):
        time_ns = START + np.sort(rng.integers(0, 6000, rows)) * SECOND + rng.integers(0, SECOND, rows)
        # a long pause, and rows that are not in order
        time_ns[rows // 2 :] += 40_000 * SECOND
        quality = np.where(rng.random(rows) < 0.1, 0x80000000, 0)
        history[name] = (time_ns, rng.random(rows), quality)
    parts = [(index, *history[use.name]) for index, use in enumerate(uses) if use.name in history]
    whole = SampleBatch(
        array("I", [index for index, time_ns, _, _ in parts for _ in time_ns]),
        array("q", np.concatenate([part[1] for part in parts]).tolist()),
        array("d", np.concatenate([part[2] for part in parts]).tolist()),
        array("I", np.concatenate([part[3] for part in parts]).tolist()),
    )
    builder = FrameBuilder(range(4), SECOND, [round(use.hold_s * 1e9) for use in uses])

    expected = [builder.push(whole), builder.flush(START + 10**6 * SECOND)]
    found = frames_of(history, uses, SECOND)

    assert list(found.time_ns) == [time_ns for block in expected for time_ns in block.time_ns]
    assert found.values.tobytes() == b"".join(block.values.tobytes() for block in expected)
    assert len(found) > 5000


def test_too_little_history_is_said_and_never_scored() -> None:
    with pytest.raises(NotReady, match="100 or more"):
        fit_mewma(GATE, PLACE, machine(60))
    with pytest.raises(ArtifactError, match="no history"):
        frames_of({}, untrained(load_pack("coal_mine").template("gas_point"), "").signals, SECOND)
    template = load_pack("coal_mine").template("gas_point")
    with pytest.raises(ArtifactError, match="no rows"):
        fit(template, {"co": ([START], [1.0], [0])}, end_ns=START)


def test_training_is_deterministic_and_leaves_nothing_running() -> None:
    template = load_pack("coal_mine").template("drainage_pump")
    rows = machine(3000)
    history = {
        name: (rows.time_ns, rows.values[k::4], [0] * len(rows))
        for k, name in enumerate(("running", "flow", "power", "bearing_temp"))
    }
    first, second = (fit(template, history, trained_by="test") for _ in range(2))

    assert artifact.dumps(first) == artifact.dumps(second)
    fresh = AssetMonitor(first, AssetAddress("e", "s", "a", "l", "p")).state()
    again = AssetMonitor(artifact.loads(artifact.dumps(first)), AssetAddress("e", "s", "a", "l", "p")).state()
    assert fresh == again


def test_cusum_savings_are_fitted_like_the_baseline() -> None:
    from ovoo_models.artifact import ModelSet, SignalUse
    from ovoo_packs.templates import ModelBinding

    binding = ModelBinding("cusum_savings", "savings", ("power", "load"), MappingProxyType(GATE))
    names = ("running", "load", "power", "temperature")
    model_set = fit_frames(ModelSet("a", 5.0, tuple(SignalUse(n, "kW") for n in names), (binding,)), machine(3000), {})

    assert AssetMonitor(model_set, AssetAddress("e", "s", "a", "l", "p")).ready() == {"savings": True}


@pytest.mark.parametrize(
    ("path", "kind", "size"),
    [("ventilation/main/fan1", "bearing_wear", 1.3), ("utilities/air/comp1", "leak", 0.2)],
)
def test_faults_of_simulated_machines_are_found_and_normal_days_are_quiet(path: str, kind: str, size: float) -> None:
    plants = pytest.importorskip("ovoo_simulator.plants")
    faults = pytest.importorskip("ovoo_simulator.faults")
    minute, day = 60 * SECOND, 86_400 * SECOND
    plant = plants.create_plant("coal_mine", seed=3)
    model = plant.machine(path).model
    rows = {e.address.signal: i for i, e in enumerate(plant.entries) if e.address.asset_path == path}
    start = START - START % day + 30 * day
    normal = plant.simulate(start - 7 * day, minute, 7 * 1440)
    rule = next(rule for at, rule in plant.fault_rules() if at == path and rule.kind == kind)
    fault = faults.Fault(kind, path, "", start + 2 * day, start + 3 * day, size, rule.affects)
    tested = plant.simulate(start, minute, 3 * 1440, [fault])
    template = load_pack("coal_mine").template(model.template)

    def history(columns: Any) -> dict[str, Any]:
        return {n: (columns.time_ns, columns.value[i], columns.quality[i]) for n, i in rows.items()}

    model_set = fit(template, history(normal), str(plant.asset_address(path)))
    watch = AssetMonitor(model_set, plant.asset_address(path))
    from ovoo_models.csv_history import batch_of

    names = list(rows)
    found = watch.process(batch_of(history(tested)), {n: k for k, n in enumerate(names)}, len(names)).findings

    assert found
    assert all(each.start_ns >= fault.start_ns for each in found)
