"""The kinds of background work there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_cloud.jobs.casework import case_evidence, case_issue
from ovoo_cloud.jobs.energy_baselines import energy_baselines_job
from ovoo_cloud.jobs.energy_rollup import energy_rollup
from ovoo_cloud.jobs.ledger_check import ledger_check
from ovoo_cloud.jobs.month_report import month_report
from ovoo_cloud.jobs.readiness_report import readiness_report
from ovoo_cloud.jobs.region_report import region_report
from ovoo_cloud.jobs.report import report
from ovoo_cloud.jobs.rescore import rescore
from ovoo_cloud.services import Services

__all__ = ["KINDS", "Progress", "Work", "work_of"]

Progress = Callable[[float], None]
"""Told how far the work is, 0 to 1."""
Run = Callable[[Services, Mapping[str, Any], Progress], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Work:
    """One kind: what runs, and when by itself (cron fields in site time; None only on request)."""

    run: Run
    cron: Mapping[str, str] | None


KINDS: Final[Mapping[str, Work]] = {
    "case_evidence": Work(case_evidence, None),
    "case_issue": Work(case_issue, None),
    "energy_baselines": Work(energy_baselines_job, {"hour": "1", "minute": "40"}),
    "energy_report": Work(month_report, None),
    "energy_rollup": Work(energy_rollup, {"hour": "1", "minute": "10"}),
    "ledger_check": Work(ledger_check, {"minute": "5"}),
    "readiness_report": Work(readiness_report, None),
    "region_report": Work(region_report, None),
    "report": Work(report, None),
    "rescore": Work(rescore, None),
}


def work_of(kind: str) -> Work:
    """The work of a kind; ConfigError for an unknown one."""
    try:
        return KINDS[kind]
    except KeyError:
        raise ConfigError("no such work", offender="job", value=kind, remedy=f"one of {', '.join(KINDS)}") from None
