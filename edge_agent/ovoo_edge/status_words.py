"""A health snapshot in plain words, Chinese or English; the sentences stand in `locales/status.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any, Literal

__all__ = ["Language", "status_lines"]

Language = Literal["zh", "en"]
_QUIET = {"running", "finished", "draining", "idle"}


def status_lines(snapshot: Mapping[str, Any], language: Language) -> list[str]:
    """One sentence a line; lines that ask for action start with `!`."""
    text = resources.files("ovoo_edge").joinpath("locales", "status.json").read_text(encoding="utf-8")
    words: Mapping[str, Any] = json.loads(text)[language]
    lines = [words[snapshot["status"]].format(gateway=snapshot["gateway"])]
    lines += _ends(snapshot, words)
    lines += _pipeline(snapshot["pipeline"], words)
    lines += _spool(snapshot["spool"], words)
    lines += [words["failed"].format(**item) for item in snapshot["failed"]]
    return lines


def _ends(snapshot: Mapping[str, Any], words: Mapping[str, Any]) -> Iterator[str]:
    for source in snapshot["sources"]:
        yield _flag(source["state"], source["problems"]) + words["source"].format(**_named(source, words)).rstrip()
        for problem in source["problems"]:
            yield words["problem"].format(**problem).rstrip()
        yield from _certificates(source.get("certificates", ()), words)
    spool = snapshot["spool"]
    for sink in snapshot["sinks"]:
        figures = {
            "rows": spool["backlog_rows"].get(sink["name"], 0),
            "size": _size(spool["backlog_bytes"].get(sink["name"], 0)),
        }
        yield _flag(sink["state"]) + words["sink"].format(**_named(sink, words), **figures).rstrip()
        if sink["remedy"]:
            yield words["remedy"].format(remedy=sink["remedy"])


def _certificates(certificates: Iterable[Mapping[str, Any]], words: Mapping[str, Any]) -> Iterator[str]:
    """Those that end within 60 days, or that are in use although something about them does not fit."""
    for item in certificates:
        if item["level"] == "ok" and not item["note"]:
            continue
        named = {**item, "role": words["roles"][item["role"]], "level": words["levels"][item["level"]]}
        urgent = item["level"] not in ("ok", "notice")
        yield ("!" if urgent else "") + words["certificate"].format(**named).rstrip()


def _pipeline(pipeline: Mapping[str, Any], words: Mapping[str, Any]) -> Iterator[str]:
    if pipeline["held_back"]:
        yield words["held_back"].format(detail=pipeline["held_back"])
    at_risk_s = pipeline["at_risk_s"]
    yield words["risk"].format(seconds=f"{at_risk_s:.1f}") if at_risk_s else words["risk_none"]
    names = ("received", "suppressed", "duplicates", "late", "findings")
    yield words["counts"].format(**{name: pipeline["counters"].get(name, 0) for name in names})


def _spool(spool: Mapping[str, Any], words: Mapping[str, Any]) -> Iterator[str]:
    sizes = {"used": _size(spool["used_bytes"]), "limit": _size(spool["limit_bytes"])}
    if spool["buffer_h"] is None:
        yield words["buffer_unknown"].format(**sizes)
    else:
        yield words["buffer"].format(hours=f"{spool['buffer_h']:.1f}", **sizes)
    if not spool["ballast"]:
        yield words["ballast"]
    for sink, causes in spool["lost"].items():
        for cause, count in causes.items():
            yield words["lost"].format(sink=sink, cause=cause, count=count)
    for sink, count in spool["quarantined"].items():
        if count:
            yield words["quarantine"].format(sink=sink, count=count)
    for detail in spool["salvaged"]:
        yield words["salvaged"].format(detail=detail)


def _named(end: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, str]:
    state = words["states"][end["state"]]
    return {"name": end["name"], "driver": end["driver"], "state": state, "detail": end["detail"]}


def _flag(state: str, problems: object = ()) -> str:
    return "" if state in _QUIET and not problems else "! "


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
