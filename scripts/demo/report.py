"""The demo's diagnosis report: the coal mine's case, issued, verified, and laid into the output folder."""

from __future__ import annotations

import datetime
import json
import pathlib
import shutil
import subprocess
from typing import Any

from scripts.demo.children import ChildFailed, program
from scripts.demo.place import Place
from scripts.demo.plants import Timeline

_CASE = pathlib.Path(__file__).parent / "case.yaml"
_SHANGHAI = datetime.timezone(datetime.timedelta(hours=8))


def issue(place: Place, timeline: Timeline) -> dict[str, Any]:
    """Issues the report over the whole days of the past and verifies it down to the samples."""
    start, end = _day(timeline.start_ns + 86_400 * 10**9), _day(timeline.end_ns)
    case = place.out / "case.yaml"
    case.write_text(_CASE.read_text(encoding="utf-8").format(start=start, end=end), encoding="utf-8")
    config = ["--config", str(place.state / "cloud.toml")]
    bundle = place.out / "bundle"
    issued = _run("report", *config, "--case", str(case), "--number", "OVOO-DEMO-001", "--out", str(bundle), "--json")
    # a real auditor gets this key by another way than the bundle
    key = place.state / "cloud" / "authority" / "report-key.pub.pem"
    verified = _run("verify", *config, str(bundle), "--trust", str(key), "--deep", "--json")
    for name in ("report.pdf", "report.docx", "report.json"):
        shutil.copy(bundle / name, place.out / name)
    shutil.copy(key, place.out / "trust.pub.pem")
    return {"snapshot_sha256": issued["snapshot_sha256"], "verified": verified}


def _run(*arguments: str) -> Any:
    done = subprocess.run(program("ovoo-cloud", *arguments), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ChildFailed(f"ovoo-cloud {arguments[0]} ended with code {done.returncode}:\n{done.stderr}{done.stdout}")
    return json.loads(done.stdout)


def _day(time_ns: int) -> str:
    return datetime.datetime.fromtimestamp(time_ns // 10**9, _SHANGHAI).date().isoformat()
