"""What the console says of a gateway first."""

from __future__ import annotations

import pytest
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.console.gateway_pages import GatewayView
from ovoo_contract.delivery import GatewayState

NOW = 1_790_000_000_000_000_000


@pytest.mark.parametrize(
    ("at_risk_s", "health"),
    [(None, "online"), (0.0, "online"), (1.2, "online"), (10.5, "at_risk"), (3600.0, "at_risk")],
)
def test_a_gateway_whose_samples_do_not_reach_its_disk_is_shown_as_at_risk(
    at_risk_s: float | None, health: str
) -> None:
    assert _view(GatewayState(online=True, time_ns=NOW, at_risk_s=at_risk_s)).health == health


def test_a_backlog_on_disk_is_not_at_risk() -> None:
    state = GatewayState(online=True, time_ns=NOW, backlog_rows=50_000, backlog_bytes=1 << 30, at_risk_s=0.0)

    assert _view(state).health == "online"


def _view(state: GatewayState) -> GatewayView:
    row = Gateway(id="gw-1", status="active", last_seen_ns=NOW)
    return GatewayView(row, state, (), (), NOW)
