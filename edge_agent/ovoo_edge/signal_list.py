"""All signals of a gateway: from CSV lists and inline tables, with what a sector pack's template knows filled in."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ovoo_contract.catalogue import SignalEntry, class_rank
from ovoo_contract.errors import AddressError, ConfigError, ConfigErrors, PackError

from ovoo_edge.derived import DerivedSignal
from ovoo_edge.mapping import SIGNAL_COLUMNS, SignalRow, _RowReader, read_table
from ovoo_edge.minutes import figure_entries
from ovoo_edge.normalise import SignalRule

if TYPE_CHECKING:
    from ovoo_packs import AssetTemplate, SignalTemplate

__all__ = ["check_signals", "figures_of", "read_inline_signals", "read_signal_files", "rules_of"]

_COLUMNS = (*SIGNAL_COLUMNS, "template")
_ALIASES = {"node": "reference", "topic": "reference", "column": "reference"}


def read_signal_files(paths: Sequence[pathlib.Path]) -> tuple[list[SignalRow], list[ConfigError]]:
    """Every signal of the lists, in order, and every fault with file, line and column."""
    rows: list[SignalRow] = []
    errors: list[ConfigError] = []
    for path in paths:
        try:
            for where, fields in read_table(path, _COLUMNS, ("address",), _ALIASES):
                _read(where, fields, rows, errors)
        except ConfigErrors as found:
            errors += found.errors
    return rows, errors


def read_inline_signals(tables: Sequence[Mapping[str, Any]]) -> tuple[list[SignalRow], list[ConfigError]]:
    """Signals of `[[signal]]` tables: the columns of the list as keys."""
    rows: list[SignalRow] = []
    errors: list[ConfigError] = []
    for index, table in enumerate(tables):
        where = f"signal[{index}]"
        fields: dict[str, str] = {}
        for key, value in table.items():
            column = _ALIASES.get(key, key)
            if column not in _COLUMNS or isinstance(value, (dict, list)):
                errors.append(_fault(f"{where}.{key}", "unknown key", value, "known keys: " + ", ".join(_COLUMNS)))
                continue
            fields[column] = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        _read(where, fields, rows, errors)
    return rows, errors


def check_signals(rows: Iterable[SignalRow], enterprise: str, site: str, sources: Sequence[str]) -> list[ConfigError]:
    """Faults that show only when all is known: doubles, foreign addresses, sources that do not exist."""
    errors: list[ConfigError] = []
    seen: dict[str, str] = {}
    for row in rows:
        address = row.entry.address
        text = str(address)
        if text in seen:
            errors.append(_fault(f"{row.where} address", "address stands twice", text, f"first given at {seen[text]}"))
        seen.setdefault(text, row.where)
        if row.entry.uplink == "aggregate_1m":
            errors += _check_figures(row)
        if (address.enterprise, address.site) != (enterprise, site):
            remedy = f"addresses of this gateway start with {enterprise}/{site}/"
            errors.append(_fault(f"{row.where} address", "is not of this gateway's site", text, remedy))
        if row.source not in sources and (row.source or len(sources) != 1):
            known = ", ".join(sources) or "none is configured"
            errors.append(_fault(f"{row.where} source", "no such source", row.source, f"one of {known}"))
    return errors


def _check_figures(row: SignalRow) -> list[ConfigError]:
    try:
        figure_entries(row.entry)
    except AddressError as error:
        remedy = "aggregate_1m needs names of at most 54 characters"
        return [_fault(f"{row.where} address", error.message, str(row.entry.address), remedy)]
    return []


def rules_of(
    rows: Sequence[SignalRow], derived: Sequence[DerivedSignal], others: Sequence[SignalEntry]
) -> list[SignalRule]:
    """One rule per catalogue entry: the signals of the lists, `[[derived]]` ones, then figures and scores."""
    rules = [row.rule for row in rows] + [signal.rule for signal in derived]
    return rules + [SignalRule(keep=entry.uplink, rank=class_rank(entry.data_class)) for entry in others]


def figures_of(rows: Iterable[SignalRow]) -> list[SignalEntry]:
    """The one-minute figures of every aggregated signal."""
    return [figure for row in rows if row.entry.uplink == "aggregate_1m" for figure in figure_entries(row.entry)]


def _read(where: str, fields: dict[str, str], rows: list[SignalRow], errors: list[ConfigError]) -> None:
    try:
        filled = _fill(where, fields)
    except ConfigError as error:
        errors.append(error)
        return
    reader = _RowReader(where, filled)
    row = reader.signal()
    errors += reader.errors
    if row is not None:
        rows.append(row)


def _fill(where: str, fields: Mapping[str, str]) -> dict[str, str]:
    """The fields with blanks taken from the template, where one is named."""
    filled = {key: value for key, value in fields.items() if key != "template"}
    name = fields.get("template", "")
    if not name:
        return filled
    known = _signal_of(where, name, fields.get("address", "").rsplit("/", 1)[-1])
    defaults: dict[str, Any] = {
        "unit": known.unit,
        "type": known.type,
        "low": known.low,
        "high": known.high,
        "data_class": known.data_class,
        "uplink": known.uplink,
        "period_s": known.period_s,
        "name_zh": known.name_zh,
        "name_en": known.name_en,
    }
    for column, value in defaults.items():
        if not filled.get(column) and value is not None:
            filled[column] = str(value)
    return filled


def _signal_of(where: str, name: str, signal: str) -> SignalTemplate:
    template = _template(where, name)
    for known in template.signals:
        if known.name == signal:
            return known
    names = ", ".join(known.name for known in template.signals)
    raise _fault(f"{where} address", f"template {name} has no such signal", signal, f"one of {names}")


def _template(where: str, name: str) -> AssetTemplate:
    from ovoo_packs import load_pack, pack_names

    pack_name, _, template = name.rpartition("/")
    found: list[AssetTemplate] = []
    try:
        for candidate in [pack_name] if pack_name else pack_names():
            known = load_pack(candidate).templates.get(template)
            if known is not None:
                found.append(known)
    except PackError as error:
        raise _fault(f"{where} template", error.message, name, error.remedy) from error
    if not found:
        raise _fault(f"{where} template", "no such template", name, "pack/template, such as coal_mine/main_fan")
    return found[0]


def _fault(offender: str, message: str, value: object, remedy: str) -> ConfigError:
    return ConfigError(message, offender=offender, value=value, remedy=remedy)
