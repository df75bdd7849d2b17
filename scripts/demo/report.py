"""The demo's issued reports: fetched as their enterprise fetches them, verified as anybody can, summed up."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from scripts.demo.casework import DemoCase
from scripts.demo.children import ChildFailed, program
from scripts.demo.place import PLANTS, DemoPlant, Place

__all__ = ["bundles", "check", "fetch", "line", "share_trust", "summed_up", "verify"]

_CLASSES: Final = ("measured", "verified", "declared", "insufficient")
_TOP: Final = ("report.pdf", "report.docx", "report.html", "report.json")
_OFFERS: Final = ("solution", "course", "provider", "policy")
_NOT_OK: Final = 3


def fetch(place: Place, case: DemoCase, report: str) -> pathlib.Path:
    """Downloads a report's bundle with the account of its enterprise; gives the folder.

    Revision 1 lies in `bundles/<site>`, a later one and a second diagnosis beside it; the mine's newest documents lie
    at the top too.
    """
    engineer, url = case.people.engineer, f"{case.enterprise}/reports/{report}"
    told = engineer.get(url)
    ending = ("-2" if case.again else "") + ("" if told["revision"] == 1 else f"-r{told['revision']}")
    folder = place.out / "bundles" / f"{case.plant.site}{ending}"
    folder.mkdir(parents=True)
    for name in told["files"]:
        (folder / name).write_bytes(engineer.download(f"{url}/files/{name}"))
    if case.plant == PLANTS[0]:
        for name in _TOP:
            shutil.copy(folder / name, place.out / name)
    return folder


def share_trust(place: Place) -> None:
    """Lays the centre's public key beside the bundles; a real auditor gets it by another way."""
    shutil.copy(place.state / "cloud" / "authority" / "report-key.pub.pem", place.out / "trust.pub.pem")


def bundles(place: Place, plant: DemoPlant) -> list[pathlib.Path]:
    """The folders of a plant's reports, the newest revision of the newest number last."""
    found = (place.out / "bundles").glob(f"{plant.site}*")
    issues = {folder: _snapshot(folder)["issue"] for folder in found}
    return sorted(issues, key=lambda folder: (issues[folder]["number"], int(issues[folder]["revision"])))


def check(place: Place, *, deep: bool) -> dict[str, dict[str, Any]]:
    """What `ovoo-cloud verify` says of every bundle, by the name of its folder."""
    folders = [folder for plant in PLANTS for folder in bundles(place, plant)]
    return {folder.name: verify(place, folder, deep=deep) for folder in folders}


def verify(place: Place, folder: pathlib.Path, *, deep: bool) -> dict[str, Any]:
    """What `ovoo-cloud verify` says of a bundle; deep reads the samples again, and the cloud must have stopped."""
    trust = ["--trust", str(place.out / "trust.pub.pem")]
    config = ["--deep", "--config", str(place.state / "cloud.toml")] if deep else []
    command = program("ovoo-cloud", "verify", str(folder), *trust, *config, "--json")
    # the offline check runs where there are no settings of a cloud
    done = subprocess.run(command, cwd=place.out, capture_output=True, text=True, check=False)
    if done.returncode not in (0, _NOT_OK):
        raise ChildFailed(f"ovoo-cloud verify of {folder} ended with code {done.returncode}:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def summed_up(place: Place, plant: DemoPlant, checked: Sequence[Mapping[str, dict[str, Any]]]) -> dict[str, Any]:
    """Of a plant's newest report: number, level, points and their classes, what fits it in the registers, the number
    that it follows, where it lies; of all: whether they hold.

    `checked` is what `check` gave offline and from the store.
    """
    folders = bundles(place, plant)
    checks = {folder.name: [each[folder.name] for each in checked] for folder in folders}
    snapshot = _snapshot(folders[-1])
    score, total = snapshot["score"], snapshot["figures"]["score.total"]
    return {
        "number": snapshot["issue"]["number"],
        "revision": snapshot["issue"]["revision"],
        "changes": len(snapshot.get("changes", {}).get("figures", ())),
        "follows": snapshot.get("before", {}).get("number", ""),
        "matched": {kind: len(snapshot["matching"][kind]) for kind in _OFFERS} if "matching" in snapshot else {},
        "level": score["level"],
        "level_range": [score["level_low"], score["level_high"]],
        "points": [total["low"], total["high"]],
        "share_percent": _shares(snapshot["figures"]),
        "report": str(folders[-1] / "report.pdf"),
        "verified": all(each["ok"] for found in checks.values() for each in found),
        "checks": checks,
    }


def _shares(figures: dict[str, Any]) -> dict[str, str]:
    """The share of each class in the points that the framework gives, percent with one digit."""
    points = {name: Decimal(figures[f"score.class.{name}"]["value"]) for name in _CLASSES}
    whole = sum(points.values())
    return {name: f"{each * 100 / whole:.1f}" for name, each in points.items()}


def line(site: str, told: dict[str, Any]) -> str:
    """A plant's report in one line."""
    low, high = told["level_range"]
    level = f"level {told['level']}" if told["level"] is not None else f"level {low} to {high}, not decided"
    points = " to ".join(dict.fromkeys(told["points"]))
    shares = ", ".join(f"{name} {share} %" for name, share in told["share_percent"].items())
    verdict = "verified offline and deep" if told["verified"] else "NOT VERIFIED"
    changed = f", {told['changes']} figures changed" if told["changes"] else ""
    follows = f", before and after against {told['follows']}" if told["follows"] else ""
    number = f"{told['number']} revision {told['revision']}{changed}{follows}"
    matched = ", ".join(f"{kind} {count}" for kind, count in told["matched"].items())
    fit = f"; examples that fit: {matched}" if matched else ""
    return f"{site}: {number}; {level}, {points} points ({shares}){fit}; {verdict}; {told['report']}"


def _snapshot(folder: pathlib.Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "snapshot.json").read_text(encoding="utf-8"))
    return found
