"""`--challenger` of the baseline verb: what a gradient-boosted model would win on days held out."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError, EvidenceError

from ovoo_models.reasons import error_lines

if TYPE_CHECKING:
    from ovoo_models.efficiency.savings.change_point import Settings
    from ovoo_models.efficiency.savings.observations import Observations
    from ovoo_models.efficiency.savings.saving import Model
    from ovoo_models.efficiency.savings.time_of_week import HourlySettings

__all__ = ["add_challenger", "challenged", "challenger_lines"]

_WORDS: Final = {
    "zh": {
        "scores": "挑战模型（梯度提升，不可签署）：留出的 {judged} 行上 CV(RMSE) {theirs:.1f}%，基准 {ours:.1f}%",
        "better": "好 {points:.1f} 个百分点：基准可能缺一个变量或拐点",
        "worse": "未好出 1 个百分点（{points:+.1f}）：没有理由更换基准",
    },
    "en": {
        "scores": "challenger (gradient boosting, never signed): CV(RMSE) {theirs:.1f}% over {judged} rows held out, "
        "baseline {ours:.1f}%",
        "better": "better by {points:.1f} points: the baseline may lack a variable or a knee",
        "worse": "not better by a point ({points:+.1f}): no reason to change the baseline",
    },
}


def add_challenger(parser: argparse.ArgumentParser) -> None:
    """The option."""
    parser.add_argument(
        "--challenger", action="store_true",
        help="also by how much a gradient-boosted model would be better on days held out (needs ovoo-models[train])",
    )  # fmt: skip


def challenged(
    data: Observations, settings: Settings | HourlySettings, used: Sequence[int]
) -> dict[str, Any] | EvidenceError:
    """Both scores as data, or why they cannot be told.

    Raises:
        ConfigError: scikit-learn is not installed.
    """
    from ovoo_models.efficiency.savings.change_point import fit
    from ovoo_models.efficiency.savings.time_of_week import HourlySettings, fit_hourly

    try:
        from ovoo_models.train.challenger import challenge
    except ImportError as error:
        raise ConfigError(
            "the challenger needs scikit-learn", code="challenger.needs_training_extra", offender="--challenger",
            remedy="install ovoo-models[train], or leave it out",
        ) from error  # fmt: skip

    def refit(rows: Sequence[int]) -> Model:
        if isinstance(settings, HourlySettings):
            return fit_hourly(data, settings, list(rows))
        return fit(data, settings, rows)

    try:
        found = challenge(data, settings.names, refit, used, _signs(settings))
    except EvidenceError as error:
        return error
    return {
        "cut_ns": str(found.cut_ns), "trained": found.trained, "judged": found.judged, "better": found.better,
        "champion_cv_rmse": found.champion.cv_rmse, "champion_nmbe": found.champion.nmbe,
        "challenger_cv_rmse": found.challenger.cv_rmse, "challenger_nmbe": found.challenger.nmbe,
        "gain_points": found.gain_points,
    }  # fmt: skip


def _signs(settings: Settings | HourlySettings) -> Mapping[str, int]:
    """The driver's sign, where the search for knees was held to one."""
    from ovoo_models.efficiency.savings.change_point import Settings

    if not isinstance(settings, Settings) or not settings.driver:
        return {}
    return {settings.driver: {(-1, 1): 1, (1, -1): -1}.get(settings.signs, 0)}


def challenger_lines(found: Mapping[str, Any] | EvidenceError, language: str) -> list[str]:
    """Scores and what they mean."""
    if isinstance(found, EvidenceError):
        return error_lines(found, language)
    words = _WORDS[language]
    scores = words["scores"].format(
        judged=found["judged"], theirs=100 * found["challenger_cv_rmse"], ours=100 * found["champion_cv_rmse"]
    )
    return [scores, words["better" if found["better"] else "worse"].format(points=found["gain_points"])]
