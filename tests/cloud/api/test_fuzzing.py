"""Every route under fire, by every role and under both settings of consent: hours, run by hand (`make fuzz`)."""

from __future__ import annotations

import json
import os

import hypothesis
import pytest
from ovoo_cloud.access.roles import Role

from tests.cloud.api.barrage import Barrage, Shot
from tests.cloud.api.near_misses import Aim, Operation, key_of, operations
from tests.cloud.api.test_document import PAGE, SLOW_BY_INTENT

EXAMPLES = int(os.environ.get("OVOO_FUZZ_EXAMPLES", "100"))
SEED = int(os.environ.get("OVOO_FUZZ_SEED", "1"))
pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.mark.parametrize(
    "operation",
    operations(json.loads(PAGE.read_text(encoding="utf-8"))),
    ids=lambda each: "-".join(key_of(each)),
)
def test_no_request_of_any_role_breaks_the_server(barrage: Barrage, operation: Operation) -> None:
    if operation.path in SLOW_BY_INTENT:
        pytest.skip("slow by intent; test_security covers it")
    aim = Aim(barrage.plant, operation)

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(shot=aim.shots())
    def fire(shot: Shot) -> None:
        for role in Role:
            barrage.fire(shot, role)

    fire()

    assert barrage.faults_at(key_of(operation)) == []
