"""A conveyor at a site of its own in each enterprise: a signed baseline, a saving, an event and an intensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ovoo_cloud.api.times import to_iso
from ovoo_cloud.catalogue import energy_baselines, energy_savings, enterprises, gateways
from ovoo_cloud.energy.baseline_service import define_baseline, prove_saving
from ovoo_cloud.energy.baseline_spec import BaselineSpec, Driver
from ovoo_cloud.energy.intensity import IntensitySpec, define_intensity
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry

from tests.cloud.api.plant import DAY, FOREIGN, HOUR, NOW, OWN, SYSTEM, Plant, columns, deliver
from tests.cloud.energy import works

START = NOW - 10 * HOUR - works.DAYS * DAY
"""Local midnight, so that the works' past ends with yesterday."""
TURN, END = START + works.BASELINE_DAYS * DAY, START + works.DAYS * DAY
EVENT = (TURN + 5 * DAY, TURN + 7 * DAY)
OWN_WORKS, FOREIGN_WORKS = "works", "furnace"


@dataclass(frozen=True, slots=True)
class Works:
    """Where a conveyor is, and the ids of what is kept of it."""

    enterprise: str
    site: str
    ids: dict[str, str]

    @property
    def belt(self) -> str:
        """The full path of the conveyor."""
        return f"{self.enterprise}/{self.site}/transport/main/belt1"


def add_works(plant: Plant, enterprise: str = OWN, site: str = OWN_WORKS) -> Works:
    """Registers the site, delivers its past through the intake and does what an engineer would do."""
    made = Works(enterprise, site, {})
    gateway, services = f"{site}-gw1", plant.services
    with services.database.write() as session:
        enterprises.save_site(session, SYSTEM, enterprise, site)
        gateways.register(session, SYSTEM, gateway, enterprise=enterprise, sites=[site], now_ns=NOW)
    listed = Catalogue(
        SignalEntry(Address.parse(f"{made.belt}/{entry.address.signal}"), entry.unit, period_s=600.0)
        for entry in works.LISTED.entries
    )
    names = [entry.address.signal for entry in listed.entries]
    order = [names.index(entry.address.signal) for entry in works.LISTED.entries]
    shift = START - works.START
    rows = [
        (order[signal], at + shift, value)
        for signal, at, value, _ in works.rows(0.1, (EVENT[0] - shift, EVENT[1] - shift), 60.0)
    ]
    deliver(plant, gateway, listed, columns(rows), 1)
    owner, fit = define_baseline(
        services, SYSTEM, enterprise, site, name="主运带式输送机" if enterprise == OWN else "bayan", asset=made.belt,
        spec=belt_spec(made), start_ns=START, end_ns=TURN,
    )  # fmt: skip
    with services.database.write() as session:
        energy_baselines.sign(session, SYSTEM, owner, fit.id, document="M&V plan 3", now_ns=NOW)
    saving = prove_saving(services, SYSTEM, owner, TURN, END)
    assert not hasattr(saving, "reason"), saving
    spec = IntensitySpec((f"{made.belt}/power",), f"{made.belt}/load", "washing_thermal", months=3)
    intensity = define_intensity(services, SYSTEM, enterprise, site, spec, name="belt")
    with services.database.read() as session:
        event = energy_savings.events(session, SYSTEM, owner)[0]
    made.ids.update(
        enterprise=enterprise, site=site, baseline=owner.id, fit=fit.id, event=event.id, record=saving.id,
        intensity=intensity.id,
    )  # fmt: skip
    return made


def belt_spec(made: Works) -> BaselineSpec:
    """Hourly power over the tonnes of the hour; a temperature beside it that explains nothing."""
    drivers = (
        Driver("load", f"{made.belt}/load", "production", "integral", 1, 0.0, 5000.0),
        Driver("noise", f"{made.belt}/noise", "temperature"),
    )
    return BaselineSpec(
        (f"{made.belt}/power",), drivers, "hour", days_min=14, splits=("none",), event_hours=24, draws=400
    )


def add_foreign_works(plant: Plant) -> Works:
    """The same at the other enterprise, whose ids nobody of the own one may see."""
    return add_works(plant, FOREIGN, FOREIGN_WORKS)


def baseline_body(enterprise: str, site: str) -> dict[str, Any]:
    """A baseline of the conveyor as the API takes it."""
    belt = f"{enterprise}/{site}/transport/main/belt1"
    return {
        "name": "again",
        "energy": [f"{belt}/power"],
        "drivers": [{"name": "load", "address": f"{belt}/load", "role": "production", "take": "integral"}],
        "step": "hour",
        "settings": {"days_min": 14, "splits": ["none"]},
        "start": to_iso(START),
        "end": to_iso(TURN),
    }


def intensity_body(enterprise: str, site: str) -> dict[str, Any]:
    """An intensity of the conveyor as the API takes it."""
    belt = f"{enterprise}/{site}/transport/main/belt1"
    return {
        "name": "again", "energy": [f"{belt}/power"], "product": f"{belt}/load", "norm": "washing_thermal", "months": 2,
        "correction_total": 1.1, "correction_document": "factor sheet 7",
    }  # fmt: skip
