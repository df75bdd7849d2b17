"""What a case tells about carrying out the actions: who is responsible, until when, at what cost, measured by what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = ["PLANNED", "Step", "read_plan"]

PLANNED: Final = ("idle", "compressed_air", "fan_pump", "fouling", "peak_shift")
"""The actions that a plan may speak of."""
Told = Literal["declared", "verified"]


@dataclass(frozen=True, slots=True)
class Step:
    """One action as the enterprise means to carry it out; `low` to `high` is its cost in yuan, by `documents`."""

    action: str
    responsible: str
    due: str
    kpi: str
    low: Decimal | None
    high: Decimal | None
    cls: Told
    documents: tuple[str, ...]


def read_plan(top: IntakeReader) -> tuple[Step, ...]:
    """The section `plan`, empty where it is absent; mistakes go to the reader's log."""
    steps = tuple(_step(entry) for entry in top.children("plan"))
    named = [step.action for step in steps]
    for action in sorted({each for each in named if named.count(each) > 1}):
        top.fail(
            "plan",
            f"action {action!r} is planned twice",
            "write one entry per action",
            code="intake.action_twice",
            name=action,
        )
    return steps


def _step(reader: IntakeReader) -> Step:
    documents = reader.names("evidence")
    cls = reader.choice("class", ("declared", "verified"), "declared")
    low, high = reader.decimal("budget_low_yuan"), reader.decimal("budget_high_yuan")
    step = Step(
        action=reader.choice("action", PLANNED),
        responsible=reader.text("responsible", ""),
        due=_day(reader, "due"),
        kpi=reader.text("kpi", ""),
        low=low if low is not None else high,
        high=high if high is not None else low,
        cls="verified" if cls == "verified" else "declared",
        documents=documents,
    )
    _check(reader, step)
    reader.finish()
    return step


def _check(reader: IntakeReader, step: Step) -> None:
    if step.low is not None and step.high is not None and step.low > step.high:
        reader.fail(
            "budget_high_yuan", "below budget_low_yuan", "write the lower cost first", code="intake.budget_order"
        )
    if step.low is not None and not step.documents:
        reader.fail(
            "evidence",
            "a cost without a document",
            "name the offer or estimate it comes from",
            code="intake.cost_without_document",
        )


def _day(reader: IntakeReader, key: str) -> str:
    text = reader.text(key, "")
    try:
        return text and date.fromisoformat(text).isoformat()
    except ValueError:
        reader.fail(key, "not a date", "write 2026-09-30", code="intake.not_a_day")
        return ""
