"""Scores of an assessment framework: one pure function a method, in exact decimals and fractions.

An answer that is missing or open gives a range. Nothing here reads a clock, a file or a store, so the same functions
serve the conformance vectors of a pack, a report, and its verification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ovoo_contract.errors import PackError

from ovoo_packs.scoring.acceptance import score_acceptance
from ovoo_packs.scoring.bands import band_levels, score_bands
from ovoo_packs.scoring.maturity import score_maturity
from ovoo_packs.scoring.norm_table import score_norms
from ovoo_packs.scoring.points_gate import bracket_share, score
from ovoo_packs.scoring.result import (
    Answers,
    GateStep,
    ItemScore,
    Range,
    Rules,
    SceneScore,
    Score,
    Step,
    refuse_unknown,
    score_json,
)
from ovoo_packs.scoring.rules import method_of, rules_of

__all__ = [
    "Answers",
    "GateStep",
    "ItemScore",
    "Range",
    "Rules",
    "SceneScore",
    "Score",
    "Step",
    "band_levels",
    "bracket_share",
    "method_of",
    "rules_of",
    "score",
    "score_any",
    "score_json",
]

_WITHOUT_SCENES: Final[Mapping[str, Callable[[Rules, Answers], Score]]] = {
    "maturity": score_maturity,
    "acceptance": score_acceptance,
    "norm_table": score_norms,
    "bands": score_bands,
}


def score_any(rules: Rules, answers: Answers, scenes: Answers | None = None) -> Score:
    """Score by the method that the rules name; `scenes` are those of `points_gate`.

    Raises:
        EvidenceError: answers that the rules do not have, or that contradict themselves.
        PackError: rules of a method that this version does not know.
    """
    method = method_of(rules)
    if method == "points_gate":
        return score(rules, answers, scenes or {})
    if method not in _WITHOUT_SCENES:
        known = ", ".join(["points_gate", *_WITHOUT_SCENES])
        raise PackError("no such method", offender=str(rules.get("id")), value=method, remedy=f"one of {known}")
    refuse_unknown("scenes", scenes or {}, set())
    return _WITHOUT_SCENES[method](rules, answers)
