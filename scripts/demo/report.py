"""The demo's diagnosis reports: a case a plant, ordered over the API as an expert would, and verified."""

from __future__ import annotations

import datetime
import json
import pathlib
import shutil
import subprocess
import time
from typing import Any

import yaml

from scripts.demo.children import ChildFailed, program
from scripts.demo.place import PLANTS, ROOT, DemoPlant, Place
from scripts.demo.plants import Timeline
from scripts.demo.site import Api

_CASES = ROOT / "scripts" / "demo" / "cases"
_SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
_TIMEOUT_S = 180


def issue(place: Place, timeline: Timeline) -> None:
    """Opens a case for each plant at the running cloud, orders the reports over all whole days of the past and fetches
    their bundles; the first plant's documents lie at the top of the folder too."""
    api = Api(place)
    jobs = [_order(api, place, plant, timeline, number) for number, plant in enumerate(PLANTS, start=1)]
    for plant, job in zip(PLANTS, jobs, strict=True):
        _fetch(api, plant, _wait(api, f"{_base(plant)}/jobs/{job}"), bundle(place, plant))
    for name in ("report.pdf", "report.docx", "report.html", "report.json"):
        shutil.copy(bundle(place, PLANTS[0]) / name, place.out / name)
    # a real auditor gets this key by another way than the bundle
    shutil.copy(place.state / "cloud" / "authority" / "report-key.pub.pem", place.out / "trust.pub.pem")


def bundle(place: Place, plant: DemoPlant) -> pathlib.Path:
    """The folder of a plant's report."""
    return place.out / "bundles" / plant.site


def _order(api: Api, place: Place, plant: DemoPlant, timeline: Timeline, number: int) -> str:
    start, end = _day(timeline.start_ns + 86_400 * 10**9), _day(timeline.end_ns)
    text = (_CASES / f"{plant.pack}.yaml").read_text(encoding="utf-8").format(start=start, end=end)
    (place.out / f"case-{plant.site}.yaml").write_text(text, encoding="utf-8")
    intake = json.loads(json.dumps(yaml.safe_load(text), default=str))
    api.put(f"{_base(plant)}/cases/{plant.site}-demo", {"title": plant.name_zh, "intake": intake})
    order = {"number": f"OVOO-DEMO-{number:03d}", "languages": ["zh", "en"], "centre_copy": True}
    return str(api.post(f"{_base(plant)}/cases/{plant.site}-demo/reports", order)["id"])


def _fetch(api: Api, plant: DemoPlant, report: str, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True)
    for name in api.get(f"{_base(plant)}/reports/{report}")["files"]:
        (folder / name).write_bytes(api.download(f"{_base(plant)}/reports/{report}/files/{name}"))


def _base(plant: DemoPlant) -> str:
    return f"/api/v1/enterprises/{plant.enterprise}"


def verify(place: Place) -> dict[str, Any]:
    """Recomputes every figure of every report from the store's samples; the cloud must have stopped."""
    return {plant.site: _verify(place, plant) for plant in PLANTS}


def _verify(place: Place, plant: DemoPlant) -> Any:
    config = ["--config", str(place.state / "cloud.toml")]
    trust = ["--trust", str(place.out / "trust.pub.pem")]
    command = program("ovoo-cloud", "verify", *config, str(bundle(place, plant)), *trust, "--deep", "--json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ChildFailed(
            f"ovoo-cloud verify of {plant.site} ended with code {done.returncode}:\n{done.stderr}{done.stdout}"
        )
    return json.loads(done.stdout)


def _wait(api: Api, path: str) -> str:
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
        job = api.get(path)
        if job["state"] == "done":
            return str(job["report"])
        if job["state"] == "failed":
            raise ChildFailed(f"the report failed: {job['error']}")
        time.sleep(0.5)
    raise ChildFailed(f"the report took longer than {_TIMEOUT_S} s")


def _day(time_ns: int) -> str:
    return datetime.datetime.fromtimestamp(time_ns // 10**9, _SHANGHAI).date().isoformat()
