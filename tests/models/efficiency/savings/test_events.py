from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence

import pytest
from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_models.efficiency.savings.change_point import Settings
from ovoo_models.efficiency.savings.cusum import cusum
from ovoo_models.efficiency.savings.intensity import ratio_indicator, regression_indicator
from ovoo_models.efficiency.savings.non_routine import Decision, KnownEvent, Proposal, adjust, propose
from ovoo_models.efficiency.savings.observations import DAY_NS, Observations
from ovoo_models.efficiency.savings.rebaseline import rebaseline
from ovoo_models.efficiency.savings.saving import Plan, Saving, prove
from ovoo_models.efficiency.savings.shifts import stretches
from ovoo_models.efficiency.savings.time_of_week import HourlySettings, fit_hourly, path_of_days
from ovoo_models.efficiency.savings.uncertainty import bootstrap

from tests.models.efficiency.savings.meters import FIRST_NS, changed, hourly_meter, meter

PLAN = Plan(settings=Settings(splits=("none",)), draws=200)


def steps(*parts: tuple[int, float], seed: int = 1, noise: float = 1.0) -> list[float]:
    rng = random.Random(seed)
    return [level + noise * rng.gauss(0, 1) for rows, level in parts for _ in range(rows)]


def test_a_shift_is_found_where_it_is() -> None:
    parts = stretches(steps((60, 0.0), (30, 4.0), (60, 0.0)))

    assert [part.start for part in parts] == pytest.approx([0, 60, 90], abs=2)
    assert [part.mean for part in parts] == pytest.approx([0.0, 4.0, 0.0], abs=0.5)


def test_noise_alone_seldom_shifts() -> None:
    assert sum(len(stretches(steps((200, 0.0), seed=seed))) > 1 for seed in range(40)) <= 2


def test_a_shift_limit_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match="stretches"):
        stretches([1.0], limit=0.0)


def test_the_cusum_ends_at_the_saving_and_turns_where_the_measure_began() -> None:
    saved = steps((80, 0.0), (120, 5.0))
    times = [FIRST_NS + k * DAY_NS for k in range(200)]

    found = cusum(times, saved)

    assert found.total[-1] == pytest.approx(sum(saved))
    (turn,) = found.turns
    assert abs(turn.time_ns - times[80]) <= 2 * DAY_NS
    assert turn.after - turn.before == pytest.approx(5.0, abs=0.6)


def thrown() -> tuple[Observations, Observations]:
    """A saving of 10 % that a month of extra load in the reporting period hides in part."""
    data = meter(days=600, saved=0.1, saved_from=365)
    data = changed(data, {row: data.energy[row] + 30.0 for row in range(450, 480)})
    return data.rows(range(365)), data.rows(range(365, 600))


def proposed(saving: Saving, after: Observations, log: Sequence[KnownEvent] = ()) -> tuple[Proposal, ...]:
    times = [after.time_ns[i] for i in saving.used]
    expected = [v + after.energy[i] for v, i in zip(saving.series, saving.used, strict=True)]
    return propose(times, [-v for v in saving.series], DAY_NS, log, expected)


def test_an_event_is_proposed_matched_decided_and_both_results_stay() -> None:
    before, after = thrown()
    saving = prove(before, after, PLAN)
    log = [
        KnownEvent("second kiln on trial", FIRST_NS + 451 * DAY_NS, FIRST_NS + 479 * DAY_NS, "log 17"),
        KnownEvent("elsewhere", FIRST_NS + 380 * DAY_NS, FIRST_NS + 385 * DAY_NS, "log 9"),
    ]

    (proposal,) = proposed(saving, after, log)
    decision = Decision(proposal.id, True, "Li Wei", "trial run, not part of the measure", FIRST_NS + 600 * DAY_NS)
    both = adjust(before, after, PLAN, [proposal], [decision])

    assert [event.name for event in proposal.matched] == ["second kiln on trial"]
    assert proposal.size == pytest.approx(30.0, abs=3.0)
    assert both.left_out == pytest.approx(30, abs=2)
    assert both.as_measured.record.id == saving.record.id
    assert both.adjusted.avoided.value > both.as_measured.avoided.value + 500
    assert both.decisions == (decision,)


def test_a_refused_proposal_changes_nothing() -> None:
    before, after = thrown()
    saving = prove(before, after, PLAN)
    (proposal,) = proposed(saving, after)

    both = adjust(before, after, PLAN, [proposal], [Decision(proposal.id, False, "Li Wei", "is production", 1)])

    assert both.left_out == 0
    assert both.adjusted.record.id == both.as_measured.record.id
    with pytest.raises(EvidenceError, match="no such proposal"):
        adjust(before, after, PLAN, [proposal], [Decision("nre_0", True, "Li Wei", "?", 1)])


@pytest.mark.parametrize(("name", "reason"), [("", "why"), ("Li Wei", " ")])
def test_a_decision_is_signed_and_reasoned(name: str, reason: str) -> None:
    with pytest.raises(EvidenceError, match="decision"):
        Decision("nre_1", True, name, reason, 1)


def test_the_ratio_weighs_products() -> None:
    found = ratio_indicator(
        [100.0, 50.0, math.nan], {"a": [10.0, 5.0, 9.0], "b": [5.0, 5.0, 9.0]}, {"a": 1.0, "b": 2.0}
    )

    assert (found.energy, found.output, found.rows) == (150.0, 35.0, 2)
    assert found.value == pytest.approx(150 / 35)
    with pytest.raises(EvidenceError, match="weights"):
        ratio_indicator([1.0], {"a": [1.0], "b": [1.0]})
    with pytest.raises(EvidenceError, match="nothing was produced"):
        ratio_indicator([1.0], {"a": [0.0]})
    with pytest.raises(EvidenceError, match="below nought"):
        ratio_indicator([1.0], {"a": [-1.0]})


def test_the_regression_parts_base_load_and_products() -> None:
    rng = random.Random(1)
    a, b = ([rng.uniform(0, 50) for _ in range(200)] for _ in range(2))
    energy = [500.0 + 8.0 * x + 3.0 * y + rng.gauss(0, 5) for x, y in zip(a, b, strict=True)]

    found = regression_indicator(energy, {"a": a, "b": b})

    assert not found.base.stands_out_from(500.0)
    assert not found.specific["a"].stands_out_from(8.0)
    assert found.specific["b"].value == pytest.approx(3.0, abs=0.1)
    assert found.performance([0.9 * e for e in energy], {"a": a, "b": b}) == pytest.approx(0.9, abs=1e-6)
    with pytest.raises(EvidenceError, match=r"b: .*others say the same"):
        regression_indicator(energy, {"a": a, "b": [2 * x for x in a]})
    with pytest.raises(EvidenceError, match="below nought"):
        regression_indicator([500.0 - x for x in a], {"a": a})


def load(name: str) -> Observations:
    """Meter by name; the ones called `short` have too few days."""
    kind, _, seed = name.partition("-")
    return meter(days=40 if kind == "short" else 120, seed=int(seed))


def test_many_meters_on_two_processes_give_what_one_gives() -> None:
    names = [f"m-{k}" for k in range(40)] + ["short-1"]

    alone, shared = (rebaseline(names, load, Settings(splits=("none",)), processes=count) for count in (1, 2))

    assert alone == shared
    assert alone[-1].fit is None
    assert "too few usable days" in alone[-1].refused
    assert all(each.fit is not None for each in alone[:-1])


def test_a_meter_named_twice_and_no_process_are_refused() -> None:
    with pytest.raises(ConfigError, match="twice"):
        rebaseline(["a-1", "a-1"], load)
    with pytest.raises(ConfigError, match="processes"):
        rebaseline(["a-1"], load, processes=0)


def test_an_hourly_saving_has_an_interval_from_whole_days() -> None:
    data = hourly_meter(days=112)
    before, after = data.rows(range(84 * 24)), data.rows(range(84 * 24, len(data)))
    model = fit_hourly(before)
    proved = prove(before, after, Plan(settings=HourlySettings(), draws=400))
    path = path_of_days(model, before, after, range(len(after)))
    expected = model.predict(after)
    saving = sum(e - y for e, y in zip(expected, after.energy, strict=True))

    found = bootstrap(path, saving, draws=400)

    assert sum(path.reporting) == pytest.approx(-saving)
    assert proved.avoided.value == pytest.approx(saving)
    assert (proved.interval.low, proved.interval.high) == (found.low, found.high)
    assert not proved.provable
    assert proved.record.coefficients["all.kind"] == "time_of_week"
    assert found.low < found.high
    # the errors of 28 days of 24 hours with sigma 0.5, and those of the model: some dozens of kWh at most
    assert 5.0 < found.sigma < 60.0


def test_columns_of_a_regression_must_match() -> None:
    with pytest.raises(EvidenceError, match="length"):
        ratio_indicator(array("d", [1.0]), {"a": [1.0, 2.0]})
