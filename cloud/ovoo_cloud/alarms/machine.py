"""The life of an alarm as a pure state machine (a subset of ISA-18.2)."""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["AlarmEvent", "AlarmState", "advance"]


class AlarmState(enum.StrEnum):
    """Where an alarm stands: does the condition last, and has a person acknowledged it."""

    ACTIVE_UNACKNOWLEDGED = "active_unacknowledged"
    ACTIVE_ACKNOWLEDGED = "active_acknowledged"
    RETURNED_UNACKNOWLEDGED = "returned_unacknowledged"
    CLOSED = "closed"

    @property
    def active(self) -> bool:
        """The condition lasts."""
        return self in (AlarmState.ACTIVE_UNACKNOWLEDGED, AlarmState.ACTIVE_ACKNOWLEDGED)

    @property
    def acknowledged(self) -> bool:
        """A person has seen it."""
        return self in (AlarmState.ACTIVE_ACKNOWLEDGED, AlarmState.CLOSED)


class AlarmEvent(enum.StrEnum):
    """What can happen to an alarm."""

    RAISE = "raise"
    ACKNOWLEDGE = "acknowledge"
    RETURN = "return"


_ACTIVE_UNACK: Final = AlarmState.ACTIVE_UNACKNOWLEDGED
_ACTIVE_ACK: Final = AlarmState.ACTIVE_ACKNOWLEDGED
_RETURNED_UNACK: Final = AlarmState.RETURNED_UNACKNOWLEDGED
_CLOSED: Final = AlarmState.CLOSED

_NEXT: Final[dict[tuple[AlarmState | None, AlarmEvent], AlarmState]] = {
    (None, AlarmEvent.RAISE): _ACTIVE_UNACK,
    (_ACTIVE_UNACK, AlarmEvent.ACKNOWLEDGE): _ACTIVE_ACK,
    (_ACTIVE_UNACK, AlarmEvent.RETURN): _RETURNED_UNACK,
    (_ACTIVE_ACK, AlarmEvent.RETURN): _CLOSED,
    (_RETURNED_UNACK, AlarmEvent.ACKNOWLEDGE): _CLOSED,
    # a condition that comes back wants to be seen again
    (_RETURNED_UNACK, AlarmEvent.RAISE): _ACTIVE_UNACK,
    (_CLOSED, AlarmEvent.RAISE): _ACTIVE_UNACK,
}


def advance(state: AlarmState | None, event: AlarmEvent) -> AlarmState | None:
    """The state after an event; an event that means nothing in a state changes nothing. None is "no alarm"."""
    return _NEXT.get((state, event), state)
