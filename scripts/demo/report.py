"""The demo's diagnosis report: the coal mine's case, ordered over the API as an expert would, and verified."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import time
from typing import Any

import yaml

from scripts.demo.children import ChildFailed, program
from scripts.demo.place import PLANTS, ROOT, Place
from scripts.demo.plants import Timeline
from scripts.demo.site import Api

_CASE = ROOT / "scripts" / "demo" / "case.yaml"
_SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))
_TIMEOUT_S = 180


def issue(place: Place, timeline: Timeline) -> None:
    """Opens the case at the running cloud, orders the report over all whole days of the past, fetches the bundle."""
    start, end = _day(timeline.start_ns + 86_400 * 10**9), _day(timeline.end_ns)
    case = place.out / "case.yaml"
    case.write_text(_CASE.read_text(encoding="utf-8").format(start=start, end=end), encoding="utf-8")
    intake = json.loads(json.dumps(yaml.safe_load(case.read_text(encoding="utf-8")), default=str))
    api = Api(place)
    base = f"/api/v1/enterprises/{PLANTS[0].enterprise}"
    api.put(f"{base}/cases/demo", {"title": "Demo", "intake": intake})
    job = api.post(f"{base}/cases/demo/reports", {"number": "OVOO-DEMO-001"})
    report = _wait(api, f"{base}/jobs/{job['id']}")
    bundle = place.out / "bundle"
    bundle.mkdir()
    for name in api.get(f"{base}/reports/{report}")["files"]:
        (bundle / name).write_bytes(api.download(f"{base}/reports/{report}/files/{name}"))
    for name in ("report.pdf", "report.docx", "report.json"):
        shutil.copy(bundle / name, place.out / name)
    # a real auditor gets this key by another way than the bundle
    shutil.copy(place.state / "cloud" / "authority" / "report-key.pub.pem", place.out / "trust.pub.pem")


def verify(place: Place) -> Any:
    """Recomputes every figure from the store's samples; the cloud must have stopped."""
    config = ["--config", str(place.state / "cloud.toml")]
    trust = ["--trust", str(place.out / "trust.pub.pem")]
    command = program("ovoo-cloud", "verify", *config, str(place.out / "bundle"), *trust, "--deep", "--json")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ChildFailed(f"ovoo-cloud verify ended with code {done.returncode}:\n{done.stderr}{done.stdout}")
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
