"""Settings, resolution, whose silence it is, and templates that may fit: told, and the score only by what is stated."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.readiness.nature import is_setting, quantum_of
from ovoo_cloud.readiness.proposals import proposals
from ovoo_cloud.readiness.snapshot import freeze_readiness
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import SignalEntry
from ovoo_packs import load_pack, pack_names

from tests.cloud.diagnosis import mine
from tests.cloud.readiness import plant
from tests.cloud.readiness.plant import HOUR, MINUTE, Made, entry, every_minute, wave


def frozen(*made: Made, days: int = 2, edition: int = 2) -> Any:
    return freeze_readiness(plant.plan(days), plant.source_of(*made), plant.ISSUE, edition=edition).data


def row(data: Any, name: str) -> Any:
    return next(each for m in data["machines"] for each in m["signals"] if each["signal"].endswith(f"/{name}"))


@pytest.mark.parametrize(
    ("signal", "names"),
    [
        ("temp_sp", {}),
        ("set2_pressure", {}),
        ("t1", {"name_zh": "温度设定值"}),
        ("t2", {"name_en": "Setpoint of oven"}),
    ],
)
def test_a_setting_that_stays_is_no_flat_line(signal: str, names: dict[str, str]) -> None:
    """By the first edition it was one: what was issued then is measured again so."""
    made = Made(entry(signal, "degC", **names), every_minute(2, lambda n: 75.0))

    assert row(frozen(made), signal)["parts"]["movement"] is None
    assert row(frozen(made, edition=1), signal)["parts"]["movement"] == ["0.0000", "0.0000"]
    assert "method_edition" not in frozen(made, edition=1)


def test_a_measured_value_that_stays_is_a_flat_line() -> None:
    for signal in ("temp", "offset_temp", "reset_flow"):
        assert not is_setting(entry(signal, "degC"), None)
    assert row(frozen(Made(entry("temp", "degC"), every_minute(2, lambda n: 75.0))), "temp")["flat_h"] == "48.0"


def test_a_coarse_resolution_is_told_and_costs_nothing() -> None:
    """Whole degrees over five of them, beside tenths."""
    coarse = Made(entry("coarse", "degC"), every_minute(2, lambda n: 20.0 + n * 7 % 6))
    fine = Made(entry("fine", "degC"), every_minute(2, lambda n: 20.0 + (n * 37 % 400) / 10))

    data = frozen(coarse, fine)

    assert (row(data, "coarse")["quantum"], row(data, "coarse")["coarse"]) == ("1.00", True)
    assert (row(data, "fine")["quantum"], row(data, "fine")["coarse"]) == ("0.100", False)
    assert row(data, "coarse")["parts"] == row(data, "fine")["parts"]


@given(st.lists(st.integers(-1000, 1000), min_size=100, max_size=300), st.sampled_from([0.01, 0.5, 3.0]))
def test_the_resolution_divides_every_difference(values: list[int], step: float) -> None:
    found, _ = quantum_of(np.array([value * step for value in values]))

    if len(set(values)) < 2:
        assert found is None
        return
    assert found is not None
    ordered = sorted(set(values))
    least = min(b - a for a, b in itertools.pairwise(ordered)) * step
    assert abs(float(found) - least) <= 0.01 * least


def test_missing_minutes_add_up_by_whose_silence_it_is() -> None:
    """Two days: 6 h nothing of the site, 3 h more nothing of the mill, 1 h more one signal of the press."""
    other = AssetAddress(plant.ENTERPRISE, plant.SITE, "hall", "line1", "mill1")

    def without(*holes: tuple[int, int]) -> list[tuple[int, float, int]]:
        return [each for each in every_minute(2, wave) if not any(a * HOUR <= each[0] < b * HOUR for a, b in holes)]

    mill = [SignalEntry(other.signal(name), "kW", period_s=60.0) for name in ("a", "b")]
    data = frozen(
        Made(entry("temp", "degC"), without((10, 16), (40, 41))),
        Made(entry("flow", "m3/h"), without((10, 16))),
        *(Made(each, without((10, 16), (20, 23))) for each in mill),
    )

    found = {kind: data["figures"][f"readiness.missing_{kind}_min"]["value"] for kind in ("site", "machine", "signal")}
    assert found == {"site": str(4 * 360), "machine": str(2 * 180), "signal": "60"}
    whole = int(data["figures"]["readiness.expected_min"]["value"]) - int(
        data["figures"]["readiness.covered_min"]["value"]
    )
    assert sum(int(each) for each in found.values()) == whole


def named(asset: str, signals: str) -> list[SignalEntry]:
    """Signals as `name unit, name unit`, without any other word."""
    at = AssetAddress(plant.ENTERPRISE, plant.SITE, "hall", "line1", asset)
    pairs = [each.split() for each in signals.split(", ")]
    return [SignalEntry(at.signal(name), unit, period_s=60.0) for name, unit in pairs]


@pytest.mark.parametrize(
    ("signals", "template"),
    [
        ("fan_flow m3/s, static_press Pa, motor_kw kW, bearing_temp_1 degC", "main_fan"),
        ("discharge_pressure MPa, air_flow m3/min, power kW, discharge_temp degC", "air_compressor"),
    ],
    ids=["fan", "compressor"],
)  # fmt: skip
def test_a_plants_own_names_propose_the_template_without_a_sector(signals: str, template: str) -> None:
    found = proposals(named("k7", signals))

    assert template in {each.template.id for each in found}
    assert all(each.share >= Fraction(1, 2) for each in found)


def test_every_template_of_every_sector_is_its_own_first_proposal_by_chinese_names() -> None:
    """The address segments say nothing; names in Chinese, units and types are those of the template."""
    at = AssetAddress(plant.ENTERPRISE, plant.SITE, "hall", "line1", "x")
    missed = []
    for pack in pack_names():
        for template in load_pack(pack).templates.values():
            own = [
                SignalEntry(
                    at.signal(f"s{n}"), each.unit, type=each.type, period_s=60.0, name_zh=each.name_zh, name_en="x"
                )
                for n, each in enumerate(template.signals)
                if not each.optional
            ]
            if len(own) >= 2 and template.id not in {each.template.id for each in proposals(own)}:
                missed.append(template.id)

    assert missed == []


def test_units_of_another_kind_propose_nothing() -> None:
    assert proposals(named("k7", "fan_flow degC, static_press kW, motor_kw Pa")) == ()


def test_proposals_change_no_point() -> None:
    known = frozen(
        Made(entry("temp", "degC"), every_minute(2, wave)), Made(entry("power", "kW"), every_minute(2, wave))
    )

    assert all(row["parts"]["catalogue"] == ["80.0000", "80.0000"] for m in known["machines"] for row in m["signals"])


minutes = st.sets(st.integers(0, 1439), min_size=0, max_size=200)


def score(kept: set[int], hole: tuple[int, int] = (0, 0)) -> tuple[Decimal, Decimal]:
    rows = [(n * MINUTE, wave(n), 0) for n in sorted(kept) if not hole[0] <= n < hole[1]]
    figure = frozen(Made(entry("temp", "degC"), rows), days=1)["figures"]["readiness.site.score"]
    low = Decimal(figure["value"] or figure["low"])
    return low, Decimal(figure["value"] or figure["high"])


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, 288), min_size=1, max_size=288), minutes, st.integers(0, 1439), st.integers(1, 400))
def test_good_data_never_lower_the_score_and_a_hole_never_raises_it(
    blocks: set[int], more: set[int], start: int, length: int
) -> None:
    """Of good, living, plausible samples: any five-minute blocks of a day, some more minutes, and any hole."""
    kept = {5 * block + n for block in blocks for n in range(5) if 5 * block + n < 1440}
    before = score(kept)
    better = score(kept | more)
    worse = score(kept, (start, start + length))

    assert better[0] >= before[0]
    assert worse[0] <= before[0]
    assert worse[1] <= max(before[1], better[1])


def test_the_mine_recognises_its_machines_and_proposes_nothing() -> None:
    case = mine.case()
    source = mine.source(case)
    assert isinstance(source, MemorySource)

    data = freeze_readiness(plant.plan(3), source, plant.ISSUE).data

    recognised = [m for m in data["machines"] if m["template"]]
    assert recognised
    assert all(not m["proposals"] for m in recognised)
