"""Every part of the score against points worked out by hand, and the sums against plain arithmetic."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.diagnosis.usage import LinkFacts
from ovoo_cloud.readiness.limits import PARTS, Limits
from ovoo_cloud.readiness.score import Span, link_state, machine_parts, weighted
from ovoo_cloud.readiness.snapshot import freeze_readiness
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.quality import BAD, CLOCK_SUSPECT, SHIFTED, TIME_FROM_SERVER
from ovoo_packs import load_methods

from tests.cloud.readiness import plant
from tests.cloud.readiness.plant import DAY, HOUR, LINK, MINUTE, Made, entry, every_minute, wave

LIMITS = Limits.of(load_methods())


def frozen(*made: Made, days: int = 2, links: Any = (LINK,)) -> Any:
    return freeze_readiness(plant.plan(days), plant.source_of(*made, links=links), plant.ISSUE).data


def signal(data: Any, name: str = "temp") -> Any:
    return next(row for m in data["machines"] for row in m["signals"] if row["signal"].endswith(f"/{name}"))


def points(data: Any, part: str, name: str = "temp") -> list[str] | None:
    found: list[str] | None = signal(data, name)["parts"][part]
    return found


def exact(value: str) -> list[str]:
    return [value, value]


def test_a_signal_without_a_fault_lacks_only_a_template() -> None:
    data = frozen(Made(entry("temp", "degC"), every_minute(2, wave)))

    assert {part: points(data, part) for part in PARTS if part != "catalogue"} == {
        part: exact("100.0000") for part in PARTS if part != "catalogue"
    }
    assert points(data, "catalogue") == exact("80.0000")
    assert data["figures"]["readiness.site.score"]["value"] == "99.0"


def test_a_hole_of_a_quarter_costs_its_coverage_and_by_its_length_its_continuity() -> None:
    """12 of 48 hours are missing: 75 points of coverage; half of the 24 hours at which continuity is 0."""
    rows = [row for row in every_minute(2, wave) if not 6 * HOUR <= row[0] < 18 * HOUR]

    data = frozen(Made(entry("temp", "degC"), rows))

    assert points(data, "coverage") == exact("75.0000")
    assert points(data, "continuity") == exact("50.0000")
    assert signal(data)["gaps"] == [0, 0, 1, 0]
    assert data["machines"][0]["days"] == ["50", "100"]
    assert signal(data)["longest_min"] == 720
    assert data["figures"]["readiness.longest_h"]["value"] == "12.0"


def test_a_silent_signal_is_zero_where_that_is_certain_and_a_range_elsewhere() -> None:
    data = frozen(Made(entry("temp", "degC"), []))

    assert points(data, "coverage") == exact("0.0000")
    assert points(data, "continuity") == exact("0.0000")
    for part in ("movement", "plausibility", "quality", "order"):
        assert points(data, part) == ["0.0000", "100.0000"]
    assert points(data, "clock") == ["50.0000", "100.0000"]
    assert data["figures"]["readiness.site.score"]["value"] is None
    assert data["figures"]["readiness.silent"]["value"] == "1"


@pytest.mark.parametrize(
    ("offset_ms", "ends"),
    [
        (20, ["100.0000", "100.0000"]),
        (-1000, ["100.0000", "100.0000"]),
        (4000, ["62.5000", "62.5000"]),
        (None, ["50.0000", "100.0000"]),
    ],
)
def test_the_clock_is_half_what_gateways_tell(offset_ms: int | None, ends: list[str]) -> None:
    link = LinkFacts("gw", (plant.SITE,), offset_ms=offset_ms)

    assert points(frozen(Made(entry("temp", "degC"), every_minute(2, wave)), links=[link]), "clock") == ends


def test_doubtful_times_cost_their_share_of_the_other_half() -> None:
    """A quarter of the rows carries a flag: 100 - 25 for the rows, 100 for the gateway."""
    flags = {0: CLOCK_SUSPECT, 1: TIME_FROM_SERVER, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0}

    data = frozen(Made(entry("temp", "degC"), every_minute(2, wave, lambda n: flags[n % 8])))

    assert points(data, "clock") == exact("87.5000")
    assert signal(data)["flagged"] == 720
    assert points(data, "quality") == exact("100.0000")


def test_a_flat_stretch_counts_by_its_time_and_zeros_of_a_stopped_machine_do_not() -> None:
    """12 h of 50.0 in 48 h, less the two borders of the stretch: 719 of 2,879 minutes between samples."""
    flat = every_minute(2, lambda n: 50.0 if 600 <= n < 1320 else wave(n) + 0.5)
    stopped = every_minute(2, lambda n: 0.0 if 600 <= n < 1320 else wave(n) + 0.5)

    data = frozen(Made(entry("temp", "degC"), flat), Made(entry("power", "kW"), stopped))

    assert signal(data)["flat_h"] == "12.0"
    share = Decimal(719) / Decimal(2879)
    assert points(data, "movement") == exact(f"{100 - 100 * share:.4f}")
    assert points(data, "movement", "power") == exact("100.0000")


def test_a_counter_at_rest_and_a_switch_are_not_flat() -> None:
    data = frozen(
        Made(entry("energy", "kWh", high=None, low=None), every_minute(2, lambda n: 7.0)),
        Made(entry("on", "1", type="bool"), every_minute(2, lambda n: 1.0)),
    )

    assert points(data, "movement", "energy") is None
    assert points(data, "movement", "on") is None
    assert points(data, "plausibility", "on") is None


def test_values_outside_the_range_cost_their_share() -> None:
    data = frozen(Made(entry("temp", "degC"), every_minute(2, lambda n: 200.0 if n % 5 == 0 else wave(n))))

    assert points(data, "plausibility") == exact("80.0000")
    assert signal(data)["outside"] == 576


def test_without_a_range_plausibility_is_open() -> None:
    data = frozen(Made(entry("temp", "degC", low=None, high=None), every_minute(2, wave)))

    assert points(data, "plausibility") == ["0.0000", "100.0000"]
    assert signal(data)["missing"] == ["template", "range"]
    assert data["figures"]["readiness.site.score"]["low"] == "88.0"  # 10 open points, 2 of 5 catalogue points


def test_bad_and_shifted_rows_cost_their_share_and_repeated_ones_too() -> None:
    def quality(n: int) -> int:
        return BAD if n % 10 == 0 else SHIFTED if n % 10 == 1 else 0

    link = LinkFacts("gw", (plant.SITE,), stored=950, duplicates=50, offset_ms=0)
    data = frozen(Made(entry("temp", "degC"), every_minute(2, wave, quality)), links=[link])

    assert points(data, "quality") == exact("90.0000")
    assert points(data, "order") == exact("85.0000")
    assert signal(data)["codes"] == [["0x00000000", 2592], ["0x80000000", 288]]


def test_a_signal_sent_on_change_stands_for_twenty_minutes() -> None:
    """One sample every 20 minutes covers everything; one every 40 minutes half."""
    often = [(n * 20 * MINUTE, wave(n), 0) for n in range(144)]
    seldom = [(n * 40 * MINUTE, wave(n), 0) for n in range(72)]

    data = frozen(
        Made(entry("a", "degC", uplink="on_change"), often), Made(entry("b", "degC", uplink="on_change"), seldom)
    )

    assert points(data, "coverage", "a") == exact("100.0000")
    assert points(data, "coverage", "b") == exact("50.0000")
    assert points(data, "movement", "a") is None


def test_a_signal_sent_as_minute_figures_is_judged_by_its_means() -> None:
    base = entry("temp", "degC", uplink="aggregate_1m")
    mean = SignalEntry(
        plant.ASSET.signal("temp_1m_mean"),
        "degC",
        period_s=60.0,
        measurement="telemetry_1m",
        field="mean",
        model="temp",
    )

    data = frozen(Made(base, []), Made(mean, every_minute(1, wave)))

    assert points(data, "coverage") == exact("50.0000")
    assert len(data["machines"][0]["signals"]) == 1


def test_the_first_line_of_the_list_gains_what_mending_it_really_gains() -> None:
    """Score the site, mend the first line, score again: the difference is the printed gain, to a tenth."""
    whole = Made(entry("temp", "degC"), every_minute(2, wave))
    half = Made(entry("flow", "m3/h"), [row for row in every_minute(2, wave) if row[0] < DAY])

    broken = frozen(whole, half)
    first = broken["todo"][0]
    mended = frozen(whole, Made(half.entry, every_minute(2, wave)))

    assert (first["part"], first["signals"]) == ("coverage", [str(half.entry.address)])
    gained = {row["part"]: Decimal(broken["figures"][row["figure"]]["value"]) for row in broken["todo"]}
    difference = Decimal(mended["figures"]["readiness.site.score"]["value"]) - Decimal(
        broken["figures"]["readiness.site.score"]["value"]
    )
    assert gained["coverage"] == Decimal("7.50")
    assert gained["coverage"] + gained["continuity"] == pytest.approx(difference, abs=Decimal("0.2"))


tenths = st.integers(0, 1000).map(lambda each: Fraction(each, 10))
spans = st.tuples(tenths, tenths).map(lambda ends: Span(min(ends), max(ends)))
parts = st.fixed_dictionaries({part: st.none() | spans for part in PARTS})


@given(st.lists(parts, min_size=1, max_size=6))
def test_scores_stay_between_0_and_100_and_the_range_upright(rows: list[dict[str, Span | None]]) -> None:
    own = machine_parts(rows)
    if all(span is None for span in own.values()):
        return

    score = weighted(own, LIMITS)

    assert 0 <= score.low <= score.high <= 100
    assert min(s.low for s in own.values() if s is not None) <= score.low


@given(parts, st.sampled_from(PARTS), spans, spans)
def test_a_better_part_never_lowers_the_score(
    row: dict[str, Span | None], part: str, before: Span, better: Span
) -> None:
    row = {**row, part: before}
    raised = {**row, part: Span(max(before.low, better.low), max(before.high, better.high))}

    assert weighted(raised, LIMITS).low >= weighted(row, LIMITS).low
    assert weighted(raised, LIMITS).high >= weighted(row, LIMITS).high


def test_gateways_of_another_site_say_nothing_of_this_one() -> None:
    state = link_state([LinkFacts("a", ("elsewhere",), offset_ms=9, stored=1, duplicates=1)], plant.SITE)

    assert (state.offset_ms, state.duplicate_share) == (None, None)
    assert link_state([LINK, LinkFacts("b", (plant.SITE,), offset_ms=-70)], plant.SITE).offset_ms == 70
    assert link_state([LinkFacts("a", (plant.SITE,), stored=3, duplicates=1)], plant.SITE).duplicate_share == Fraction(
        1, 4
    )
