"""Model sets on disk: checksummed JSON, columns as base64 doubles, no pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, cast, get_args

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ArtifactError, OvooError
from ovoo_packs.templates import ModelBinding

__all__ = ["FORMAT_VERSION", "ModelSet", "SignalUse", "dumps", "load", "loads", "save"]

FORMAT_VERSION: Final = 1
_FORMAT: Final = "ovoo-model-set"
DataClass = Literal["general", "important", "core"]


@dataclass(frozen=True, slots=True)
class SignalUse:
    """A signal the models read: its name within the asset, unit, data class and how long a value stays good."""

    name: str
    unit: str = "1"
    hold_s: float = 180.0
    data_class: DataClass = "general"


@dataclass(frozen=True, slots=True)
class ModelSet:
    """The models of one asset: what they read, what was learned, and the card that says from what.

    asset: full address or path of the asset it was trained on. period_s: frame period. states: binding id -> state.
    """

    asset: str
    period_s: float
    signals: tuple[SignalUse, ...]
    bindings: tuple[ModelBinding, ...]
    states: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [use.name for use in self.signals]
        ids = [binding.id for binding in self.bindings]
        for what, given in (("signals", names), ("bindings", ids)):
            double = sorted({name for name in given if given.count(name) > 1})
            if double:
                raise ArtifactError("named twice", offender=f"model_set.{what}", value=double[0], remedy="drop one")
        if not self.period_s > 0:
            raise ArtifactError("a positive period is needed", offender="model_set.period_s", value=self.period_s)
        for binding in self.bindings:
            missing = sorted(
                {*binding.inputs, *(binding.params[each] for each in ("gate", "load") if binding.params.get(each))}
                - {*names}
            )
            if missing:
                raise ArtifactError(
                    "reads a signal that is not listed", offender=f"model_set.{binding.id}", value=missing[0]
                )

    @property
    def fingerprint(self) -> str:
        """16 hex digits over all that scoring depends on; the card is left out."""
        body = _to_data(self)
        del body["card"]
        return sha256_hex(canonical_json(body))[:16]

    def index(self, name: str) -> int:
        """Column of a signal in the frames; ArtifactError where it is not read."""
        for column, use in enumerate(self.signals):
            if use.name == name:
                return column
        raise ArtifactError("no such signal", offender="model_set.signals", value=name)


def save(path: str | Path, model_set: ModelSet) -> None:
    """Write the set, replacing the file in one step."""
    target = Path(path)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    with fresh.open("wb") as stream:
        stream.write(dumps(model_set))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(target)


def load(path: str | Path) -> ModelSet:
    """Read what `save` wrote; ArtifactError where it is damaged, foreign or too new."""
    try:
        return loads(Path(path).read_bytes(), str(path))
    except OSError as error:
        raise ArtifactError(
            "cannot be read", offender=str(path), value=error.strerror, remedy="check the path"
        ) from error


def dumps(model_set: ModelSet) -> bytes:
    """The bytes of the file: one canonical JSON document."""
    body = _to_data(model_set)
    head = {"format": _FORMAT, "version": FORMAT_VERSION, "sha256": sha256_hex(canonical_json(body)), "body": body}
    return canonical_json(head)


def loads(data: bytes, offender: str = "artifact") -> ModelSet:
    """The set of `dumps`; `offender` names the source in errors."""
    try:
        head = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ArtifactError("not a JSON document", offender=offender, remedy="train the model again") from error
    if not isinstance(head, dict) or head.get("format") != _FORMAT:
        raise ArtifactError("not a model file", offender=offender, remedy="give a file written by ovoo-models train")
    if head.get("version") != FORMAT_VERSION:
        raise ArtifactError(
            "version not known here", offender=offender, value=head.get("version"), remedy="update ovoo-models"
        )
    body = head.get("body")
    try:
        sound = isinstance(body, dict) and sha256_hex(canonical_json(body)) == head.get("sha256")
        if not sound:
            raise ArtifactError("checksum does not match", offender=offender, remedy="copy or train it again")
        return _from_data(cast("dict[str, Any]", body))
    except ArtifactError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OvooError) as error:
        raise ArtifactError(
            "parts are missing or of a wrong type", offender=offender, value=str(error), remedy="train the model again"
        ) from error


def _to_data(model_set: ModelSet) -> dict[str, Any]:
    return {
        "asset": model_set.asset,
        "period_s": float(model_set.period_s),
        "signals": [
            {"name": use.name, "unit": use.unit, "hold_s": float(use.hold_s), "data_class": use.data_class}
            for use in model_set.signals
        ],
        "bindings": [
            {"model": each.model, "id": each.id, "inputs": list(each.inputs), "params": dict(each.params)}
            for each in model_set.bindings
        ],
        "states": {name: dict(state) for name, state in model_set.states.items()},
        "card": dict(model_set.card),
    }


def _from_data(body: Mapping[str, Any]) -> ModelSet:
    return ModelSet(
        asset=_text(body["asset"]),
        period_s=float(body["period_s"]),
        signals=tuple(_signal(each) for each in body["signals"]),
        bindings=tuple(_binding(each) for each in body["bindings"]),
        states={_text(name): {_text(k): _text(v) for k, v in state.items()} for name, state in body["states"].items()},
        card=dict(body["card"]),
    )


def _signal(data: Mapping[str, Any]) -> SignalUse:
    if data["data_class"] not in get_args(DataClass):
        raise ArtifactError("no such data class", offender="model_set.signals", value=data["data_class"])
    return SignalUse(_text(data["name"]), _text(data["unit"]), float(data["hold_s"]), data["data_class"])


def _binding(data: Mapping[str, Any]) -> ModelBinding:
    inputs: Sequence[Any] = data["inputs"]
    params = MappingProxyType(dict(data["params"]))
    return ModelBinding(_text(data["model"]), _text(data["id"]), tuple(_text(name) for name in inputs), params)


def _text(value: Any) -> str:  # JSON holds anything
    if not isinstance(value, str):
        raise ArtifactError("text expected", offender="model_set", value=value)
    return value
