"""Why something was refused, for a reader: the cloud's own sentences (zh.json, en.json), those of cases, the engine's.

Errors and the reasons kept with results carry a code and slots; sentences are looked up, never guessed from words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.errors import OvooError
from ovoo_models import reasons as engine
from ovoo_models.reasons import Told, catalogue_of, tell

__all__ = ["reason_of", "tell_error", "tell_field", "tell_reason"]

_KINDS = ("NotFound", "Forbidden", "Unauthenticated", "StoreError", "NotReady", "EvidenceError")
"""Classes that say enough by themselves: their `kind.*` sentence stands for an error without a code."""
_PACKAGES: Final = (__name__, f"{__name__}.cases", engine.__name__)
"""Where sentences are kept: the cloud's own, those of cases, the engine's; no code is in two of them."""


def reason_of(error: OvooError) -> dict[str, Any]:
    """Why there is no figure: what is wrong, where, with which value, and what helps; plain data, kept with results."""
    return {
        "what": error.message,
        "offender": str(error.offender or ""),
        "value": "" if error.value is None else str(error.value)[:200],
        "remedy": str(error.remedy or ""),
        "code": error.code,
        "slots": {name: _plain(value) for name, value in error.slots.items()},
    }


def tell_reason(reason: Mapping[str, Any], language: str) -> Told:
    """The sentences of a kept reason; one kept without a code speaks for itself."""
    found = _tell(str(reason.get("code", "")), reason.get("slots") or {}, language)
    return found or Told(str(reason["what"]), str(reason["remedy"]))


def tell_error(error: OvooError, language: str) -> Told:
    """The sentences of an error; without a code those of its class, or what it says itself."""
    found = _tell(error.code, error.slots, language)
    if found is not None:
        return found
    kinds = [each.__name__ for each in type(error).__mro__ if each.__name__ in _KINDS]
    by_kind = _tell(f"kind.{kinds[0]}", {}, language) if kinds else None
    return by_kind or Told(error.message, error.remedy)


def tell_field(fault: Mapping[str, Any], language: str) -> Told:
    """The sentences of a field of a form that does not fit, by pydantic's `type` and `ctx`."""
    slots = {name: _plain(value) for name, value in (fault.get("ctx") or {}).items()}
    found = _tell(f"form.{fault['type']}", slots, language) or _tell("form.other", {}, language)
    assert found is not None  # both catalogues have form.other
    return found


def _tell(code: str, slots: Mapping[str, object], language: str) -> Told | None:
    if not code:
        return None
    found = (tell(catalogue_of(package, language), code, slots) for package in _PACKAGES)
    return next((each for each in found if each is not None), None)


def _plain(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ", ".join(str(each) for each in value)
    return str(value)
