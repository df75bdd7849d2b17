"""A site's ventilation: versions with author and document, measured values beside the solution, money where priced."""

from __future__ import annotations

import math
from collections.abc import Iterator

import httpx
import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, energy_settings, ventilation_networks
from ovoo_cloud.catalogue.energy_tables import VentilationNetwork
from ovoo_cloud.catalogue.tables import AuditEntry, EnergySetting
from ovoo_cloud.energy.measure_lines import ListedMeasure
from ovoo_cloud.energy.measure_list import site_measure, site_measures
from ovoo_cloud.energy.ventilation import site_ventilation
from ovoo_contract.errors import ConfigError, Forbidden, NotFound
from ovoo_models.efficiency.ventilation import mine_table, solve
from ovoo_packs import load_tariffs
from sqlalchemy import delete, select

from tests.cloud.api.plant import FAN_KW, FOREIGN, FOREIGN_SITE, NOW, OWN, SITE, Plant, installation, served

SYSTEM = Scope.system("li")
FAN = "ventilation/main/fan1"
HEADER = "编号,巷道名称,始节点,末节点,风阻(kg/m7),调节风阻(kg/m7),需风量(m3/min),地面,风机,效率(%)"
BESIDE = "风量测点,风量误差(%),功率测点,功率误差(%)"
TABLE = f"""{HEADER},{BESIDE}
1,副井,A,1,0.006,,,始,,,,,,
2,一采面,1,2,0.20,0.6,1800,,,,{FAN}/missing,3,,
3,二采面,1,2,0.16,,3000,,,,{FAN}/vibration,3,,
4,风硐,2,B,0.020,,,末,特性 80:3000 120:2600 160:1900 200:800,70,{FAN}/flow,{{flow}},{FAN}/power,{{power}}
"""
CSV = TABLE.format(flow=5, power=2)


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with installation(tmp_path_factory.mktemp("ventilation")) as built:
        yield built


@pytest.fixture
def plant(fed: Plant) -> Iterator[Plant]:
    """The plant without a network or a tariff, at its own time."""
    yield fed
    fed.clock.now_ns = NOW
    with fed.services.database.write() as session:
        for table in (VentilationNetwork, EnergySetting):
            session.execute(delete(table))


def save(plant: Plant, csv: str = CSV, *, scope: Scope = SYSTEM, document: str = "阻力测定 2026-05", site: str = SITE,
         hours: float | None = None) -> int:  # fmt: skip
    with plant.services.database.write() as session:
        row = ventilation_networks.save_network(
            session, scope, OWN, site, csv=csv, document=document, hours_per_year=hours, now_ns=NOW
        )
        return row.version


def test_a_site_without_a_network_has_none(plant: Plant) -> None:
    assert site_ventilation(plant.services, SYSTEM, OWN, SITE) is None


def test_every_version_stays_with_author_and_document(plant: Plant) -> None:
    assert save(plant) == 1
    assert save(plant, CSV.replace("0.20", "0.25"), document="2026-06") == 2

    newest = site_ventilation(plant.services, SYSTEM, OWN, SITE)
    first = site_ventilation(plant.services, SYSTEM, OWN, SITE, 1)

    assert newest is not None
    assert first is not None
    assert (newest.row.version, newest.row.document, newest.row.made_by) == (2, "2026-06", "li")
    assert first.found.solution.friction_kw == pytest.approx(solve(mine_table(CSV).network).friction_kw, rel=1e-12)
    assert newest.found.solution.friction_kw != first.found.solution.friction_kw
    with plant.services.database.read() as session:
        told = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "energy.ventilation").order_by(AuditEntry.seq)
        ).all()
        assert [each.detail["version"] for each in told][-2:] == [1, 2]
        audit.verify_chain(session)
    with pytest.raises(NotFound):
        site_ventilation(plant.services, SYSTEM, OWN, SITE, 3)


def test_measured_values_stand_beside_the_solution(plant: Plant) -> None:
    save(plant)

    view = site_ventilation(plant.services, SYSTEM, OWN, SITE)

    assert view is not None
    flow, power = view.measured["4", "flow"], view.measured["4", "power"]
    minutes = range(61)
    known = sum(150 + 3 * (minute * 37 % 100) / 100 for minute in minutes) / len(minutes)
    assert flow.value == pytest.approx(known, abs=0.05)
    assert flow.state == "ok"
    solved = view.found.solution.flow_m3_s["4"]
    assert flow.difference == pytest.approx(known - solved, abs=0.05)
    assert flow.band == pytest.approx(0.05 * known, rel=1e-3)
    assert flow.stands_out == (abs(known - solved) > 0.05 * known)
    assert power.value == pytest.approx(FAN_KW)
    assert power.difference == pytest.approx(FAN_KW - view.found.solution.fan_kw, abs=1e-6)
    assert power.stands_out is True
    assert view.implied_efficiency("4") == pytest.approx(view.found.solution.fans[0].air_kw / FAN_KW)
    assert view.measured["2", "flow"].state == "unknown"  # no such signal
    assert view.measured["3", "flow"].state == "unknown"  # mm/s is no flow


def test_without_the_instruments_error_nothing_stands_out(plant: Plant) -> None:
    save(plant, TABLE.format(flow="", power=""))

    view = site_ventilation(plant.services, SYSTEM, OWN, SITE)

    assert view is not None
    assert view.measured["4", "power"].difference is not None
    assert view.measured["4", "power"].band is None
    assert view.measured["4", "power"].stands_out is None


def test_a_signal_that_stopped_is_stale_then_silent(plant: Plant) -> None:
    save(plant)
    for minutes, state in ((14, "ok"), (16, "stale"), (61, "silent")):
        plant.clock.now_ns = NOW + minutes * 60 * 10**9
        view = site_ventilation(plant.services, SYSTEM, OWN, SITE)
        assert view is not None
        assert view.measured["4", "flow"].state == state


def test_money_is_the_bands_over_the_year_at_the_sites_price(plant: Plant) -> None:
    tariff = next(iter(load_tariffs().rows.values()))
    save(plant, hours=8000)
    before = site_ventilation(plant.services, SYSTEM, OWN, SITE)
    with plant.services.database.write() as session:
        energy_settings.choose_tariff(
            session, SYSTEM, OWN, SITE, tariff=tariff.id, source="bill 5", flat_price_yuan=0.5, now_ns=NOW
        )

    view = site_ventilation(plant.services, SYSTEM, OWN, SITE)

    assert before is not None
    assert view is not None
    move = view.found.moves[0]
    assert before.yuan_per_hour(move) is None
    days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    ratios = [tariff.ratio(month + 1, hour) for month in range(12) for _ in range(days[month]) for hour in range(24)]
    assert view.yuan_per_hour(move) == pytest.approx(move.saved_fan_kw * 0.5 * math.fsum(ratios) / 8760, rel=1e-12)
    assert view.yuan_per_year(move) == pytest.approx((view.yuan_per_hour(move) or 0) * 8000)
    assert view.price is not None
    assert view.price.reference_only == tariff.reference_only


def test_no_money_without_the_power_that_is_drawn_or_the_hours(plant: Plant) -> None:
    tariff = next(iter(load_tariffs().rows))
    with plant.services.database.write() as session:
        energy_settings.choose_tariff(
            session, SYSTEM, OWN, SITE, tariff=tariff, source="bill 5", flat_price_yuan=0.5, now_ns=NOW
        )
    save(plant)
    view = site_ventilation(plant.services, SYSTEM, OWN, SITE)
    assert view is not None
    assert view.yuan_per_hour(view.found.moves[0]) is not None
    assert view.yuan_per_year(view.found.moves[0]) is None

    save(plant, CSV.replace(",70,", ",,"))
    view = site_ventilation(plant.services, SYSTEM, OWN, SITE)
    assert view is not None
    assert view.yuan_per_hour(view.found.moves[0]) is None


@pytest.mark.parametrize(
    ("csv", "document", "told"),
    [
        (CSV, "", "document"),
        (CSV.replace("0.16", "?"), "d", "line 4"),
        (CSV.replace("ventilation/main/fan1/flow", f"{FOREIGN}/{FOREIGN_SITE}/a/b/c/flow"), "d", "another site"),
        (CSV.replace("ventilation/main/fan1/flow", "流量"), "d", "no address"),
        (CSV.replace("2,一采面,1,2", "2,一采面,8,9"), "d", "not connected"),
        ("x" * 1_000_001, "d", "too long"),
    ],
)
def test_what_is_no_network_of_the_site_is_not_kept(plant: Plant, csv: str, document: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        save(plant, csv, document=document)

    assert told in str(caught.value)
    assert site_ventilation(plant.services, SYSTEM, OWN, SITE) is None


def test_who_may_not_set_energy_adds_nothing(plant: Plant) -> None:
    viewer = Scope("w", Role.ENTERPRISE_VIEWER, frozenset({OWN}))
    stranger = Scope("s", Role.ENTERPRISE_ENGINEER, frozenset({FOREIGN}))

    with pytest.raises(Forbidden):
        save(plant, scope=viewer)
    with pytest.raises(NotFound):
        save(plant, scope=stranger)
    save(plant)
    with pytest.raises(NotFound):
        site_ventilation(plant.services, stranger, OWN, SITE)


def test_the_api_tells_faults_by_line_and_gives_the_solution(plant: Plant) -> None:
    path = f"/api/v1/enterprises/{OWN}/sites/{SITE}/energy/ventilation"
    with served(plant):
        head = {"Authorization": f"Bearer {plant.token('enterprise_engineer')}"}

        def put(csv: str, key: str) -> httpx.Response:
            body = {"csv": csv, "document": "survey"}
            return plant.http.put(path, json=body, headers={**head, "Idempotency-Key": key})

        assert plant.http.get(path, headers=head).json()["version"] is None
        refused = put(CSV.replace("0.16", "?").replace("0.006", "!"), "a")
        kept, again = put(CSV, "b"), put(CSV, "b")
        told = plant.http.get(path, headers=head).json()
        listed = plant.http.get(f"{path}/versions", headers=head).json()["items"]

    assert refused.status_code == 422
    assert [each["where"] for each in refused.json()["errors"]] == ["line 2 风阻(kg/m7)", "line 4 风阻(kg/m7)"]
    assert (kept.json()["version"], again.json()["version"]) == (1, 1)
    assert [each["version"] for each in listed] == [1]
    assert told["csv"] == CSV
    assert told["result"]["airways"][3]["measured_flow"]["state"] == "ok"
    assert told["result"]["moves"][0]["yuan_per_hour"] is None
    assert told["result"]["friction_kw"] == pytest.approx(solve(mine_table(CSV).network).friction_kw)


ERRORS = "风阻误差(%),风机误差(%),效率误差(%)"


def with_errors(csv: str) -> str:
    """The same table with 5 % of each resistance, 3 % of the fan's pressure and 4 % of its efficiency."""
    header, *rows = csv.strip().splitlines()
    return (
        "\n".join([f"{header},{ERRORS}", *(f"{row},5,{'3,4' if row.startswith('4') else ','}" for row in rows)]) + "\n"
    )


def ventilation_line(plant: Plant) -> ListedMeasure:
    found = site_measures(plant.services, SYSTEM, OWN, SITE, NOW - 7_200_000_000_000, NOW)
    return site_measure(found, "ventilation", "")


def test_the_best_move_is_a_measure_with_its_band_and_the_survey_as_evidence(plant: Plant) -> None:
    save(plant, with_errors(CSV), hours=8000.0)
    with plant.services.database.write() as session:
        energy_settings.choose_tariff(
            session, SYSTEM, OWN, SITE, tariff="west", source="合同（虚构）", flat_price_yuan=0.5, now_ns=NOW
        )

    found = ventilation_line(plant)

    view = site_ventilation(plant.services, SYSTEM, OWN, SITE)
    assert view is not None
    move = view.found.moves[0]
    saved = found.measured["saved_power"].value
    assert (saved.value, saved.sigma) == (move.saved_fan_kw, view.found.saving(move).sigma)
    assert found.measure.saving.value == pytest.approx(move.saved_fan_kw * 8000.0)
    assert found.measure.saving.sigma == pytest.approx(saved.sigma * 8000.0)
    assert found.measure.status == "saving"
    assert found.measure.yuan_per_year is not None
    assert found.measure.yuan_per_year.value == pytest.approx(view.yuan_per_year(move) or 0.0, rel=1e-9)
    assert set(found.measure.documents) == {"阻力测定 2026-05", "合同（虚构）"}
    (evidence,) = found.samples
    assert view.row.sha256 in evidence.descriptor.query


def test_without_errors_in_the_table_the_best_move_is_no_evidence(plant: Plant) -> None:
    save(plant, hours=8000.0)

    found = ventilation_line(plant)

    assert found.measure.status == "insufficient_evidence"
    assert [(each.name, each.reason) for each in found.refused] == [("saved_power", "vent_no_error")]


def test_a_silent_network_says_why_there_is_no_measure(plant: Plant) -> None:
    save(plant, with_errors(CSV.replace(",1800,", ",,").replace(",3000,", ",,")))

    assert [each.reason for each in ventilation_line(plant).refused] == ["vent_no_least_air"]


def test_a_site_without_a_network_has_no_line(plant: Plant) -> None:
    with pytest.raises(NotFound):
        ventilation_line(plant)
