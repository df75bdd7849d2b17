"""Bills settled into periods, and a baseline of them: against numpy, by properties, and in the long run."""

from __future__ import annotations

import itertools
import math
import random
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import EvidenceError
from ovoo_models.efficiency.savings.bill_model import BillData, fit_bills
from ovoo_models.efficiency.savings.bill_periods import Bill, BillPeriod, settle
from ovoo_models.efficiency.savings.bill_saving import baseline_record, prove_bills
from ovoo_models.efficiency.savings.change_point import Settings
from ovoo_models.efficiency.savings.degree_days import amounts_of, degree_days
from ovoo_models.efficiency.savings.observations import DAY_NS, Observations
from ovoo_models.efficiency.savings.saving import Plan, prove


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 10**9


def read(start: str, end: str, kwh: float, kind: str = "read", document: str = "") -> Bill:
    return Bill(at(start), at(end), kwh, kind, document)  # type: ignore[arg-type]  # the tests give texts


JAN, FEB, MAR = (
    read("2026-01-05", "2026-02-04", 300.0),
    read("2026-02-04", "2026-03-06", 200.0),
    read("2026-03-06", "2026-04-03", 100.0),
)


def found(bills: Sequence[Bill]) -> list[str]:
    return [fault.name for fault in settle(bills).faults]


def test_sound_bills_are_their_periods_in_order_of_time() -> None:
    book = settle([FEB, MAR, JAN])

    assert book.faults == ()
    assert [(each.days, each.kwh, each.bills) for each in book.periods] == [
        (30.0, 300.0, (2,)), (30.0, 200.0, (0,)), (28.0, 100.0, (1,)),
    ]  # fmt: skip


def test_a_bill_that_stands_twice_counts_once_and_is_named() -> None:
    book = settle([JAN, FEB, JAN])

    assert [(fault.name, fault.rows, fault.fatal) for fault in book.faults] == [("twice", (0, 2), False)]
    assert math.fsum(each.kwh for each in book.periods) == 500.0


@pytest.mark.parametrize(
    ("more", "name"),
    [
        pytest.param(read("2026-01-05", "2026-02-04", 310.0), "two_bills", id="same_period_other_energy"),
        pytest.param(read("2026-02-01", "2026-02-20", 50.0), "overlap", id="overlap"),
        pytest.param(read("2026-01-05", "2026-02-05", 10.0, "replaces"), "corrects_nothing", id="replaces_nothing"),
        pytest.param(read("2026-01-10", "2026-02-04", -9.0, "adds"), "corrects_nothing", id="adds_to_part_of_a_bill"),
    ],
)
def test_contradictions_are_refused_with_the_bills_they_are_in(more: Bill, name: str) -> None:
    book = settle([JAN, FEB, more])

    (fatal,) = [fault for fault in book.faults if fault.fatal]
    assert (fatal.name, 2 in fatal.rows) == (name, True)
    assert book.periods == ()
    with pytest.raises(EvidenceError, match="bills") as error:
        book.refuse()
    assert error.value.offender == f"bills.{name}"


def test_a_missing_month_and_use_below_nought_are_named() -> None:
    book = settle([JAN, read("2026-02-04", "2026-03-06", -20.0), MAR])

    assert [fault.name for fault in book.faults] == ["negative", "gap"]
    assert book.faults[1].numbers["days"] == 30.0
    assert [each.kwh for each in book.periods] == [300.0, 100.0]
    assert found([JAN, MAR]) == ["gap"]


def test_an_estimate_is_joined_with_the_next_read_and_an_open_one_left_out() -> None:
    guess = read("2026-02-04", "2026-03-06", 250.0, "estimated")
    joined, still_open = settle([JAN, guess, MAR]), settle([JAN, guess])

    assert [(each.days, each.kwh) for each in joined.periods] == [(30.0, 300.0), (58.0, 350.0)]
    assert [fault.name for fault in joined.faults] == ["estimated"]
    assert [each.kwh for each in still_open.periods] == [300.0]
    assert [fault.name for fault in still_open.faults] == ["estimated_open"]


def test_corrections_replace_their_bill_or_add_to_the_bills_of_their_period() -> None:
    replaced = settle([JAN, FEB, MAR, read("2026-02-04", "2026-03-06", 180.0, "replaces")])
    credit = settle([JAN, FEB, MAR, read("2026-01-05", "2026-03-06", -60.0, "adds")])

    assert [each.kwh for each in replaced.periods] == [300.0, 180.0, 100.0]
    assert [fault.name for fault in replaced.faults] == ["replaced"]
    assert [(each.days, each.kwh) for each in credit.periods] == [(60.0, 440.0), (28.0, 100.0)]
    assert [fault.name for fault in credit.faults] == ["corrected"]


def test_a_bill_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(EvidenceError, match="ends before it starts"):
        read("2026-02-04", "2026-02-04", 1.0)
    with pytest.raises(EvidenceError, match="without energy"):
        read("2026-02-04", "2026-03-04", math.nan)


@given(
    lengths=st.lists(st.integers(20, 45), min_size=1, max_size=30),
    kinds=st.lists(st.sampled_from(["read", "estimated"]), min_size=30, max_size=30),
    order=st.randoms(use_true_random=False),
)
def test_whatever_the_order_all_energy_up_to_the_last_read_counts_once(
    lengths: list[int], kinds: list[str], order: random.Random
) -> None:
    bills, start = [], 0
    for n, length in enumerate(lengths):
        bills.append(Bill(start, start + length * DAY_NS, float(n + 1), kinds[n]))  # type: ignore[arg-type]
        start += length * DAY_NS
    mixed = list(bills)
    order.shuffle(mixed)
    periods = settle(mixed).periods
    last = max((n for n, bill in enumerate(bills) if bill.kind == "read"), default=-1)

    assert math.fsum(each.kwh for each in periods) == math.fsum(range(1, last + 2))
    assert all(a.end_ns == b.start_ns for a, b in itertools.pairwise(periods))
    assert {mixed[row].start_ns for each in periods for row in each.bills} == {b.start_ns for b in bills[: last + 1]}


def history(seed: int, months: int, noise: float = 30.0, saved: float = 0.0) -> tuple[BillData, list[int]]:
    """Bills of 26 to 35 days: 100 kWh a day, 4 a ton, 20 a degree-day, an error of `noise` a day."""
    chance, start, periods, tons, cold = random.Random(seed), at("2024-01-03"), [], [], []
    lengths = [chance.randint(26, 35) for _ in range(months)]
    for n, length in enumerate(lengths):
        made, degree = chance.uniform(500, 1500), max(0.0, 300 * math.cos(n * math.pi / 6) + chance.uniform(0, 40))
        kwh = 100 * length + 4 * made + 20 * degree + chance.gauss(0.0, noise * math.sqrt(length))
        kwh *= 1.0 - (saved if n >= 24 else 0.0)
        periods.append(BillPeriod(start, start + length * DAY_NS, kwh, (n,)))
        start += length * DAY_NS
        tons.append(made)
        cold.append(degree)
    return BillData(tuple(periods), {"tons": tons, "cold": cold}), lengths


def part(data: BillData, first: int, last: int) -> BillData:
    return BillData(data.periods[first:last], {name: column[first:last] for name, column in data.amounts.items()})


def test_the_fit_and_its_interval_are_those_of_weighted_least_squares() -> None:
    data, lengths = history(3, 25)
    baseline, last = part(data, 0, 24), part(data, 24, 25)
    model = fit_bills(baseline)
    weight = 1 / np.sqrt(lengths[:24])
    design = np.column_stack([lengths[:24], data.amounts["cold"][:24], data.amounts["tons"][:24]])
    energy = np.array([each.kwh for each in baseline.periods])
    solution, rss, _, _ = np.linalg.lstsq(design * weight[:, None], energy * weight, rcond=None)
    inverse = np.linalg.inv((design * weight[:, None]).T @ (design * weight[:, None]))
    row = np.array([lengths[24], last.amounts["cold"][0], last.amounts["tons"][0]])
    sigma2 = rss[0] / (24 - 3) * model.widening

    assert model.coefficients == pytest.approx(solution, rel=1e-9)
    assert model.named().keys() == {"per_day", "cold", "tons"}
    half = 1.7207429 * math.sqrt(sigma2 * (lengths[24] + row @ inverse @ row))  # t of 21 degrees of freedom, 90 %
    assert model.half_width([float(each) for each in row]) == pytest.approx(half, rel=1e-3)
    fitted = design @ solution
    assert model.r2 == pytest.approx(
        1 - rss[0] / np.sum((energy - energy.sum() / sum(lengths[:24]) * design[:, 0]) ** 2 / lengths[:24]), rel=1e-9
    )
    assert fitted @ (1 / design[:, 0]) > 0


def test_a_known_saving_is_found_with_its_record_and_a_short_time_is_wider() -> None:
    data, _ = history(5, 36, saved=0.12)
    year, month = prove_bills(part(data, 0, 24), part(data, 24, 36)), prove_bills(part(data, 0, 24), part(data, 24, 25))

    assert year.low < 0.12 * year.expected < year.high
    assert year.provable
    assert month.fsu > year.fsu
    assert prove_bills(part(data, 0, 24), part(data, 24, 36)).record == year.record
    assert year.record.results["verdict"] == "provable"
    assert baseline_record(part(data, 0, 24), year.model).results["periods"] == "24"


def test_the_interval_covers_what_nobody_saved_nine_times_of_ten() -> None:
    covered = 0
    for seed in range(1000):
        data, _ = history(seed, 27)
        found_ = prove_bills(part(data, 0, 24), part(data, 24, 27))
        covered += found_.low <= 0.0 <= found_.high

    assert 885 <= covered <= 960  # widened by correlation, never narrowed: on the safe side of 900


def test_months_of_the_same_meter_tell_less_than_its_days() -> None:
    chance = random.Random(4)
    tons = [chance.uniform(20, 60) for _ in range(395)]
    kwh = [100 + 4 * each + chance.gauss(0.0, 12.0) for each in tons]
    days = array("q", [n * DAY_NS for n in range(395)])
    daily = Observations(days, array("d", kwh), {"tons": array("d", tons)})
    bounds = [*range(0, 366, 30), 395]  # 12 bills of 30 days, 5 more, then one of the last days
    periods = [
        BillPeriod(a * DAY_NS, b * DAY_NS, math.fsum(kwh[a:b]), (n,))
        for n, (a, b) in enumerate(itertools.pairwise(bounds))
    ]
    bills = BillData(tuple(periods), {"tons": amounts_of(days, tons, periods)})

    settings = Settings("tons", splits=("none",), signs=(0, 0))
    fine = prove(daily.rows(range(360)), daily.rows(range(360, 395)), Plan(settings))
    coarse = prove_bills(part(bills, 0, 12), part(bills, 12, 13))

    assert coarse.high - coarse.low > fine.interval.high - fine.interval.low
    assert coarse.low < 0.0 < coarse.high


@pytest.mark.parametrize(
    ("change", "offender"),
    [
        pytest.param(lambda data: part(data, 0, 7), "bills", id="too_few"),
        pytest.param(
            lambda data: BillData(data.periods, {**data.amounts, "twin": data.amounts["tons"]}), "twin", id="twins"
        ),
        pytest.param(
            lambda data: BillData(data.periods, {"tons": [-x for x in data.amounts["tons"]]}), "tons", id="wrong_sign"
        ),
    ],
)  # fmt: skip
def test_a_baseline_that_cannot_be_is_refused_by_name(change: object, offender: str) -> None:
    with pytest.raises(EvidenceError) as error:
        fit_bills(change(history(1, 24)[0]))  # type: ignore[operator]

    assert error.value.offender == offender


def test_a_period_without_its_driver_is_left_out_and_named() -> None:
    data, _ = history(2, 26)
    tons = [math.nan if n in (3, 24) else x for n, x in enumerate(data.amounts["tons"])]
    holed = BillData(data.periods, {**data.amounts, "tons": tons})

    proof = prove_bills(part(holed, 0, 24), part(holed, 24, 26))

    assert (len(proof.model.used), proof.used) == (23, (1,))
    assert [(row["period"], row["name"], row["rows"]) for row in proof.record.excluded] == [
        ("baseline", "missing", [4]), ("reporting", "missing", [1]),
    ]  # fmt: skip
    with pytest.raises(EvidenceError, match="overlap"):
        prove_bills(part(data, 0, 24), part(data, 20, 26))


def test_degree_days_take_days_by_their_share_and_say_when_too_few_are_known() -> None:
    days = [n * DAY_NS for n in range(10)]
    mean = [10.0, 20.0, math.nan, *[6.0] * 7]
    whole, cut = BillPeriod(0, 10 * DAY_NS, 1.0, ()), BillPeriod(DAY_NS // 2, 2 * DAY_NS, 1.0, ())

    assert degree_days(days, mean, [whole, cut], 16.0, "heating").tolist() == pytest.approx([76.0 * 10 / 9, 3.0])
    assert degree_days(days, mean, [cut], 16.0, "cooling").tolist() == [4.0]
    assert math.isnan(degree_days(days, mean, [BillPeriod(DAY_NS, 4 * DAY_NS, 1.0, ())], 16.0, "heating")[0])
    assert amounts_of(days, array("d", [1.0] * 10), [BillPeriod(-DAY_NS, 2 * DAY_NS, 1.0, ())], 0.5).tolist() == [3.0]
