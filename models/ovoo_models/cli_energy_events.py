"""Non-routine events of a saving: known ones and decisions from files, proposals from the data, both results."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_export import instant_ns
from ovoo_models.efficiency.readings.options import zone_named

if TYPE_CHECKING:
    from ovoo_models.efficiency.savings.non_routine import Adjusted, Decision, KnownEvent, Proposal
    from ovoo_models.efficiency.savings.observations import Observations
    from ovoo_models.efficiency.savings.saving import Saving

__all__ = ["add_events", "decisions_of", "event_lines", "events_data", "known_events", "proposals_of", "rows_of"]

_NS: Final = 1_000_000_000
_EVENT: Final = '[{"name": "kiln repair", "start": "2026-02-03", "end": "2026-02-10", "source": "log 17"}]'
_DECISION: Final = (
    '[{"proposal": "nre_...", "accepted": true, "name": "who", "reason": "why", "time": "2026-04-02T09:00"}]'
)
_WORDS: Final = {
    "zh": {
        "proposal": "非常规事件候选 {id}：{start} 至 {end}，每个时段 {size:+,.1f} kWh，共 {energy:+,.0f} kWh{known}",
        "known": "（记录：{names}）", "accepted": "  采纳：{name}，{reason}（{time}）",
        "rejected": "  不采纳：{name}，{reason}（{time}）", "undecided": "  未决定：按原样计入",
        "adjusted": "剔除已采纳事件（{rows} 行）后：节约量 {value:,.0f} kWh，90 % 区间 {low:,.0f} 至 {high:,.0f} kWh",
    },
    "en": {
        "proposal": "proposed non-routine event {id}: {start} to {end}, {size:+,.1f} kWh a row, "
        "{energy:+,.0f} kWh in all{known}",
        "known": " (log: {names})", "accepted": "  accepted by {name}: {reason} ({time})",
        "rejected": "  rejected by {name}: {reason} ({time})", "undecided": "  undecided: counted as it is",
        "adjusted": "without accepted events ({rows} rows): saving {value:,.0f} kWh, "
        "90 % interval {low:,.0f} to {high:,.0f} kWh",
    },
}  # fmt: skip


def add_events(parser: argparse.ArgumentParser) -> None:
    """Files of known events and of decisions."""
    group = parser.add_argument_group("non-routine events")
    group.add_argument("--events", type=Path, default=None, help=f"JSON of a maintenance or production log: {_EVENT}")
    group.add_argument("--decide", type=Path, default=None, help=f"JSON of decisions about proposals: {_DECISION}")


def rows_of(path: Path | None) -> list[dict[str, Any]]:
    """The objects of a file; none where there is no file.

    Raises:
        ConfigError: the file is no list of objects.
    """
    if path is None:
        return []
    try:
        rows = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ConfigError("not JSON", code="events.not_json", offender=str(path), value=str(error)[:80]) from error
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise ConfigError(
            "not a list of objects", code="events.not_list_of_objects",
            slots={"event": _EVENT, "decision": _DECISION}, offender=str(path), remedy=f"{_EVENT} or {_DECISION}",
        )  # fmt: skip
    return rows


def known_events(rows: Sequence[Mapping[str, Any]], zone: str) -> tuple[KnownEvent, ...]:
    """Entries of the log; ConfigError names the entry and the key that is missing."""
    from ovoo_models.efficiency.savings.non_routine import KnownEvent

    found = []
    for number, row in enumerate(rows, 1):
        _has(row, ("name", "start", "end", "source"), f"--events entry {number}", _EVENT)
        start, end = (instant_ns(str(row[key]), zone, f"--events entry {number}") for key in ("start", "end"))
        if end <= start:
            raise ConfigError(
                "an event ends before it begins", code="events.event_ends_before_it_begins",
                offender=f"--events entry {number}", value=row["end"],
            )  # fmt: skip
        found.append(KnownEvent(str(row["name"]), start, end, str(row["source"])))
    return tuple(found)


def decisions_of(rows: Sequence[Mapping[str, Any]], zone: str) -> tuple[Decision, ...]:
    """Decisions, each signed, reasoned and dated."""
    from ovoo_models.efficiency.savings.non_routine import Decision

    found = []
    for number, row in enumerate(rows, 1):
        offender = f"--decide entry {number}"
        _has(row, ("proposal", "accepted", "name", "reason", "time"), offender, _DECISION)
        if not isinstance(row["accepted"], bool):
            raise ConfigError(
                "not a decision", code="events.not_decision", offender=offender, value=row["accepted"],
                remedy="true or false",
            )  # fmt: skip
        at = instant_ns(str(row["time"]), zone, offender)
        found.append(Decision(str(row["proposal"]), row["accepted"], str(row["name"]), str(row["reason"]), at))
    return tuple(found)


def _has(row: Mapping[str, Any], keys: Sequence[str], offender: str, form: str) -> None:
    missing = [key for key in keys if key not in row]
    if missing:
        raise ConfigError(
            "entry is not complete", code="events.entry_not_complete", slots={"form": form}, offender=offender,
            value=", ".join(missing), remedy=form,
        )  # fmt: skip


def proposals_of(
    found: Saving, before: Observations, after: Observations, known: Sequence[KnownEvent]
) -> tuple[Proposal, ...]:
    """Stretches off the usual level, looked for in each period by itself: the measure between them is no event."""
    model = found.model
    rows = [(before.time_ns[i], before.energy[i], e) for i, e in zip(model.used, model.fitted, strict=True)]
    later = [(after.time_ns[i], after.energy[i], after.energy[i] + v)
             for i, v in zip(found.used, found.series, strict=True)]  # fmt: skip
    return (*_proposed(rows, before, known), *_proposed(later, after, known))


def _proposed(
    rows: Sequence[tuple[int, float, float]], data: Observations, known: Sequence[KnownEvent]
) -> tuple[Proposal, ...]:
    """By local day: shorter intervals hang together too much for their own noise to be a measure."""
    from ovoo_models.efficiency.savings.non_routine import propose
    from ovoo_models.efficiency.savings.observations import DAY_NS

    offset = data.utc_offset_s * _NS
    days: dict[int, list[float]] = {}
    for at, actual, expected in rows:
        day = days.setdefault((at + offset) // DAY_NS * DAY_NS - offset, [0.0, 0.0])
        day[0] += actual
        day[1] += expected
    scale = [expected for _actual, expected in days.values()]
    residuals = [actual - expected for actual, expected in days.values()]
    return propose(list(days), residuals, DAY_NS, known, scale if min(scale, default=0.0) > 0.0 else None)


def events_data(
    adjusted: Adjusted | None, proposals: Sequence[Proposal], decisions: Sequence[Decision]
) -> dict[str, Any]:
    """Proposals with what was decided, and the other result; numbers as text, times as UTC ns."""
    said = {each.proposal: each for each in decisions}
    data: dict[str, Any] = {"proposals": [
        {"id": each.id, "start_ns": str(each.start_ns), "end_ns": str(each.end_ns), "size_kwh": repr(each.size),
         "energy_kwh": repr(each.energy), "statistic": repr(each.statistic),
         "matched": [{"name": event.name, "source": event.source} for event in each.matched],
         "decision": _decided(said.get(each.id))}
        for each in proposals
    ]}  # fmt: skip
    if adjusted is not None:
        record = adjusted.adjusted.record
        data["left_out_rows"] = adjusted.left_out
        data["adjusted"] = {"id": record.id, "record": json.loads(record.to_json())}
    return data


def _decided(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {"accepted": decision.accepted, "name": decision.name, "reason": decision.reason,
            "time_ns": str(decision.time_ns)}  # fmt: skip


def event_lines(data: Mapping[str, Any], zone: str, language: str) -> list[str]:
    """One line a proposal and one what was said of it; then the result without accepted events."""
    words, lines = _WORDS[language], list[str]()
    for each in data["proposals"]:
        names = ", ".join(f"{event['name']} ({event['source']})" for event in each["matched"])
        lines.append(words["proposal"].format(
            id=each["id"], start=_day(each["start_ns"], zone), end=_day(each["end_ns"], zone),
            size=float(each["size_kwh"]), energy=float(each["energy_kwh"]),
            known=words["known"].format(names=names) if names else "",
        ))  # fmt: skip
        said = each["decision"]
        key = "undecided" if said is None else "accepted" if said["accepted"] else "rejected"
        slots = {} if said is None else {**said, "time": _day(said["time_ns"], zone)}
        lines.append(words[key].format(**slots))
    if "adjusted" in data:
        result = data["adjusted"]["record"]["results"]
        lines.append(words["adjusted"].format(
            rows=data["left_out_rows"], value=float(result["avoided"]), low=float(result["low"]),
            high=float(result["high"]),
        ))  # fmt: skip
    return lines


def _day(at_ns: str, zone: str) -> str:
    return datetime.fromtimestamp(int(at_ns) // _NS, zone_named(zone)).strftime("%Y-%m-%d")
