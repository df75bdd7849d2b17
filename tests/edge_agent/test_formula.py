"""Expressions: what they mean (against Python's own arithmetic), what is refused and how, and alignment in time."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigError
from ovoo_contract.quality import BAD_OUT_OF_RANGE, CLOCK_SUSPECT, SHIFTED, UNCERTAIN_LAST_USABLE
from ovoo_contract.samples import SampleBatch
from ovoo_edge import _formula_py
from ovoo_edge._select import COMPILED, formula_kernels
from ovoo_edge.derived import DerivedSignal, FormulaRegisters, deriving, read_derived
from ovoo_edge.formula import compile_formula

from tests.edge_agent.support import SECOND, T0, make_batch

NAMES = ("a", "b", "c")
ENTRIES = [SignalEntry(Address.parse(f"ent/site/area/line/asset/{name}"), "kW") for name in NAMES]


def expressions() -> st.SearchStrategy[str]:
    leaf = st.one_of(st.sampled_from(NAMES), st.integers(0, 9).map(str), st.sampled_from(["0.5", "1e3", ".25"]))

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        two = st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!="]), inner)
        return st.one_of(
            two.map(lambda part: f"({part[0]} {part[1]} {part[2]})"),
            st.tuples(inner, inner).map(lambda part: f"min({part[0]}, {part[1]})"),
            st.tuples(inner, inner, inner).map(lambda part: f"max({part[0]},{part[1]},{part[2]})"),
            st.tuples(inner, inner, inner).map(lambda part: f"if({part[0]}, {part[1]}, {part[2]})"),
            st.tuples(inner, inner).map(lambda part: f"clamp({part[0]}, {part[1]}, {part[1]} + 2)"),
            st.tuples(inner, st.integers(0, 4)).map(lambda part: f"({part[0]})**{part[1]}"),
            inner.map(lambda part: f"-{part}"),
            inner.map(lambda part: f"abs({part})"),
            inner.map(lambda part: f"sqrt({part})"),
        )

    return st.recursive(leaf, grow, max_leaves=12)


class Known:
    """The oracle's number: Python's own operators, with unknown for what has no answer."""

    def __init__(self, value: float) -> None:
        self.value = float(value)

    def __add__(self, other: Known) -> Known:
        return Known(self.value + other.value)

    def __sub__(self, other: Known) -> Known:
        return Known(self.value - other.value)

    def __mul__(self, other: Known) -> Known:
        return Known(self.value * other.value)

    def __truediv__(self, other: Known) -> Known:
        return Known(self.value / other.value if other.value else math.nan)

    def __neg__(self) -> Known:
        return Known(-self.value)

    def __abs__(self) -> Known:
        return Known(abs(self.value))

    def __pow__(self, other: Known) -> Known:
        return Known(math.prod([self.value] * int(other.value), start=1.0))

    def compared(self, other: Known, holds: bool) -> Known:
        unknown = math.isnan(self.value) or math.isnan(other.value)
        return Known(math.nan if unknown else float(holds))

    def __lt__(self, other: Known) -> Known:
        return self.compared(other, self.value < other.value)

    def __le__(self, other: Known) -> Known:
        return self.compared(other, self.value <= other.value)

    def __gt__(self, other: Known) -> Known:
        return self.compared(other, self.value > other.value)

    def __ge__(self, other: Known) -> Known:
        return self.compared(other, self.value >= other.value)

    def __eq__(self, other: object) -> Known:  # type: ignore[override]  # an expression's, not an object's
        assert isinstance(other, Known)
        return self.compared(other, self.value == other.value)

    def __ne__(self, other: object) -> Known:  # type: ignore[override]  # likewise
        assert isinstance(other, Known)
        return self.compared(other, self.value != other.value)

    __hash__ = None  # type: ignore[assignment]  # compared by expressions only


def _unless_unknown(values: Sequence[Known], pick: float) -> Known:
    return Known(math.nan if any(math.isnan(item.value) for item in values) else pick)


def oracle(text: str, values: Sequence[float]) -> float:
    """Python parses and computes; only the test does so."""
    number = "".join(f"Known({part})" if part[0].isdigit() or part[0] == "." else part for part in _split(text))
    scope = {
        **{name: Known(value) for name, value in zip(NAMES, values, strict=True)},
        "Known": Known,
        "min": lambda *of: _unless_unknown(of, min(item.value for item in of)),
        "max": lambda *of: _unless_unknown(of, max(item.value for item in of)),
        "sqrt": lambda of: Known(math.sqrt(of.value) if of.value >= 0 else math.nan),
        "clamp": lambda of, low, high: _unless_unknown([of, low, high], min(max(of.value, low.value), high.value)),
        "choose": lambda of, one, two: Known(math.nan) if math.isnan(of.value) else one if of.value else two,
    }
    found: Known = eval(number.replace("if(", "choose("), scope)
    return found.value


def _split(text: str) -> list[str]:
    parts, current = [], ""
    for position, sign in enumerate(text):
        numeric = (
            sign.isdigit() or sign == "." or (sign == "e" and current[:1].isdigit() and text[position + 1].isdigit())
        )
        if numeric == (current[:1].isdigit() or current[:1] == "."):
            current += sign
        else:
            parts.append(current)
            current = sign
    return [part for part in [*parts, current] if part]


def evaluate_once(text: str, values: Sequence[float]) -> tuple[float, int]:
    """The value and quality for one instant."""
    formula = compile_formula(f"{text} + 0*(a + b + c)" if not all(name in text for name in NAMES) else text, "x")
    rows = make_batch([(index, T0, value) for index, value in enumerate(values)])
    inputs = array("I", [NAMES.index(name) for name, _ in formula.inputs])
    _, value, quality = formula_kernels.evaluate(
        formula.code, formula.constants, inputs, bytes(len(inputs)), FormulaRegisters(len(inputs)),
        rows.signal, rows.time_ns, rows.value, rows.quality,
    )  # fmt: skip
    return value[0], quality[0]


FINITE = st.floats(-1e6, 1e6)


@settings(max_examples=400, deadline=None)
@given(expressions(), FINITE, FINITE, FINITE)
def test_an_expression_means_what_arithmetic_says(text: str, one: float, two: float, three: float) -> None:
    whole = f"({text}) + 0*(a + b + c)"

    value, quality = evaluate_once(whole, (one, two, three))

    expected = oracle(whole, (one, two, three))
    if math.isfinite(expected):
        assert math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9 * abs(expected))
        assert quality == 0
    else:
        assert math.isnan(value)
        assert quality == BAD_OUT_OF_RANGE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + 2*max(b, c)", 7.0),
        ("-a**2", -1.0),
        ("2 - 1 - 1 + 0*a", 0.0),
        ("8 / 4 / 2 + 0*a", 1.0),
        ("b**0.5 * b**0.5 / b", 1.0),
        ("if(a < b, 10, 20)", 10.0),
        ("if(a >= b, 10, 20)", 20.0),
        ("clamp(c, 0, 2.5)", 2.5),
        ("--a", 1.0),
        ("{a} + {area/line/asset/b}", 3.0),
    ],
)
def test_precedence_and_functions(text: str, expected: float) -> None:
    derived, errors = read_derived([table(text)], "ent", "site", ENTRIES)
    assert not errors
    derive = deriving(derived, catalogue_of(derived))
    assert derive is not None
    found = derive(make_batch([(0, T0, 1.0), (1, T0, 2.0), (2, T0, 3.0)]))
    assert found.value[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must not be empty"),
        ("  ", "is empty (character 3)"),
        ("a +", "has 'the end' where a value should stand (character 4)"),
        ("a + * b", "has '*' where a value should stand (character 5)"),
        ("(a + b", "has 'the end' where ')' should stand (character 7)"),
        ("a b", "has 'b' where it should end (character 3)"),
        ("a < b < c", "compares twice in a row (character 7)"),
        ("a ** b", "exponent that is not allowed (character 6)"),
        ("a ** 17", "a whole number up to 16"),
        ("a ** 1.5", "exponent that is not allowed"),
        ("system(a)", "calls 'system', which is no function (character 1)"),
        ("a; b", "has ';', which means nothing here (character 2)"),
        ("__import__('os')", "which is no function"),
        ("a.real", "has '.', which means nothing here (character 2)"),
        ("sqrt(a, b)", "gives sqrt 2 values"),
        ("max(a)", "gives max 1 values"),
        ("if(a, b)", "write if(condition, then, else)"),
        ("rate(a + b)", "has '+' where ')' should stand"),
        ("rate(2)", "wants a signal in rate(...)"),
        ("1 + 2", "names no signal"),
        ("a + 1e999", "a number beyond a double"),
        ("(" * 40 + "a" + ")" * 40, "nested too deeply"),
        ("a + 1" * 400, "is too long"),
        ("a + nothing", "'nothing' is not a signal of this gateway (character 5)"),
        ("a + {x/y}", "write {signal} or {area/line/asset/signal}"),
        ("a + {A!}", "not a legal address part"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, words: str) -> None:
    _, errors = read_derived([table(text)], "ent", "site", ENTRIES)
    assert len(errors) == 1
    assert words in str(errors[0])
    assert "derived[0]" in str(errors[0])


@settings(max_examples=300)
@given(st.text(alphabet="ab+-*/(){}<>=!., 0123456789eE_minax'\"\\\n", max_size=40))
def test_any_text_is_a_formula_or_a_fault_in_words(text: str) -> None:
    try:
        formula = compile_formula(text, "derived[0]")
    except ConfigError as error:
        refused = error.remedy
    else:
        refused = ""
        inputs = len(formula.inputs)
        _formula_py._check(formula.code, len(formula.constants), inputs, inputs)
        assert inputs
    assert refused or text.strip()


def test_cycles_unknown_classes_and_doubles_are_refused() -> None:
    tables = [table("y + a", "x"), table("z", "y"), table("x", "z"), table("q", "q")]
    _, errors = read_derived(tables, "ent", "site", ENTRIES)
    assert any("depends on itself" in str(error) and "x -> y -> z -> x" in str(error) for error in errors)

    secret = [SignalEntry(ENTRIES[0].address, "kW", data_class="core"), *ENTRIES[1:]]
    _, errors = read_derived([table("a + b")], "ent", "site", secret)
    assert "is lower than that of an input" in str(errors[0])
    _, errors = read_derived([table("a", "b")], "ent", "site", ENTRIES)
    assert "address stands twice" in str(errors[0])
    _, errors = read_derived([{**table("a"), "units": "kW", "unit": "furlong"}], "ent", "site", ENTRIES)
    assert any("unknown key" in str(error) for error in errors)


def test_inputs_are_aligned_by_their_last_value_and_the_worst_quality_wins() -> None:
    derived, _ = read_derived([table("a + b")], "ent", "site", ENTRIES)
    derive = deriving(derived, catalogue_of(derived))
    assert derive is not None
    first = make_batch([(0, T0, 1.0), (0, T0 + 2 * SECOND, 2.0), (1, T0 + SECOND, 10.0), (1, T0 + 3 * SECOND, 20.0)])
    first.quality[2] = UNCERTAIN_LAST_USABLE | CLOCK_SUSPECT | SHIFTED

    one = derive(first)
    two = derive(make_batch([(0, T0 + SECOND, 99.0), (0, T0 + 4 * SECOND, 3.0)]))

    # nothing before b is known; a sample from the past changes nothing
    assert [(at - T0) // SECOND for at in one.time_ns] == [1, 2, 3]
    assert list(one.value) == [11.0, 12.0, 22.0]
    assert list(one.quality) == [UNCERTAIN_LAST_USABLE | CLOCK_SUSPECT] * 2 + [0]
    assert (list(two.time_ns), list(two.value)) == ([T0 + 4 * SECOND], [23.0])


def test_inputs_of_one_instant_in_two_batches_are_both_used() -> None:
    derived, _ = read_derived([table("a + b")], "ent", "site", ENTRIES)
    derive = deriving(derived, catalogue_of(derived))
    assert derive is not None
    derive(make_batch([(0, T0, 1.0), (1, T0, 1.0)]))
    derive(make_batch([(0, T0 + SECOND, 2.0)]))
    derive(make_batch([(1, T0 + SECOND, 5.0)]))
    assert list(derive(make_batch([(0, T0 + 2 * SECOND, 3.0)])).value) == [8.0]


def test_rate_and_delta_follow_their_own_signal() -> None:
    derived, _ = read_derived([table("rate(a)", "r"), table("delta(a) + 0*b", "d")], "ent", "site", ENTRIES)
    derive = deriving(derived, catalogue_of(derived))
    assert derive is not None
    rows = [(0, T0, 1.0), (0, T0 + 2 * SECOND, 5.0), (0, T0 + 4 * SECOND, 4.0), (1, T0 + 3 * SECOND, 7.0)]
    found = derive(make_batch(rows))
    assert list(found.value) == [2.0, -0.5, 4.0, -1.0]
    assert list(found.signal) == [3, 3, 4, 4]


def test_derived_signals_may_use_each_other_in_any_order() -> None:
    derived, errors = read_derived([table("2*y", "x"), table("a + b", "y")], "ent", "site", ENTRIES)
    assert not errors
    assert [signal.entry.address.signal for signal in derived] == ["y", "x"]
    derive = deriving(derived, catalogue_of(derived))
    assert derive is not None
    found = derive(make_batch([(0, T0, 1.0), (1, T0, 2.0)]))
    assert (list(found.signal), list(found.value)) == ([3, 4], [3.0, 6.0])


@pytest.mark.skipif(not COMPILED, reason="the kernels were not built")
@settings(max_examples=200, deadline=None)
@given(
    expressions(),
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 30),
            st.one_of(st.floats(allow_nan=True), st.floats(-5, 5)),
            st.sampled_from([0, UNCERTAIN_LAST_USABLE, BAD_OUT_OF_RANGE | CLOCK_SUSPECT]),
        ),
        max_size=40,
    ),
)  # fmt: skip
def test_kernel_and_twin_give_the_same_bits(text: str, rows: list[tuple[int, int, float, int]]) -> None:
    formula = compile_formula(f"({text}) + rate(a) * delta(b)", "x")
    inputs = array("I", [NAMES.index(name) for name, _ in formula.inputs])
    kinds = bytes(kind for _, kind in formula.inputs)
    batch = make_batch([(signal, T0 + at, value) for signal, at, value, _ in rows])
    batch.quality = array("I", [quality for *_, quality in rows])
    states = [FormulaRegisters(len(inputs)) for _ in range(2)]
    for part in (batch.take(range(len(rows) // 2)).sorted(), batch.take(range(len(rows) // 2, len(rows))).sorted()):
        one, two = (
            module.evaluate(
                formula.code, formula.constants, inputs, kinds, state,
                part.signal, part.time_ns, part.value, part.quality,
            )
            for module, state in zip((formula_kernels, _formula_py), states, strict=True)
        )  # fmt: skip
        assert [column.tobytes() for column in one] == [column.tobytes() for column in two]
        for name in ("quality", "ready", "seen_ns", "newest_ns"):
            assert getattr(states[0], name) == getattr(states[1], name)


@pytest.mark.parametrize("module", [formula_kernels, _formula_py], ids=["kernel", "twin"])
@pytest.mark.parametrize("code", [[], [2 << 24], [255 << 24], [7], [1 << 24 | 3], [0, 0]])
def test_what_is_no_program_is_refused(module: object, code: list[int]) -> None:
    empty = SampleBatch.empty()
    with pytest.raises(ValueError, match="program"):
        module.evaluate(  # type: ignore[attr-defined]  # either module
            array("I", code), array("d", [1.0]), array("I", [0]), bytes(1), FormulaRegisters(1),
            empty.signal, empty.time_ns, empty.value, empty.quality,
        )  # fmt: skip


def table(expression: str, name: str = "total") -> dict[str, object]:
    return {"signal": f"area/line/asset/{name}", "expression": expression, "unit": "kW"}


def catalogue_of(derived: Sequence[DerivedSignal]) -> Catalogue:
    return Catalogue([*ENTRIES, *(signal.entry for signal in derived)])
