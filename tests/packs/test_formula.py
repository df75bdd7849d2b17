"""KPI formulas: parsed, refused, evaluated; not known is not zero."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import PackError
from ovoo_packs import Formula


def test_terms_are_found_in_order() -> None:
    formula = Formula.parse("integral(power) / (increase(trips) * mean(payload))")

    assert formula.terms == (("integral", "power"), ("increase", "trips"), ("mean", "payload"))


@pytest.mark.parametrize(
    "text",
    ["open(x)", "mean('x')", "mean(x, y)", "mean(x=1)", "x", "-mean(x)", "mean(x) ** 2", "1 +", "'text'", "a.b(c)", ""],
)
def test_what_is_not_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(PackError):
        Formula.parse(text)


@given(st.floats(-1e6, 1e6), st.floats(0.1, 1e6))
def test_value_is_plain_arithmetic(first: float, second: float) -> None:
    values = {("mean", "a"): first, ("maximum", "b"): second}

    result = Formula.parse("(mean(a) + 2) / maximum(b) - 1 * 3").evaluate(lambda kind, name: values[kind, name])

    assert result == (first + 2) / second - 3


@pytest.mark.parametrize("missing", [None, 0.0])
def test_missing_or_zero_divisor_gives_no_value(missing: float | None) -> None:
    assert Formula.parse("mean(a) / mean(b)").evaluate(lambda _, name: 1.0 if name == "a" else missing) is None
