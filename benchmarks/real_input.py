"""Public data sets through the whole line: every value of the files read back from InfluxDB, detections beside labels.

SKAB valve1/0 and Tennessee Eastman d05 over real OPC UA servers, the steel plant's year over Mosquitto; a gateway each,
Mosquitto, `ovoo-cloud ingest`, InfluxDB 1.x. Then the steel plant's diagnosis report is issued and verified.
"""

from __future__ import annotations

import functools
import pathlib
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
from ovoo_contract.schema import database_name

from benchmarks import frame
from benchmarks.boards.skab import SKAB_TRAINING_ROWS
from benchmarks.real_sets import SETS, RealSet, Replay
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import ServerProcess, wait_until
from tests.system import programs
from tests.system.line import Line
from tests.system.readback import read_signal

_KEYS = ("emitted", "stored", "suppressed", "lost", "duplicated", "mismatched")
_REPORT_DAYS = 30


@dataclass(slots=True)
class Totals:
    """Sums over all signals of all sets."""

    emitted: int = 0
    stored: int = 0
    suppressed: int = 0
    lost: int = 0
    duplicated: int = 0
    mismatched: int = 0
    notes: list[str] = field(default_factory=list)


def measure(options: frame.Options, result: frame.Result) -> int:
    """Replays the sets that are there, one after the other, and audits them."""
    there = [real for real in SETS if not real.missing()]
    absent = [f"data set absent: ../shared/data/{name}" for real in SETS for name in real.missing()]
    result.notes += absent
    for text in absent:
        print(text)
    if not there:
        return 0
    totals = Totals()
    with tempfile.TemporaryDirectory(prefix="ovoo-real-input-") as name, ExitStack() as stack:
        folder = pathlib.Path(name)
        line = stack.enter_context(Line(folder / "line"))
        plant_broker = MosquittoServer(folder / "plant-broker")
        plant_broker.start()
        stack.callback(plant_broker.stop)
        replays = [Replay.prepare(each, folder / each.name, line, plant_broker.port, options.quick) for each in there]
        line.ingest.start()
        _play(replays, stack)
        for replay in replays:
            _audit(replay, line, totals)
        for key in _KEYS:
            result.add(key, getattr(totals, key), "samples")
        by_name = {replay.real.name: replay for replay in replays}
        report_ok = _detections_and_report(by_name, line, folder, result)
    result.notes += [*totals.notes, _data_note(there)]
    clean = not (totals.lost or totals.duplicated or totals.mismatched)
    return 0 if clean and report_ok else 1


def _play(replays: list[Replay], stack: ExitStack) -> None:
    """All plants at once; returns when every replay ended and every spool is empty."""
    for replay in replays:
        replay.plant.start()
        stack.callback(replay.plant.stop)
        replay.gateway.start()
        stack.callback(replay.gateway.stop)
    for replay in replays:
        wait_until(functools.partial(_ended, replay.plant), timeout_s=900, step_s=0.1, what=replay.real.name)
        replay.gateway.wait_drained(300)


def _ended(plant: ServerProcess) -> bool:
    return not plant.running


def _audit(replay: Replay, line: Line, totals: Totals) -> None:
    """Every value of the file against what InfluxQL reads back."""
    shift_ns = replay.settle_times()
    data = replay.data
    suppressed = int(replay.gateway.ask("/health")["pipeline"]["counters"].get("suppressed", 0))
    before = (totals.lost, totals.duplicated, totals.mismatched)
    emitted = stored = 0
    for column, name in enumerate(data.names):
        present = ~np.isnan(data.value[column])
        times, values = data.time_ns[present], data.value[column][present]
        found = read_signal(line.influx, replay.real.asset.signal(name))
        _, want_at, have_at = np.intersect1d(times, found.time_ns, assume_unique=False, return_indices=True)
        differ = (values[want_at] != found.value[have_at]) | (found.quality[have_at] >= 0x40000000)
        totals.mismatched += int(differ.sum())
        totals.lost += len(times) - len(want_at)
        totals.duplicated += len(found.time_ns) - len(have_at)
        emitted += len(times)
        stored += len(found.time_ns)
    if replay.ledger().count != emitted:
        raise ValueError(f"{replay.real.name}: the replay emitted {replay.ledger().count} of {emitted} values")
    totals.emitted, totals.stored = totals.emitted + emitted, totals.stored + stored
    totals.suppressed += suppressed
    totals.lost -= suppressed
    after = (totals.lost, totals.duplicated, totals.mismatched)
    changes = [now - then for now, then in zip(after, before, strict=True)]
    totals.notes.append(
        f"{replay.real.name}: {len(data)} rows, {emitted} values, {stored} stored; "
        f"lost, duplicated, mismatched {changes}"
        + (f"; times shifted by {shift_ns // 10**9} s as a whole" if shift_ns else "")
    )


def _scores(replay: Replay, line: Line) -> tuple[np.ndarray, np.ndarray]:
    """Time and verdict (score at or above the limit) of every frame that the gateway scored."""
    asset = replay.real.asset
    where = f"\"site\" = '{asset.site}' AND \"model\" = 'mewma'"
    database = database_name(asset.enterprise)
    rows = line.influx.query(database, f'SELECT score, "limit" FROM score WHERE {where} ORDER BY time')
    times, above, limit = [], [], float("inf")
    for row in rows:
        limit = row["limit"] if row["limit"] is not None else limit
        if row["score"] is not None:
            times.append(row["time"])
            above.append(row["score"] >= limit)
    return np.array(times, np.int64), np.array(above, bool)


def _alarms(replay: Replay, line: Line) -> np.ndarray:
    """One verdict a row of the file."""
    times, above = _scores(replay, line)
    if not len(times):
        return np.zeros(len(replay.data), bool)
    place = np.searchsorted(times, replay.data.time_ns, side="right") - 1
    return np.where(place >= 0, above[np.maximum(place, 0)], False)


def _detections_and_report(replays: dict[str, Replay], line: Line, folder: pathlib.Path, result: frame.Result) -> bool:
    if "skab" in replays:
        alarm = _alarms(replays["skab"], line)[SKAB_TRAINING_ROWS:]
        truth = replays["skab"].data.labels["anomaly"][SKAB_TRAINING_ROWS:] > 0
        hits, wrong = int((alarm & truth).sum()), int((alarm != truth).sum())
        result.add("skab_f1", hits / (hits + wrong / 2), "F1")
        always = truth.sum() / (truth.sum() + (~truth).sum() / 2)
        result.notes.append(
            f"skab: {int(truth.sum())} of {len(truth)} scored rows labelled, {int(alarm.sum())} above the limit, "
            f"{hits} of them labelled; an alarm that is always on has F1 {always:.3f}"
        )
    if "tep" in replays:
        alarm = _alarms(replays["tep"], line)
        result.add("tep_detection", float(alarm.mean()), "share")
        result.notes.append(
            f"tep d05: {int(alarm.sum())} of {len(alarm)} rows above the limit fixed on d00, rows 1-300"
        )
    if "steel" not in replays:
        return True
    words = _report(replays["steel"], line, folder)
    result.add("report_ok", float(not words), "0/1")
    result.notes.append(words or "steel report issued and verified")
    return not words


def _report(replay: Replay, line: Line, folder: pathlib.Path) -> str:
    """Issues and verifies the steel plant's report; what went wrong, or nothing."""
    case, bundle = folder / "steel.yaml", folder / "bundle"
    case.write_text(_intake(replay), encoding="utf-8")
    config = ("--config", str(line.config))
    number = ("--number", "OVOO-STEEL-001", "--issue-date", "2026-01-05")
    try:
        programs.run("ovoo-cloud", "report", *config, "--case", case, *number, "--out", bundle, timeout_s=300)
        key = line.folder / "cloud" / "authority" / "report-key.pub.pem"
        checked = programs.run_json("ovoo-cloud", "verify", *config, bundle, "--trust", key, "--json", timeout_s=300)
    except programs.ProgramFailed as error:
        return f"steel report failed: {error}"[:600]
    return "" if checked["ok"] else f"steel report did not verify: {checked}"[:600]


def _intake(replay: Replay) -> str:
    """The case: one networked meter, thirty days, nothing more told than the file says."""
    start = datetime.fromtimestamp(int(replay.data.time_ns[0]) // 10**9, UTC) + timedelta(hours=8)
    first = (start + timedelta(days=max(1, len(replay.data) // 96 - _REPORT_DAYS - 1))).date()
    asset: RealSet = replay.real
    path = f"{asset.asset.site}/{asset.asset.path}"
    return f"""enterprise: {asset.asset.enterprise}
framework: sme_2024
window: {{start: {first}, end: {first + timedelta(days=_REPORT_DAYS)}, timezone: Asia/Shanghai}}
profile:
  name: {{zh: 钢铁厂（公开数据集）, en: Steel plant (public data set)}}
  sector: steel
  region: {{zh: 公开数据集, en: Public data set}}
sites:
  - {{id: {asset.asset.site}, name: {{zh: 钢铁厂, en: Steel works}}}}
equipment:
  - {{id: meter1, name: {{zh: 总电表, en: Main meter}}, asset: {path}, digital: true, links: [energy], class: declared}}
energy:
  meters: [{path}]
"""


def _data_note(sets: list[RealSet]) -> str:
    names = [name for each in sets for name in (each.file, *each.others)]
    return f"data SHA-256 {frame.data_digest(*(frame.DATA / name for name in names))} over {', '.join(names)}"


if __name__ == "__main__":
    parts = (*frame.LINE, "models", "simulator", "cloud/ovoo_cloud/diagnosis", "cloud/ovoo_cloud/reports")
    sys.exit(frame.run("real_input", measure, description=__doc__ or "", measures=parts))
