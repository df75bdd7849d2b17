"""What survives a restart of the gateway: session token, subscription and how far it is on disk."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass

from ovoo_contract.canonical import canonical_json, sha256_hex

from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.opcua_items import Subscription
from ovoo_edge.sources.opcua_link import ResumeToken
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.state_file import load_state, save_state

__all__ = ["Memory", "SessionStore", "fingerprint"]


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


class SessionStore:
    """The state file of one source.

    Args:
        path: the file.
        shape: fingerprint of the configuration it belongs to.
    """

    def __init__(self, path: pathlib.Path, shape: str) -> None:
        self._path = path
        self._shape = shape

    def load(self) -> Memory | None:
        """What an earlier run left, None where nothing fits."""
        state = load_state(self._path)
        if state is None or state.get("shape") != self._shape:
            return None
        try:
            return Memory(
                ResumeToken(str(state["token"]), str(state["nonce"])),
                Subscription(int(state["subscription"]), float(state["interval_ms"]), int(state["keep_alive_count"])),
                int(state["committed"]),
                tuple(int(handle) for handle in state["missing"]),
                int(state["heard_ns"]),
            )
        except (KeyError, TypeError, ValueError):
            return None

    def save(self, memory: Memory) -> None:
        """Replaces the file."""
        state = {
            "shape": self._shape,
            "token": memory.token.authentication,
            "nonce": memory.token.nonce,
            "subscription": memory.subscription.id,
            "interval_ms": memory.subscription.interval_ms,
            "keep_alive_count": memory.subscription.keep_alive_count,
            "committed": memory.committed,
            "missing": list(memory.missing),
            "heard_ns": str(memory.heard_ns),
        }
        save_state(self._path, state)

    def forget(self) -> None:
        """Removes the file."""
        self._path.unlink(missing_ok=True)
