"""A compressor whose kW per bar and whose leak are known: both become savings, or are refused by what the data lack."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from ovoo_cloud.energy.documents import measure_document
from ovoo_cloud.energy.measure_lines import ListedMeasure
from ovoo_cloud.services import Services
from ovoo_packs import load_tariffs

from tests.cloud.energy.belt import choose_price, give, listed
from tests.cloud.energy.meters import COMPRESSOR, Shape, feed, meter, place_tree

DAYS = 15
DRAW = random.Random(5)
NOISE = [DRAW.gauss(0.0, 1.0) for _ in range(8192)]
SLOPE, MARGINAL, IDLE_KW = 9.0, 6.0, 25.0
"""kW per bar, kW for one more m3/min, and kW at no air."""
LEAK = 5.0
QUIET = "01:00-05:00"


def noise(n: int, salt: int = 0) -> float:
    return NOISE[(n * 7919 + salt * 104_729) % 8192]


def quiet(n: int) -> bool:
    """From 01:00 to 05:00 in Shanghai; minute 0 is 17:00 there."""
    return 1 <= (17 + n // 60) % 24 < 5


def flow(n: int) -> float:
    return LEAK + (0.0 if quiet(n) else 25.0 + 3.0 * math.sin(n / 97.0)) + 0.1 * noise(n, 1)


def pressure_bar(n: int, swing: float = 0.4) -> float:
    """The set point is moved every few hours."""
    return 7.0 + swing * (-1.0 if n // 300 % 2 else 1.0) + 0.2 * swing * noise(n, 2)


def power(n: int, slope: float = SLOPE, swing: float = 0.4) -> float:
    return IDLE_KW + MARGINAL * flow(n) + slope * (pressure_bar(n, swing) - 7.0) + 0.8 * noise(n, 3)


def station(
    services: Services, kw: Shape = power, bar: Shape = pressure_bar, without: tuple[str, ...] = (), *,
    classed: bool = True,
) -> None:  # fmt: skip
    shapes: dict[str, tuple[str, Shape]] = {
        "running": ("1", lambda n: 1.0),
        "flow": ("m3/min", flow),
        "pressure": ("MPa", lambda n: 0.1 * bar(n)),
        "power": ("kW", kw),
        "discharge_temp": ("degC", lambda n: 80.0),
        "current": ("A", lambda n: 200.0),
    }
    feed(services, {f"{COMPRESSOR}/{k}": v for k, v in shapes.items() if k not in without}, DAYS * 1440)
    if classed:
        place_tree(services, [meter("comp", f"{COMPRESSOR}/power", percent=1.0)])


def line(services: Services, kind: str = "compressor_pressure", days: int = DAYS) -> ListedMeasure:
    return listed(services, kind, COMPRESSOR, days)


def test_a_bar_less_saves_what_the_machine_itself_shows(services: Services) -> None:
    station(services)
    choose_price(services)
    give(services, "compressor_pressure.pressure_cut", "0.5", COMPRESSOR)

    found = line(services)

    slope = found.measured["power_per_pressure"].value
    assert slope.unit == "kW/bar"
    assert abs(slope.value - SLOPE) < 2.5 * slope.sigma
    assert 0.01 / math.sqrt(3.0) * slope.value < slope.sigma < 0.1 * SLOPE
    hours = found.measured["loaded_hours"].value.value
    assert found.measure.status == "saving"
    assert found.measure.saving.value == pytest.approx(slope.value * 0.5 * hours)
    assert found.measure.yuan_per_year is not None
    assert {each.id for each in found.samples} == set(found.measure.evidence_ids)
    assert len(found.samples) == 2
    assert {each.name for each in found.details} == {"pressure_span", "load_minutes", "independent_minutes"}


@pytest.mark.parametrize(
    ("why", "kw", "bar"),
    [
        ("pressure_hardly_varied", lambda n: power(n, swing=0.02), lambda n: pressure_bar(n, 0.02)),
        ("pressure_sign", lambda n: power(n, slope=-SLOPE), pressure_bar),
    ],
)
def test_a_slope_that_cannot_be_seen_is_refused_with_the_reason(
    services: Services, why: str, kw: Callable[[int], float], bar: Callable[[int], float]
) -> None:
    station(services, kw, bar)
    give(services, "compressor_pressure.pressure_cut", "0.5", COMPRESSOR)

    found = line(services)

    assert found.measure.status == "insufficient_evidence"
    assert found.measure.missing == ("power_per_pressure",)
    assert [each.reason for each in found.refused] == [why]
    assert measure_document(found)["refused"][0]["reason"] == why


def test_a_test_on_the_spot_stands_in_for_what_the_data_do_not_show(services: Services) -> None:
    station(services, lambda n: power(n, swing=0.02), lambda n: pressure_bar(n, 0.02))
    give(services, "compressor_pressure.pressure_cut", "0.5", COMPRESSOR)
    give(services, "compressor_pressure.power_per_pressure", "8.5 ± 0.6", COMPRESSOR, "现场试验 12（虚构）")

    found = line(services)

    slope = found.measured["power_per_pressure"].value
    assert slope.value == 8.5
    assert slope.sigma == pytest.approx(0.6 / 1.959963984540054)
    assert found.read == ("power_per_pressure",)
    assert found.measure.status == "saving"
    assert found.refused == ()
    read = next(each for each in found.samples if not each.samples)
    assert "8.5 ± 0.6" in read.descriptor.query
    assert "现场试验 12" in read.descriptor.query


def test_without_a_pressure_signal_there_is_no_slope(services: Services) -> None:
    station(services, without=("pressure",))

    assert [each.reason for each in line(services).refused] == ["no_pressure_signal"]


def test_without_the_class_of_its_meter_the_slope_is_no_evidence(services: Services) -> None:
    station(services, classed=False)

    found = line(services)

    assert found.without_class
    assert [each.reason for each in found.refused] == ["without_class"]
    assert found.refused[0].value == pytest.approx(SLOPE, rel=0.1)


def test_leaks_are_what_the_quiet_hours_draw_for_air(services: Services) -> None:
    station(services)
    choose_price(services)
    before = line(services, "leak_repair")
    give(services, "leak_repair.quiet_hours", QUIET, COMPRESSOR, "班次表 2（虚构）")
    give(services, "leak_repair.repaired_share", "0.5", COMPRESSOR)

    found = line(services, "leak_repair")

    assert [each.reason for each in before.refused] == ["quiet_hours_not_given"]
    leak = found.measured["leak_power"].value
    assert leak.value == pytest.approx(LEAK * MARGINAL, rel=0.03)
    assert found.measured["pressurised_hours"].value.value == pytest.approx(DAYS * 24.0, rel=1e-3)
    assert found.measure.saving.value == pytest.approx(leak.value * 0.5 * DAYS * 24.0, rel=1e-3)
    assert found.measure.status == "saving"
    assert found.measure.yuan_per_year is not None
    tariff = next(iter(load_tariffs().rows.values()))
    price = 0.5 * sum(tariff.ratio(10, hour) for hour in range(24)) / 24.0
    assert found.measure.yuan_per_year.value == pytest.approx(leak.value * 0.5 * 8766.0 * price, rel=2e-3)
    details = {each.name: each.value for each in found.details}
    assert details["leak_flow"] == pytest.approx(LEAK, abs=0.05)
    assert details["marginal_power"] == pytest.approx(MARGINAL, rel=0.03)
    assert details["quiet_nights"] == 15.0


def test_by_power_alone_it_is_the_run_time_at_no_demand(services: Services) -> None:
    def kw(n: int) -> float:
        # at night a fifth of the time at load
        return (100.0 if not quiet(n) or n % 10 < 2 else IDLE_KW) + 0.3 * noise(n, 3)

    station(services, kw, without=("flow",))
    give(services, "leak_repair.quiet_hours", QUIET, COMPRESSOR)

    found = line(services, "leak_repair")

    assert found.measured["leak_power"].value.value == pytest.approx(0.2 * (100.0 - IDLE_KW), rel=0.03)
    assert found.measure.missing == ("repaired_share",)


@pytest.mark.parametrize(
    ("hours", "why"), [("08:00-16:00", "leak_not_quiet"), ("7 02:00-03:00", "leak_too_few_nights")]
)
def test_hours_that_are_not_quiet_or_too_few_are_refused(services: Services, hours: str, why: str) -> None:
    station(services)
    give(services, "leak_repair.quiet_hours", hours, COMPRESSOR)

    assert [each.reason for each in line(services, "leak_repair").refused] == [why]
