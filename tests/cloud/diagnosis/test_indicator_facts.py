"""Handling times, OEE, energy per output, links and the facts of scenes against values worked out by hand."""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.diagnosis.answers import resolve_scenes
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.evidence import MemorySource, PlatformFacts
from ovoo_cloud.diagnosis.frozen import FrozenSource
from ovoo_cloud.diagnosis.indicators import FACT_NAMES, INDICATORS, indicator
from ovoo_cloud.diagnosis.indicators.handling import quantile
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.diagnosis.usage import AlarmLife, LinkFacts, Usage
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import Language, catalogue, resolve
from ovoo_cloud.reports.tree import build_tree
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigErrors, EvidenceError
from ovoo_contract.samples import SampleBatch
from ovoo_packs import load_framework

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.mine import STEP_NS, Cut

ISSUE = Issue("T-1", "2026-06-08", 1, "test")
HOUR = 3_600_000_000_000
MINUTE = 60_000_000_000
FAN = "heishan-coal/heishan/ventilation/main/fan1"
HOIST = "heishan/shaft/main/hoist1"
SCENE_FACTS = {
    name for scene in load_framework("sme_2024").scenes for step in scene.levels for name in step.measured_by
}


def life(
    number: int, start_ns: int, *, severity: str = "warning", ack: int | None = 10, back: int | None = 30
) -> AlarmLife:
    """An alarm of the fan, one a day, acknowledged and returned so many minutes after it was raised."""
    raised = start_ns + 24 * number * HOUR
    return AlarmLife(
        f"fi_{number:04d}", FAN, "limit.high", severity, raised,
        None if ack is None else raised + ack * MINUTE, None if back is None else raised + back * MINUTE,
    )  # fmt: skip


def counted(
    case: Case, extra: Mapping[SignalEntry, Sequence[float]], cuts: Sequence[Cut] = (), usage: Usage | None = None
) -> MemorySource:
    """The mine with more signals, one value every five minutes from the start of the window."""
    listed = [*mine.entries(), *extra]
    parts = mine.batches(case.start_ns, case.end_ns, cuts)
    for index, values in enumerate(extra.values(), start=len(parts)):
        rows = len(values)
        times = array("q", range(case.start_ns, case.start_ns + rows * STEP_NS, STEP_NS))
        parts.append(SampleBatch(array("I", [index] * rows), times, array("d", values), array("I", bytes(4 * rows))))
    return MemorySource(
        listed,
        parts,
        catalogue_ids=[Catalogue(listed).id],
        platform=PlatformFacts(gateways=1, gateways_tls=1),
        usage=usage,
    )


def entry(signal: str, unit: str, **rest: Any) -> SignalEntry:
    return SignalEntry(mine.asset(HOIST).signal(signal), unit, period_s=300.0, **rest)


def operated(**told: Any) -> Case:
    """The sample case with an operation of the hoist."""
    raw = {**mine.case().raw, "operation": {"machines": [{"machine": "hoist1", **told}]}}
    return parse_case(raw)


STEPS = 35 * 288
TRIPS = [float(n) for n in range(STEPS)]
"""One trip every five minutes: 12 an hour."""
GOOD = [0.9 * n for n in range(STEPS)]
COUNTERS = {entry("trips", "count"): TRIPS, entry("good_trips", "count"): GOOD}
TOLD = {
    "planned_h": "1050",
    "ideal_per_h": "15",
    "output": {"signal": "trips", "kind": "counter"},
    "good": {"signal": "good_trips", "kind": "counter"},
}


def value(data: Any, name: str) -> str:
    return str(data["figures"][name]["value"])


def test_oee_is_the_product_of_its_three_factors_worked_out_by_hand() -> None:
    """The hoist's power never falls below a tenth: 840 h of 1050 h planned = 80 %. 10,079 trips of 840 h x 15 an hour
    = 12,600 are 80.0 %, nine tenths of them good: 0.80 x 0.80 x 0.90 = 57.6 %."""
    case = operated(**TOLD)

    data = freeze(case, counted(case, COUNTERS), ISSUE).data

    assert value(data, "oee.hoist1.running_h") == "840.0"
    assert value(data, "oee.hoist1.availability") == "80.0"
    assert value(data, "oee.hoist1.output") == "10079.000"
    assert value(data, "oee.hoist1.performance") == "80.0"
    assert value(data, "oee.hoist1.quality") == "90.0"
    assert value(data, "oee.hoist1.percent") == "57.6"
    assert value(data, "oee.hoist1.days") == "35"


@pytest.mark.parametrize(
    ("left_out", "factor", "reason"),
    [
        ("planned_h", "availability", "planned_time"),
        ("ideal_per_h", "performance", "ideal_rate"),
        ("good", "quality", "not_told"),
    ],
)
def test_a_missing_factor_is_named_and_makes_a_range_and_no_days(left_out: str, factor: str, reason: str) -> None:
    case = operated(**{key: told for key, told in TOLD.items() if key != left_out})

    data = freeze(case, counted(case, COUNTERS), ISSUE).data

    row = data["indicators"]["oee"][0]
    assert row["missing"] == {factor: reason}
    figure = data["figures"]["oee.hoist1.percent"]
    assert figure["value"] is None
    assert figure["low"] == "0.0"
    assert Decimal(figure["high"]) > Decimal(60)
    assert value(data, "oee.hoist1.days") == "0"


@pytest.mark.parametrize(
    ("wrong", "factor"), [({"planned_h": "700"}, "availability"), ({"ideal_per_h": "5"}, "performance")]
)
def test_a_part_above_its_whole_is_a_wrong_input_and_no_factor_above_a_hundred(
    wrong: dict[str, str], factor: str
) -> None:
    case = operated(**{**TOLD, **wrong})

    data = freeze(case, counted(case, COUNTERS), ISSUE).data

    assert data["indicators"]["oee"][0]["missing"] == {factor: "beyond"}
    row = data["figures"][f"oee.hoist1.{factor}"]
    assert (row["low"], row["high"], row["class"]) == ("0.0", "100.0", "insufficient")


def test_hours_that_nobody_saw_make_availability_a_range() -> None:
    case = operated(**TOLD)

    data = freeze(case, counted(case, COUNTERS, [Cut(HOIST, 0.5, 0.6)]), ISSUE).data

    row = data["figures"]["oee.hoist1.running_h"]
    assert (row["low"], row["high"], row["reason"]) == ("756.0", "840.0", "gap")
    assert value(data, "oee.hoist1.days") == "31"


def test_a_rate_per_minute_is_an_amount_and_energy_per_unit_divides_by_it() -> None:
    """0.2 t/min over 840 h less the last step are 10,079 t; the hoist draws 500 kW on average."""
    case = operated(output={"signal": "lift", "kind": "rate"})
    lift = {entry("lift", "kg/h"): [12_000.0] * STEPS}

    data = freeze(case, counted(case, lift), ISSUE).data

    assert value(data, "oee.hoist1.output") == "10079000.000"
    assert Decimal(value(data, "per_output.machine.hoist1")) == pytest.approx(Decimal("0.0417"), abs=Decimal("0.001"))
    assert data["figures"]["per_output.machine.hoist1"]["unit"] == "kWh/kg"


def test_energy_per_output_of_the_plant_needs_a_product_with_its_output() -> None:
    case = mine.case()
    raw = {**case.raw, "products": [{**case.raw["products"][0], "output": ""}]}

    known = freeze(case, mine.source(case), ISSUE).data
    unknown = freeze(parse_case(raw), mine.source(case), ISSUE).data

    assert Decimal(value(known, "per_output.product.coal")) == round(
        Decimal(value(known, "energy.kwh")) / Decimal(98500), 3
    )
    assert unknown["figures"]["per_output.product.coal"]["class"] == "insufficient"
    assert unknown["figures"]["per_output.product.coal"]["reason"] == "no_output"


@pytest.mark.parametrize(
    ("entry_told", "words"),
    [
        ({"machine": "rocket"}, "no such machine"),
        ({"ideal_per_h": "0"}, "nothing can be divided"),
        ({"class": "verified"}, "verified without a document"),
        ({"outptu": {}}, "unknown key"),
        ({"output": {"signal": "trips", "kind": "counts"}}, "not in the list"),
    ],
)
def test_a_wrong_operation_is_refused_by_name(entry_told: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigErrors, match=words):
        operated(**{"machine": "hoist1", **entry_told})


def test_handling_times_are_median_and_ninth_tenth_of_each_severity() -> None:
    case = mine.case()
    lives = [life(n, case.start_ns, ack=10 * (n + 1), back=100 * (n + 1) if n < 3 else None) for n in range(4)]
    usage = Usage(alarms=(*lives, life(9, case.start_ns, severity="critical", ack=None, back=5)))

    data = freeze(case, mine.source(case, usage=usage), ISSUE).data

    assert value(data, "handling.warning.raised") == "4"
    assert value(data, "handling.warning.closed_percent") == "75.0"
    assert value(data, "handling.warning.acknowledged_median") == "25.0"
    assert value(data, "handling.warning.acknowledged_p90") == "37.0"
    assert value(data, "handling.warning.returned_median") == "200.0"
    assert value(data, "handling.critical.closed") == "0"
    assert data["figures"]["handling.critical.acknowledged_median"]["class"] == "measured"
    assert data["figures"]["handling.critical.acknowledged_median"]["reason"] == "no_alarms"
    assert value(data, "handling.all.raised") == "5"


@given(st.lists(st.integers(0, 10**15), min_size=1, max_size=40), st.integers(0, 100))
def test_a_percentile_lies_between_its_neighbours(values: list[int], percent: int) -> None:
    found = quantile(values, percent)

    assert min(values) <= found <= max(values)
    assert quantile(values, 0) == min(values)
    assert quantile(values, 100) == max(values)
    assert found == quantile(values[::-1], percent)


def test_links_sum_up_and_a_gateway_that_told_nothing_is_insufficient() -> None:
    case = mine.case()
    told = LinkFacts(
        "gw1", ("heishan",), certificate=True, deliveries=1000, late=25, stored=9, duplicates=1, shifted=0,
        expected=2000, lost=3, delay_ms=840, offset_ms=-120,
    )  # fmt: skip

    data = freeze(case, mine.source(case, usage=Usage(links=(LinkFacts("gw2"), told))), ISSUE).data

    assert value(data, "network.lost_percent") == "0.15"
    assert value(data, "network.late_percent") == "2.50"
    assert value(data, "network.gw1.offset_ms") == "-120"
    assert data["figures"]["network.gw2.lost_percent"]["class"] == "insufficient"
    assert value(data, "network.reach_percent") == "83.3"
    assert [row["gateway"] for row in data["indicators"]["network"]["gateways"]] == ["gw1", "gw2"]


def facts_of(case: Case, usage: Usage, extra: Mapping[SignalEntry, Sequence[float]] | None = None) -> Any:
    return freeze(case, counted(case, extra or {}, usage=usage), ISSUE).data


def model(name: str, asset: str = "heishan/ventilation/main/fan1") -> dict[SignalEntry, list[float]]:
    """A score every five minutes."""
    return {
        SignalEntry(
            mine.asset(asset).signal(f"{name}-score"),
            "1",
            period_s=300.0,
            measurement="score",
            field="score",
            model=name,
        ): [float(n % 7) for n in range(STEPS)]
    }


def test_safety_reaches_level_four_by_alarms_and_a_model_and_the_told_level_stays() -> None:
    case = mine.case()
    usage = Usage(alarms=tuple(life(n, case.start_ns) for n in range(5)))

    data = facts_of(case, usage, model("mewma"))

    found = data["scene_facts"]["safety"]
    assert (found["proved"], found["class"], found["missing"]) == (4, "measured", [])
    assert found["evidence"]
    answer = data["scenes"]["safety"]
    assert (answer["level"], answer["class"], answer["conflict"]) == (3, "measured", "told_below")
    assert next(each for each in data["score"]["scenes"] if each["id"] == "safety")["levels"] == [3, 3]


def test_a_warning_that_stays_open_does_not_prove_level_four() -> None:
    case = mine.case()
    usage = Usage(alarms=tuple(life(n, case.start_ns, back=30 if n else None) for n in range(4)))
    more = Usage(alarms=(*usage.alarms, life(8, case.start_ns, ack=None)))

    data = facts_of(case, more, model("mewma"))

    assert data["scene_facts"]["safety"]["proved"] == 3
    assert data["scene_facts"]["safety"]["missing"] == ["warnings_closed"]
    assert data["scene_facts"]["safety"]["facts"]["warnings_closed"]["verdict"] == "no"


def test_a_told_level_that_the_records_speak_against_stays_and_shows_the_conflict() -> None:
    case = mine.case()

    data = facts_of(case, Usage(simulations=0))

    assert data["scene_facts"]["safety"]["proved"] == 0
    assert data["scenes"]["safety"] == {
        "level": 3, "class": "verified", "documents": ["安全监控系统验收.pdf"], "evidence": [],
        "conflict": "told_above",
    }  # fmt: skip


def test_a_scene_that_nobody_told_is_known_from_the_proved_level_up() -> None:
    case = mine.case()

    data = facts_of(case, Usage(simulations=3))

    assert data["scenes"]["decision"]["level"] == 3
    assert next(each for each in data["score"]["scenes"] if each["id"] == "decision")["levels"] == [3, 4]
    without = facts_of(case, Usage(simulations=2))
    assert "decision" not in without["scenes"]
    assert next(each for each in without["score"]["scenes"] if each["id"] == "decision")["levels"] == [0, 4]


def test_energy_needs_models_and_a_scored_forecast_for_level_four() -> None:
    raw = mine.case().raw
    links = [{**each, "links": ["energy"]} if each["id"] == "fan1" else each for each in raw["equipment"]]
    case = parse_case({**raw, "equipment": links})

    half = facts_of(case, Usage(forecasts=0), model("baseline"))
    whole = facts_of(case, Usage(forecasts=1), model("baseline"))
    other = facts_of(case, Usage(forecasts=1), model("mewma"))

    assert (half["scene_facts"]["energy"]["proved"], half["scene_facts"]["energy"]["missing"]) == (
        3,
        ["forecasts_scored"],
    )
    assert whole["scene_facts"]["energy"]["proved"] == 4
    assert other["scene_facts"]["energy"]["missing"] == ["energy_models_in_service"]


def test_work_orders_are_told_and_so_the_proof_of_equipment_is_not_measured() -> None:
    raw = mine.case().raw
    raw = {**raw, "operation": {
        "machines": [{"machine": "hoist1", **TOLD}],
        "work_orders": {"issued": "6", "closed": "5"},
    }}  # fmt: skip
    equipment = [{**each, "links": ["equipment"]} if each["id"] == "hoist1" else each for each in raw["equipment"]]
    case = parse_case({**raw, "equipment": equipment})
    usage = Usage(alarms=tuple(life(n, case.start_ns) for n in range(5)))

    data = facts_of(case, usage, {**COUNTERS, **model("mewma")})

    found = data["scene_facts"]["equipment"]
    assert (found["proved"], found["class"]) == (4, "declared")
    assert data["scenes"]["equipment"]["class"] == "verified"  # as told: what a document says proves no measured level


def test_a_generic_model_does_not_prove_prediction_of_quality() -> None:
    raw = mine.case().raw
    equipment = [
        {**each, "links": ["quality", "safety"]} if each["id"] == "fan1" else each for each in raw["equipment"]
    ]
    case = parse_case({**raw, "equipment": equipment})
    usage = Usage(alarms=tuple(life(n, case.start_ns) for n in range(5)))

    generic = facts_of(case, usage, model("mewma"))
    own = facts_of(case, usage, model("quality-fat"))

    assert generic["scene_facts"]["quality"]["proved"] == 3
    assert own["scene_facts"]["quality"]["proved"] == 4


def test_the_usage_in_the_snapshot_makes_the_same_snapshot() -> None:
    case = mine.case()
    usage = Usage(
        alarms=(life(1, case.start_ns), life(0, case.start_ns, ack=None)),
        links=(LinkFacts("gw1", ("heishan",)),),
        simulations=4,
    )
    source = mine.source(case, usage=usage)
    snapshot = freeze(case, source, ISSUE)

    again = freeze(case, FrozenSource(snapshot.data["source"], mine.source(case)), ISSUE)

    assert again.to_bytes() == snapshot.to_bytes()
    older = {key: part for key, part in snapshot.data["source"].items() if key != "usage"}
    assert FrozenSource(older, source).usage(case.start_ns, case.end_ns) == Usage()


def test_facts_never_change_a_told_level() -> None:
    facts = {"safety": {"proved": 4, "class": "measured", "levels": [], "evidence": ["ev_1"]}}

    for told in range(5):
        raw = {**mine.case().raw, "scenes": {"safety": {"level": str(told)}}}
        assert resolve_scenes(parse_case(raw), facts)["safety"]["level"] == told


def test_every_fact_that_the_framework_names_is_known_and_has_its_words() -> None:
    assert set(FACT_NAMES) >= SCENE_FACTS
    for language in ("zh", "en"):
        assert {f"fact.{name}" for name in FACT_NAMES} <= set(catalogue("zh" if language == "zh" else "en"))


def test_every_indicator_has_names_and_an_unknown_one_is_refused() -> None:
    for each in INDICATORS.values():
        for texts in (catalogue("zh"), catalogue("en")):
            assert texts[f"indicator.{each.id}"]
            assert all(texts[f"needs.{need}"] for need in each.needs)
    with pytest.raises(EvidenceError, match="beauty"):
        indicator("beauty")


def test_every_figure_of_an_indicator_belongs_to_a_registered_one() -> None:
    case = operated(**TOLD)
    data = freeze(case, counted(case, COUNTERS, usage=Usage(links=(LinkFacts("gw1"),))), ISSUE).data
    stems = tuple(start for each in INDICATORS.values() for start in each.figures)

    own = [
        n
        for n in data["figures"]
        if n.startswith(("oee.", "network.", "handling.", "per_output.", "links.", "security."))
    ]
    assert own
    assert [name for name in own if not name.startswith((*stems, "network."))] == []


def test_a_control_network_is_measured_when_two_machines_deliver() -> None:
    case = mine.case()
    raw = {**case.raw, "answers": {key: told for key, told in case.raw["answers"].items() if key != "network_build"}}

    data = freeze(parse_case(raw), mine.source(case), ISSUE).data

    assert data["answers"]["network_build"]["sure"] == ["control_network"]
    assert data["answers"]["network_build"]["option_class"] == {"control_network": "measured"}
    silent = freeze(parse_case(raw), mine.source(case, [Cut("*", 0.0, 0.5)]), ISSUE).data
    assert "network_build" not in silent["answers"]


def test_protected_data_need_encryption_classes_and_a_restore_test() -> None:
    case = mine.case()
    facts = PlatformFacts(gateways=1, gateways_tls=1, roles_enforced=True, backup_restored=True)

    seen = freeze(case, mine.source(case, facts=facts), ISSUE).data
    untested = freeze(case, mine.source(case, facts=replace(facts, backup_restored=None)), ISSUE).data

    assert "products" in seen["answers"]["data_security"]["sure"]
    assert "products" not in untested["answers"]["data_security"]["sure"]


def test_the_shares_of_points_by_class_add_up_and_measured_ones_grow_with_evidence() -> None:
    case = mine.case()
    classes = ("measured", "verified", "declared", "insufficient")

    seen = freeze(case, mine.source(case), ISSUE).data
    blind = freeze(case, MemorySource(mine.entries(), []), ISSUE).data

    for data in (seen, blind):
        assert sum(Decimal(value(data, f"score.class.{name}")) for name in classes) == Decimal(100)
    assert Decimal(value(seen, "score.class.measured")) > Decimal(value(blind, "score.class.measured"))


def test_the_chapters_print_what_the_indicators_say_in_both_languages() -> None:
    raw = mine.case().raw
    told = {"machines": [{"machine": "hoist1", **{key: each for key, each in TOLD.items() if key != "ideal_per_h"}}]}
    case = parse_case({**raw, "operation": told})
    usage = Usage(
        alarms=tuple(life(n, case.start_ns) for n in range(5)),
        links=(LinkFacts("heishan-gw1", ("heishan",), certificate=True, deliveries=1000, late=25, offset_ms=-120),),
        simulations=0,
    )
    tree = build_tree(freeze(case, counted(case, COUNTERS, usage=usage), ISSUE).data, "0" * 64)

    zh, en = (json.dumps(resolve(tree, lang, draw).blocks, ensure_ascii=False) for lang in _LANGUAGES)

    for words in ("设备综合效率", "性能开动率：没有理想节拍", "异常处置时间", "网络实测", "下一级尚缺", "数据就绪度"):
        assert words in zh, words
    for words in (
        "Overall equipment effectiveness",
        "Performance: no ideal rate given",
        "Network as measured",
        "Data readiness",
    ):
        assert words in en, words


_LANGUAGES: tuple[Language, Language] = ("zh", "en")
