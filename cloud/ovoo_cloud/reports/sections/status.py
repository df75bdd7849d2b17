"""Where the case of a report stands, and whether its rating was signed on site: cover, summary and statement agree."""

from __future__ import annotations

from ovoo_cloud.diagnosis.standing import is_working as says_working
from ovoo_cloud.reports.nodes import Block, Facts, Inline, day, key, notice, plain

__all__ = [
    "gate_notice",
    "is_signed",
    "is_working",
    "marking",
    "rating",
    "rating_notice",
    "status",
    "status_note",
    "status_rows",
]


def is_signed(facts: Facts) -> bool:
    """Whether the rating on site took place and was signed; snapshots of old do not say so."""
    return "on_site" in facts.data


def is_working(facts: Facts) -> bool:
    """Whether the report was made outside the steps of a case, so that nobody issued it."""
    return says_working(facts.data["issue"])


def marking(facts: Facts) -> dict[str, Inline]:
    """What every page of a report says that nobody issued; nothing for any other."""
    return {"marking": key("cover.marking.working")} if is_working(facts) else {}


def status(facts: Facts) -> Inline:
    """Draft, confirmed by the enterprise, or issued; a report that no case goes with is a pre-assessment."""
    told = facts.data["issue"].get("status", "pre")
    return key(f"cover.status.{told}") if is_signed(facts) or told == "pre" else key(f"cover.status.{told}.pre")


def rating(facts: Facts) -> Inline:
    """What kind of rating the level is."""
    return key("cover.status.signed") if is_signed(facts) else key("cover.status.pre")


def status_note(facts: Facts) -> Inline:
    """What the reader must not take it for."""
    note = _rating_note(facts)
    return key("cover.status.note.working", note=note) if is_working(facts) else note


def _rating_note(facts: Facts) -> Inline:
    if not is_signed(facts):
        return key("cover.status.note" if facts.lead_method == "points_gate" else "lead.status.note")
    return key("cover.status.note.signed", **_signature(facts))


def status_rows(facts: Facts) -> list[list[Inline]]:
    """Who confirmed which content, and who signed on site."""
    rows: list[list[Inline]] = []
    confirmed = facts.data["issue"].get("confirmed")
    if confirmed:
        who = key("cover.confirmed.value", by=plain(confirmed["by"]), date=day(confirmed["date"]))
        rows += [[key("cover.confirmed"), who], [key("cover.content"), plain(confirmed["content"])]]
    if is_signed(facts):
        rows.append([key("cover.on_site"), key("cover.on_site.value", **_signature(facts))])
    return rows


def rating_notice(facts: Facts) -> Block:
    """The remark of the statement of method."""
    if not is_signed(facts):
        return notice(key("method.pre"), "warn")
    return notice(key("method.signed", **_signature(facts)), "info")


def gate_notice(facts: Facts) -> list[Block]:
    """That the level gate rests on a single source; nothing where it was checked."""
    if not facts.data["framework"].get("gate_reference_only", False):
        return []
    return [notice(key("score.gate.reference.signed" if is_signed(facts) else "score.gate.reference"), "warn")]


def _signature(facts: Facts) -> dict[str, Inline]:
    signed = facts.data["on_site"]
    names: Inline = {"t": "join", "items": [plain(each) for each in signed["assessors"]]}
    return {"date": day(signed["date"]), "names": names, "document": plain(signed["document"])}
