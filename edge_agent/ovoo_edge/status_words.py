"""A health snapshot in plain words, Chinese or English; the sentences stand in `locales/status.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any, Final, Literal

__all__ = ["Language", "status_line", "status_lines"]

Language = Literal["zh", "en"]
Words = Mapping[str, Any]
_QUIET = {"running", "finished", "draining", "idle"}
_SHORT_BUFFER_H: Final = 24.0
_NAMES: Final = 5


def status_lines(snapshot: Mapping[str, Any], language: Language) -> list[str]:
    """One sentence a line: is data flowing, what is silent, what waits, what is at risk, what was lost.

    Lines that ask for action start with `!`; what can be done follows them.
    """
    words = _words(language)
    lines = [words[snapshot["status"]].format(gateway=snapshot["gateway"])]
    for source in snapshot["sources"]:
        lines += _source(source, snapshot.get("time_ns", 0), words)
    for sink in snapshot["sinks"]:
        lines += _sink(sink, snapshot, words)
    lines += _pipeline(snapshot["pipeline"], words)
    lines += _spool(snapshot["spool"], words)
    lines += [words["failed"].format(**item) for item in snapshot["failed"]]
    return lines


def status_line(snapshot: Mapping[str, Any], language: Language = "en") -> str:
    """The first line and the first that asks for action, for the service manager."""
    lines = status_lines(snapshot, language)
    urgent = [line.removeprefix("! ") for line in lines[1:] if line.startswith("!")]
    return " ".join([lines[0], *urgent[:1]]) if urgent else lines[0]


def _words(language: Language) -> Words:
    text = resources.files("ovoo_edge").joinpath("locales", "status.json").read_text(encoding="utf-8")
    words: Words = json.loads(text)[language]
    return words


def _source(source: Mapping[str, Any], now_ns: int, words: Words) -> Iterator[str]:
    heard_ns = source.get("last_sample_ns", 0)
    heard = words["heard"].format(age=_span((now_ns - heard_ns) / 1e9, words)) if heard_ns else words["heard_never"]
    line = words["source"].format(**_named(source, words), heard=heard)
    yield _flag(source["state"], source["problems"]) + line.rstrip()
    yield from _advice(f"source_{source['state']}", words)
    for problem in source["problems"]:
        yield words["problem"].format(**problem).rstrip()
    if source.get("silent"):
        names = ", ".join(source["silent"][:_NAMES])
        count = max(source.get("counters", {}).get("silent_signals", 0), len(source["silent"]))
        yield words["silent"].format(name=source["name"], count=count, names=names) + (
            words["more"] if count > _NAMES else ""
        )
        yield from _advice("silent", words)
    yield from _clock(source, words)
    yield from _certificates(source.get("certificates", ()), words)


def _clock(source: Mapping[str, Any], words: Words) -> Iterator[str]:
    clock = source.get("clock") or {}
    if not clock.get("suspect") or clock["offset_ms"] is None:
        return
    direction = words["clock_ahead" if clock["offset_ms"] > 0 else "clock_behind"]
    offset = _span(abs(clock["offset_ms"]) / 1e3, words)
    yield words["clock"].format(name=source["name"], direction=direction, offset=offset)
    yield from _advice("clock", words)


def _sink(sink: Mapping[str, Any], snapshot: Mapping[str, Any], words: Words) -> Iterator[str]:
    spool, name = snapshot["spool"], sink["name"]
    since_ns = spool.get("backlog_since_ns", {}).get(name, 0)
    age_s = (snapshot.get("time_ns", 0) - since_ns) / 1e9
    figures = {
        "rows": spool["backlog_rows"].get(name, 0),
        "size": _size(spool["backlog_bytes"].get(name, 0)),
        "since": words["since"].format(age=_span(age_s, words)) if since_ns and age_s > 0 else "",
    }
    yield _flag(sink["state"]) + words["sink"].format(**_named(sink, words), **figures).rstrip()
    if sink["remedy"]:
        yield words["remedy"].format(remedy=sink["remedy"])
    else:
        yield from _advice(f"sink_{sink['state']}", words)
    refused = spool.get("refused", {}).get(name)
    if refused:
        counts = ", ".join(f"{words['classes'][data_class]} {count}" for data_class, count in refused.items())
        yield words["refused"].format(name=name, counts=counts)


def _certificates(certificates: Iterable[Mapping[str, Any]], words: Words) -> Iterator[str]:
    """Those that end within 60 days, or that are in use although something about them does not fit."""
    for item in certificates:
        if item["level"] == "ok" and not item["note"]:
            continue
        named = {**item, "role": words["roles"][item["role"]], "level": words["levels"][item["level"]]}
        urgent = item["level"] not in ("ok", "notice")
        yield ("!" if urgent else "") + words["certificate"].format(**named).rstrip()


def _pipeline(pipeline: Mapping[str, Any], words: Words) -> Iterator[str]:
    if pipeline["held_back"]:
        yield words["held_back"].format(detail=pipeline["held_back"])
        yield from _advice("held_back", words)
    at_risk_s = pipeline["at_risk_s"]
    yield words["risk"].format(seconds=f"{at_risk_s:.1f}") if at_risk_s else words["risk_none"]
    names = ("received", "suppressed", "duplicates", "late", "findings")
    yield words["counts"].format(**{name: pipeline["counters"].get(name, 0) for name in names})


def _spool(spool: Mapping[str, Any], words: Words) -> Iterator[str]:
    sizes = {"used": _size(spool["used_bytes"]), "limit": _size(spool["limit_bytes"])}
    if spool["buffer_h"] is None:
        yield words["buffer_unknown"].format(**sizes)
    else:
        hours = f"{spool['buffer_h']:.1f}"
        yield words["buffer"].format(hours=hours, **sizes)
        if spool["buffer_h"] < _SHORT_BUFFER_H and any(spool["backlog_rows"].values()):
            yield from _advice("buffer", words, hours=hours)
    if not spool["ballast"]:
        yield words["ballast"]
        yield from _advice("ballast", words)
    for sink, causes in spool["lost"].items():
        for cause, count in causes.items():
            yield words["lost"].format(sink=sink, cause=_cause(cause, words), count=count)
            yield from _advice(f"lost_{cause.partition(':')[0]}", words, otherwise="lost")
    for sink, count in spool["quarantined"].items():
        if count:
            yield words["quarantine"].format(sink=sink, count=count)
    for detail in spool["salvaged"]:
        yield words["salvaged"].format(detail=detail)


def _cause(cause: str, words: Words) -> str:
    kind, _, code = cause.partition(":")
    known: str | None = words["causes"].get(kind)
    return cause if known is None else known.format(code=code)


def _advice(key: str, words: Words, *, otherwise: str = "", **figures: str) -> Iterator[str]:
    text = words["advice"].get(key) or words["advice"].get(otherwise, "")
    if text:
        yield words["remedy"].format(remedy=text.format(**figures))


def _named(end: Mapping[str, Any], words: Words) -> dict[str, str]:
    state = words["states"][end["state"]]
    return {"name": end["name"], "driver": end["driver"], "state": state, "detail": end["detail"]}


def _flag(state: str, problems: object = ()) -> str:
    return "" if state in _QUIET and not problems else "! "


def _span(seconds: float, words: Words) -> str:
    for unit, length, most in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if abs(seconds) < most:
            return str(words["units"][unit].format(n=f"{max(seconds, 0) / length:.0f}"))
    return str(words["units"]["d"].format(n=f"{seconds / 86400:.0f}"))


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
