"""`make demo`: three simulated plants, their gateways and a promotion centre's cloud that takes each plant's case from
application to a verified report, on loopback only.

Without options it keeps running after the reports are issued, so that one can watch; `--once` (ONCE=1) runs headless to
the verification. Exit codes: 0 done; 1 a program failed; 3 fewer than 80 % of the injected faults were found or there
was more than one false finding per plant and week; 4 the ledger does not balance; 5 a report does not verify.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import itertools
import pathlib
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

from scripts.demo import (
    aftercare,
    baseline,
    casework,
    contract,
    decisions,
    meter_tree,
    people,
    plants,
    registers,
    report,
    site,
    summary,
)
from scripts.demo.children import ChildFailed, Children
from scripts.demo.place import PLANTS, ROOT, Place, free_port


def main() -> int:
    """Runs the demo; gives the exit code."""
    options = _options()
    place = Place(options.state, options.out, free_port(18883), free_port(8080))
    for folder in (place.state, place.out):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    began = time.monotonic()
    try:
        with Children(place.state / "logs") as children:
            timeline = plants.Timeline.ending(time.time_ns(), options.days)
            cases = fill(children, place, timeline, options.fault_seed, began)
            later = aftercare.follow_up(cases, timeline, time.time_ns())
            live = watch(children, place, later, options.live_s if options.once else None, began)
        code = finish(place, live, options.days, began)
    except ChildFailed as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    return code


def fill(
    children: Children, place: Place, timeline: plants.Timeline, seed: int, began: float
) -> list[casework.DemoCase]:
    """Starts broker and cloud, trains the models, plays the past through the gateways, issues the reports."""
    site.start_broker(children, place)
    site.prepare_cloud(children, place)
    site.start_cloud(children, place)
    people.enter(place)
    _say(began, f"console: {site.console_url(place)}  sign in as {', '.join(people.names())}")
    _say(began, f"their passwords: {people.sign_in_file(place)}")
    cases = casework.cases(place)
    casework.open_intakes(cases, time.time_ns())
    _say(began, "each enterprise applied and consented: its site, five purposes, 90 days")
    held = ", ".join(f"{kind} {rows}" for kind, rows in registers.enter(place).items())
    _say(began, f"the centre's registers imported, examples all: {held}")
    contract.enter(place)
    writers = []
    for number, plant in enumerate(PLANTS):
        plants.draw_faults(children, place, plant, timeline, seed + number)
        place.folder(plant).mkdir(exist_ok=True)
        writers += plants.start_history(children, place, plant, timeline)
    for plant in PLANTS:
        assets = plants.train(place, plant, timeline)
        PORTS[plant.site] = plants.write_gateway(children, place, plant, assets)
    _say(began, "models trained on two normal weeks")
    casework.fill_in(cases, place, timeline)
    _say(began, "intakes filled in with documents, and closed (all that is told is fictitious)")
    for writer in writers:
        writer.wait(180)
    for part in ("minutes", "seconds"):
        replays = [plants.start_replay(children, place, plant, part) for plant in PLANTS]
        for replay in replays:
            replay.wait(600)
    _say(began, f"{_days_told(timeline)} of history delivered through the gateways")
    meter_tree.give_all(place)
    decisions.enter(place)
    record = baseline.define(place, timeline)
    _say(began, f"energy baseline signed; record of its saving: {record or 'none, not enough evidence'}")
    casework.measure(cases)
    _say(began, "evidence measured and frozen")
    report.share_trust(place)
    for case, issued in zip(cases, casework.issue(cases), strict=True):
        report.fetch(place, case, issued)
    _say(began, f"reviewed, confirmed and issued: {place.out / 'report.pdf'}, all plants in {place.out / 'bundles'}")
    return cases


def watch(
    children: Children,
    place: Place,
    later: Iterator[tuple[casework.DemoCase, str, str]],
    live_s: int | None,
    began: float,
) -> bool:
    """Goes live: a fault appears on every plant, and the cases go on.

    Runs for `live_s` and until the cases are done, or until interrupted.
    """
    pairs = [plants.go_live(children, place, plant, PORTS[plant.site]) for plant in PLANTS]
    _say(began, "live at 1 Hz over OPC UA and MQTT; a fault begins on each plant in a few seconds")
    deadline = time.monotonic() + (live_s if live_s is not None else 10**9)
    faults_at = time.monotonic() + _FAULT_AFTER_S
    triggered = False
    if live_s is None:
        print("press Ctrl-C to stop, audit the store and verify the reports", flush=True)
    try:
        while time.monotonic() < deadline:
            for pair in pairs:
                for child in pair:
                    child.check()
            if triggered:
                _go_on(place, later, began)
            elif time.monotonic() > faults_at:
                for plant in PLANTS:
                    plants.trigger_fault(children, place, plant, _FAULT_S)
                triggered = True
            time.sleep(0.5)
        while _go_on(place, later, began):  # a slow machine may not have come to all of them
            pass
    except KeyboardInterrupt:
        print("stopping", flush=True)
    for simulator, _gateway in pairs:
        simulator.stop()
    for plant, (_simulator, gateway) in zip(PLANTS, pairs, strict=True):
        site.wait_drained(children, place, plant)
        gateway.stop()
    return True


def _go_on(place: Place, later: Iterator[tuple[casework.DemoCase, str, str]], began: float) -> bool:
    """The next step that follows an issue; False where there is none left."""
    for case, step, issued in itertools.islice(later, 1):
        if issued:
            folder = report.fetch(place, case, issued)
            shows = "before and after" if case.again else "a table of changes"
            _say(began, f"{case.id}: {step}, with {shows}: {folder / 'report.pdf'}")
        else:
            _say(began, f"{case.id}: {step}")
        return True
    return False


def finish(place: Place, live: bool, days: int, began: float) -> int:
    """Audits the store, verifies every report offline and from the store, writes the summary."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as beside:
        waiting = beside.submit(report.check, place, deep=False)
        document = summary.summarise(place, live, days)
        checked = [waiting.result(), report.check(place, deep=True)]
    document["reports"] = reports = {plant.site: report.summed_up(place, plant, checked) for plant in PLANTS}
    document["seconds"] = round(time.monotonic() - began, 1)
    summary.write(place.out / "summary.json", document)
    counts = (f"{document[key]:,} {key}" for key in ("emitted", "stored", "suppressed", "lost", "duplicated"))
    _say(began, "samples: " + ", ".join(counts))
    found = f"{document['faults_found']} of {document['faults']} faults found"
    _say(began, f"{found}, {document['false_alarms']} false alarms")
    for name, told in reports.items():
        _say(began, report.line(name, told))
    if document["lost"] or document["duplicated"] or document["mismatched"]:
        return 4
    if not all(told["verified"] for told in reports.values()):
        return 5
    found_enough = document["found_share"] >= 0.8 and document["false_alarms_per_plant_week"] <= 1.0
    return 0 if found_enough else 3


def _days_told(timeline: plants.Timeline) -> str:
    """The days of the past, and of which plant it is longer."""
    days = (timeline.end_ns - timeline.start_ns) // (86_400 * 10**9)
    longer = [f"of {plant.site} {days + plant.earlier_days}" for plant in PLANTS if plant.earlier_days]
    return ", ".join((f"{days} days", *longer))


_FAULT_S = 180
_FAULT_AFTER_S = 15
PORTS: dict[str, int] = {}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="headless: ends after the verification")
    parser.add_argument("--days", type=int, default=35, help="length of the simulated past (default 35)")
    parser.add_argument("--live-s", type=int, default=170, help="with --once: seconds of live running")
    parser.add_argument("--fault-seed", type=int, default=20261123, help="what breaks, where and when")
    parser.add_argument("--state", type=pathlib.Path, default=ROOT / "demo-state")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "demo-out")
    return parser.parse_args()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(began: float, text: str) -> None:
    print(f"[{time.monotonic() - began:6.1f} s] {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
