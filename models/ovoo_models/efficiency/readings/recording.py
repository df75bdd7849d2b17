"""The record of figures from one export: readings by hash, what was asked, which rows of the packs, every result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ovoo_models.efficiency.readings.series import Readings
from ovoo_models.efficiency.record import Column, Record, data_hash

__all__ = ["export_record"]

_VERSION: Final = 1


def export_record(
    method: str, readings: Readings, asked: Mapping[str, Any], results: Mapping[str, Any], *,
    drivers: Sequence[str] = (), factors: Mapping[str, str] | None = None, norms: Mapping[str, str] | None = None,
    tariffs: Mapping[str, str] | None = None,
) -> Record:  # fmt: skip
    """What was computed from an export.

    Args:
        method: names the calculation, for instance `export/profile`.
        asked: what it was called with.
        results: plain data, nested at will; each leaf becomes one result by its path, doubles by all their digits.
        drivers: columns beside the meter's that it used.
        factors, norms, tariffs: rows of the packs with their editions.
    """
    columns = {readings.name: readings.energy_kwh, **{name: readings.drivers[name] for name in drivers}}
    return Record(
        method,
        _VERSION,
        readings.start_ns[0],
        readings.end_ns,
        tuple(
            Column(
                name, "kWh" if name == readings.name else "", data_hash(readings.start_ns, values), len(values),
                sum(1 for value in values if value == value),
            )
            for name, values in columns.items()
        ),
        {"asked": {name: _plain(value) for name, value in asked.items()}, "export_sha256": readings.sha256},
        {},
        dict(_leaves(results, "")),
        factors=dict(factors or {}),
        norms=dict(norms or {}),
        tariffs=dict(tariffs or {}),
    )  # fmt: skip


def _leaves(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, f"{where}.{name}" if where else str(name))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _leaves(each, f"{where}[{number}]")
    else:
        yield where, repr(value) if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """Doubles as text, so that canonical JSON keeps every digit."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return repr(value) if isinstance(value, float) else value
