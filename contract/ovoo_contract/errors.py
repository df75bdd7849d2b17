"""Every failure that Ovoo raises on purpose.

    OvooError
    ├── ConfigError                a setting is wrong: fix the file
    │   └── ConfigErrors           all wrong settings of one file together
    ├── AddressError               an address, gateway id, tag or topic breaks the naming rules
    ├── UnitError                  unknown unit, or two units that do not convert
    ├── CatalogueError             a signal list contradicts itself
    │   └── UnknownCatalogue       a batch names a list that has not arrived yet: ask for it
    ├── WireError                  bytes are not a batch: reject the delivery
    ├── DeliveryError              an ack, request, state or event message is malformed
    ├── PackError                  sector knowledge fails its schema
    ├── ArtifactError              a model file is damaged, foreign or too new
    ├── NotReady                   not enough data yet: a state, never a zero
    ├── SourceError                a source of samples failed
    │   ├── ConnectFailed          nobody answers: retry
    │   ├── Untrusted              certificate or credentials refused: a person decides
    │   ├── NodeMissing            the server does not know a configured node
    │   └── PayloadError           a message cannot be read: drop it and count it
    ├── SpoolError                 the gateway's disk queue failed
    │   ├── SpoolFull              no room: the caller must wait
    │   └── SpoolDamaged           set the file aside and salvage
    ├── StoreError                 a time-series store failed
    │   ├── StoreUnavailable       retry later
    │   └── StoreRejected          the store will never take this: quarantine
    ├── QueryError                 a question cannot be answered as asked
    │   ├── UnboundedQuery         no time bound
    │   └── BudgetExceeded         too many points
    ├── AccessError                the caller may not do this
    │   ├── Unauthenticated        who are you
    │   ├── Forbidden              not with your role
    │   └── NotFound               absent, or not yours to see
    ├── Conflict                   the thing stands where this cannot be done
    │   └── Stale                  somebody wrote a later version: look at both
    ├── EvidenceError              a figure cannot be backed by samples
    ├── ReportError                a report cannot be made
    └── VerifyError                a bundle does not recompute

A message reads ``offender: message (got value; remedy)``. Values never hold secrets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

__all__ = [
    "AccessError",
    "AddressError",
    "ArtifactError",
    "BudgetExceeded",
    "CatalogueError",
    "ConfigError",
    "ConfigErrors",
    "Conflict",
    "ConnectFailed",
    "DeliveryError",
    "EvidenceError",
    "Forbidden",
    "NodeMissing",
    "NotFound",
    "NotReady",
    "OvooError",
    "PackError",
    "PayloadError",
    "QueryError",
    "ReportError",
    "SourceError",
    "SpoolDamaged",
    "SpoolError",
    "SpoolFull",
    "Stale",
    "StoreError",
    "StoreRejected",
    "StoreUnavailable",
    "Unauthenticated",
    "UnboundedQuery",
    "UnitError",
    "UnknownCatalogue",
    "Untrusted",
    "VerifyError",
    "WireError",
]

_LONGEST_VALUE = 200


class OvooError(Exception):
    """The root: says what is wrong, which thing, what it held and what to do about it.

    Args:
        message: what is wrong, without the offender.
        offender: key path, address, topic, endpoint or row that is at fault.
        value: what was found there; shown by `repr`, cut at 200 characters. Never a secret.
        remedy: what the reader can do.
        code: `area.what`, stable for ever: what programs tell reasons apart by and catalogues of sentences are keyed
            by; empty where nobody but engineers reads the error.
        slots: what the sentences of `code` are filled with, beside the message.
    """

    def __init__(
        self,
        message: str,
        *,
        offender: str = "",
        value: object = None,
        remedy: str = "",
        code: str = "",
        slots: Mapping[str, object] | None = None,
    ) -> None:
        self.message = message
        self.offender = offender
        self.value = value
        self.remedy = remedy
        self.code = code
        self.slots: Mapping[str, object] = slots or {}
        super().__init__(message)

    def at(self, offender: str, **slots: object) -> Self:
        """The same error told of another place, with more slots; only for classes made from a message."""
        return type(self)(
            self.message, offender=offender, value=self.value, remedy=self.remedy, code=self.code,
            slots={**self.slots, **slots},
        )  # fmt: skip

    def __str__(self) -> str:
        head = f"{self.offender}: {self.message}" if self.offender else self.message
        details = []
        if self.value is not None:
            details.append(f"got {_shorten(repr(self.value))}")
        if self.remedy:
            details.append(self.remedy)
        return f"{head} ({'; '.join(details)})" if details else head

    def to_dict(self) -> dict[str, object]:
        """The parts of the message as JSON-ready data; absent parts are left out."""
        parts: dict[str, object] = {"type": type(self).__name__, "message": self.message}
        if self.offender:
            parts["offender"] = self.offender
        if self.value is not None:
            parts["value"] = _shorten(repr(self.value))
        if self.remedy:
            parts["remedy"] = self.remedy
        if self.code:
            parts["code"] = self.code
            parts["slots"] = {name: str(each) for name, each in self.slots.items()}
        return parts


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


class ConfigError(OvooError):
    """One setting is wrong."""


class ConfigErrors(ConfigError):
    """All wrong settings of one file, reported together before anything starts."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        self.errors = tuple(errors)
        noun = "setting is" if len(self.errors) == 1 else "settings are"
        super().__init__(f"{len(self.errors)} {noun} wrong")

    def __str__(self) -> str:
        return "\n".join([f"{self.message}:", *(f"  {error}" for error in self.errors)])

    def to_dict(self) -> dict[str, object]:
        """The summary and every single error."""
        return {**super().to_dict(), "errors": [error.to_dict() for error in self.errors]}


class AddressError(OvooError):
    """An address, gateway id or topic breaks the naming rules."""


class UnitError(OvooError):
    """A unit is unknown, or two units do not convert into each other."""


class CatalogueError(OvooError):
    """A signal list contradicts itself or cannot be read."""


class UnknownCatalogue(CatalogueError):
    """A batch names a catalogue that is not known yet; ask the gateway for it."""


class WireError(OvooError):
    """Bytes are not a wire batch, or a batch cannot be written as one."""


class DeliveryError(OvooError):
    """An ack, request, state or event message is malformed."""


class PackError(OvooError):
    """Sector knowledge fails its schema."""


class ArtifactError(OvooError):
    """A model file is damaged, foreign or too new."""


class NotReady(OvooError):
    """There is not enough data yet."""


class SourceError(OvooError):
    """A source of samples failed."""


class ConnectFailed(SourceError):
    """Nobody answers at the endpoint; retry."""


class Untrusted(SourceError):
    """A certificate or credential was refused; a person decides."""


class NodeMissing(SourceError):
    """The server does not know a configured node."""


class PayloadError(SourceError):
    """A message cannot be read; it is dropped and counted."""


class SpoolError(OvooError):
    """The gateway's disk queue failed."""


class SpoolFull(SpoolError):
    """The disk queue has no room; the caller waits."""


class SpoolDamaged(SpoolError):
    """The disk queue's file is damaged; set it aside and salvage its rows."""


class StoreError(OvooError):
    """A time-series store failed."""


class StoreUnavailable(StoreError):
    """The store does not answer; retry later."""


class StoreRejected(StoreError):
    """The store will never take this data; quarantine it."""


class QueryError(OvooError):
    """A question cannot be answered as asked."""


class UnboundedQuery(QueryError):
    """A query has no time bound."""


class BudgetExceeded(QueryError):
    """A query would return more points than its budget."""


class AccessError(OvooError):
    """The caller may not do this."""


class Unauthenticated(AccessError):
    """The caller has not shown who they are."""


class Forbidden(AccessError):
    """The caller's role does not allow this."""


class NotFound(AccessError):
    """The thing is absent, or outside the caller's scope."""


class Conflict(OvooError):
    """The thing stands where this cannot be done."""


class Stale(Conflict):
    """A write was made from an older version than the one that stands now.

    `versions` holds what was sent (`yours`) and what stands (`theirs`), so that a person can join them.
    """

    def __init__(
        self,
        message: str,
        *,
        offender: str = "",
        value: object = None,
        remedy: str = "",
        code: str = "",
        slots: Mapping[str, object] | None = None,
        versions: Mapping[str, object] | None = None,
    ) -> None:
        self.versions = dict(versions or {})
        super().__init__(message, offender=offender, value=value, remedy=remedy, code=code, slots=slots)

    def at(self, offender: str, **slots: object) -> Self:
        """The same error told of another place, with both versions."""
        found = super().at(offender, **slots)
        found.versions = self.versions
        return found


class EvidenceError(OvooError):
    """A figure cannot be backed by samples."""


class ReportError(OvooError):
    """A report cannot be made."""


class VerifyError(OvooError):
    """A report bundle does not verify or recompute."""
