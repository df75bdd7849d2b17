"""Non-routine events: proposed from shifts of residuals, matched with known ones, decided by a person."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.savings.observations import DAY_NS, Observations
from ovoo_models.efficiency.savings.saving import Plan, Saving, prove
from ovoo_models.efficiency.savings.shifts import row_sigma, stretches

__all__ = ["Adjusted", "Decision", "KnownEvent", "Proposal", "adjust", "propose"]


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An entry of a maintenance or production log: [start_ns, end_ns), what it was, and where it is written."""

    name: str
    start_ns: int
    end_ns: int
    source: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stretch of residuals off their usual level: `size` an interval above (+) or below (-) it, `energy` in all.

    `statistic`: its distance from that level in standard errors; `matched`: known events within the tolerance.
    """

    id: str
    start_ns: int
    end_ns: int
    size: float
    energy: float
    statistic: float
    matched: tuple[KnownEvent, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said about a proposal. Without name and reason nothing is decided."""

    proposal: str
    accepted: bool
    name: str
    reason: str
    time_ns: int

    def __post_init__(self) -> None:
        for field in ("name", "reason"):
            if not getattr(self, field).strip():
                raise EvidenceError(
                    "a decision is signed and reasoned", code="savings.decision_signed_and_reasoned",
                    offender=f"decision.{field}", value="",
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The saving with all intervals, and without those of accepted events; proposals and decisions stay with both."""

    as_measured: Saving
    adjusted: Saving
    proposals: tuple[Proposal, ...]
    decisions: tuple[Decision, ...]
    left_out: int


def propose(
    time_ns: Sequence[int],
    residuals: Sequence[float],
    step_ns: int,
    known: Sequence[KnownEvent] = (),
    expected: Sequence[float] | None = None,
    limit: float = 5.0,
    least: int = 7,
    tolerance_days: int = 3,
) -> tuple[Proposal, ...]:
    """Stretches of residuals (actual - expected) that differ from the level which most rows have.

    With `expected` (same rows, above nought) it is the share residual / expected whose level is looked at: a measure
    that saves a share of the load is then no event when the load changes with the seasons. A stretch is proposed whose
    level is at least `limit` standard errors off. A known event matches that begins within the tolerance of the
    stretch's begin, or overlaps it by more than half of the event.
    """
    scale = [1.0] * len(residuals) if expected is None else list(expected)
    if not len(time_ns) == len(residuals) == len(scale) or min(scale, default=1.0) <= 0.0:
        raise EvidenceError(
            "times, residuals and expected energy do not fit together",
            code="savings.times_residuals_and_expected_energy_do", offender="residuals", value=len(residuals),
            remedy="equally many, expected above nought",
        )  # fmt: skip
    shares = [r / s for r, s in zip(residuals, scale, strict=True)]
    parts = stretches(shares, limit, least)
    if len(parts) < 2:
        return ()
    usual = max(parts, key=lambda part: (part.end - part.start, -part.start))
    sigma, found = row_sigma(shares), []
    for part in parts:
        error = sigma * math.sqrt(1.0 / (part.end - part.start) + 1.0 / (usual.end - usual.start))
        sure = abs(part.mean - usual.mean) / error
        if sure < limit:
            continue
        start, end = time_ns[part.start], time_ns[part.end - 1] + step_ns
        energy = math.fsum(residuals[i] - usual.mean * scale[i] for i in range(part.start, part.end))
        name = sha256_hex(canonical_json({"start_ns": str(start), "end_ns": str(end)}))[:12]
        near = tuple(each for each in known if _matches(each, start, end, tolerance_days * DAY_NS))
        found.append(Proposal(f"nre_{name}", start, end, energy / (part.end - part.start), energy, sure, near))
    return tuple(found)


def adjust(
    baseline: Observations,
    reporting: Observations,
    plan: Plan,
    proposals: Sequence[Proposal],
    decisions: Sequence[Decision],
) -> Adjusted:
    """Both savings: as measured, and with the intervals of accepted proposals left out of whichever period they lie in.

    Raises:
        EvidenceError: a decision names no proposal, or a proposal is decided twice.
    """
    known = {each.id: each for each in proposals}
    accepted: list[Proposal] = []
    seen: set[str] = set()
    for decision in decisions:
        if decision.proposal not in known or decision.proposal in seen:
            raise EvidenceError(
                "no such proposal, or decided twice", code="savings.no_such_proposal_or_decided_twice",
                slots={"known": sorted(known)}, offender="decision.proposal", value=decision.proposal,
                remedy=f"one decision each of {sorted(known)}",
            )  # fmt: skip
        seen.add(decision.proposal)
        if decision.accepted:
            accepted.append(known[decision.proposal])
    as_measured = prove(baseline, reporting, plan)
    before, after = _without(baseline, accepted), _without(reporting, accepted)
    left_out = len(baseline) + len(reporting) - len(before) - len(after)
    adjusted = prove(before, after, plan) if left_out else as_measured
    return Adjusted(as_measured, adjusted, tuple(proposals), tuple(decisions), left_out)


def _without(data: Observations, accepted: Sequence[Proposal]) -> Observations:
    kept = [i for i, at in enumerate(data.time_ns) if not any(each.start_ns <= at < each.end_ns for each in accepted)]
    return data if len(kept) == len(data) else data.rows(kept)


def _matches(event: KnownEvent, start_ns: int, end_ns: int, tolerance_ns: int) -> bool:
    if abs(event.start_ns - start_ns) <= tolerance_ns:
        return True
    shared = min(event.end_ns, end_ns) - max(event.start_ns, start_ns)
    return 2 * shared > event.end_ns - event.start_ns > 0
