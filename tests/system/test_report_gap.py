"""A source that is silent for 40 % of the window: the report says so, with the figure computed by hand."""

from __future__ import annotations

import json
import pathlib
from array import array
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from ovoo_cloud.ingest.intake import Intake, Message
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import load_settings
from ovoo_contract import topics
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL, BatchHeader, encode_batch
from ovoo_simulator.plants import Plant, create_plant

from tests.system import programs
from tests.system.line import PASSWORD

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASE = ROOT / "cloud" / "ovoo_cloud" / "diagnosis" / "example_case.yaml"
GATEWAY = "heishan-gw1"
MINUTE_NS, DAYS = 60 * 10**9, 35
DAY_NS = 1440 * MINUTE_NS
START_NS = int(datetime(2026, 4, 30, 16, tzinfo=UTC).timestamp()) * 10**9  # 1 May in Shanghai, as the case says
CUT_DAYS = (10.5, 24.5)
SILENT = "utilities/air/comp1"


@pytest.fixture
def config(tmp_path: pathlib.Path) -> pathlib.Path:
    """A cloud with embedded stores and the mine's gateway."""
    path, password = tmp_path / "cloud.toml", tmp_path / "password"
    path.write_text(f'data_dir = "{tmp_path / "cloud"}"\naccess_consent = "own"\n', encoding="utf-8")
    password.touch(mode=0o600)
    password.write_text(PASSWORD, encoding="utf-8")
    programs.run("ovoo-cloud", "init", "--config", path, "--password-file", password)
    names = ("--create", "--no-token", "--name-zh", "黑山", "--name-en", "Heishan", "--sector", "coal_mine")
    where = ("--enterprise", "heishan-coal", "--site", "heishan")
    programs.run("ovoo-cloud", "enrol", GATEWAY, "--config", path, *where, *names)
    return path


def day_batch(plant: Plant, day: int) -> SampleBatch:
    """One day of minutes; the silent machine sends nothing within the cut."""
    columns = plant.simulate(START_NS + day * DAY_NS, MINUTE_NS, 1440)
    silent = np.array([entry.address.asset_path == SILENT for entry in plant.entries])
    share = (columns.time_ns - START_NS) / DAY_NS
    cut = (share >= CUT_DAYS[0]) & (share < CUT_DAYS[1])
    keep = ~(silent[:, None] & cut[None, :])
    signal = np.broadcast_to(np.arange(len(silent), dtype=np.uint32)[:, None], keep.shape)[keep]
    times = np.broadcast_to(columns.time_ns[None, :], keep.shape)[keep]
    return SampleBatch(
        array("I", signal.tobytes()),
        array("q", np.ascontiguousarray(times).tobytes()),
        array("d", columns.value[keep].tobytes()),
        array("I", columns.quality[keep].astype(np.uint32).tobytes()),
    )


def feed(config: pathlib.Path) -> None:
    """35 days of minutes through the ingest's intake into the embedded store."""
    plant = create_plant("coal_mine")
    catalogue = plant.catalogue
    settings = load_settings(config, {})
    with build_services(settings) as services:
        intake = Intake(services.database, services.store, services.clock, timezone=settings.timezone)
        intake.handle([Message(topics.catalog(GATEWAY, catalogue.id), catalogue.to_json())])
        for day in range(DAYS):
            header = BatchHeader(
                catalogue_id=catalogue.id, epoch=1, seq=day + 1, flags=FLAG_BACKFILL, receive_ns=START_NS
            )
            payload = encode_batch(header, day_batch(plant, day))
            answers = intake.handle([Message(topics.batch(GATEWAY), payload)])
            assert answers, "the delivery was acknowledged"


def snapshot_of(config: pathlib.Path, folder: pathlib.Path) -> Any:
    number = ("--number", "GAP-1", "--issue-date", "2026-06-08", "--out", folder)
    programs.run("ovoo-cloud", "report", "--config", config, "--case", CASE, *number)
    return json.loads((folder / "snapshot.json").read_text(encoding="utf-8"))


def test_a_source_cut_for_forty_percent_shows_in_the_report_and_its_evidence(
    config: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """Five of eight machines are connected; one of them delivers 60 % of its minutes, so four are networked: 50.0 %."""
    feed(config)

    data = snapshot_of(config, tmp_path / "bundle")

    silent = next(each for each in data["network"] if each["machine"] == "comp1")
    assert (silent["verdict"], silent["reason"]) == ("no", "gap")
    assert 59.0 < float(data["figures"][silent["figure"]]["value"]) <= 60.0
    assert data["figures"]["equipment.networked"]["value"] == "4"
    assert data["figures"]["equipment.networked_percent"]["value"] == "50.0"
    gap = [str(START_NS + int(day * DAY_NS)) for day in CUT_DAYS]
    assert gap in data["evidence"][silent["evidence"]]["gaps"]
    assert silent["evidence"] in data["figures"]["equipment.networked_percent"]["evidence"]
