"""Cover and the one page on which the month stands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ovoo_cloud.energy_report.sections.parts import change_words, insufficient_words, machine, state_of
from ovoo_cloud.reports.nodes import (
    Block,
    Facts,
    Inline,
    both,
    bullets,
    chart,
    day,
    key,
    name,
    notice,
    page_break,
    para,
    plain,
)
from ovoo_cloud.reports.nodes import heading as head
from ovoo_cloud.reports.sections.front import local_day

__all__ = ["cover", "summary"]

_SHOWN = 3
_WORST_LEVEL = 3


def cover(facts: Facts) -> dict[str, Any]:
    """The cover's entries; the status says how complete the data is."""
    data, case = facts.data, facts.data["case"]
    window = data["window"]
    profile = case["profile"]
    state = state_of(facts)
    return {
        "title": key("month.cover.title"),
        "enterprise": name(both(profile["name"])),
        "status": key(f"month.state.{state}"),
        "tone": "plain" if state == "complete" else "warn",
        "status_note": key(f"month.state.{state}.note", share=facts.figure("data.percent")),
        "rows": [
            [key("cover.number"), plain(data["issue"]["number"])],
            [key("cover.revision"), plain(str(data["issue"]["revision"]))],
            [key("cover.date"), day(data["issue"]["date"])],
            [key("month.cover.site"), name(both(case["sites"][0]["name"]))],
            [
                key("cover.period"),
                key(
                    "cover.period.value",
                    start=day(local_day(window["start_ns"], window["timezone"])),
                    end=day(local_day(window["end_ns"], window["timezone"], last=True)),
                ),
            ],
            [key("cover.confidentiality"), key(f"confidentiality.{profile.get('confidentiality', 'internal')}")],
        ],
    }


def summary(facts: Facts) -> list[Block]:
    """One page a director can act on: four figures, what stands out, what to do next."""
    blocks: list[Block] = [head(1, "month.summary.title", number=False), _cards(facts)]
    state = state_of(facts)
    if state != "complete":
        partly = key("month.state.partial.note", share=facts.figure("data.percent"))
        blocks.append(notice(partly if state == "partial" else insufficient_words(facts), "warn"))
    if facts.data["bill"]["fictitious"]:
        blocks.append(notice(key("month.bill.fictitious"), "warn"))
    blocks += [
        para(key("month.summary.seen"), style="label"),
        bullets(_seen(facts) or [key("month.summary.nothing")]),
        para(key("month.summary.do"), style="label"),
        bullets(_do(facts)),
    ]
    daily = facts.data["energy"]["series"]["daily"]
    if sum(1 for row in daily if row["kwh"] is not None) > 1:
        blocks.append(
            chart("daily", key("chart.daily.caption"), {"rows": daily}, evidence=facts.evidence("energy.kwh"))
        )
    blocks.append(para(key("month.summary.reading"), style="small"))
    return [*blocks, page_break()]


def _cards(facts: Facts) -> Block:
    peak = facts.data["demand"]["peak"]
    return {
        "b": "cards",
        "items": [
            {
                "label": key("month.card.energy"),
                "value": facts.figure("energy.kwh", unit=False),
                "note": change_words(facts),
            },
            {
                "label": key("month.card.cost"),
                "value": facts.figure("bill.total", unit=False),
                "note": key("month.card.mean", mean=facts.figure("bill.mean"))
                if facts.known("bill.mean")
                else key(f"reason.{facts.data['bill']['reason'] or 'no_prices'}"),
            },
            {
                "label": key("month.card.peak"),
                "value": facts.figure("demand.peak", unit=False),
                "note": plain(peak["start"]) if peak else key("reason.covered"),
            },
            {
                "label": key("month.card.carbon"),
                "value": facts.figure("energy.tco2", unit=False),
                "note": key("month.card.coal", tce=facts.figure("energy.tce_calorific"))
                if facts.known("energy.tce_calorific")
                else key("reason.covered"),
            },
        ],
    }


def _seen(facts: Facts) -> list[Inline]:
    """What the month shows, as far as it is known."""
    rows: list[Inline] = []
    if facts.known("energy.change"):
        rows.append(
            key(
                "month.seen.change",
                now=facts.figure("energy.per_day"),
                before=facts.figure("previous.per_day"),
                change=facts.figure("energy.change"),
            )
        )
    saving = facts.data["saving"]
    if saving is not None and saving["course"] is not None:
        which = "provisional" if saving["approved"] is None else "not_proved" if saving["reason"] else "proved"
        rows.append(key(f"month.seen.saving.{which}", **_saving_slots(facts)))
    if facts.known("base.kw") and facts.known("base.percent"):
        rows.append(key("month.seen.base", base=facts.figure("base.kw"), share=facts.figure("base.percent")))
    if facts.known("demand.of_contract"):
        rows.append(key("month.seen.contract", share=facts.figure("demand.of_contract")))
    idle = facts.data["idle"]["rows"]
    if idle:
        worst = idle[0]
        rows.append(
            key(
                "month.seen.idle",
                machine=machine(facts, worst["machine"]),
                kwh=facts.figure(worst["kwh"]),
                share=facts.figure(worst["percent"]),
            )
        )
    norm = facts.data["energy"]["norm"]
    if norm is not None and norm.get("reached"):
        value = facts.figure("norm.intensity")
        within = int(norm["reached"]) <= _WORST_LEVEL
        mark = key("month.seen.reference") if norm["reference_only"] else plain("")
        slots = {"value": value, "mark": mark, **({"level": plain(str(norm["reached"]))} if within else {})}
        rows.append(key("month.seen.norm" if within else "month.seen.over", **slots))
    return rows


def _saving_slots(facts: Facts) -> dict[str, Inline]:
    return {each: facts.figure(f"saving.{each}") for each in ("avoided", "low", "high", "percent")}


def _do(facts: Facts) -> list[Inline]:
    """Steps in the order of their worth: waste that costs nothing to end, the peak, power factor, missing evidence."""
    idle = facts.data["idle"]["rows"][:_SHOWN]
    steps: list[Inline] = []
    if idle:
        names: Inline = {"t": "join", "items": [machine(facts, row["machine"]) for row in idle]}
        steps.append(key("month.do.idle", machines=names, kwh=facts.figure("idle.kwh")))
    over = facts.figures.get("demand.of_contract", {}).get("value")
    if over is not None and Decimal(over) > 100:
        steps.append(key("month.do.peak", share=facts.figure("demand.of_contract")))
    target, factor = facts.data["bill"].get("factor_target"), facts.figures["power_factor"]["value"]
    if target and factor and Decimal(factor) < Decimal(target):
        steps.append(key("month.do.factor", factor=facts.figure("power_factor"), target=plain(target)))
    ready = [each["kind"] for each in facts.data["actions"] if not each["reason"] and each["kind"] != "idle"]
    steps += [
        key("month.do.action", title=key(f"action.{kind}.title"), kwh=facts.figure(f"action.{kind}.kwh"))
        for kind in ready[: _SHOWN - 1]
    ]
    if facts.data["bill"]["reason"] == "no_prices":
        steps.append(key("month.do.prices"))
    if state_of(facts) != "complete":
        steps.append(key("month.do.data"))
    return steps or [key("month.do.nothing")]
