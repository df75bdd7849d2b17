"""Evidence is frozen while late and re-sent samples arrive in its window: consistent, and later ones told by name."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil
import threading
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from ovoo_cloud.catalogue import gateways, signals
from ovoo_cloud.diagnosis import one_look
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot, freeze
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.build import ReportSettings, issue_bundle
from ovoo_cloud.reports.bundle import manifest_bytes
from ovoo_cloud.reports.signing import create_key, load_signing_key, sign
from ovoo_cloud.reports.verify import Verification, verify_bundle
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_cloud.stores.base import Delivery
from ovoo_contract.address import Address
from ovoo_contract.canonical import canonical_json
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.evidence import SampleColumns
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL, FLAG_LATE, BatchHeader

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.test_evidence_store import SYSTEM, fill

ISSUE = Issue("T-1", "2026-06-08", 1, "test")
POWER = "heishan-coal/heishan/ventilation/main/fan1/power"
FLOW = "heishan-coal/heishan/ventilation/main/fan1/flow"
METHANE = "heishan-coal/heishan/face/return/gas1/methane"

SIGNALS = [str(entry.address) for entry in mine.entries()]


def week() -> Case:
    """The mine's case over a week."""
    case = mine.case()
    window = {"start": "2026-05-01T00:00:00+08:00", "end": "2026-05-08T00:00:00+08:00"}
    return parse_case({**case.raw, "window": window}, "week")


class Gateway:
    """The mine's gateway, which sends late and once more what it sent."""

    def __init__(self, services: Services, case: Case) -> None:
        self._services, self._case = services, case
        self._catalogue = Catalogue(mine.entries())
        self._places = {str(entry.address): index for index, entry in enumerate(self._catalogue.entries)}
        self._sent = len(self._places)
        self.announced = {self._catalogue.id: self._catalogue}

    def late(self, address: str, value: float, *, again: bool = False) -> None:
        """A sample between those that are there, or with `again` the first one of the signal once more."""
        self._sent += 1
        time_ns = self._case.start_ns if again else self._case.start_ns + self._sent * mine.STEP_NS + 1_000_000_000
        batch = SampleBatch(
            array("I", [self._places[address]]), array("q", [time_ns]), array("d", [value]), array("I", [0])
        )
        header = BatchHeader(
            catalogue_id=self._catalogue.id, epoch=7, seq=self._sent, receive_ns=self._case.end_ns,
            flags=FLAG_BACKFILL | FLAG_LATE,
        )  # fmt: skip
        self._services.store.write(Delivery("heishan-gw1", "heishan-coal", header, self._catalogue, batch))

    def announce(self, machine: str) -> None:
        """A new catalogue, with one machine more."""
        more = SignalEntry(Address.parse(f"heishan-coal/heishan/drainage/main/{machine}/power"), "kW", period_s=300.0)
        catalogue = Catalogue([*self._catalogue.entries, more])
        self.announced[catalogue.id] = catalogue
        with self._services.database.write() as session:
            gateway = gateways.gateway(session, SYSTEM, "heishan-gw1")
            signals.save_catalogue(session, gateway, catalogue, now_ns=self._case.end_ns)


class Restless(StoreEvidence):
    """The store, where after every look at a signal samples arrive, and at the first look at the list a machine."""

    def __init__(self, services: Services, gateway: Gateway) -> None:
        super().__init__(services, "heishan-coal", SYSTEM)
        self._gateway = gateway
        self.given: dict[str, SampleColumns] = {}
        self.looks = self.lists = 0

    def signals(self) -> Sequence[SignalEntry]:
        found = super().signals()
        self.lists += 1
        if self.lists in (1, 3):
            self._gateway.announce(f"pump9{self.lists}")
        return found

    def samples(self, address: Address, start_ns: int, end_ns: int) -> SampleColumns:
        found = super().samples(address, start_ns, end_ns)
        self.given[str(address)] = found
        self.looks += 1
        self._gateway.late(FLOW, 150.0)
        if str(address) in SIGNALS:
            self._gateway.late(str(address), 400.0 + self.looks)
        return found

    def as_given(self, listed: Sequence[SignalEntry], catalogue: str, case: Case) -> MemorySource:
        """What was seen of each signal at the last look, held in memory."""
        batches = [
            SampleBatch(
                array("I", [index] * len(columns.time_ns)), columns.time_ns, columns.value, columns.quality,
                dict(columns.text),
            )
            for index, columns in enumerate(self.given[str(entry.address)] for entry in listed)
        ]  # fmt: skip
        return MemorySource(
            listed, batches, findings=mine.findings(case.start_ns), catalogue_ids=[catalogue],
            platform=self.platform(), usage=self.usage(case.start_ns, case.end_ns),
        )  # fmt: skip


@pytest.fixture(params=["embedded", pytest.param("influx", marks=pytest.mark.server)])
def services(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Services]:
    """The mine with its week in each kind of store."""
    settings = Settings(data_dir=tmp_path / "cloud")
    if request.param == "influx":
        server = request.getfixturevalue("influxdb")
        server.create("ovoo_heishan-coal")
        settings = dataclasses.replace(settings, store="influx", influx_url=server.url)
    with build_services(settings) as opened:
        case = week()
        fill(opened, case, mine.batches(case.start_ns, case.end_ns))
        yield opened


def test_what_is_frozen_while_samples_arrive_recomputes_from_what_was_frozen(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_look, "_IN_MEMORY", 1_000_000)  # so that some is kept in memory, and then all in a file
    case = week()
    gateway = Gateway(services, case)
    arriving = Restless(services, gateway)

    frozen = freeze(case, arriving, ISSUE)

    listed = Catalogue.from_json(frozen.data["source"]["catalogue"].encode()).entries
    (catalogue,) = frozen.data["source"]["catalogue_ids"]
    again = freeze(case, arriving.as_given(listed, catalogue, case), ISSUE)
    assert {each.address for each in gateway.announced[catalogue].entries} == {each.address for each in listed}
    assert arriving.looks > len(listed)  # it had to begin again
    assert again.data["evidence"] == frozen.data["evidence"]
    assert again.data["figures"] == frozen.data["figures"]
    assert again.to_bytes() == frozen.to_bytes()


class Bundle:
    """A bundle of a snapshot on disk, without documents, and its keys."""

    def __init__(self, folder: pathlib.Path, frozen: Snapshot) -> None:
        self._private, self._public = create_key(folder / "keys")
        self.folder = folder / "bundle"
        settings = ReportSettings("T-1", "2026-06-08", load_signing_key(self._private), formats=())
        issue_bundle(lambda issue: Snapshot({**frozen.data, "issue": issue.to_json()}), settings, self.folder)

    def verify(self, services: Services, folder: pathlib.Path | None = None) -> Verification:
        source = StoreEvidence(services, "heishan-coal", SYSTEM)
        return verify_bundle(folder or self.folder, trust=self._public, deep=source)

    def forged(self, folder: pathlib.Path, figure: str) -> pathlib.Path:
        """A copy with another value of a figure, sealed by the right key."""
        shutil.copytree(self.folder, folder)
        data: dict[str, Any] = json.loads((folder / "snapshot.json").read_bytes())
        row = data["figures"][figure]
        row["value"] = row["low"] = row["high"] = "12345.0"
        (folder / "snapshot.json").write_bytes(canonical_json(data))
        files = {each.name: each.read_bytes() for each in folder.iterdir() if not each.name.startswith("manifest")}
        manifest = manifest_bytes(files, data)
        (folder / "manifest.json").write_bytes(manifest)
        (folder / "manifest.sig").write_bytes(sign(load_signing_key(self._private), manifest))
        return folder


def test_samples_that_come_later_are_told_by_name_and_are_no_forgery(
    services: Services, tmp_path: pathlib.Path
) -> None:
    case = week()
    gateway = Gateway(services, case)
    bundle = Bundle(tmp_path, freeze(case, StoreEvidence(services, "heishan-coal", SYSTEM), ISSUE))
    first = mine.batches(case.start_ns, case.end_ns)
    power = SIGNALS.index(POWER)

    gateway.late(POWER, first[power].value[0], again=True)
    resent = bundle.verify(services)
    gateway.late(POWER, 999.0)
    gateway.late(METHANE, 0.4)
    later = bundle.verify(services)

    assert (resent.ok, resent.moved) == (True, ())
    assert (later.ok, later.intact, later.moved) == (False, True, tuple(sorted((METHANE, POWER))))
    told = {each.name: each.detail for each in later.mismatches}
    assert told[f"points/{POWER}"] == "the store has 2017 samples, 2017 good; the report 2016, 2016 good"
    assert f"points/{FLOW}" not in told
    assert any(each.kind == "evidence" and each.detail.endswith(f"of {POWER}") for each in later.mismatches)


def test_a_figure_that_follows_from_no_sample_is_a_forgery_whatever_came_later(
    services: Services, tmp_path: pathlib.Path
) -> None:
    case = week()
    bundle = Bundle(tmp_path, freeze(case, StoreEvidence(services, "heishan-coal", SYSTEM), ISSUE))
    Gateway(services, case).late(METHANE, 0.4)

    found = bundle.verify(services, bundle.forged(tmp_path / "forged", "data.signals"))

    untouched = {each.name for each in found.mismatches if not each.moved}
    assert (found.intact, found.moved) == (False, (METHANE,))
    assert "data.signals" in untouched


def test_a_report_frozen_beside_a_busy_gateway_differs_only_by_what_came_since(
    services: Services, tmp_path: pathlib.Path
) -> None:
    case = week()
    gateway, done = Gateway(services, case), threading.Event()

    def send() -> None:
        while not done.is_set():
            gateway.late(POWER, 431.0)
            gateway.late(FLOW, 151.0)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        frozen = freeze(case, StoreEvidence(services, "heishan-coal", SYSTEM), ISSUE)
        while_sending = Bundle(tmp_path, frozen).verify(services)
    finally:
        done.set()
        sender.join()

    assert while_sending.intact, [str(each) for each in while_sending.mismatches if not each.moved]
    assert set(while_sending.moved) <= {POWER, FLOW}
