"""Background work of cases: measuring the evidence, and issuing what was confirmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_cloud.casework import freezing, issuing
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.jobs.report import asked_by
from ovoo_cloud.services import Services

__all__ = ["case_evidence", "case_issue"]


def case_evidence(
    services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]
) -> Mapping[str, Any]:
    """Measures a submitted case. Parameters: `enterprise`, `case`, `user` (who asked)."""
    enterprise, case_id = _text(parameters, "enterprise"), _text(parameters, "case")
    with asked_by(services, parameters, Read("job case_evidence", subject=case_id)) as scope:
        return freezing.measure(services, scope, enterprise, case_id, progress)


def case_issue(
    services: Services, parameters: Mapping[str, Any], progress: Callable[[float], None]
) -> Mapping[str, Any]:
    """Issues a confirmed case.

    Parameters: `enterprise`, `case`, `number`, `snapshot`, `user` (who asked); `issue_date`, `languages` and
    `centre_copy` (default no) may be left out.
    """
    order = issuing.Order(
        _text(parameters, "number"),
        _text(parameters, "snapshot"),
        str(parameters.get("issue_date") or ""),
        list(parameters.get("languages") or []),
        bool(parameters.get("centre_copy", False)),
    )
    enterprise, case_id = _text(parameters, "enterprise"), _text(parameters, "case")
    with asked_by(services, parameters, Read("job case_issue", subject=case_id)) as scope:
        row = issuing.issue(services, scope, enterprise, case_id, order, progress)
    return {"report": row.id, "case": case_id, "number": row.number, "revision": row.revision, **row.summary}


def _text(parameters: Mapping[str, Any], name: str) -> str:
    value = parameters.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError("missing", offender=f"case.{name}", remedy="name it")
    return value
