"""A conveyor with known physics: power follows the load, and from a known hour on it saves a known share."""

from __future__ import annotations

import random
from collections.abc import Sequence

from ovoo_cloud.catalogue import signals
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.energy.baseline_spec import BaselineSpec, Driver
from ovoo_cloud.services import Services
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, SITE, T0, S

HOUR = 3600 * S
DAY = 24 * HOUR
BELT = f"{ENTERPRISE}/{SITE}/transport/main/belt1"
START = T0 - 17 * HOUR
"""Local midnight."""
BASELINE_DAYS, DAYS = 21, 35
TURN = START + BASELINE_DAYS * DAY
IDLE_KW, KW_PER_T = 60.0, 0.4
STEP_MINUTES = 10
LISTED = Catalogue(
    [
        SignalEntry(Address.parse(f"{BELT}/load"), "t/h", period_s=600.0),
        SignalEntry(Address.parse(f"{BELT}/power"), "kW", period_s=600.0),
        SignalEntry(Address.parse(f"{BELT}/noise"), "degC", period_s=600.0),
    ]
)


def rows(
    saved_share: float, event: tuple[int, int] = (0, 0), event_kw: float = 0.0
) -> list[tuple[int, int, float, int]]:
    """Samples of all signals: load by shift, power with 4 % noise an hour; less by `saved_share` from TURN on."""
    random_ = random.Random(7)
    found: list[tuple[int, int, float, int]] = []
    for hour in range(DAYS * 24):
        load = 0.0 if hour % 24 in (6, 14, 22) else 300.0 + 120.0 * random_.random() * (1.0 + hour % 3)
        noise = random_.gauss(0.0, 0.04)
        for part in range(60 // STEP_MINUTES):
            at = START + hour * HOUR + part * STEP_MINUTES * 60 * S
            kw = (IDLE_KW + KW_PER_T * load) * (1.0 + noise)
            kw = kw * (1.0 - saved_share) if at >= TURN else kw
            kw = kw + event_kw if event[0] <= at < event[1] else kw
            found += [(0, at, load, 0), (1, at, kw, 0), (2, at, 20.0 + random_.random(), 0)]
    end = START + DAYS * DAY
    return [*found, (0, end, 0.0, 0), (1, end, IDLE_KW, 0), (2, end, 20.0, 0)]


def feed(services: Services, samples: Sequence[tuple[int, int, float, int]]) -> None:
    """Stores the samples as one delivery of the gateway."""
    with services.database.write() as session:
        gateway = session.get(Gateway, GATEWAY)
        assert gateway is not None
        signals.save_catalogue(session, gateway, LISTED, now_ns=T0)
    services.store.write(builders.delivery(builders.batch(list(samples)), signals=LISTED))


def spec(**changes: object) -> BaselineSpec:
    """Hourly, with the load as the driver that works and a temperature that says nothing."""
    drivers = (
        Driver("load", f"{BELT}/load", "production", "integral", 1, 0.0, 5000.0),
        Driver("noise", f"{BELT}/noise", "temperature"),
    )
    given: dict[str, object] = {"step": "hour", "days_min": 14, "splits": ("none",), "event_hours": 24, "draws": 400}
    return BaselineSpec(energy=(f"{BELT}/power",), drivers=drivers, **{**given, **changes})  # type: ignore[arg-type]
