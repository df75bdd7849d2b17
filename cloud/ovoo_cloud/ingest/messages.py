"""What gateways say of themselves: state and reported configuration."""

from __future__ import annotations

import json
from collections.abc import Callable

from ovoo_contract.delivery import GatewayState
from ovoo_contract.errors import DeliveryError
from ovoo_contract.gateway_config import ReportedConfig
from ovoo_contract.schema import GATEWAY
from ovoo_contract.topics import Topic

from ovoo_cloud.catalogue import gateways
from ovoo_cloud.catalogue.database import Database

__all__ = ["Clock", "figures_of", "note"]

Clock = Callable[[], int]


def figures_of(state: GatewayState) -> dict[str, float]:
    """The figures of a state as fields of the measurement `gateway`; none for a gateway that went offline."""
    if not state.online:
        return {}
    known = {name: getattr(state, name, None) for name in GATEWAY.fields} | {"backlog": float(state.backlog_rows)}
    return {name: float(value) for name, value in known.items() if value is not None}


def note(database: Database, topic: Topic, payload: bytes, now_ns: int) -> GatewayState | None:
    """Keeps a `state` or `config/reported` message; an empty one (a cleared topic) means nothing.

    Returns:
        The state, where it was one.

    Raises:
        DeliveryError: the message is malformed.
    """
    if not payload:
        return None
    if topic.kind == "state":
        state = GatewayState.from_json(payload)
        with database.write() as session:
            gateways.note_state(session, topic.gateway, state, now_ns)
        return state
    try:
        reported = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise DeliveryError("not JSON", offender=f"{topic.gateway} config/reported") from error
    if not isinstance(reported, dict):
        raise DeliveryError("not an object", offender=f"{topic.gateway} config/reported", value=reported)
    if "format" in reported:  # what gateways reported before there was a format says nothing of a configuration
        reported = json.loads(ReportedConfig.from_json(payload).to_json())
    with database.write() as session:
        gateways.note_reported(session, topic.gateway, reported, now_ns)
    return None
