"""Oddities of a sealed case that show between its rows and files; each with how its refusal begins."""

from __future__ import annotations

from typing import Any

from tests.cloud.api.plant import NOW
from tests.cloud.casework.sealed_changes import DAY_NS, HOUR_NS, Change, both, doubled, edited, inside, steps_changed


def _swapped(rows: list[dict[str, Any]]) -> None:
    rows[0], rows[1] = rows[1], rows[0]


def _confirmed_by(role: str) -> Change:
    return edited("steps.json", (7, "role"), role)


ODD_LINKS: dict[str, tuple[Change, str]] = {
    # states, confirmations, issues, numbers and grants that no sequence of steps gives
    "order of steps": (steps_changed(_swapped), "step 1: "),
    "no step": (lambda files: files.update({"steps.json": b"[]"}), "steps: no step at all"),
    "step unknown": (edited("steps.json", (4, "step"), "bless"), r"steps.json\[4\].step: no such value"),
    "confirmed by a centre": (_confirmed_by("centre_admin"), r"steps.json\[7\].role: this role does not take"),
    "confirmed by nobody known": (_confirmed_by("root"), r"steps.json\[7\].role: this role does not take"),
    "confirmed another content": (
        edited("steps.json", (7, "decision", "snapshot"), "0" * 64),
        r"steps.json\[7\].decision.snapshot: not the",
    ),
    "issued another content": (
        edited("steps.json", (8, "decision", "snapshot"), "0" * 64),
        r"steps.json\[8\].decision.snapshot: not the",
    ),
    "no decision": (edited("steps.json", (7, "decision"), {}), r"steps.json\[7\].decision: not what this step decides"),
    "decision of lists": (
        edited("steps.json", (2, "decision", "grant"), []),
        r"steps.json\[2\].decision.grant: speaks of something",
    ),
    "measured what is not there": (
        edited("steps.json", (5, "decision", "snapshot"), "0" * 64),
        r"steps.json\[5\].decision.snapshot: speaks",
    ),
    "state": (edited("case.json", ("file", "state"), "closed"), "case.json file.state: the state does not follow"),
    "status": (edited("case.json", ("case", "status"), "closed"), "case.json case.status: does not follow"),
    "content shown": (edited("case.json", ("file", "snapshot"), "0" * 64), "case.json file.snapshot: does not follow"),
    "a grant of this centre": (edited("case.json", ("file", "grant"), "gr_x"), "case.json file.grant: does not follow"),
    "no grant": (lambda files: files.update({"grants.json": b"[]"}), r"steps.json\[2\].decision.grant: speaks of"),
    "a number more": (doubled("numbers.json", 0, number="OV-2026-777"), "numbers.json: not what the steps issued"),
    "revision of the number": (edited("numbers.json", (0, "revision"), 9), "numbers.json: not what the steps issued"),
    "day of the number": (edited("numbers.json", (0, "issue_date"), "2026-01-01"), "numbers.json: not what the steps"),
    "second revision first": (
        edited("steps.json", (8, "decision", "revision"), 2),
        r"steps.json\[8\].decision.revision: not the next",
    ),
    "report left out": (lambda files: files.update({"reports.json": b"[]"}), "reports.json: an issued report did not"),
    "report under another id": (edited("reports.json", (0, "id"), "ov-1-r1"), r"reports.json\[0\].id: not the name of"),
    "report with a lie for its hash": (
        edited("reports.json", (0, "snapshot_sha256"), "0" * 64),
        "reports/ov-2026-001-r1/snapshot.json: not the",
    ),
    "version left out": (edited("parts.json", (0, "version"), 3), "parts.json: a version is left out"),
    "edition that leads": (edited("case.json", ("file", "framework"), "x"), "case.json file.edition: an edition that"),
    "no edition": (edited("case.json", ("file", "edition"), ""), "case.json file.edition: does not follow"),
    "further framework": (
        edited("case.json", ("file", "further"), [{"framework": "x", "edition": "y"}]),
        "case.json file.further: a",
    ),
    # times to come
    "written in days to come": (
        edited("parts.json", (0, "at_ns"), str(NOW + DAY_NS + HOUR_NS)),
        r"parts.json\[0\].at_ns: a time that is still",
    ),
    "taken in a year": (
        edited("steps.json", (7, "at_ns"), str(NOW + 365 * DAY_NS)),
        r"steps.json\[7\].at_ns: a time that is still",
    ),
    # contents
    "document with another hash": (
        lambda files: files.update({next(n for n in files if n.startswith("documents/")): b"%PDF-other"}),
        "documents/[0-9a-f]+: missing, or not what",
    ),
    "document as a page": (edited("documents.json", (0, "media_type"), "text/html"), "documents/.*: not of this type"),
    "document of a page's name": (
        edited("documents.json", (0, "name"), "a.html"),
        "documents/.*: no document",
    ),
    "document in a folder": (
        edited("documents.json", (0, "name"), "../a.pdf"),
        "documents/.*: no document",
    ),
    "document with a line for a name": (
        edited("documents.json", (0, "name"), "a\r\nX: 1.pdf"),
        "documents/.*: no document",
    ),
    "size of a document": (edited("documents.json", (0, "size"), 1), "documents/.*: not of this type and size"),
    "documents that are not there": (
        edited("steps.json", (4, "decision", "documents"), ["0" * 64]),
        r"steps.json\[4\].decision.documents\[0\]: speaks",
    ),
    "empty measured snapshot": (inside("snapshots", lambda _: {}, "measured"), "snapshots/.*: no snapshot of a case"),
    "measured snapshot a list": (inside("snapshots", lambda _: [], "reviewed"), "snapshots/.*: no object"),
    "measured score a text": (
        inside("snapshots", lambda data: {**data, "score": "high"}, "measured"),
        "snapshots/.*: no snapshot of a case",
    ),
    "measured score a lie": (
        inside("snapshots", lambda data: {**data, "score": {**data["score"], "total": ["99.0", "99.0"]}}, "measured"),
        "snapshots/.*: does not recompute",
    ),
    "number without bounds": (
        inside("snapshots", lambda data: {**data, "window": {**data["window"], "x": "1e99999999"}}, "measured"),
        "snapshots/.*: a number without bounds",
    ),
    "empty edition": (inside("editions", lambda _: {}), "editions/.*: no compiled framework"),
    "edition of another name": (
        inside("editions", lambda data: {**data, "id": "mine"}),
        "editions/.*: another",
    ),
    "part with a foreign section": (
        edited("parts.json", (0, "content", "x"), 1),
        r"parts.json\[0\].content: no such",
    ),
    "part with a list for answers": (
        edited("parts.json", (0, "content", "answers"), [1]),
        r"parts.json\[0\].content: no such",
    ),
    "part with a number without bounds": (
        edited("parts.json", (2, "content", "profile", "staff"), "1e99999999"),
        r"parts.json\[2\].content: a number",
    ),
    "decision on nothing": (edited("reviews.json", (0, "subject"), "item:x"), r"reviews.json\[0\]: no subject of its"),
    "override with nonsense": (
        both(edited("reviews.json", (0, "decision"), "override"), edited("reviews.json", (0, "value"), {"options": 5})),
        r"reviews.json\[0\]: no decision on this snapshot",
    ),
    "decision on another snapshot": (
        edited("reviews.json", (0, "snapshot"), "0" * 64),
        r"reviews.json\[0\]: speaks",
    ),
}
