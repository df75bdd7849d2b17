"""Ten drawn faults of ten kinds against the whole line; `make chaos` is the long form."""

from __future__ import annotations

import pathlib

import pytest

from tests.system.chaos.ovoo import OvooCollector
from tests.system.chaos.round import RoundPlan, run_round

pytestmark = [pytest.mark.system, pytest.mark.server, pytest.mark.timeout(600)]

PLAN = RoundPlan(seed=20261129, faults=10)


def test_drawn_faults_lose_nothing_and_double_nothing(tmp_path: pathlib.Path) -> None:
    result = run_round(tmp_path, OvooCollector(), PLAN)

    audit = result.audit
    assert audit.holds, "\n".join(audit.differences[:40])
    assert audit.adds_up
    assert len(result.spent) == PLAN.faults
    assert len({fault.kind for fault in result.faults}) == PLAN.faults, "every fault of another kind"
    assert result.signals >= 300
    assert audit.emitted > 10 * result.signals
    assert audit.suppressed > audit.emitted // 10, "thinning was at work"
