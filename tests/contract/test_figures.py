"""Figures: the same digits whatever the order."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import EvidenceError
from ovoo_contract.figures import figure, mean, total

from tests.contract.strategies import QUICK, finite


@QUICK
@given(st.lists(st.floats(-1e15, 1e15)), st.integers(0, 9))
def test_a_total_is_exact_and_knows_no_order(values: list[float], seed: int) -> None:
    shuffled = random.Random(seed).sample(values, len(values))

    assert total(values) == total(shuffled) == float(sum((Fraction(value) for value in values), Fraction(0)))


def test_a_mean_needs_values() -> None:
    assert mean([1.0, 2.0, 4.5]) == 2.5
    with pytest.raises(EvidenceError, match="no values"):
        mean([])


@pytest.mark.parametrize("values", [[math.nan], [math.inf], [math.inf, -math.inf], [1.7e308] * 9])
def test_what_is_not_finite_has_no_total(values: list[float]) -> None:
    with pytest.raises(EvidenceError):
        total(values)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.125, 2, "0.12"),
        (0.375, 2, "0.38"),
        (2.675, 2, "2.67"),
        (-0.001, 2, "0.00"),
        (-0.0, 0, "0"),
        (1e22, 1, "10000000000000000000000.0"),
        (1234.5, 0, "1234"),
        (1235.5, 0, "1236"),
        (5e-324, 3, "0.000"),
        (7, 2, "7.00"),
        (Decimal("1.005"), 2, "1.00"),
    ],
)
def test_a_figure_is_rounded_half_even_on_its_exact_value(value: float, digits: int, text: str) -> None:
    assert figure(value, digits) == text


@QUICK
@given(finite, st.integers(0, 30))
def test_a_figure_is_the_nearest_decimal(value: float, digits: int) -> None:
    text = figure(value, digits)

    assert abs(Fraction(text) - Fraction(value)) <= Fraction(1, 2 * 10**digits)
    assert len(text.partition(".")[2]) == digits


@pytest.mark.parametrize(("value", "digits"), [(math.nan, 1), (math.inf, 1), (1.0, -1), (1.0, 31)])
def test_what_is_no_figure_is_refused(value: float, digits: int) -> None:
    with pytest.raises(EvidenceError):
        figure(value, digits)
