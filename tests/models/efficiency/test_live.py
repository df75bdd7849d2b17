"""The live detector: tells a loss beyond its instruments, keeps silent below, names the signal that brought it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_models.base import NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.efficiency.live import LiveEfficiency

from tests.models.conftest import SECOND, START

PUMP: dict[str, Any] = {
    "kind": "pump", "density_kg_m3": 998.0, "motor_efficiency": 0.94, "smooth_s": 60.0, "learn_rows": 100,
}  # fmt: skip
ETA = 360 / 3600 * 500 / (70 * 0.94)


def pump(**params: Any) -> LiveEfficiency:
    """Signals: flow, suction, discharge, power; the lift takes its default."""
    return LiveEfficiency({**PUMP, "e_flow_m3_h": 0.5, "lift_m": 0.0, **params}, Place((0, 1, 2, 3), -1, 4, SECOND))


def rows(n: int, flow: float = 360.0, power: float = 70.0, start: int = 0) -> FrameBlock:
    block = FrameBlock.empty(4)
    for i in range(n):
        block.time_ns.append(START + (start + i) * SECOND)
        wave = 1.0 + 0.002 * math.sin(i)
        block.values.extend([flow * wave, 20.0, 520.0, power * wave])
    return block


def taught(**params: Any) -> LiveEfficiency:
    detector = pump(settle_s=0.0, **params)
    detector.learn_many(rows(200))
    return detector


def test_the_reference_is_learned_from_normal_rows() -> None:
    detector = taught()
    assert detector.ready
    assert detector.reference == pytest.approx(ETA, rel=1e-3)


def test_a_loss_is_told_only_beyond_the_instruments() -> None:
    for percent, told in ((0.5, True), (3.0, False)):
        detector, out = taught(e_flow_m3_h=percent), ScoreBlock()
        detector.score_many(rows(300, power=70.0 / 0.98, start=1000), out)
        assert out.state[299] == NORMAL
        assert out.measure[299] == pytest.approx(2.0, rel=0.02)
        assert (out.score[299] >= out.limits[299]) is told


def test_the_signal_that_brought_the_loss_is_named() -> None:
    detector, out = taught(), ScoreBlock()
    for flow, power, column in ((360.0, 75.0, 3), (340.0, 70.0, 0)):
        block = rows(300, flow, power, start=1000)
        detector.score_many(block, out)
        [first, *_] = detector.explain(block, out, 299)
        assert first.column == column
        assert first.share > 0.9
    assert first.change == pytest.approx(-20.0, rel=0.1)
    assert first.sigma == pytest.approx(-20.0 / 1.7, rel=0.1)


def test_a_given_reference_needs_no_learning_and_shows_the_doubt_as_the_cause() -> None:
    detector, out = pump(reference=0.8, u_reference=0.01, settle_s=0.0), ScoreBlock()
    assert detector.ready
    detector.learn_many(rows(200))
    assert detector.reference == 0.8
    block = rows(300)
    detector.score_many(block, out)
    assert out.trace[2 * 299] == pytest.approx(ETA, rel=0.003)
    assert out.trace[2 * 299 + 1] == pytest.approx(math.hypot(0.005 * ETA, 0.01), rel=0.01)
    assert [each.column for each in detector.explain(block, out, 299)] == [0]


def test_impossible_rows_are_not_scored() -> None:
    detector, out = taught(), ScoreBlock()
    for changed in ({"power": 0.07}, {"flow": -5.0}, {"power": math.nan}, {"power": 0.0}):
        block = rows(80, start=1000, **changed)
        detector.score_many(block, out)
        assert set(out.state[:80]) == {UNKNOWN}
        assert all(math.isnan(x) for x in out.score[:80])


def test_nothing_is_said_before_the_mean_has_warmed_up() -> None:
    detector, out = taught(), ScoreBlock()
    detector.score_many(rows(100, start=10_000), out)
    assert list(out.state[:59]) == [UNKNOWN] * 59
    assert out.state[60] == NORMAL


def test_wrong_settings_are_named() -> None:
    place = Place((0, 1, 2, 3), -1, 4, SECOND)
    for params, said in (
        ({**PUMP}, "equipment.u_NAME"), ({**PUMP, "density_kg_m3": -1.0}, "density_kg_m3"),
        ({**PUMP, "kind": "rocket"}, "equipment.kind"), ({**PUMP, "u_flow": 1.0}, "unknown parameter"),
        ({"kind": "pump", "e_power_kw": 1.0}, "inputs are needed.*motor_efficiency in 1"),
        ({**PUMP, "e_power_kw": 1.0, "flow_m3_h": 1.0, "suction_kpa": 0.0, "lift_m": 1.0}, "more signals"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=said):
            LiveEfficiency(params, place)
    for reference in ((math.nan, 0.0), (0.0, 0.0), (1.0, -1.0)):
        with pytest.raises(ArtifactError):
            pump().fit(*reference)
