"""The law of a request for matching: which step leads where, whose step it is, and for whom a state waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

__all__ = [
    "CENTRE_STEPS",
    "ENDED",
    "ENTERPRISE_STEPS",
    "Outcome",
    "Side",
    "State",
    "Step",
    "StepGiven",
    "allowed_steps",
    "next_state",
    "waits_for",
]

State = Literal["opened", "offered", "contacted", "accepted", "done", "evaluated", "closed"]
Step = Literal["offer", "contact", "accept", "finish", "evaluate", "note", "close", "withdraw"]
Outcome = Literal["", "matched", "unmatched", "withdrawn"]
Side = Literal["centre", "enterprise", ""]
_GOING: Final = ("opened", "offered", "contacted", "accepted")
_AFTER: Final[Mapping[tuple[str, str], State]] = {
    **{(state, "offer"): "offered" for state in _GOING},
    **{(state, "contact"): "contacted" for state in ("offered", "contacted")},
    **{(state, "accept"): "accepted" for state in ("offered", "contacted")},
    ("accepted", "finish"): "done",
    **{(state, "evaluate"): "evaluated" for state in ("done", "closed")},
    **{(state, "note"): state for state in (*_GOING, "done")},
    **{(state, "close"): "closed" for state in _GOING},
    **{(state, "withdraw"): "closed" for state in _GOING},
}
CENTRE_STEPS: Final = frozenset({"offer", "contact", "finish", "close"})
ENTERPRISE_STEPS: Final = frozenset({"accept", "evaluate"})
"""Nobody accepts an offer, or judges what came of it, in the name of an enterprise."""
ENDED: Final = frozenset({"done", "evaluated", "closed"})
_WAITS: Final[Mapping[str, Side]] = {
    "opened": "centre", "offered": "enterprise", "contacted": "enterprise", "accepted": "centre", "done": "enterprise",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StepGiven:
    """A step as it is asked for; `offers` are (kind, id), `outcome` is for closing only, `score` (1-5) for judging."""

    step: Step
    note: str = ""
    offers: tuple[tuple[str, str], ...] = ()
    outcome: Outcome = ""
    score: int | None = None


def next_state(state: str, outcome: str, step: str) -> State | None:
    """Where a step leads; None where it does not follow. Only what was matched is judged."""
    if step == "evaluate" and outcome != "matched":
        return None
    return _AFTER.get((state, step))


def allowed_steps(state: str, outcome: str) -> list[str]:
    """The steps that follow from a state."""
    return [step for before, step in _AFTER if before == state and next_state(state, outcome, step) is not None]


def waits_for(state: str) -> Side:
    """Whose step is the next one; empty where nothing is waited for."""
    return _WAITS.get(state, "")
