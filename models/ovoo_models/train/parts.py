"""The parts of a training run, one a binding: fitted in process or elsewhere, kept on disk until the set is whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex

from ovoo_models import artifact
from ovoo_models.artifact import ModelSet
from ovoo_models.base import FrameBlock

__all__ = ["Checkpoint", "Fitted", "PartTask", "Runner", "data_hash", "part_keys"]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What fitting one binding gave: its state, and its lines for the card."""

    state: Mapping[str, str]
    card: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PartTask:
    """One binding to fit; the unfitted set travels as the bytes of its file."""

    model_set: bytes
    binding: str
    least_rows: int


Runner = Callable[[Sequence[PartTask], FrameBlock], Iterator[tuple[str, Fitted]]]
"""Fits parts in any order and yields each with its binding id."""


def data_hash(frames: FrameBlock) -> str:
    """SHA-256 over the rows that were learned from: the same for the same samples from CSV or Parquet."""
    digest = sha256(frames.width.to_bytes(8, "little"))
    digest.update(frames.time_ns.tobytes())
    digest.update(frames.values.tobytes())
    return digest.hexdigest()


def part_keys(model_set: ModelSet, data_sha256: str, least_rows: int, version: str) -> dict[str, str]:
    """Binding id -> key over all that its fit depends on."""
    whole = json.loads(artifact.dumps(ModelSet(model_set.asset, model_set.period_s, model_set.signals, ())))["body"]
    return {
        each.id: sha256_hex(
            canonical_json(
                {
                    "set": whole,
                    "binding": [each.model, each.id, list(each.inputs), dict(each.params)],
                    "data": data_sha256,
                    "least_rows": least_rows,
                    "version": version,
                }
            )
        )
        for each in model_set.bindings
    }


class Checkpoint:
    """A folder of fitted parts: a run that was killed goes on where it was, and gives the same bytes.

    A part that is damaged, or of other data, parameters or software, is fitted again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Fitted | None:
        """The part of that key; None where there is none that is whole."""
        try:
            data = json.loads((self._folder / f"{key}.json").read_bytes())
            whole = data["sha256"] == sha256_hex(canonical_json(data["part"]))
            return Fitted(data["part"]["state"], data["part"]["card"]) if whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, part: Fitted) -> None:
        """Keep a part, in one step."""
        self._folder.mkdir(parents=True, exist_ok=True)
        body = {"state": dict(part.state), "card": dict(part.card)}
        fresh = self._folder / f".{key}.{os.getpid()}"
        with fresh.open("wb") as stream:
            stream.write(canonical_json({"part": body, "sha256": sha256_hex(canonical_json(body))}))
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._folder / f"{key}.json")

    def clear(self) -> None:
        """The set is written: the parts have done their work."""
        shutil.rmtree(self._folder, ignore_errors=True)
