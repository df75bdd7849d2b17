"""Cover, one-page summary, statement and method, enterprise profile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ovoo_cloud.reports.nodes import (
    Block,
    Column,
    Facts,
    Inline,
    both,
    bullets,
    day,
    heading,
    key,
    name,
    notice,
    page_break,
    para,
    plain,
    table,
)
from ovoo_cloud.reports.sections.actions import first_steps
from ovoo_cloud.reports.sections.lead_summary import (
    lead_cards,
    lead_level,
    lead_picture_blocks,
    lead_strengths_and_gaps,
)
from ovoo_cloud.reports.sections.plan import payback_words
from ovoo_cloud.reports.sections.score_charts import CLASSES, gate_chart, level_text
from ovoo_cloud.reports.sections.status import (
    is_signed,
    is_working,
    marking,
    rating,
    rating_notice,
    status,
    status_note,
    status_rows,
)

__all__ = ["actions_table", "cover", "local_day", "local_minute", "method", "strengths_and_gaps", "summary"]


def local_day(ns: str, timezone: str, *, last: bool = False) -> str:
    """ISO local date of an instant; with `last`, the day in which an excluded end falls."""
    moment = datetime.fromtimestamp(int(ns) // 1_000_000_000, UTC) - timedelta(seconds=1 if last else 0)
    return f"{moment.astimezone(ZoneInfo(timezone)):%Y-%m-%d}"


def local_minute(ns: str, timezone: str) -> str:
    """Local date and time of an instant, to the minute."""
    moment = datetime.fromtimestamp(int(ns) // 1_000_000_000, UTC).astimezone(ZoneInfo(timezone))
    return f"{moment:%Y-%m-%d %H:%M}"


def cover(facts: Facts) -> dict[str, Any]:
    """The cover's entries."""
    data, case = facts.data, facts.data["case"]
    window = data["window"]
    profile_case = case["profile"]
    kind = ".working" if is_working(facts) else ""
    return {
        **marking(facts),
        "title": key("cover.title"),
        "enterprise": name(both(profile_case["name"])),
        "status": status(facts),
        "status_note": status_note(facts),
        "rows": [
            [key(f"cover.number{kind}"), plain(data["issue"]["number"] or "—")],
            [key("cover.revision"), plain(str(data["issue"]["revision"]))],
            [key(f"cover.date{kind}"), day(data["issue"]["date"])],
            [
                key("cover.period"),
                key(
                    "cover.period.value",
                    start=day(local_day(window["start_ns"], window["timezone"])),
                    end=day(local_day(window["end_ns"], window["timezone"], last=True)),
                ),
            ],
            [key("cover.centre"), name(both(profile_case.get("centre", "")), "—")],
            [key("cover.rules"), _rules(data["framework"])],
            *([[key("lead.card.level"), lead_level(facts)]] if facts.lead_method != "points_gate" else []),
            [key("cover.confidentiality"), key(f"confidentiality.{profile_case.get('confidentiality', 'internal')}")],
            *status_rows(facts),
        ],
    }


def _rules(rules: dict[str, Any]) -> Inline:
    """The framework that leads, marked where two persons have not signed it yet."""
    return key("lead.rules.reference", rules=name(rules["name"])) if rules["reference_only"] else name(rules["name"])


def _gated_cards(facts: Facts) -> list[dict[str, Any]]:
    return [
        {
            "label": key("summary.card.level"),
            "value": level_text(facts.data["score"]),
            "note": rating(facts),
        },
        {
            "label": key("summary.card.score"),
            "value": facts.figure("score.total", unit=False),
            "note": key("summary.card.of100"),
        },
    ]


def summary(facts: Facts) -> list[Block]:
    """One page a director can act on."""
    gated = facts.lead_method == "points_gate"
    strengths, gaps, missing = strengths_and_gaps(facts) if gated else lead_strengths_and_gaps(facts)
    blocks: list[Block] = [
        heading(1, "summary.title", number=False),
        {
            "b": "cards",
            "items": [
                *(_gated_cards(facts) if gated else lead_cards(facts)),
                {
                    "label": key("summary.card.networked"),
                    "value": facts.figure("equipment.networked_percent"),
                    "note": key(
                        "summary.card.machines",
                        part=facts.figure("equipment.networked", unit=False),
                        whole=facts.figure("equipment.total", unit=False),
                    ),
                },
                {
                    "label": key("summary.card.energy"),
                    "value": facts.figure("energy.kwh"),
                    "note": facts.figure("energy.tco2"),
                },
            ],
        },
        *([gate_chart(facts)] if gated else lead_picture_blocks(facts)),
        para(key("summary.strengths"), style="label"),
        bullets(strengths or [key("summary.none")]),
        para(key("summary.gaps"), style="label"),
        bullets(gaps or [key("summary.none")]),
    ]
    if missing and (gated or facts.data["score"]["level"] is not None):  # else the picture says why none is stated
        which = "summary.missing" if gated else "lead.missing"
        blocks.append(notice(key(which, count=plain(str(missing))), "warn"))
    blocks.append(actions_table(facts))
    steps = first_steps(facts)
    if steps:
        blocks += [para(key("summary.next"), style="label"), bullets(steps)]
    blocks.append(para(key("summary.reading"), style="small"))
    return [*blocks, page_break()]


def actions_table(facts: Facts) -> Block:
    """The actions with what each saves in a year."""
    rows = []
    for number, action in enumerate(facts.data["actions"], start=1):
        kind = action["kind"]
        tce = key("cell.none") if action["shift_only"] else facts.figure(f"action.{kind}.tce", unit=False)
        co2 = key("cell.none") if action["shift_only"] else facts.figure(f"action.{kind}.tco2", unit=False)
        kwh = facts.figure(f"action.{kind}.kwh", unit=False)
        rows.append(
            [
                plain(str(number)),
                key(f"action.{kind}.title"),
                key("action.shifted", kwh=kwh) if action["shift_only"] and not action["reason"] else kwh,
                tce,
                co2,
                payback_words(facts, action),
            ]
        )
    columns: list[Column] = [
        ("table.number", "left", 0.3),
        ("actions.col.action", "left", 2.2),
        ("actions.col.kwh", "right", 2.2),
        ("actions.col.tce", "right", 1.1),
        ("actions.col.tco2", "right", 1.1),
        ("actions.col.payback", "left", 1.4),
    ]
    return table("summary.actions", columns, rows)


def strengths_and_gaps(facts: Facts) -> tuple[list[Inline], list[Inline], int]:
    """Three best and three weakest definite items, and how many items lack evidence."""
    names = facts.item_names()
    definite, missing = [], 0
    for item in facts.data["score"]["items"]:
        low, high, full = (Decimal(text) for text in (*item["points"], item["full"]))
        if low != high:
            missing += 1
            continue
        definite.append((low / full, low - full, item["id"], item))

    def line(item: dict[str, Any]) -> Inline:
        return key(
            "summary.item",
            item=name(names[item["id"]]),
            points=facts.figure(f"score.item.{item['id']}", unit=False),
            full=plain(_trim(item["full"])),
        )

    best = sorted(
        (row for row in definite if row[0] >= Decimal("0.75")), key=lambda r: (-r[0], -Decimal(r[3]["full"]), r[2])
    )
    worst = sorted((row for row in definite if row[0] < Decimal("0.75")), key=lambda r: (r[1], r[2]))
    return [line(row[3]) for row in best[:3]], [line(row[3]) for row in worst[:3]], missing


def _trim(text: str) -> str:
    number = Decimal(text).normalize()
    return f"{number:f}"


def method(facts: Facts) -> list[Block]:
    """Statement, evidence classes and how missing evidence is treated."""
    rules = facts.data["framework"]
    days, share = _networked(facts)
    blocks: list[Block] = [
        heading(1, "method.title"),
        para(key("method.scope", rules=name(rules["name"]), edition=plain(rules["edition"]))),
        rating_notice(facts),
        *([] if facts.lead_method == "points_gate" else [para(key(f"lead.method.{facts.lead_method}"))]),
        heading(2, "method.classes.title"),
        table(
            "method.classes.caption",
            [("method.col.class", "left", 1), ("method.col.meaning", "left", 4)],
            [[key(f"class.{cls}"), key(f"class.{cls}.meaning")] for cls in CLASSES],
        ),
        heading(2, "method.rules.title"),
        bullets(
            [
                key("method.rule.networked", days=days, share=share),
                key("method.rule.missing"),
                key("method.rule.figures"),
                key("method.rule.reference"),
                key("method.rule.money"),
            ]
        ),
        heading(2, "method.not.title"),
        bullets([key(f"method.not.{each}") for each in _not_assessed(facts)]),
        heading(2, "method.verify.title"),
        para(key("method.verify", number=plain(facts.data["issue"]["number"] or "—"))),
    ]
    return blocks


def _networked(facts: Facts) -> tuple[Inline, Inline]:
    """Days and share by which a machine counted as networked; snapshots of earlier versions have them in the rules."""
    rules, told = facts.data["framework"], facts.data["case"].get("required_share")
    rule = facts.data.get("delivery_rule")
    days, share = (
        (rules["connected_days"], told or rules["connected_share"]) if rule is None else (rule["days"], rule["share"])
    )
    return plain(str(days)), plain(f"{_trim(str(Decimal(share) * 100))} %")


def _not_assessed(facts: Facts) -> tuple[str, ...]:
    rest = ("peers", "safety", "money")
    return rest if is_signed(facts) else ("site", *rest)
