"""Meter trees: what is refused by name, balances by hand, reconciliation against numpy."""

from __future__ import annotations

import math
import random
from array import array
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError, NotReady
from ovoo_models import _balance_kernels_py as twin
from ovoo_models._select import balance_kernels
from ovoo_models.efficiency.balance import (
    Meter,
    MeterTree,
    balances,
    flows,
    reconcile,
    serial_elimination,
    swapped,
)
from ovoo_models.efficiency.balance.equations import Equations
from ovoo_models.efficiency.balance.matrix import chi_square_limit, chi_square_tail, inverse
from scipy.stats import chi2  # type: ignore[import-untyped]

from tests.models.conftest import odd_rows


def meter(name: str, parent: str | None = None, **more: Any) -> Meter:
    return Meter(
        name, more.pop("carrier", "electricity"), more.pop("unit", "kWh"), more.pop("grade", 0.5), parent, **more
    )


def plant() -> MeterTree:
    """main = hall + office - sun; hall = press + kiln + mill."""
    return MeterTree(
        (
            meter("main"),
            meter("hall", "main"),
            meter("office", "main"),
            meter("sun", "main", direction="feed"),
            meter("press", "hall"),
            meter("kiln", "hall"),
            meter("mill", "hall"),
        )
    )


READ = {"main": 900.0, "hall": 800.0, "office": 200.0, "sun": 100.0, "press": 300.0, "kiln": 400.0, "mill": 100.0}


def test_balances_equal_hand_values() -> None:
    main, hall = balances(plant(), {**READ, "mill": 60.0})

    assert (main.inflow.value, main.outflow.value, main.imbalance.value) == (1000.0, 1000.0, 0.0)
    expected = 0.005 / math.sqrt(3) * math.sqrt(800**2 + 300**2 + 400**2 + 60**2)
    assert hall.imbalance.value == 40.0
    assert hall.imbalance.sigma == pytest.approx(expected)
    assert (main.explained, hall.explained) == (True, False)
    assert hall.loss_share.value == pytest.approx(0.05)
    low, high = (760 / 800 * (1 + k) for k in (-1e-6, 1e-6))
    assert low < 1 - hall.loss_share.value < high


def test_loss_share_has_the_uncertainty_of_draws() -> None:
    rng = np.random.default_rng(1)
    names = ("hall", "press", "kiln", "mill")
    draws = {name: READ[name] * (1 + rng.uniform(-0.005, 0.005, 200_000)) for name in names}
    shares = 1 - (draws["press"] + draws["kiln"] + draws["mill"]) / draws["hall"]

    assert balances(plant(), READ)[1].loss_share.sigma == pytest.approx(shares.std(), rel=0.02)


def test_units_of_a_tree_convert_to_that_of_its_root() -> None:
    tree = MeterTree((meter("main", unit="MWh"), meter("a", "main"), meter("b", "main", unit="GJ")))

    (found,) = balances(tree, {"main": 2.0, "a": 1000.0, "b": 3.6})

    assert found.imbalance.value == pytest.approx(0.0, abs=1e-12)
    assert found.imbalance.unit == "MWh"


def test_missing_meters_leave_a_rest_that_is_not_tested() -> None:
    found = balances(plant(), {**READ, "mill": math.nan})[1]

    assert (found.missing, found.explained, found.imbalance.value) == (("mill",), None, 100.0)


def test_flows_close_at_every_node() -> None:
    found = flows(plant(), {**READ, "mill": 60.0, "office": 205.0})

    assert {(each.source, each.target, each.kind): each.value.value for each in found} == {
        ("main", "hall", "metered"): 800.0,
        ("main", "office", "metered"): 205.0,
        ("sun", "main", "metered"): 100.0,
        ("hall", "press", "metered"): 300.0,
        ("hall", "kiln", "metered"): 400.0,
        ("hall", "mill", "metered"): 60.0,
        ("hall", "hall loss", "loss"): 40.0,
        ("main surplus", "main", "surplus"): 5.0,
    }
    assert [each.kind for each in flows(plant(), {**READ, "mill": math.nan}) if each.source == "hall"][-1] == "rest"


def test_a_meter_wired_the_wrong_way_round_is_named() -> None:
    turned = MeterTree(tuple(replace(each, direction="use") for each in plant().meters))

    assert swapped(turned, READ) == ("sun",)
    assert swapped(plant(), READ) == ()


def faults(*meters: Meter) -> str:
    with pytest.raises(ConfigError) as failure:
        MeterTree(meters)
    return str(failure.value)


def test_trees_that_are_none_are_refused_by_name() -> None:
    assert "there is no meter" in faults()
    assert "a: a meter is listed twice" in faults(meter("m"), meter("a", "m"), meter("a", "m"))
    assert "a: a meter has two parents" in faults(meter("m"), meter("n"), meter("a", "m"), meter("a", "n"))
    assert "a: meters feed each other in a loop" in faults(meter("m"), meter("a", "b"), meter("b", "a"))
    assert "s: meters feed each other in a loop" in faults(meter("s", "s"))
    assert "a: the parent is missing" in faults(meter("m"), meter("a", "x"))
    assert "a: units of" in faults(meter("m"), meter("a", "m", unit="kW"))
    assert "a: unknown unit" in faults(meter("m"), meter("a", "m", unit="furlong"))
    assert "a: another carrier" in faults(meter("m"), meter("a", "m", carrier="steam"))
    assert "m: no such carrier" in faults(meter("m", carrier="hope"))
    assert "m: no such class" in faults(meter("m", grade=0.0))
    assert "m: floor cannot be" in faults(meter("m", floor=-1.0))
    assert "m: a root feeds nothing" in faults(meter("m", direction="feed"))


def test_readings_that_cannot_be_are_named_together() -> None:
    with pytest.raises(ConfigError) as failure:
        balances(plant(), {"main": -5.0, "hall": math.inf, "nobody": 1.0})

    for text in ("main: a flow cannot be", "hall: a flow cannot be", "nobody: no such meter"):
        assert text in str(failure.value)
    with pytest.raises(ConfigError, match="no such meter"):
        plant().meter("nobody")


def drawn(seed: int) -> tuple[MeterTree, dict[str, float]]:
    """A random tree, some meters missing, and flows that balance."""
    rng = random.Random(seed)
    made = [meter("m0")]
    for k in range(1, rng.randrange(4, 16)):
        made.append(meter(f"m{k}", f"m{rng.randrange(k)}", grade=rng.choice([0.2, 0.5, 1.0, 2.0])))
    tree = MeterTree(tuple(made))
    truth: dict[str, float] = {}
    for each in reversed(made):
        under = tree.under(each.name)
        truth[each.name] = math.fsum(truth[child.name] for child in under) if under else rng.uniform(10, 1000)
    return tree, truth


@given(st.integers(0, 5000))
@settings(max_examples=80, deadline=None)
def test_reconciliation_equals_least_squares_by_numpy(seed: int) -> None:
    tree, truth = drawn(seed)
    rng = random.Random(seed)
    read = {n: x * rng.uniform(0.99, 1.01) for n, x in truth.items() if rng.random() < 0.8}
    try:
        found = reconcile(tree, read)
    except NotReady:
        return
    names = [each.name for each in tree.meters]
    rows = np.zeros((len(tree.nodes), len(names)))
    for i, node in enumerate(tree.nodes):
        rows[i, names.index(node)] = 1
        for each in tree.under(node):
            rows[i, names.index(each.name)] = -1
    # unmeasured flows free: the flows that balance are a plane, in which the weighted distance is least
    plane = np.linalg.svd(rows)[2][len(tree.nodes) :].T
    measured = [k for k, name in enumerate(names) if name in read]
    sigma = np.array([tree.sigma(names[k], read[names[k]]) for k in measured])
    design = plane[measured] / sigma[:, None]
    aim = np.array([read[names[k]] for k in measured]) / sigma
    solution, _, rank, _ = np.linalg.lstsq(design, aim, rcond=None)
    values = plane @ solution
    free = np.linalg.svd(design)[2][rank:].T
    for k, flow in enumerate(found.flows):
        told = bool(np.abs(plane[k] @ free).max(initial=0.0) < 1e-9)
        assert told == (flow.kind != "unobservable")
        if told:
            assert flow.value.value == pytest.approx(values[k], rel=1e-9)
            spread = np.sqrt(max(plane[k] @ np.linalg.pinv(design.T @ design) @ plane[k], 0.0))
            assert flow.value.sigma == pytest.approx(spread, rel=1e-6, abs=1e-9)
    assert found.chi_square == pytest.approx(float(((design @ solution - aim) ** 2).sum()), rel=1e-6, abs=1e-9)
    assert found.freedom == len(measured) - rank
    assert found.probability == pytest.approx(chi2.sf(found.chi_square, found.freedom), rel=1e-8, abs=1e-12)
    assert found.imbalance_share < 1e-9


def test_flows_nobody_measures_are_computed_where_they_can_be() -> None:
    kinds = Equations.of(plant(), {"main", "office", "sun", "press", "kiln", "mill"}).kinds

    assert kinds["hall"] == "observable"
    assert kinds["mill"] == "redundant"
    assert Equations.of(plant(), {"main", "hall", "office", "sun", "press"}).kinds == {
        "main": "redundant", "hall": "redundant", "office": "redundant", "sun": "redundant",
        "press": "just_measured", "kiln": "unobservable", "mill": "unobservable",
    }  # fmt: skip
    found = reconcile(plant(), {name: READ[name] for name in READ if name != "hall"})
    assert found.flow("hall").value.value == pytest.approx(800.0)
    assert math.isnan(found.flow("hall").adjustment)
    with pytest.raises(ConfigError, match="no such meter"):
        found.flow("nobody")


def test_without_a_complete_balance_nothing_is_reconciled() -> None:
    with pytest.raises(NotReady, match="no balance can be closed"):
        reconcile(plant(), {"press": 1.0})


def test_a_plant_that_stands_still_needs_a_floor() -> None:
    still = dict.fromkeys(READ, 0.0)
    with pytest.raises(ConfigError, match="give the meters a floor"):
        reconcile(plant(), still)

    floored = MeterTree(tuple(replace(each, floor=0.1) for each in plant().meters))

    assert not reconcile(floored, still).suspects.shown
    assert all(each.explained for each in balances(floored, still))


def test_meters_a_snapshot_cannot_tell_apart_are_named_as_a_set() -> None:
    found = reconcile(plant(), {**READ, "kiln": 400.0 * 1.1})

    assert found.probability < 1e-6
    assert found.suspects.shown
    assert set(found.suspects.tied) == {("press", "kiln", "mill")}
    assert {"press", "kiln", "mill"} <= set(found.suspects.meters)
    assert "office" not in found.suspects.meters
    assert found.suspects.bias["kiln"].value == pytest.approx(40.0, abs=1.0)


def test_two_gross_errors_are_taken_out_one_after_the_other() -> None:
    steps = serial_elimination(plant(), {**READ, "kiln": 440.0, "office": 240.0})

    assert len(steps) == 2
    named = {name for step in steps for name in step.meters}
    assert {"kiln", "office"} <= named
    assert serial_elimination(plant(), READ) == ()


@given(st.floats(0.001, 400), st.integers(1, 60))
def test_the_tail_of_chi_square_is_that_of_scipy(value: float, freedom: int) -> None:
    assert chi_square_tail(value, freedom) == pytest.approx(chi2.sf(value, freedom), rel=1e-9, abs=1e-14)
    assert chi_square_tail(chi_square_limit(0.01, freedom), freedom) == pytest.approx(0.01, rel=1e-9)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 30])
def test_matrix_kernels_equal_their_twins_and_numpy(n: int) -> None:
    rng = np.random.default_rng(n)
    root = rng.normal(size=(n, n))
    matrix = root @ root.T + np.eye(n)
    flat = array("d", matrix.ravel().tolist())
    outcomes = []
    for module in (balance_kernels, twin):
        factor, work, out = flat[:], array("d", bytes(8 * n * n)), array("d", bytes(8 * n * n))
        assert module.cholesky(factor, n) == -1
        module.inverse_of(factor, n, work, out)
        times = array("d", bytes(8 * n * n))
        module.row_products(factor, out, n, n, n, times)
        outcomes.append((factor.tobytes(), work.tobytes(), out.tobytes(), times.tobytes()))
    assert outcomes[0] == outcomes[1]
    assert np.allclose(np.array(inverse(flat, n)).reshape(n, n), np.linalg.inv(matrix), rtol=1e-9, atol=1e-10)


def test_a_matrix_that_is_not_definite_is_refused_by_row() -> None:
    with pytest.raises(ConfigError, match="row 1"):
        inverse([1.0, 1.0, 1.0, 1.0], 2)


@pytest.mark.parametrize("seed", range(4))
def test_products_of_readings_equal_their_twin_and_leave_gaps_out(seed: int) -> None:
    rows = odd_rows(200, 3, seed)
    values = array("d", [x if abs(x) < 1e100 else math.inf for x in rows.values])
    outcomes = []
    for module in (balance_kernels, twin):
        products = array("d", bytes(8 * 16))
        outcomes.append((module.gram_rows(values, 3, 200, products), products.tobytes()))
    assert outcomes[0] == outcomes[1]
    table = np.array(values).reshape(-1, 3)
    whole = table[np.isfinite(table).all(axis=1)]
    full = np.column_stack([whole, np.ones(len(whole))])
    assert outcomes[0][0] == len(whole)
    assert np.allclose(np.frombuffer(outcomes[0][1]).reshape(4, 4), full.T @ full)
