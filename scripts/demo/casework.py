"""The cases of the demo: each plant's diagnosis by every step that a centre takes, over the API, as the people who take
them. What is told, decided and seen is data of `cases/` and made up; what is measured is the plants' telemetry."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml
from ovoo_cloud.casework.parts import PARTS

from scripts.demo.children import ChildFailed
from scripts.demo.papers import paper
from scripts.demo.people import Parties, parties
from scripts.demo.place import PLANTS, ROOT, DemoPlant, Place
from scripts.demo.plants import Timeline
from scripts.demo.site import Api

__all__ = [
    "DemoCase",
    "asked_parts",
    "bring",
    "cases",
    "confirmed",
    "day",
    "decided",
    "fill_in",
    "issue",
    "later_window",
    "measure",
    "open_intakes",
    "review",
    "to_intake",
    "write",
]

_FILES: Final = ROOT / "scripts" / "demo" / "cases"
_SHANGHAI: Final = datetime.timezone(datetime.timedelta(hours=8))
_PURPOSES: Final = ("telemetry", "findings", "energy", "documents", "report")
_GRANT_DAYS: Final = 90
_TIMEOUT_S: Final = 180
_DAY_NS: Final = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class DemoCase:
    """A plant's case and the people who work on it."""

    plant: DemoPlant
    people: Parties
    number: str
    again: bool = False

    @property
    def id(self) -> str:
        """The id of the case; one that follows another says so."""
        return f"{self.plant.site}-demo{'-2' if self.again else ''}"

    @property
    def enterprise(self) -> str:
        """The enterprise's part of the API."""
        return f"/api/v1/enterprises/{self.plant.enterprise}"

    @property
    def home(self) -> str:
        """The case's part of the API."""
        return f"{self.enterprise}/cases/{self.id}"

    def take(self, who: Api, step: str, body: Mapping[str, Any] | None = None) -> Any:
        """Takes a step; queued work is answered with its job."""
        return who.post(f"{self.home}/steps/{step}", dict(body or {}))

    def finished(self, job: Mapping[str, Any]) -> Any:
        """Waits for queued work and gives it.

        Raises:
            ChildFailed: it failed, or takes too long.
        """
        deadline = time.monotonic() + _TIMEOUT_S
        while time.monotonic() < deadline:
            found = self.people.expert.get(f"{self.enterprise}/jobs/{job['id']}")
            if found["state"] == "done":
                return found
            if found["state"] == "failed":
                raise ChildFailed(f"{job['kind']} of {self.id} failed: {found['error']}")
            time.sleep(0.2)
        raise ChildFailed(f"{job['kind']} of {self.id} took longer than {_TIMEOUT_S} s")


def cases(place: Place) -> list[DemoCase]:
    """The case of each plant, with everybody signed in."""
    numbered = enumerate(PLANTS, start=1)
    return [DemoCase(plant, parties(place, plant), f"OVOO-DEMO-{number:03d}") for number, plant in numbered]


def open_intakes(opened: list[DemoCase], now_ns: int) -> None:
    """Each enterprise applies and consents, for its site, five purposes and 90 days; the centre opens the intake."""
    for each in opened:
        told = {"id": each.id, "title": f"{each.plant.name_zh} 数字化水平诊断", "sites": [each.plant.site]}
        each.people.engineer.post(f"{each.enterprise}/cases", {**told, "reason": "参加数字化水平评测（演示）"})
        to_intake(each, now_ns, "sme_2024")


def to_intake(each: DemoCase, now_ns: int, framework: str) -> None:
    """An application is accepted, consented to and opened for its intake.

    An empty `framework` is that of the case before.
    """
    until = datetime.datetime.fromtimestamp((now_ns + _GRANT_DAYS * _DAY_NS) // 10**9, _SHANGHAI).isoformat()
    each.take(each.people.head, "accept", {"reason": "材料齐全（演示）"})
    terms = {"purposes": _PURPOSES, "sites": [each.plant.site], "until": until, "reason": "数字化水平诊断（演示）"}
    each.take(each.people.engineer, "consent", terms)
    each.take(each.people.expert, "open_intake", {"framework": framework})


def fill_in(opened: list[DemoCase], place: Place, timeline: Timeline) -> None:
    """The enterprises bring documents and answer, the expert marks what was seen on site; the intakes are closed."""
    for each in opened:
        text = _intake_text(each.plant, timeline)
        (place.out / f"case-{each.plant.site}.yaml").write_text(text, encoding="utf-8")
        intake = json.loads(json.dumps(yaml.safe_load(text), default=str))
        bring(each, intake)
        for part in asked_parts(each):
            write(each, part, {section: intake[section] for section in PARTS[part] if section in intake}, 0)
        each.take(each.people.engineer, "submit")


def asked_parts(each: DemoCase) -> list[str]:
    """The parts that the case asks for."""
    return [str(found["part"]) for found in each.people.expert.get(f"{each.home}/parts")["items"]]


def bring(each: DemoCase, told: Any) -> None:
    """The enterprise brings every document that an intake names as evidence."""
    for name in sorted(set(_documents(told))):
        each.people.engineer.upload(f"{each.home}/documents", name, paper(name, each.plant))


def write(each: DemoCase, part: str, content: Mapping[str, Any], seen: int) -> None:
    """The enterprise writes a part over the version `seen`; what was seen on site the expert writes after it."""
    told = _as_told(content)
    each.people.engineer.put(f"{each.home}/parts/{part}", {"content": told}, seen=seen)
    if told != content:
        each.people.expert.put(f"{each.home}/parts/{part}", {"content": content}, seen=seen + 1)


def _as_told(content: Any) -> Any:
    """A part as the enterprise writes it: only an expert says that something is verified."""
    if isinstance(content, list):
        return [_as_told(each) for each in content]
    if isinstance(content, dict):
        return {name: "declared" if each == "verified" else _as_told(each) for name, each in content.items()}
    return content


def _intake_text(plant: DemoPlant, timeline: Timeline) -> str:
    window = later_window(timeline)
    if plant.earlier_days:
        window = {"start": day(timeline.of(plant).start_ns + _DAY_NS), "end": window["start"]}
    return (_FILES / f"{plant.pack}.yaml").read_text(encoding="utf-8").format(**window)


def later_window(timeline: Timeline) -> dict[str, str]:
    """First day and the day after the last one of what every plant's past has in common."""
    return {"start": day(timeline.start_ns + _DAY_NS), "end": day(timeline.end_ns)}


def _documents(told: Any) -> Iterator[str]:
    """Every document that an intake names as evidence."""
    if isinstance(told, list):
        for each in told:
            yield from _documents(each)
    elif isinstance(told, dict):
        for name, each in told.items():
            yield from each if name == "evidence" else _documents(each)


def measure(opened: list[DemoCase]) -> None:
    """The expert has the evidence measured and frozen."""
    jobs = [each.take(each.people.expert, "freeze") for each in opened]
    for each, job in zip(opened, jobs, strict=True):
        each.finished(job)


def issue(opened: list[DemoCase]) -> list[str]:
    """Reviewed entry by entry, confirmed by the enterprise, issued by the centre; gives the reports' ids."""
    jobs = []
    for each in opened:
        review(each, decided(each, "review"))
        jobs.append(confirmed(each))
    return [str(each.finished(job)["report"]) for each, job in zip(opened, jobs, strict=True)]


def decided(each: DemoCase, part: str) -> dict[str, Any]:
    """What was decided, seen or done in a plant at one point of its case; empty where nothing was."""
    told = yaml.safe_load((_FILES / "decisions.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = told[each.plant.site].get(part) or {}
    return found


def review(each: DemoCase, overrides: Mapping[str, Mapping[str, Any]]) -> None:
    """Every entry that nobody decided is accepted, or overridden with value, reason and what was seen."""
    expert = each.people.expert
    for row in expert.get(f"{each.home}/review")["items"]:
        ruling = overrides.get(row["subject"])
        if ruling is not None:
            expert.post(f"{each.home}/review", {"subject": row["subject"], "decision": "override", **ruling})
        elif row["decision"] is None:
            expert.post(f"{each.home}/review", {"subject": row["subject"], "decision": "accept"})


def confirmed(each: DemoCase) -> Any:
    """Proposed, confirmed as it lies there, and given to be issued; gives the job."""
    shown = each.take(each.people.expert, "propose")["snapshot"]
    each.take(each.people.engineer, "confirm", {"snapshot": shown})
    order = {"number": each.number, "snapshot": shown, "languages": ["zh", "en"], "centre_copy": True}
    return each.take(each.people.head, "issue", order)


def day(time_ns: int) -> str:
    """The day in Shanghai, ISO."""
    return datetime.datetime.fromtimestamp(time_ns // 10**9, _SHANGHAI).date().isoformat()
