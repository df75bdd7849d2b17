"""A small installation with known content, fed by real deliveries, and a real server in front of it."""

from __future__ import annotations

import contextlib
import functools
import json
import pathlib
import socket
import threading
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from ovoo_cloud.access import tokens, users
from ovoo_cloud.access.authority import Authority
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.app import create_app
from ovoo_cloud.catalogue import enterprises, frameworks, gateways
from ovoo_cloud.ingest.intake import Intake, Message
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract import topics
from ovoo_contract.address import Address, AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.completeness import CompletenessEnvelope, HourReport, LostInterval
from ovoo_contract.delivery import EventEnvelope, GatewayState
from ovoo_contract.findings import Finding
from ovoo_contract.gateway_config import ReportedConfig
from ovoo_contract.hour_sums import SumsEnvelope
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader, encode_batch

from tests.cloud.api import moulds
from tests.cloud.api.own_framework import own_text
from tests.cloud.energy.machine_hours import hours_of, minutes
from tests.cloud.people import join

S = 1_000_000_000
MINUTE = 60 * S
HOUR = 3600 * S
DAY = 24 * HOUR
NOW = 1_780_624_800 * S  # 2026-06-05 10:00:00 in Shanghai
OWN, FOREIGN = "heishan-coal", "bayan-chem"
SITE, FOREIGN_SITE = "heishan", "bayan"
GATEWAY, FOREIGN_GATEWAY, SPARE = "heishan-gw1", "bayan-gw1", "heishan-gw2"
FAN = f"{OWN}/{SITE}/ventilation/main/fan1"
COMPRESSOR = f"{OWN}/{SITE}/utilities/air/comp1"
METER = f"{OWN}/{SITE}/utilities/power/meter1"
FOREIGN_PUMP = f"{FOREIGN}/{FOREIGN_SITE}/airsep/train1/comp1"
CHALLENGER = "0123456789abcdef"
"""Fingerprint of the model set that the own gateway reports beside the fan's."""
TERMS: dict[str, Any] = {
    "tariff": "west",
    "energy": [
        {"name": "energy", "document": "示例合同（虚构）", "ratio": "0.40"},
        {"name": "fund", "document": "示例合同（虚构）", "flat": "0.03", "adjustable": False},
    ],
    "basis": "demand",
    "demand": {"price": "28", "document": "示例合同（虚构）", "contract_kw": "500"},
    "capacity": {"price": "19", "document": "示例合同（虚构）"},
    "capacity_kva": "1000",
    "target_kw": 550.0,
    "shiftable": [{"asset": "utilities/air/comp1", "rated_kw": 250.0, "document": "示例（虚构）：有储气罐"}],
    "fictitious": True,
}
"""Made-up prices, marked so."""
PASSWORD = "a long enough password"
SYSTEM = Scope.system()
SPAN_MINUTES = 26 * 60
"""Samples stand at every minute from NOW - 26 h to NOW, both included."""
FAN_KW, COMPRESSOR_KW, IDLE_KW = 400.0, 200.0, 80.0
IDLE_MINUTES = 120
"""The compressor idles in the two hours before NOW - 4 h."""
DAY_KWH = 24 * FAN_KW + 22 * COMPRESSOR_KW + 2 * IDLE_KW


def idle(minute: int) -> bool:
    """True while the compressor idles; `minute` counts back from NOW."""
    return 240 < minute <= 240 + IDLE_MINUTES


def comp_kw(minute: int) -> float:
    return IDLE_KW if idle(minute) else COMPRESSOR_KW


def _idled(minute: int) -> int:
    """Idle minutes between `minute` and NOW."""
    return min(max(minute - 241, 0), IDLE_MINUTES)


def entries() -> list[SignalEntry]:
    """The own plant's catalogue."""

    def entry(asset: str, name: str, unit: str, **rest: object) -> SignalEntry:
        return SignalEntry(Address.parse(f"{asset}/{name}"), unit, period_s=60.0, **rest)  # type: ignore[arg-type]

    return [
        entry(FAN, "running", "1", type="bool", name_zh="运行", name_en="Running"),
        entry(FAN, "speed", "r/min", low=0.0, high=1000.0, name_zh="转速", name_en="Speed"),
        entry(FAN, "flow", "m3/s", low=0.0, high=300.0, name_zh="风量", name_en="Flow"),
        entry(FAN, "static_pressure", "Pa", low=0.0, high=4000.0, name_zh="静压", name_en="Static pressure"),
        entry(FAN, "power", "kW", low=0.0, high=800.0, name_zh="功率", name_en="Power"),
        entry(FAN, "current", "A", name_zh="电流", name_en="Current"),
        entry(FAN, "bearing_temp", "degC", low=0.0, high=90.0, name_zh="轴承温度", name_en="Bearing temperature"),
        entry(FAN, "vibration", "mm/s", low=0.0, high=7.1, name_zh="振动速度", name_en="Vibration"),
        entry(FAN, "mewma-score", "1", measurement="score", field="score", model="mewma", name_zh="得分"),
        entry(FAN, "mewma-limit", "1", measurement="score", field="limit", model="mewma", name_zh="限值"),
        entry(COMPRESSOR, "running", "1", type="bool", name_zh="运行", name_en="Running"),
        entry(COMPRESSOR, "flow", "m3/min", name_zh="排气量", name_en="Flow"),
        entry(COMPRESSOR, "pressure", "MPa", name_zh="排气压力", name_en="Pressure"),
        entry(COMPRESSOR, "power", "kW", name_zh="功率", name_en="Power"),
        entry(COMPRESSOR, "discharge_temp", "degC", name_zh="排气温度", name_en="Discharge temperature"),
        entry(COMPRESSOR, "current", "A", name_zh="电流", name_en="Current"),
        entry(COMPRESSOR, "energy-state", "1", measurement="energy", field="state", model="idle", name_zh="状态"),
        entry(METER, "power", "kW", name_zh="总功率", name_en="Total power"),
        entry(METER, "energy", "kWh", name_zh="电能", name_en="Energy"),
        entry(METER, "power_factor", "1", name_zh="功率因数", name_en="Power factor"),
    ]


def value(entry: SignalEntry, minute: int) -> float:
    """The value of a signal `minute` minutes before NOW."""
    name, asset = entry.address.signal, str(entry.address.asset_address)
    wave = (minute * 37 % 100) / 100  # a deterministic, lively shape
    if asset == METER:
        back = (FAN_KW * minute + COMPRESSOR_KW * minute - (COMPRESSOR_KW - IDLE_KW) * _idled(minute)) / 60
        return {"power": FAN_KW + comp_kw(minute), "energy": 1_000_000.0 - back, "power_factor": 0.93}[name]
    if name == "power":
        return FAN_KW if asset == FAN else comp_kw(minute)
    if name == "energy-state":
        return 1.0 if idle(minute) else 0.0
    shapes = {
        "running": 1.0,
        "speed": 740 + wave,
        "flow": 150 + 3 * wave if asset == FAN else (0.0 if idle(minute) else 40 + wave),
        "static_pressure": 2200 + 20 * wave,
        "current": 45 + wave,
        "bearing_temp": 52 + 2 * wave,
        "vibration": 2.1 + 0.2 * wave,
        "mewma-score": 4 + wave,
        "mewma-limit": 20.0,
        "pressure": 0.72 + 0.01 * wave,
        "discharge_temp": 88 + wave,
    }
    return shapes[name]


@dataclass
class Clock:
    """A clock that tests move."""

    now_ns: int = NOW

    def __call__(self) -> int:
        return self.now_ns


@dataclass
class Plant:
    """The installation and what was fed to it."""

    services: Services
    clock: Clock
    intake: Intake
    catalogue: Catalogue
    url: str = ""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=20, trust_env=False, verify=False))
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    sent: int = 0
    asked: tuple[str, dict[str, str]] | None = None
    """State and ids of the case that the call under way was given."""
    untouched: dict[str, dict[str, str]] = field(default_factory=dict)
    """By state, a case that a refused call left as it was."""

    def session(self, user: str) -> str:
        with self.services.database.write() as session:
            return tokens.issue(
                session, user, kind="session", label="test", lifetime_s=86_400, now_ns=self.clock(), personal=True
            ).text

    def token(self, user: str, lifetime_s: int = 3600, *, issued_ns: int | None = None) -> str:
        with self.services.database.write() as session:
            issued = tokens.issue(
                session,
                user,
                kind="bearer",
                label="test",
                lifetime_s=lifetime_s,
                now_ns=self.clock() if issued_ns is None else issued_ns,
                personal=True,
            )
        return issued.text


@contextlib.contextmanager
def opened(folder: pathlib.Path, **settings: Any) -> Iterator[Plant]:
    """Services over the folder, with keys of their own."""
    clock = Clock()
    with build_services(Settings(data_dir=folder, **{"access_consent": "own", **settings}), clock=clock) as services:
        Authority(services.settings.authority_dir).create("Test CA", NOW)
        intake = Intake(services.database, services.store, clock, timezone="Asia/Shanghai")
        yield Plant(services, clock, intake, Catalogue(entries()))


def fill(plant: Plant, fed: bool) -> None:
    """Users and, if `fed`, two plants with a day of samples."""
    if fed:
        _register(plant)
        _feed(plant)
        _feed_foreign(plant)
        with plant.services.database.write() as session:
            frameworks.add(session, SYSTEM, own_text(), name="own.yaml", now_ns=NOW)
        from tests.cloud.api.plant_records import records_of  # here: it builds on this module

        plant.ids = {
            "own": records_of(plant, OWN, SITE, GATEWAY),
            "foreign": records_of(plant, FOREIGN, FOREIGN_SITE, FOREIGN_GATEWAY),
        }
    _people(plant, [OWN] if fed else [])


@contextlib.contextmanager
def installation(folder: pathlib.Path, *, fed: bool = True, **settings: Any) -> Iterator[Plant]:
    """Services with users; `fed` with two plants and a day of samples, else as after `ovoo-cloud init`.

    Filled once in a process and copied from then on, but where a setting says that it is kept elsewhere.
    """
    if not settings.get("database_url"):
        settings.pop("database_url", None)
    if settings.keys() <= moulds.OUTSIDE:
        opener = functools.partial(opened, **settings)
        with moulds.copied(folder, fed, settings.get("access_consent", "own"), opener) as plant:
            if fed:
                from tests.cloud.api.plant_records import ensure_report_key

                ensure_report_key(plant)
            yield plant
        return
    with opened(folder, **settings) as plant:
        fill(plant, fed)
        yield plant


@contextlib.contextmanager
def served(plant: Plant) -> Iterator[Plant]:
    """The real application behind uvicorn on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(plant.services), log_level="error", lifespan="off", ws="none", timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    plant.http.close()
    plant.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with httpx.Client(base_url=plant.url, timeout=90, trust_env=False, verify=False) as plant.http:
            yield plant
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()


def _register(plant: Plant) -> None:
    with plant.services.database.write() as session:
        for enterprise, name_zh, name_en, sector, site in (
            (OWN, "黑山煤业", "Heishan Coal", "coal_mine", SITE),
            (FOREIGN, "巴彦甲醇", "Bayan Methanol", "coal_chemical", FOREIGN_SITE),
        ):
            enterprises.save_enterprise(session, SYSTEM, enterprise, name_zh=name_zh, name_en=name_en, sector=sector)
            enterprises.save_site(session, SYSTEM, enterprise, site)
        gateways.register(session, SYSTEM, GATEWAY, enterprise=OWN, sites=[SITE], now_ns=NOW)
        told = ReportedConfig(challengers={FAN: CHALLENGER})
        gateways.note_reported(session, GATEWAY, json.loads(told.to_json()), NOW)
        gateways.register(session, SYSTEM, SPARE, enterprise=OWN, sites=[SITE], now_ns=NOW)
        gateways.register(session, SYSTEM, FOREIGN_GATEWAY, enterprise=FOREIGN, sites=[FOREIGN_SITE], now_ns=NOW)


def announce(plant: Plant) -> None:
    """The own plant with its signals and no sample; a second site without machines."""
    with plant.services.database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, OWN, name_zh="黑山煤业", name_en="Heishan", sector="coal_mine")
        for site in (SITE, "second"):
            enterprises.save_site(session, SYSTEM, OWN, site)
        gateways.register(session, SYSTEM, GATEWAY, enterprise=OWN, sites=[SITE], now_ns=NOW)
    plant.services.store.ensure_enterprise(OWN)
    plant.intake.handle([Message(topics.catalog(GATEWAY, plant.catalogue.id), plant.catalogue.to_json())])


def _people(plant: Plant, scope: list[str]) -> None:
    with plant.services.database.write() as session:
        for role in Role:
            if (scope and role is not Role.ENTERPRISE_ENGINEER) or role is Role.CENTRE_ADMIN:
                users.create_user(
                    session, SYSTEM, role.value, password=PASSWORD, role=role, enterprises=scope, now_ns=NOW
                )
        if scope:
            join(session, OWN, Role.ENTERPRISE_ENGINEER.value, PASSWORD, NOW)
            join(session, FOREIGN, "stranger", PASSWORD, NOW)
            for name, role, seen in (
                ("head", Role.CENTRE_ADMIN, []),
                ("spare", Role.ENTERPRISE_VIEWER, [OWN]),
                ("locked", Role.ENTERPRISE_VIEWER, [OWN]),
            ):
                users.create_user(session, SYSTEM, name, password=PASSWORD, role=role, enterprises=seen, now_ns=NOW)


def deliver(plant: Plant, gateway: str, catalogue: Catalogue, batch: SampleBatch, seq: int) -> None:
    """One batch through the intake, as it comes from the broker."""
    header = BatchHeader(catalogue_id=catalogue.id, epoch=7, seq=seq, receive_ns=plant.clock())
    answers = plant.intake.handle(
        [
            Message(topics.catalog(gateway, catalogue.id), catalogue.to_json()),
            Message(topics.batch(gateway), encode_batch(header, batch)),
        ]
    )
    assert answers


def columns(rows: Sequence[tuple[int, int, float]]) -> SampleBatch:
    return SampleBatch(
        array("I", [row[0] for row in rows]),
        array("q", [row[1] for row in rows]),
        array("d", [row[2] for row in rows]),
        array("I", bytes(4 * len(rows))),
        {},
    )


def _feed(plant: Plant) -> None:
    for index, entry in enumerate(plant.catalogue.entries):
        rows = [(index, NOW - m * MINUTE, value(entry, m)) for m in range(SPAN_MINUTES, -1, -1)]
        seq = index + 1 + (index >= 3)  # spool row 4 never arrives: a gap
        deliver(plant, GATEWAY, plant.catalogue, columns(rows), seq)
        plant.sent += len(rows)
    beyond = len(plant.catalogue.entries)
    deliver(plant, GATEWAY, plant.catalogue, columns([(beyond, NOW, 1.0)]), beyond + 2)  # refused
    state = GatewayState(
        online=True,
        time_ns=NOW,
        epoch=7,
        version="0.1.0",
        catalogue_id=plant.catalogue.id,
        backlog_rows=12,
        at_risk_s=3.5,
        buffer_h=71.0,
        cpu=0.2,
        rss_mb=58.0,
        offset_ms=4.0,
    )
    found = Finding(
        code="bearing_wear",
        severity="warning",
        asset=AssetAddress.parse(FAN),
        start_ns=NOW - 30 * MINUTE,
        end_ns=NOW - MINUTE,
        value=31.5,
        unit="1",
        uncertainty=0.4,
        evidence=("ev_0123456789abcdef",),
        advice="bearing_wear",
        model="mewma",
        open=True,
        detail={"signal": "vibration"},
    )
    plant.intake.handle(
        [
            Message(topics.state(GATEWAY), state.to_json()),
            Message(topics.event(GATEWAY), EventEnvelope(7, beyond + 3, found).to_json()),
        ]
    )
    for number, report in enumerate(hour_reports(plant.catalogue)):
        envelope = CompletenessEnvelope(7, beyond + 4 + number, report)
        plant.intake.handle([Message(topics.completeness(GATEWAY), envelope.to_bytes())])
    for number, hour in enumerate(hours_of(COMPRESSOR, minutes(NOW - 2 * HOUR, 2))):
        told = SumsEnvelope(7, beyond + 4 + len(hour_reports(plant.catalogue)) + number, hour)
        assert plant.intake.handle([Message(topics.sums(GATEWAY), told.to_bytes())])


def hour_reports(catalogue: Catalogue) -> list[HourReport]:
    """The last 24 hours but for two: all is whole, and in the last hour the fan's power lost ten samples."""
    last = NOW // HOUR - 1
    reports = []
    for hour in range(last - 23, last + 1):
        if hour in (last - 20, last - 19):
            continue
        lost = []
        if hour == last:
            start = hour * HOUR
            lost.append(LostInterval(4, start + 5 * MINUTE, start + 15 * MINUTE, "spool_full", 10))
            lost.append(LostInterval(0, start, start + 20 * MINUTE, "gateway_stopped", 20, received=False))
        counts = [
            (index, 60, 40 if index == 0 and lost else 60, 0, 5 if index == 1 else 0, 0)
            for index in range(len(catalogue.entries))
        ]
        reports.append(HourReport.of(catalogue.id, hour, (hour + 1) * HOUR + 2 * MINUTE, counts, lost))
    return reports


def _feed_foreign(plant: Plant) -> None:
    listed = Catalogue([SignalEntry(Address.parse(f"{FOREIGN_PUMP}/power"), "kW", period_s=60.0)])
    deliver(plant, FOREIGN_GATEWAY, listed, columns([(0, NOW - m * MINUTE, 77.0) for m in range(30, -1, -1)]), 1)
    found = Finding(
        code="leak",
        severity="critical",
        asset=AssetAddress.parse(FOREIGN_PUMP),
        start_ns=NOW - 30 * MINUTE,
        end_ns=NOW - MINUTE,
        model="mewma",
        open=True,
    )
    plant.intake.handle([Message(topics.event(FOREIGN_GATEWAY), EventEnvelope(7, 2, found).to_json())])
