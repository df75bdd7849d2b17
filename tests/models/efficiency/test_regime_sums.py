"""Sums by regime give the fit that raw data give, merge in any order and survive the wire."""

from __future__ import annotations

import json
import math
from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ovoo_contract.errors import ArtifactError, ConfigError, NotReady
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.regime_sums import RegimeSums

NAMES = ("flow", "pressure", "inlet")


def table(n: int, seed: int = 1, offset: float = 0.0) -> tuple[NDArray[np.float64], list[int]]:
    """Three variables, power, and a regime a row; `offset` lies on everything."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)) * [10.0, 0.1, 3.0] + [50.0, 0.7, 20.0]
    regime = rng.integers(0, 3, n)
    y = 40 + x @ np.array([2.0, 90.0, 0.5]) + 25 * regime + rng.normal(0, 1.5, n)
    return np.column_stack([x, y]) + offset, regime.tolist()


def pushed(values: NDArray[np.float64], regime: list[int], cut: int = 10**9) -> RegimeSums:
    sums = RegimeSums(NAMES, "power", 3)
    for start in range(0, len(values), cut):
        part = values[start : start + cut]
        block = FrameBlock(array("q", range(len(part))), array("d", part.ravel().tolist()), 4)
        sums.push(block, (0, 1, 2, 3), regime[start : start + cut])
    return sums


def direct(values: NDArray[np.float64], columns: list[int]) -> NDArray[np.float64]:
    centre = values.mean(axis=0)
    shifted = values - centre
    slopes = np.linalg.lstsq(shifted[:, columns], shifted[:, 3], rcond=None)[0]
    fit: NDArray[np.float64] = np.array([centre[3] - centre[columns] @ slopes, *slopes])
    return fit


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("columns", [[0], [0, 1], [0, 1, 2], [2, 0]])
@pytest.mark.parametrize("regime", range(3))
def test_a_refit_is_the_fit_of_the_raw_rows(offset: float, columns: list[int], regime: int) -> None:
    values, codes = table(3000, offset=offset)
    own = values[np.array(codes) == regime]

    fit = pushed(values, codes).refit(regime, [NAMES[k] for k in columns])

    assert [fit.intercept, *fit.coefficients] == pytest.approx(direct(own, columns).tolist(), rel=1e-9, abs=1e-9)
    residual = own[:, 3] - fit.intercept - own[:, columns] @ np.array(fit.coefficients)
    assert fit.residual == pytest.approx(float(residual @ residual), rel=1e-9)
    assert fit.r2 == pytest.approx(1 - float(residual.var() / own[:, 3].var()), rel=1e-9)
    assert fit.rows == len(own)
    design = np.column_stack([np.ones(len(own)), own[:, columns] - own[:, columns].mean(axis=0)])
    spread = float(residual @ residual) / (len(own) - len(columns) - 1)
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design))[1:] * spread)
    assert fit.standard_errors == pytest.approx(errors.tolist(), rel=1e-7)


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("columns", [[0], [0, 1], [0, 1, 2], [2, 0]])
def test_standard_errors_are_those_of_the_inverse_normal_matrix(offset: float, columns: list[int]) -> None:
    values, codes = table(3000, offset=offset)
    own = values[np.array(codes) == 1]

    fit = pushed(values, codes).refit(1, [NAMES[k] for k in columns])

    # the oracle takes another way: a QR of the design with its column of ones, about the means for the digits' sake
    design = np.column_stack([np.ones(len(own)), own[:, columns] - own[:, columns].mean(axis=0)])
    _q, upper = np.linalg.qr(design)
    residual = own[:, 3] - design @ np.linalg.lstsq(design, own[:, 3], rcond=None)[0]
    spread = math.sqrt(float(residual @ residual) / (len(own) - len(columns) - 1))
    inverse = np.linalg.inv(upper)
    expected = spread * np.sqrt((inverse * inverse).sum(axis=1))[1:]
    assert list(fit.standard_errors) == pytest.approx(expected.tolist(), rel=1e-9)


def test_the_standard_error_of_one_variable_by_hand() -> None:
    sums = RegimeSums(("flow",), "power", 1)
    sums.push(FrameBlock(array("q", range(4)), array("d", [1, 1, 2, 3, 3, 2, 4, 5]), 2), (0, 1), [0] * 4)

    fit = sums.refit(0)

    # about the means: Sxx 5, Sxy 5.5, Syy 8.75; slope 1.1, residual 8.75 - 6.05 = 2.7 on two degrees of freedom
    assert fit.coefficients == pytest.approx((1.1,), rel=1e-12)
    assert fit.residual == pytest.approx(2.7, rel=1e-12)
    assert fit.standard_errors == pytest.approx((math.sqrt(2.7 / 2 / 5),), rel=1e-12)


def test_a_year_in_parts_merged_is_the_year() -> None:
    values, codes = table(6000)
    whole = pushed(values, codes)
    parts = [pushed(values[start : start + 500], codes[start : start + 500]) for start in range(0, 6000, 500)]
    for order in (parts, parts[::-1]):
        merged = RegimeSums(NAMES, "power", 3)
        for part in order:
            merged.merge(RegimeSums.from_json(part.to_json()))

        for regime in range(3):
            one, other = merged.refit(regime), whole.refit(regime)
            assert [one.intercept, *one.coefficients] == pytest.approx([other.intercept, *other.coefficients], rel=1e-9)
            assert one.residual == pytest.approx(other.residual, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 400))
def test_blocks_do_not_matter(cut: int) -> None:
    values, codes = table(400)

    assert pushed(values, codes, cut).to_json() == pushed(values, codes).to_json()


def test_rows_that_are_not_complete_or_of_no_regime_do_not_count() -> None:
    values, _codes = table(4)
    values[1, 2] = math.nan
    values[2, 3] = math.inf
    block = FrameBlock(array("q", range(4)), array("d", values.ravel().tolist()), 4)
    sums = RegimeSums(NAMES, "power", 3)

    assert sums.push(block, (0, 1, 2, 3), [0, 0, 0, 255]) == 1
    assert [sums.rows(k) for k in range(3)] == [1, 0, 0]


def test_what_does_not_suffice_is_refused_by_name() -> None:
    values, codes = table(300)
    values[:, 1] = 2 * values[:, 0] + 3
    sums = pushed(values, codes)

    with pytest.raises(NotReady, match="pressure"):
        sums.refit(0)
    assert sums.refit(0, ["flow", "inlet"]).rows > 50
    with pytest.raises(NotReady, match="too few rows"):
        RegimeSums(NAMES, "power").refit(1)
    with pytest.raises(ConfigError, match="no such variable"):
        sums.refit(0, ["humidity"])
    with pytest.raises(ConfigError, match="other variables"):
        sums.merge(RegimeSums(("flow",), "power", 3))
    with pytest.raises(ConfigError, match="all different"):
        RegimeSums(("power",), "power")
    with pytest.raises(ConfigError, match="regimes"):
        RegimeSums(("flow",), "power", 0)
    with pytest.raises(ConfigError, match="columns"):
        sums.push(FrameBlock.empty(4), (0, 1, 2, 9), [])


def test_damage_and_foreign_versions_are_found() -> None:
    data = pushed(*table(50)).to_json()
    document = json.loads(data)
    document["body"]["regimes"] = 4
    with pytest.raises(ArtifactError, match="damaged"):
        RegimeSums.from_json(json.dumps(document).encode())
    with pytest.raises(ArtifactError, match="foreign version"):
        RegimeSums.from_json(json.dumps({**document, "version": 2}).encode())
    with pytest.raises(ArtifactError, match="not regime sums"):
        RegimeSums.from_json(data[:-9])
    with pytest.raises(ArtifactError, match="not regime sums"):
        RegimeSums.from_json(b"[]")
