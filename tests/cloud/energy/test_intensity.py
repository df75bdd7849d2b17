"""Specific consumption by month against sums of what was fed, and the lines of norms."""

from __future__ import annotations

import math

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_intensities
from ovoo_cloud.energy.figures import convert
from ovoo_cloud.energy.intensity import IntensitySpec, compute_intensity, define_intensity
from ovoo_cloud.jobs.energy_baselines import energy_baselines_job
from ovoo_cloud.services import Services
from ovoo_contract.errors import ConfigError, PackError, UnitError
from ovoo_packs import load_factors, load_norms

from tests.cloud.builders import ENTERPRISE, SITE
from tests.cloud.conftest import Clock
from tests.cloud.energy import works
from tests.cloud.energy.works import BELT, DAY, HOUR, START

SYSTEM = Scope.system()


@pytest.fixture
def plant(services: Services, clock: Clock) -> Services:
    clock.now_ns = START + works.DAYS * DAY + HOUR
    works.feed(services, works.rows(0.0))
    return services


def spec(norm: str = "washing_thermal", **rest: object) -> IntensitySpec:
    return IntensitySpec((f"{BELT}/power",), f"{BELT}/load", norm, months=3, **rest)  # type: ignore[arg-type]


def test_a_month_is_energy_over_product_of_its_days(plant: Services) -> None:
    found = compute_intensity(plant, SYSTEM, ENTERPRISE, SITE, spec())["items"]

    rows = works.rows(0.0)
    november = START + 23 * DAY  # 2025-10-09 + 23 days
    kwh = math.fsum(value / 6 for signal, at, value, _ in rows[:-3] if signal == 1 and at >= november)
    tonnes = math.fsum(value / 6 for signal, at, value, _ in rows[:-3] if signal == 0 and at >= november)
    assert [(each["month"], each["days"]) for each in found] == [("2025-10", 23), ("2025-11", 12)]
    assert float(found[1]["value"]) == pytest.approx(kwh / tonnes, abs=6e-4)
    assert float(found[1]["energy_kwh"]) == pytest.approx(kwh, abs=0.06)


def test_coal_equivalent_is_taken_where_the_norm_counts_in_it(plant: Services) -> None:
    plain = compute_intensity(plant, SYSTEM, ENTERPRISE, SITE, spec())["items"][1]
    coal = compute_intensity(plant, SYSTEM, ENTERPRISE, SITE, spec("coal_underground"))["items"][1]

    tonnes = float(coal["output"])
    wanted = convert(float(plain["energy_kwh"]), 2025, load_factors())
    assert float(coal["value"]) == pytest.approx(wanted.kgce / tonnes, abs=6e-4)
    assert (plain["level"], coal["level"]) == ("1", "partial")  # a part of the energy proves no level
    all_of_it = spec("coal_underground", complete=True)
    assert compute_intensity(plant, SYSTEM, ENTERPRISE, SITE, all_of_it)["items"][1]["level"] == "1"
    assert coal["factors"] == [wanted.factor_ids[0]]


def test_lines_carry_edition_mark_and_what_is_not_corrected(plant: Services) -> None:
    norm = compute_intensity(plant, SYSTEM, ENTERPRISE, SITE, spec())["norm"]

    row = load_norms().get("washing_thermal")
    assert norm["edition"] == row.source.edition
    assert norm["reference_only"] == row.reference_only
    assert norm["raw"] == {"advanced": row.level1, "access": row.level2, "limit": row.level3}
    assert norm["corrected"] is None
    assert norm["open_corrections"] == ["process_factor"]


def test_a_correction_with_its_document_moves_the_lines(plant: Services) -> None:
    given = spec(correction_total=1.2, correction_document="sheet 7")
    norm = compute_intensity(plant, SYSTEM, ENTERPRISE, SITE, given)["norm"]

    assert norm["corrected"]["limit"] == pytest.approx(1.2 * norm["raw"]["limit"])
    assert norm["documents"] == ["sheet 7"]
    with pytest.raises(ConfigError, match="document"):
        compute_intensity(plant, SYSTEM, ENTERPRISE, SITE, spec(correction_total=1.2))


def test_signals_that_cannot_lead_to_the_norm_are_refused(plant: Services) -> None:
    with pytest.raises(UnitError):
        compute_intensity(plant, SYSTEM, ENTERPRISE, SITE, IntensitySpec((f"{BELT}/load",), f"{BELT}/load", "pue"))
    with pytest.raises(PackError):
        compute_intensity(plant, SYSTEM, ENTERPRISE, SITE, spec("no_such_norm"))


def test_the_night_computes_the_months_again(plant: Services, clock: Clock) -> None:
    row = define_intensity(plant, SYSTEM, ENTERPRISE, SITE, spec(), name="coal")
    clock.now_ns += HOUR

    result = energy_baselines_job(plant, {}, lambda share: None)

    assert (result["intensities"], result["refused"]) == (1, {})
    with plant.database.read() as session:
        again = energy_intensities.intensity(session, SYSTEM, ENTERPRISE, SITE, row.id)
    assert again.computed_ns == clock.now_ns
    assert again.results == row.results
