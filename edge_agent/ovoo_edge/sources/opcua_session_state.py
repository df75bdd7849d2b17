"""What survives a restart of the gateway: session token, subscription and how far it is on disk."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.canonical import canonical_json, sha256_hex

from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.opcua_items import Subscription
from ovoo_edge.sources.opcua_link import ResumeToken
from ovoo_edge.sources.opcua_sequence import SequenceLedger, read_position
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.state_file import StateFile

__all__ = ["Memory", "SessionStore", "fingerprint", "position_of", "restored"]

_FORM = b"o"
_POSITION = struct.Struct(">cQI")


@dataclass(frozen=True, slots=True)
class Memory:
    """The remembered state of one source."""

    token: ResumeToken
    subscription: Subscription
    committed: int
    missing: tuple[int, ...]
    heard_ns: int


def fingerprint(settings: OpcUaSettings, signals: Sequence[SignalMap]) -> str:
    """Changes whenever the items at the server would: then the old subscription must not be taken up again."""
    shape = [[signal.reference, signal.index, signal.element, signal.period_s] for signal in signals]
    pace = [settings.publishing_interval_ms, settings.sampling_interval_ms, settings.queue_s, settings.trigger]
    return sha256_hex(canonical_json([settings.endpoint, settings.security_mode, settings.user, pace, shape]))


def position_of(subscription: Subscription, sequences: bytes) -> bytes:
    """The source's position: the subscription and which of its messages are on disk."""
    return _POSITION.pack(_FORM, subscription.created_ns, subscription.id) + sequences


def restored(subscription: Subscription, committed: int, position: bytes) -> SequenceLedger:
    """The ledger of a subscription that is older than this run.

    Args:
        subscription: as it was remembered.
        committed: as it was remembered, up to two seconds behind.
        position: what the spool holds for this source; it decides.
    """
    if len(position) < _POSITION.size or position[:1] != _FORM or not subscription.created_ns:
        return SequenceLedger(subscription.id, committed, resumed=True)
    _, created_ns, number = _POSITION.unpack_from(position)
    found = read_position(position[_POSITION.size :])
    if found is None or (created_ns, number) != (subscription.created_ns, subscription.id):
        # of an earlier subscription: nothing of this one is on disk
        return SequenceLedger(subscription.id, 0, resumed=True)
    return SequenceLedger(subscription.id, found[0], resumed=True, beyond=found[1], exact=True)


class SessionStore:
    """The state file of one source.

    Args:
        file: the state's place.
        shape: fingerprint of the configuration it belongs to.
    """

    def __init__(self, file: StateFile, shape: str) -> None:
        self._file = file
        self._shape = shape

    def load(self) -> Memory | None:
        """What an earlier run left, None where nothing fits."""
        state = self._file.load()
        if state is None or state.get("shape") != self._shape:
            return None
        try:
            return Memory(
                ResumeToken(str(state["token"]), str(state["nonce"])),
                Subscription(
                    int(state["subscription"]),
                    float(state["interval_ms"]),
                    int(state["keep_alive_count"]),
                    int(state.get("created_ns", "0")),
                    str(state.get("server_start", "")),
                ),
                int(state["committed"]),
                tuple(int(handle) for handle in state["missing"]),
                int(state["heard_ns"]),
            )
        except (KeyError, TypeError, ValueError):
            return None

    def save(self, memory: Memory, *, durable: bool = False) -> None:
        """Replaces the file; `durable` where a subscription must not be forgotten by a power cut."""
        state = {
            "shape": self._shape,
            "token": memory.token.authentication,
            "nonce": memory.token.nonce,
            "subscription": memory.subscription.id,
            "interval_ms": memory.subscription.interval_ms,
            "keep_alive_count": memory.subscription.keep_alive_count,
            "created_ns": str(memory.subscription.created_ns),
            "server_start": memory.subscription.server_start,
            "committed": memory.committed,
            "missing": list(memory.missing),
            "heard_ns": str(memory.heard_ns),
        }
        self._file.save(state, durable=durable)

    def forget(self) -> None:
        """Removes the state."""
        self._file.forget()
