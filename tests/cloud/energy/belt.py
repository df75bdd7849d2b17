"""A belt that idles two hours a day, a steady fan and a compressor whose half power may mean anything."""

from __future__ import annotations

import random

from ovoo_cloud.catalogue import energy_inputs, energy_settings
from ovoo_cloud.energy.idle_ranking import IdleRanking, MachineStates, site_idle
from ovoo_cloud.energy.measure_list import ListedMeasure, site_measure, site_measures
from ovoo_cloud.services import Services
from ovoo_packs import load_tariffs

from tests.cloud.builders import ENTERPRISE, SITE, T0
from tests.cloud.energy.meters import COMPRESSOR, DAY, FAN, METER, PLACE, SYSTEM, feed

BELT = "transport/main/belt1"
DAYS = 15
IDLE_KW = 20.0
IDLE_MINUTES = 120
"""Of each day the belt runs empty for two hours, works for ten and stands for twelve."""
NOISE = [random.Random(7).gauss(0.0, 1.0) for _ in range(4096)]


def noise(n: int) -> float:
    return NOISE[n * 7919 % 4096]


def belt_kw(n: int) -> float:
    minute = n % 1440
    if minute < 600:
        return 200.0 + 6.0 * noise(n)
    return IDLE_KW if minute < 600 + IDLE_MINUTES else 0.0


def half_kw(n: int) -> float:
    """Work, and half of it: no load of one machine, part load of another."""
    return (100.0 if n % 120 < 80 else 52.0) + noise(n)


def works(services: Services, days: int = DAYS) -> None:
    feed(
        services,
        {
            f"{BELT}/power": ("kW", belt_kw),
            f"{BELT}/running": ("1", lambda n: float(belt_kw(n) > 0.0)),
            f"{BELT}/belt_speed": ("m/s", lambda n: 2.0),
            f"{BELT}/load": ("t/h", lambda n: 500.0),
            f"{BELT}/motor_temp": ("degC", lambda n: 60.0),
            f"{BELT}/vibration": ("mm/s", lambda n: 2.0),
            f"{FAN}/power": ("kW", lambda n: 400.0 + 3.0 * noise(n)),
            f"{COMPRESSOR}/power": ("kW", half_kw),
            f"{METER}/power": ("kW", lambda n: belt_kw(n) + 400.0 + 3.0 * noise(n)),
            f"{METER}/energy": ("kWh", lambda n: 10.0 * n),
            f"{METER}/power_factor": ("1", lambda n: 0.9),
        },
        days * 1440,
    )


def ranking(services: Services, days: int = DAYS) -> IdleRanking:
    return site_idle(services, SYSTEM, ENTERPRISE, SITE, T0, T0 + days * DAY)


def machine(services: Services, asset: str, days: int = DAYS) -> MachineStates:
    return next(each for each in ranking(services, days).machines if each.row.path == f"{PLACE}/{asset}")


def give(services: Services, name: str, value: str, asset: str = BELT, source: str = "班会纪要 3（虚构）") -> None:
    with services.database.write() as session:
        path = f"{PLACE}/{asset}" if asset else ""
        energy_inputs.save(
            session, SYSTEM, ENTERPRISE, SITE, asset=path, name=name, value=value, source=source, now_ns=T0
        )


def choose_price(services: Services) -> str:
    tariff = next(iter(load_tariffs().rows.values()))
    with services.database.write() as session:
        energy_settings.choose_tariff(
            session, SYSTEM, ENTERPRISE, SITE, tariff=tariff.id, source="合同（虚构）", flat_price_yuan=0.5, now_ns=T0
        )
    return tariff.id


def listed(services: Services, kind: str, asset: str = BELT, days: int = DAYS) -> ListedMeasure:
    found = site_measures(services, SYSTEM, ENTERPRISE, SITE, T0, T0 + days * DAY)
    return site_measure(found, kind, asset)
