"""Networks of airways: published mines, hand values, scipy as a second solution, and what is refused by name."""

from __future__ import annotations

import math
import sys
from array import array
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError
from ovoo_models import _ventilation_kernels_py as twin
from ovoo_models._select import ventilation_kernels
from ovoo_models.efficiency.ventilation import (
    Airway,
    Fan,
    FanCurve,
    FixedFlow,
    FixedPressure,
    Network,
    Solver,
    advise,
    solve,
)
from ovoo_models.efficiency.ventilation.solve import _System
from scipy.optimize import brentq, least_squares  # type: ignore[import-untyped]

from tests.models.conftest import need_data
from tests.models.efficiency.networks import FALLING, HUMP, drawn, mine

solver_module: Any = sys.modules["ovoo_models.efficiency.ventilation.solve"]
MINES = {"A_hongshagang_1": 262.58, "B_hongshagang_difficult": 437.56}


def single(drive: FanCurve | FixedFlow | FixedPressure, resistance: float = 0.2, **more: float) -> Network:
    return Network(
        (Airway("shaft", "surface", "face", resistance / 2), Airway("return", "face", "out", resistance / 2)),
        (Fan("return", drive, **more),),
        ("surface", "out"),
    )


@pytest.mark.data
@pytest.mark.parametrize("name", MINES)
@pytest.mark.parametrize("method", ["loop", "node", "dcp"])
def test_published_mines_are_solved_from_their_total_flow(name: str, method: str) -> None:
    published = mine(need_data(f"mine-ventilation/{name}"), method)

    found = solve(published.network(FixedFlow(published.total_m3_s)))

    assert found.converged
    assert found.flow_residual_m3_s <= 1e-4
    assert found.pressure_residual_pa <= 0.1
    assert found.friction_kw == pytest.approx(MINES[name], abs=0.005)
    assert max(abs(found.flow_m3_s[key] - q) for key, q in published.flow_m3_s.items()) < 1e-3
    assert max(abs(found.pressure_pa[key] + p) for key, p in published.pressure_pa.items()) < 0.1


@pytest.mark.data
@pytest.mark.parametrize("name", MINES)
def test_published_mines_are_solved_from_their_pressure_and_from_a_fan_curve(name: str) -> None:
    published = mine(need_data(f"mine-ventilation/{name}"))
    exhaust_pa = published.pressure_pa[published.exhaust]

    by_pressure = solve(published.network(FixedPressure(exhaust_pa)))
    curve = FanCurve.from_points([(100.0, exhaust_pa + 500.0), (published.total_m3_s, exhaust_pa), (200.0, 100.0)])
    by_curve = solve(published.network(curve))

    for found in (by_pressure, by_curve):
        assert found.converged
        assert found.friction_kw == pytest.approx(MINES[name], abs=0.005)
        assert max(abs(found.flow_m3_s[key] - q) for key, q in published.flow_m3_s.items()) < 1e-4
    assert by_curve.fans[0].flow_m3_s == pytest.approx(published.total_m3_s, abs=1e-4)
    assert by_curve.fan_kw == pytest.approx(by_curve.friction_kw, rel=1e-6)


def test_one_airway_works_where_its_resistance_meets_the_curve() -> None:
    expected = brentq(lambda q: FALLING.at(q)[0] - 0.2 * q * q, 0, 160)

    found = solve(single(FALLING))

    assert found.flow_m3_s["return"] == pytest.approx(expected, abs=1e-6)
    assert found.fans[0].pressure_pa == pytest.approx(0.2 * expected**2, abs=1e-4)
    assert found.fans[0].air_kw == pytest.approx(found.friction_kw, rel=1e-7)
    assert math.isnan(found.fans[0].drawn_kw)
    assert solve(single(FALLING, efficiency=0.5)).fan_kw == pytest.approx(2 * found.friction_kw, rel=1e-7)


def test_parallel_airways_share_the_air_by_the_root_of_resistance() -> None:
    ways = (Airway("a", "s", "m", 1.0), Airway("b", "s", "m", 4.0), Airway("c", "m", "o", 1e-6))

    found = solve(Network(ways, (Fan("c", FixedFlow(30.0)),), ("s", "o")))

    assert found.flow_m3_s == pytest.approx({"a": 20.0, "b": 10.0, "c": 30.0}, abs=1e-6)
    assert found.pressure_pa["m"] == pytest.approx(-400.0, abs=1e-4)


def test_natural_pressure_alone_moves_air() -> None:
    ways = (Airway("down", "s", "m", 0.04), Airway("up", "m", "o", 0.06, natural_pa=40.0))

    assert solve(Network(ways, (), ("s", "o"))).flow_m3_s["up"] == pytest.approx(20.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_flows_equal_those_of_a_second_solution_by_scipy(seed: int) -> None:
    network = drawn(seed, 24, 16)
    names = sorted({each.start for each in network.airways} | {each.end for each in network.airways} - {"n0"})
    names.remove("n0")
    at = {name: k for k, name in enumerate(names)}
    drives = {fan.airway: fan.drive for fan in network.fans}

    def left(x: np.ndarray) -> np.ndarray:
        q, p = x[: len(network.airways)], x[len(network.airways) :]
        balance, pressures = np.zeros(len(names)), []
        for each, flow in zip(network.airways, q, strict=True):
            ends = [0.0 if name == "n0" else p[at[name]] for name in (each.start, each.end)]
            drive = drives.get(each.name)
            given = drive.at(flow)[0] if isinstance(drive, FanCurve) else getattr(drive, "pressure_pa", 0.0)
            pressures.append(ends[0] - ends[1] + each.natural_pa + given - each.resistance * flow * abs(flow))
            for name, sign in ((each.start, -1), (each.end, 1)):
                if name in at:
                    balance[at[name]] += sign * flow
        return np.array([*balance, *pressures])

    found = solve(network)
    guess = np.array([*(5.0 for _ in network.airways), *(0.0 for _ in names)])
    second = least_squares(left, guess, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=5000, x_scale="jac")

    mine_x = np.array([*found.flow_m3_s.values(), *(found.pressure_pa[name] for name in names)])
    assert found.converged
    assert np.abs(left(mine_x)).max() < 1e-3
    if second.cost < 1e-8:
        assert np.abs(second.x[: len(network.airways)] - list(found.flow_m3_s.values())).max() < 5e-3


@given(
    st.integers(0, 10_000),
    st.integers(2, 40),
    st.integers(0, 30),
    st.sampled_from([None, 3, 10]),
    st.sampled_from([FALLING, HUMP, FALLING.scaled(0.3), FixedPressure(2000.0), FixedPressure(-50.0)]),
)
@settings(max_examples=60, deadline=None)
def test_every_fan_case_converges(
    seed: int, junctions: int, chords: int, reach: int | None, drive: FanCurve | FixedPressure
) -> None:
    network = drawn(seed, junctions - 1 + chords, junctions, reach, fans=1)
    network = replace(network, fans=(replace(network.fans[0], drive=drive),))

    found = solve(network)

    assert found.converged
    assert found.flow_residual_m3_s <= 1e-4
    air_kw = sum(each.air_kw for each in found.fans)
    natural_kw = sum(each.natural_pa * found.flow_m3_s[each.name] for each in network.airways) / 1000
    assert found.friction_kw == pytest.approx(air_kw + natural_kw, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_kernels_equal_their_twins(seed: int) -> None:
    network = drawn(seed, 60, 40, None if seed else 5, fans=3)
    network = replace(network, fans=(*network.fans[:-1], replace(network.fans[-1], drive=HUMP)))
    system = _System(network, Solver(network)._structure)

    found, flows = [], []
    for module in (ventilation_kernels, twin):
        kept = solver_module.ventilation_kernels
        solver_module.ventilation_kernels = module
        try:
            once = system.run()
            again = system.run(array("d", [3.0] * len(system.names)))
        finally:
            solver_module.ventilation_kernels = kept
        found.append((once.rounds, again.rounds, once.flow_residual, once.pressure_residual, once.pressure))
        flows.append(once.column.tobytes() + again.column.tobytes())

    assert found[0] == found[1]
    assert flows[0] == flows[1]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_elimination_equals_its_twin_and_fills_what_elimination_fills(seed: int) -> None:
    n, words = 90, 2
    rng = np.random.default_rng(seed)
    joined = rng.random((n, n)) < 0.03
    joined = np.triu(joined, 1)
    joined = joined | joined.T
    outcomes = []
    for module in (ventilation_kernels, twin):
        bits = array("Q", bytes(8 * n * words))
        ends = [array("i", column.tolist()) for column in np.argwhere(joined).T]
        module.mark_neighbours(n, len(ends[0]), *ends, words, bits)
        degree, order, place = (array("i", bytes(4 * n)) for _ in range(3))
        cells = module.minimum_degree(n, words, bits, degree, order, place)
        columns, rows = (array("i", bytes(4 * (n + 2))) for _ in range(2))
        of = array("i", bytes(4 * cells))
        module.factor_pattern(n, words, bits, order, place, columns, rows, of)
        outcomes.append((cells, list(order), list(place), list(columns[: n + 1]), list(rows[: n + 1]), list(of)))
    assert outcomes[0] == outcomes[1]
    cells, steps = outcomes[0][:2]
    matrix = (joined | np.eye(n, dtype=bool))[np.ix_(steps, steps)]
    for k in range(n):
        below = np.flatnonzero(matrix[k + 1 :, k]) + k + 1
        matrix[np.ix_(below, below)] = True
    assert cells == int(np.tril(matrix, -1).sum())


def test_kernels_refuse_columns_that_are_too_short() -> None:
    short = array("i", [0])
    if ventilation_kernels.__name__ != twin.__name__:
        with pytest.raises(ValueError, match="shorter"):
            ventilation_kernels.minimum_degree(3, 1, array("Q", [0]), short, short, short)


def test_a_curve_goes_through_its_points_without_new_humps() -> None:
    points = [(0.0, 2600.0), (60.0, 2200.0), (120.0, 1100.0), (160.0, 50.0)]

    for flow, head in points:
        assert FALLING.at(flow)[0] == pytest.approx(head)
    grid = np.linspace(-20, 200, 2000)
    heads = [FALLING.at(q)[0] for q in grid]
    assert all(b <= a + 1e-9 for a, b in pairwise(heads))
    assert not FALLING.rises
    assert HUMP.peak_flow() == pytest.approx(50.0, abs=0.1)


@given(st.floats(-50, 250), st.floats(0.3, 1.5), st.sampled_from([FALLING, HUMP]))
def test_slopes_are_those_of_the_curve_and_speed_obeys_the_fan_laws(flow: float, speed: float, curve: FanCurve) -> None:
    step = 1e-4
    if all(abs(flow - knot) > 2 * step for knot in curve.knots):
        rate = (curve.at(flow + step)[0] - curve.at(flow - step)[0]) / (2 * step)
        assert curve.at(flow)[1] == pytest.approx(rate, abs=1e-2)
    assert curve.scaled(speed).at(flow * speed)[0] == pytest.approx(speed**2 * curve.at(flow)[0], rel=1e-9, abs=1e-6)


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.floats(-30, 30), st.floats(0, 1))
def test_polynomials_are_those_given(terms: list[float], low: float, share: float) -> None:
    curve = FanCurve.from_polynomial(terms, low, low + 10)
    flow = low + 10 * share

    size = sum(abs(a) * 40.0**k for k, a in enumerate(terms))
    assert curve.at(flow)[0] == pytest.approx(np.polyval(terms[::-1], flow), abs=1e-9 * size + 1e-9)


def test_a_fan_in_its_stall_is_told_with_its_other_point_of_work() -> None:
    steep = solve(single(HUMP, 1.5))
    wide = solve(single(FALLING, 0.001))

    assert [(each.code, each.airway) for each in steep.notices if each.code == "stall"] == [("stall", "return")]
    assert {each.code for each in wide.notices} == {"out_of_curve"}


def test_two_branches_of_a_curve_are_both_found() -> None:
    curve = FanCurve.from_points(
        [(0.0, 900.0), (10.0, 500.0), (20.0, 520.0), (40.0, 2600.0), (60.0, 2300.0), (90.0, 0)]
    )
    crossings = [
        brentq(lambda q: curve.at(q)[0] - 1.5 * q * q, low, high) for low, high in ((10, 20), (20, 40), (40, 60))
    ]

    found = solve(single(curve, 1.5))
    others = [each.value for each in found.notices if each.code == "two_points"]

    assert len(others) == 1
    assert sorted([found.flow_m3_s["return"], *others]) == pytest.approx([crossings[0], crossings[2]], abs=1e-3)


def test_air_against_a_fan_is_told() -> None:
    ways = (Airway("a", "s", "m", 0.1), Airway("b", "m", "o", 0.1))
    fans = (Fan("a", FixedPressure(5000.0)), Fan("b", FixedPressure(-6000.0)))

    found = solve(Network(ways, fans, ("s", "o")))

    assert [(each.code, each.airway) for each in found.notices] == [("reversed", "a"), ("reversed", "b")]


@pytest.mark.parametrize("value", [0.0, -0.1, math.nan, math.inf])
def test_resistances_that_cannot_be_are_named(value: float) -> None:
    with pytest.raises(ConfigError, match="shaft: resistance cannot be"):
        single(FALLING, 2.0).with_airway(Airway("shaft", "surface", "face", value))


def test_everything_wrong_is_named_at_once() -> None:
    ways = (Airway("a", "s", "s", 1.0), Airway("b", "s", "o", 1.0, adjust=-1.0), Airway("b", "s", "o", 1.0))
    with pytest.raises(ConfigError) as failure:
        Network(ways, (Fan("x", FALLING), Fan("b", FixedFlow(math.nan))), ("nowhere",))

    for text in ("given twice", "a: end cannot be", "adjust cannot be", "x: a fan's airway", "not finite", "nowhere"):
        assert text in str(failure.value)


def test_disconnected_parts_are_named() -> None:
    ways = (Airway("a", "s", "o", 1.0), Airway("b", "lost", "gone", 1.0))
    with pytest.raises(ConfigError, match="gone, lost: a part is not connected"):
        solve(Network(ways, (), ("s", "o")))


def test_fixed_flows_without_a_way_back_have_no_solution() -> None:
    ways = (Airway("a", "s", "m", 1.0), Airway("b", "m", "o", 1.0))
    with pytest.raises(ConfigError, match="m: fixed flows alone lead into a part"):
        solve(Network(ways, (Fan("a", FixedFlow(10.0)), Fan("b", FixedFlow(12.0))), ("s", "o")))


@pytest.mark.parametrize(
    "points", [[(0.0, 1.0)], [(0.0, 1.0), (0.0, 2.0)], [(1.0, 1.0), (0.0, 2.0)], [(0.0, math.nan)]]
)
def test_curves_that_are_none_are_refused(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ConfigError, match=r"fan\.points"):
        FanCurve.from_points(points)


def test_a_solver_refuses_another_shape() -> None:
    with pytest.raises(ConfigError, match="another shape"):
        Solver(single(FALLING)).solve(drawn(1, 5, 4))


def two_faces(first: float, second: float) -> Network:
    ways = (
        Airway("in", "s", "a", 0.02),
        Airway("face 1", "a", "b", 0.5, adjust=first, least_m3_s=20.0),
        Airway("face 2", "a", "b", 0.5, adjust=second, least_m3_s=20.0),
        Airway("out", "b", "o", 0.02),
    )
    return Network(ways, (Fan("out", FALLING),), ("s", "o"))


def test_advice_opens_regulators_and_slows_the_fan_until_a_face_has_just_its_air() -> None:
    moves = advise(two_faces(1.0, 0.0))

    best = moves[0]
    assert best.kind == "regulator_and_fans"
    assert best.allowed
    assert best.saved_fan_kw > 0
    faces = [abs(best.solution.flow_m3_s[name]) for name in ("face 1", "face 2")]
    assert min(faces) == pytest.approx(20.0, abs=0.05)
    assert [move.saved_fan_kw for move in moves if move.allowed] == sorted(
        (move.saved_fan_kw for move in moves if move.allowed), reverse=True
    )
    again = solve(best.solution.network)
    assert again.friction_kw == pytest.approx(best.solution.friction_kw, rel=1e-6)


def test_a_move_that_takes_a_face_its_air_is_no_advice() -> None:
    moves = advise(replace(two_faces(0.0, 3.0), fans=(Fan("out", FALLING, speed=0.8),)), shares=(0.0, 50.0))

    bad = [move for move in moves if move.shortages]
    assert bad
    assert not any(move.allowed for move in bad)
    assert all(not move.shortages for move in moves[: len(moves) - len(bad)])


def test_advice_asks_for_sound_shares() -> None:
    with pytest.raises(ConfigError, match="slowest"):
        advise(two_faces(1.0, 1.0), slowest=0.0)
    with pytest.raises(ConfigError, match="shares"):
        advise(two_faces(1.0, 1.0), shares=(-1.0,))
