"""Oddities of a sealed case that show in its rows: JSON, columns, owners; each with how its refusal begins."""

from __future__ import annotations

from tests.cloud.api.plant import FOREIGN
from tests.cloud.casework.sealed_changes import Change, both, doubled, dropped, edited, raw

THEIRS = "theirs-2026"
NUL, HALF = "\0", b"\\ud800"
ODD_ROWS: dict[str, tuple[Change, str]] = {
    # JSON that can be read in two ways, or in none
    "doubled key": (raw("numbers.json", b'"revision":1', b'"revision":1,"revision":1'), "numbers.json: not written"),
    "NaN": (raw("numbers.json", b'"revision":1', b'"revision":NaN'), "numbers.json: not readable"),
    "Infinity": (raw("parts.json", b'"420"', b"-Infinity"), "parts.json: not readable"),
    "half a surrogate": (raw("parts.json", b'"420"', b'"' + HALF + b'"'), "parts.json: not readable"),
    "deep": (raw("parts.json", b'"420"', b"[" * 500 + b"]" * 500), "parts.json: not readable"),
    "deeper": (lambda files: files.update({"reviews.json": b"[" * 100_000}), "reviews.json: not readable"),
    "spaces": (raw("case.json", b'{"case"', b'{ "case"'), "case.json: not written"),
    "not UTF-8": (raw("case.json", b'{"case"', b'{"\xff'), "case.json: not readable"),
    "huge number": (raw("numbers.json", b'"revision":1', b'"revision":1' + b"0" * 6000), "numbers.json: not readable"),
    "big number": (edited("numbers.json", (0, "revision"), 2**40), r"numbers.json\[0\].revision: not a whole number"),
    "no list": (lambda files: files.update({"grants.json": b"{}"}), "grants.json: no list"),
    "no head": (lambda files: files.update({"case.json": b"[]"}), "case.json: no object"),
    # rows that fit no table
    "missing key": (dropped("steps.json", (2, "actor")), r"steps.json\[2\].actor: missing"),
    "another key": (edited("reports.json", (0, "folder"), "/etc"), r"reports.json\[0\].folder: not known"),
    "its origin": (edited("grants.json", (0, "origin"), ""), r"grants.json\[0\].origin: not known"),
    "another part": (edited("case.json", ("admin",), True), "case.json.admin: not known"),
    "text for a number": (edited("parts.json", (0, "version"), "1"), r"parts.json\[0\].version: not a whole"),
    "truth for a number": (edited("parts.json", (0, "version"), True), r"parts.json\[0\].version: not a whole"),
    "number for a truth": (edited("reviews.json", (0, "on_site"), 1), r"reviews.json\[0\].on_site: neither"),
    "number for a time": (edited("parts.json", (0, "at_ns"), 5), r"parts.json\[0\].at_ns: not a time"),
    "time beyond": (edited("parts.json", (0, "at_ns"), "9" * 19), r"parts.json\[0\].at_ns: not a time"),
    "time with a sign": (edited("parts.json", (0, "at_ns"), "+5"), r"parts.json\[0\].at_ns: not a time"),
    "list for a text": (edited("case.json", ("case", "title"), ["x"]), "case.json case.title: not a text"),
    "long text": (
        edited("case.json", ("case", "title"), "长" * 201),
        "case.json case.title: not a text of at most",
    ),
    "NUL": (edited("case.json", ("case", "title"), "a" + NUL), "case.json case.title: a text with a NUL"),
    "NUL deep down": (edited("reports.json", (0, "summary"), {"x": [NUL]}), r"reports.json\[0\].summary: a text with"),
    "text for sites": (edited("case.json", ("file", "sites"), "heishan"), "case.json file.sites: not a list"),
    "a site twice": (edited("case.json", ("file", "sites"), ["heishan"] * 2), "case.json file.sites: not a list"),
    "list for an object": (edited("parts.json", (0, "content"), []), r"parts.json\[0\].content: no object"),
    "unknown part": (edited("parts.json", (0, "part"), "rumours"), r"parts.json\[0\].part: no such value"),
    "unknown purpose": (edited("grants.json", (0, "purposes"), ["all"]), r"grants.json\[0\].purposes: no such value"),
    "unknown zone": (edited("case.json", ("sites", 0, "timezone"), "Mars"), r"case.json sites\[0\].timezone: no such"),
    "no such day": (edited("numbers.json", (0, "issue_date"), "2026-02-31"), r"numbers.json\[0\].issue_date: no such"),
    "a row twice": (doubled("reviews.json", 0), r"reviews.json\[\d+\]: a row stands twice"),
    "a grant twice": (doubled("grants.json", 0, reason="more"), r"grants.json\[1\]: a row stands twice"),
    # another tenant, another case
    "id as a path": (edited("case.json", ("case", "id"), "../x"), "case.json case.id: no such value"),
    "another case": (edited("case.json", ("case", "id"), "x"), "case.json case: a row of another case"),
    "their grant": (
        edited("grants.json", (0, "enterprise"), FOREIGN),
        r"grants.json\[0\]: a row of another",
    ),
    "their site": (edited("case.json", ("sites", 0, "enterprise"), FOREIGN), r"case.json sites\[0\]: a row of another"),
    "their case": (edited("case.json", ("file", "enterprise"), FOREIGN), "case.json file: a row of another"),
    "a site more": (edited("case.json", ("file", "sites"), ["heishan", "x"]), "case.json file.sites: does not follow"),
    "case at another site": (edited("case.json", ("case", "site"), "x"), "case.json case.site: not a site of the case"),
    "report of another site": (edited("reports.json", (0, "site"), "x"), r"reports.json\[0\].site: not a site"),
    "follows their case": (
        both(
            edited("case.json", ("file", "previous"), THEIRS), edited("steps.json", (0, "decision", "previous"), THEIRS)
        ),
        "case.json file.previous: it follows a case that here is another enterprise's",
    ),
    "follows another than it says": (
        edited("case.json", ("file", "previous"), "x"),
        "case.json file.previous: does",
    ),
}
