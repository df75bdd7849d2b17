"""A small works with a meter tree whose every quarter hour is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import meter_trees, signals
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.services import Services
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, SITE, T0, S

SYSTEM = Scope.system()
MINUTE, HOUR, DAY = 60 * S, 3600 * S, 86_400 * S
PLACE = f"{ENTERPRISE}/{SITE}"
METER, FAN, COMPRESSOR = "utilities/power/meter1", "ventilation/main/fan1", "utilities/air/comp1"
Shape = Callable[[int], float]


def feed(services: Services, shapes: Mapping[str, tuple[str, Shape]], minutes: int) -> None:
    """Signals `area/line/asset/signal` with their unit, one sample a minute from T0 on."""
    entries = [SignalEntry(Address.parse(f"{PLACE}/{name}"), unit) for name, (unit, _) in shapes.items()]
    listed = Catalogue(entries)
    rows: list[tuple[int, int, float | None, int]] = [
        (index, T0 + n * MINUTE, shape(n), 0)
        for index, (_, shape) in enumerate(shapes.values())
        for n in range(minutes + 1)
    ]
    with services.database.write() as session:
        gateway = session.get(Gateway, GATEWAY)
        assert gateway is not None
        signals.save_catalogue(session, gateway, listed, now_ns=T0)
    services.store.write(builders.delivery(builders.batch(rows), signals=listed))


def place_tree(services: Services, rows: list[dict[str, Any]], source: str = "一次系统图 7（虚构）") -> None:
    with services.database.write() as session:
        meter_trees.save_tree(session, SYSTEM, ENTERPRISE, SITE, rows, source=source, now_ns=T0)


def meter(name: str, signal: str, parent: str | None = None, percent: float = 0.5, **rest: Any) -> dict[str, Any]:
    row = {"name": name, "signal": signal, "carrier": "electricity", "class_percent": percent, "parent": parent}
    return {**row, **rest}
