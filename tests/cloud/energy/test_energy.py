"""Energy against sums done by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_settings, signals
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.integrate import held_minutes, measure
from ovoo_cloud.energy.summary import EnergySummary, site_energy
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Columns
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import BudgetExceeded, Forbidden, NotFound
from ovoo_contract.quality import BAD
from ovoo_packs import load_factors, load_tariffs

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, FAN, GATEWAY, SITE, T0, S

HOUR = 3600 * S
MINUTE = 60 * S
SYSTEM = Scope.system()
METER = f"{ENTERPRISE}/{SITE}/utilities/power/meter1"


def columns(times: list[int], values: list[float], bad: frozenset[int] = frozenset()) -> Columns:
    quality = [BAD if n in bad else 0 for n in range(len(times))]
    return Columns(np.array(times, np.int64), np.array(values, np.float64), np.array(quality, np.uint32))


def minutes(count: int, kw: float, start_ns: int = T0) -> Columns:
    return columns([start_ns + n * MINUTE for n in range(count)], [kw] * count)


def measured_kwh(samples: Columns, window: Window, *, counter: bool = False) -> float:
    zone = builders.ZONE
    return math.fsum(hour.kwh for hour in measure(samples, window, zone, counter=counter).hours)


def test_a_constant_power_gives_power_times_time() -> None:
    result = measure(minutes(180, 60.0), Window(T0, T0 + 2 * HOUR), builders.ZONE, counter=False)

    assert [hour.kwh for hour in result.hours] == pytest.approx([60.0, 60.0], abs=1e-12)
    assert [hour.hour for hour in result.hours] == [17, 18]
    assert (result.covered_share, result.samples, result.good) == (1.0, 120, 120)


def test_a_gap_over_fifteen_minutes_is_not_filled() -> None:
    samples = columns([T0, T0 + 10 * MINUTE, T0 + 40 * MINUTE, T0 + 50 * MINUTE], [60.0] * 4)

    result = measure(samples, Window(T0, T0 + HOUR), builders.ZONE, counter=False)

    assert math.fsum(hour.kwh for hour in result.hours) == pytest.approx(20.0)
    assert result.covered_share == pytest.approx(20 / 60)


def test_bad_samples_count_as_absent() -> None:
    samples = columns([T0 + n * 5 * MINUTE for n in range(13)], [60.0] * 6 + [9e9] + [60.0] * 6, frozenset({6}))

    assert measured_kwh(samples, Window(T0, T0 + HOUR)) == pytest.approx(60.0)


def test_a_counter_that_restarts_counts_from_zero() -> None:
    samples = columns([T0, T0 + 10 * MINUTE, T0 + 20 * MINUTE, T0 + 30 * MINUTE], [100.0, 110.0, 3.0, 8.0])

    assert measured_kwh(samples, Window(T0, T0 + HOUR), counter=True) == pytest.approx(18.0)


@given(st.lists(st.integers(1, 119), unique=True, max_size=6), st.floats(0.1, 1e4))
def test_windows_cut_anywhere_add_up_to_the_whole(cuts: list[int], kw: float) -> None:
    samples = columns([T0 - 7 * MINUTE + n * 7 * MINUTE for n in range(20)], [kw + n for n in range(20)])
    edges = [T0, *[T0 + cut * MINUTE for cut in sorted(cuts)], T0 + 120 * MINUTE]

    parts = [measured_kwh(samples, Window(a, b)) for a, b in itertools.pairwise(edges)]

    assert math.fsum(parts) == pytest.approx(measured_kwh(samples, Window(edges[0], edges[-1])), rel=1e-9)


def test_minutes_in_a_state() -> None:
    samples = columns([T0 + n * MINUTE for n in range(11)], [1.0, 1.0, 2.0, 2.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0])

    assert held_minutes(samples, Window(T0 + 30 * S, T0 + 10 * MINUTE), 1.0) == pytest.approx(5.5)


@pytest.fixture
def plant(services: Services) -> Services:
    """A fan of 100 kW for 24 h, a meter that counts 150 kWh an hour, idle for the first two hours."""
    listed = Catalogue(
        [
            SignalEntry(Address.parse(f"{FAN}/power"), "kW"),
            SignalEntry(Address.parse(f"{FAN}/energy-state"), "1", measurement="energy", field="state"),
            SignalEntry(Address.parse(f"{METER}/energy"), "kWh"),
            SignalEntry(Address.parse(f"{METER}/power"), "kW"),
            SignalEntry(Address.parse(f"{METER}/power_factor"), "1"),
        ]
    )
    count = 24 * 60 + 1
    times = [T0 + n * MINUTE for n in range(count)]
    rows: list[tuple[int, int, float | None, int]] = []
    for n, time_ns in enumerate(times):
        rows += [(0, time_ns, 100.0, 0), (1, time_ns, 1.0 if n < 120 else 2.0, 0), (2, time_ns, 2.5 * n, 0)]
    with services.database.write() as session:
        gateway = session.get(Gateway, GATEWAY)
        assert gateway is not None
        signals.save_catalogue(session, gateway, listed, now_ns=T0)
    services.store.write(builders.delivery(builders.batch(rows), signals=listed))
    return services


def test_the_sites_energy_is_that_of_its_meter(plant: Services) -> None:
    site, meter, fan = site_energy(plant, SYSTEM, ENTERPRISE, SITE, T0, T0 + 24 * HOUR)

    assert (site.asset, site.basis, meter.basis, fan.basis) == ("", "counter", "counter", "power")
    assert site.energy_kwh == pytest.approx(3600.0)
    assert fan.energy_kwh == pytest.approx(2400.0)
    assert fan.idle_minutes == pytest.approx(120.0)
    assert fan.mean_kw == pytest.approx(100.0)
    assert sum(site.days.values()) == pytest.approx(3600.0)
    assert list(site.days) == ["2025-10-09", "2025-10-10"]


def idled(services: Services, minutes: int) -> EnergySummary:
    """A fan whose gateway tells 30 idle seconds a minute for `minutes` minutes, and 2 h of idle quarter hours."""
    listed = Catalogue(
        [
            SignalEntry(Address.parse(f"{FAN}/power"), "kW"),
            SignalEntry(Address.parse(f"{FAN}/energy-state"), "1", measurement="energy", field="state"),
            *(
                SignalEntry(Address.parse(f"{FAN}/machine-{name}"), unit, measurement="telemetry_1m", field="last")
                for name, unit in (("idle_min", "min"), ("idle_kwh", "kWh"))
            ),
        ]
    )
    rows: list[tuple[int, int, float | None, int]] = []
    for n in range(24 * 60 + 1):
        rows += [(0, T0 + n * MINUTE, 100.0, 0)]
        rows += [(1, T0 + n * MINUTE, 1.0 if n < 120 else 2.0, 0)] if n % 15 == 0 else []
    for n in range(minutes):
        rows += [(2, T0 + n * MINUTE, 0.5, 0), (3, T0 + n * MINUTE, 0.25, 0)]
    with services.database.write() as session:
        gateway = session.get(Gateway, GATEWAY)
        assert gateway is not None
        signals.save_catalogue(session, gateway, listed, now_ns=T0)
    services.store.write(builders.delivery(builders.batch(rows), signals=listed))
    (fan,) = site_energy(services, SYSTEM, ENTERPRISE, SITE, T0, T0 + 24 * HOUR, asset=FAN)
    return fan


def test_idle_time_is_that_of_the_gateways_minutes_where_they_are_there(services: Services) -> None:
    fan = idled(services, 24 * 60)

    assert fan.idle_basis == "minutes"
    assert fan.idle_minutes == pytest.approx(720.0)
    assert fan.idle_kwh == pytest.approx(360.0)


def test_idle_time_is_that_of_quarter_hours_where_minutes_are_fewer(services: Services) -> None:
    fan = idled(services, 600)

    assert fan.idle_basis == "quarter_hours"
    assert fan.idle_minutes == pytest.approx(120.0)
    assert fan.idle_kwh is None


def test_a_machine_without_states_has_no_idle_time(plant: Services) -> None:
    (meter,) = site_energy(plant, SYSTEM, ENTERPRISE, SITE, T0, T0 + 24 * HOUR, asset=METER)

    assert (meter.idle_basis, meter.idle_minutes, meter.idle_kwh) == ("", None, None)


def test_coal_and_carbon_use_dated_factors(plant: Services) -> None:
    (fan,) = site_energy(plant, SYSTEM, ENTERPRISE, SITE, T0, T0 + 24 * HOUR, asset=FAN)
    factors = load_factors()

    assert fan.kgce == pytest.approx(2400 * 0.1229)
    grid = factors.get(fan.factor_ids[1])
    assert grid.value is not None
    assert fan.kgco2 == pytest.approx(2400 * grid.value)
    assert grid.region == "inner_mongolia"
    assert fan.cost_yuan is None


def test_cost_needs_a_tariff_and_a_price(plant: Services) -> None:
    tariff = next(iter(load_tariffs().rows.values()))
    with plant.database.write() as session:
        energy_settings.choose_tariff(
            session, SYSTEM, ENTERPRISE, SITE, tariff=tariff.id, source="示例（虚构）", flat_price_yuan=0.5, now_ns=T0
        )

    (fan,) = site_energy(plant, SYSTEM, ENTERPRISE, SITE, T0, T0 + 24 * HOUR, asset=FAN)

    by_hand = sum(100 * 0.5 * tariff.ratio(10, hour) for hour in range(24))
    assert fan.cost_yuan == pytest.approx(by_hand)
    assert sum(fan.bands_kwh.values()) == pytest.approx(2400.0)


def test_too_little_data_gives_no_figure_but_says_what_was_measured(plant: Services) -> None:
    (fan,) = site_energy(plant, SYSTEM, ENTERPRISE, SITE, T0, T0 + 48 * HOUR, asset=FAN)

    assert fan.energy_kwh is None
    assert fan.kgce is None
    assert fan.measured_kwh == pytest.approx(2400.0)
    assert fan.covered_share == pytest.approx(0.5)


def test_energy_stays_inside_the_scope(plant: Services) -> None:
    with pytest.raises(NotFound):
        site_energy(
            plant,
            Scope("wang", Role.ENTERPRISE_VIEWER, frozenset({"bayan-chem"})),
            ENTERPRISE,
            SITE,
            T0,
            T0 + HOUR,
        )
    with pytest.raises(Forbidden):
        site_energy(plant, Scope("region", Role.REGION_VIEWER), ENTERPRISE, SITE, T0, T0 + HOUR)
    with pytest.raises(BudgetExceeded):
        site_energy(plant, SYSTEM, ENTERPRISE, SITE, T0, T0 + 40 * 24 * HOUR)
