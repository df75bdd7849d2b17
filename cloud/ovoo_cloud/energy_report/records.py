"""The record behind each figure of the month: method, inputs by hash, parameters, results; found by the figure's id."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_models.efficiency.record import Column, Record

from ovoo_cloud.diagnosis.figures import Figure
from ovoo_cloud.diagnosis.observe import SignalScan, Window

__all__ = ["RecordBook", "columns_of", "record_id"]


@dataclass(slots=True)
class RecordBook:
    """The records of one snapshot by id, and which record a figure comes from."""

    window: Window
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)

    def note(
        self,
        method: str,
        scans: Sequence[SignalScan],
        figures: Sequence[Figure],
        *,
        parameters: Mapping[str, object] | None = None,
        excluded: Sequence[Mapping[str, object]] = (),
        factors: Mapping[str, str] | None = None,
        norms: Mapping[str, str] | None = None,
        tariffs: Mapping[str, str] | None = None,
    ) -> str:
        """Keeps the record of a calculation over the whole window and hangs its figures on it; gives its id."""
        made = Record(
            method=method,
            version=1,
            start_ns=self.window.start_ns,
            end_ns=self.window.end_ns,
            columns=columns_of(scans),
            parameters=dict(parameters or {}),
            coefficients={},
            results={each.id: _printed(each) for each in figures},
            excluded=tuple(excluded),
            factors=dict(factors or {}),
            norms=dict(norms or {}),
            tariffs=dict(tariffs or {}),
        )
        return self.keep(made, figures)

    def keep(self, record: Record, figures: Sequence[Figure]) -> str:
        """Keeps a record that a model made itself."""
        return self.keep_data(record.id, json.loads(record.to_json()), figures)

    def keep_data(self, name: str, content: dict[str, Any], figures: Sequence[Figure]) -> str:
        """Keeps a record given as plain data with its id."""
        self.records[name] = content
        self.figures.update({each.id: name for each in figures})
        return name


def columns_of(scans: Sequence[SignalScan]) -> tuple[Column, ...]:
    """The signals as a record keeps them, in the order of their addresses."""
    ordered = sorted(scans, key=lambda scan: str(scan.entry.address))
    return tuple(Column(str(s.entry.address), s.entry.unit, s.sha256, s.samples, s.good_samples) for s in ordered)


def record_id(content: Mapping[str, Any]) -> str:
    """The id that a record of this content must have."""
    return f"rec_{sha256_hex(canonical_json(content))[:16]}"


def _printed(figure: Figure) -> str:
    if figure.value is not None:
        return figure.value
    return "none" if figure.low is None else f"{figure.low} to {figure.high}"
