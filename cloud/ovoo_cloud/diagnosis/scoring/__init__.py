"""Scores of assessment frameworks, as `ovoo_packs.scoring` computes them.

The functions live beside the packs because a pack's conformance vectors are run with them; reports, cases and
verification take them from here.
"""

from __future__ import annotations

from ovoo_packs.scoring import (
    Answers,
    GateStep,
    ItemScore,
    Range,
    Rules,
    SceneScore,
    Score,
    Step,
    band_levels,
    bracket_share,
    method_of,
    rules_of,
    score,
    score_any,
    score_json,
)

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
