"""Scoring an asset from its stored samples, as background work."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from ovoo_contract.errors import ConfigError
from ovoo_models import artifact

from ovoo_cloud.jobs.report import asked_by
from ovoo_cloud.scoring.order import Answer, Order, fulfil
from ovoo_cloud.scoring.rescore import Manner
from ovoo_cloud.services import Services

__all__ = ["rescore"]


def rescore(services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]) -> Mapping[str, Any]:
    """Scores, compares and stores as ordered.

    Parameters: `asset` (full path), `model` (the model file as JSON), `start_ns`, `end_ns`, `user` (who asked);
    `lead_s`, `period_s`, `compare` and `store` may be left out.
    """
    try:
        period = parameters.get("period_s")
        order = Order(
            str(parameters["asset"]),
            artifact.loads(json.dumps(parameters["model"]).encode(), "model"),
            int(parameters["start_ns"]),
            int(parameters["end_ns"]),
            Manner(round(float(parameters.get("lead_s", 86_400.0)) * 1e9), None if period is None else float(period)),
            bool(parameters.get("compare", False)),
            bool(parameters.get("store", False)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError("missing or of a wrong type", offender="rescore", value=str(error)) from error
    with asked_by(services, parameters, order.read) as scope:
        return _result(fulfil(services, scope, order, secrets.randbits(63), progress))


def _result(answer: Answer) -> Mapping[str, Any]:
    """The answer without the texts of its findings: a result is kept for good."""
    data = answer.to_dict()
    return {**data, "findings": [finding.id for finding in answer.found.findings]}
