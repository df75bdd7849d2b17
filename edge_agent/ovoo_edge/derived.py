"""Derived signals: read from the settings, put in order, evaluated on every batch."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from ovoo_contract.address import Address, AssetAddress
from ovoo_contract.catalogue import Catalogue, DataClass, SignalEntry, Uplink, class_rank
from ovoo_contract.errors import AddressError, ConfigError, ConfigErrors, OvooError
from ovoo_contract.samples import SampleBatch

from ovoo_edge._select import formula_kernels
from ovoo_edge.formula import Formula, compile_formula
from ovoo_edge.normalise import SignalRule
from ovoo_edge.sources.settings_table import TableReader
from ovoo_edge.verdicts import NEVER_NS

__all__ = ["DerivedSignal", "FormulaRegisters", "deriving", "read_derived"]

_CLASSES: tuple[DataClass, ...] = get_args(DataClass)
_UPLINKS: tuple[Uplink, ...] = ("raw", "on_change", "events")


@dataclass(frozen=True, slots=True)
class DerivedSignal:
    """One `[[derived]]` table.

    Attributes:
        entry: its catalogue entry.
        formula: how it is computed.
        inputs: address of every register of the formula.
        deadband: smallest change that goes on, in `entry.unit`, >= 0.
    """

    entry: SignalEntry
    formula: Formula
    inputs: tuple[Address, ...]
    deadband: float = 0.0

    @property
    def rule(self) -> SignalRule:
        """How its samples are treated."""
        entry = self.entry
        return SignalRule(
            low=-math.inf if entry.low is None else entry.low,
            high=math.inf if entry.high is None else entry.high,
            deadband=self.deadband,
            keep="on_change" if self.deadband and entry.uplink == "raw" else entry.uplink,
            rank=class_rank(entry.data_class),
        )


class FormulaRegisters:
    """The last known value of every input of one formula, as columns; see `_formula_py`."""

    __slots__ = ("before", "newest_ns", "quality", "ready", "register", "seen_ns")

    def __init__(self, inputs: int) -> None:
        self.register, self.before = array("d", bytes(8 * inputs)), array("d", bytes(8 * inputs))
        self.quality, self.ready = array("I", bytes(4 * inputs)), bytearray(inputs)
        self.seen_ns, self.newest_ns = array("q", [NEVER_NS]) * inputs, array("q", [NEVER_NS])


def read_derived(
    tables: Sequence[Mapping[str, Any]], enterprise: str, site: str, signals: Sequence[SignalEntry]
) -> tuple[list[DerivedSignal], list[ConfigError]]:
    """The derived signals, inputs before what uses them, and every fault."""
    errors: list[ConfigError] = []
    drafts: dict[Address, DerivedSignal] = {}
    places: dict[Address, str] = {}
    known = {entry.address: entry for entry in signals}
    for position, table in enumerate(tables):
        where = f"derived[{position}]"
        try:
            draft = _read(table, where, enterprise, site)
        except ConfigErrors as faults:
            errors += faults.errors
            continue
        except OvooError as fault:
            errors.append(ConfigError(fault.message, offender=where, value=fault.value, remedy=fault.remedy))
            continue
        if draft.entry.address in known or draft.entry.address in drafts:
            twice = str(draft.entry.address)
            errors.append(ConfigError("address stands twice", offender=where, value=twice, remedy="rename it"))
            continue
        drafts[draft.entry.address], places[draft.entry.address] = draft, where
    for address, draft in drafts.items():
        errors += _unknown_inputs(draft, places[address], {*known, *drafts})
    if errors:
        return list(drafts.values()), errors
    return _ordered(drafts, places, known)


def deriving(derived: Sequence[DerivedSignal], catalogue: Catalogue) -> Callable[[SampleBatch], SampleBatch] | None:
    """The function the pipeline calls with every batch (sorted by signal and time); None without derived signals.

    A sample of a derived signal has the time of its newest input. Samples that come out of order change no result.
    """
    if not derived:
        return None
    bound = [_Bound(signal, catalogue) for signal in derived]
    own = {item.target for item in bound}
    chained = [any(source in own for source in item.sources) for item in bound]

    def derive(batch: SampleBatch) -> SampleBatch:
        found: list[SampleBatch] = []
        seen, merged = batch, 0
        for item, follows in zip(bound, chained, strict=True):
            if follows and len(found) > merged:
                seen, merged = SampleBatch.concat([batch, *found]).sorted(), len(found)
            found.append(item.evaluate(seen))
        return SampleBatch.concat(found).sorted()

    return derive


class _Bound:
    """A formula with its registers and the places of its signals in the catalogue."""

    def __init__(self, signal: DerivedSignal, catalogue: Catalogue) -> None:
        self._formula = signal.formula
        self._kinds = bytes(kind for _, kind in signal.formula.inputs)
        self._registers = FormulaRegisters(len(self._kinds))
        self.target = catalogue.index(signal.entry.address)
        self.sources = array("I", [catalogue.index(address) for address in signal.inputs])

    def evaluate(self, batch: SampleBatch) -> SampleBatch:
        time_ns, value, quality = formula_kernels.evaluate(
            self._formula.code,
            self._formula.constants,
            self.sources,
            self._kinds,
            self._registers,
            batch.signal,
            batch.time_ns,
            batch.value,
            batch.quality,
        )
        return SampleBatch(array("I", [self.target]) * len(time_ns), time_ns, value, quality)


def _read(table: Mapping[str, Any], where: str, enterprise: str, site: str) -> DerivedSignal:
    reader = TableReader(table, where)
    path, text = reader.text("signal"), reader.text("expression")
    unit = reader.text("unit", "1")
    data_class = reader.choice("data_class", "general", _CLASSES)
    uplink = reader.choice("uplink", "raw", _UPLINKS)
    deadband = reader.number("deadband", 0.0, low=0, high=1e300)
    bounds = [
        reader.number(name, math.nan, low=-1e300, high=1e300) if name in table else None for name in ("low", "high")
    ]
    period_s = reader.number("period_s", 1.0, low=0.001, high=86400)
    names = [reader.text(name, "", empty=True) for name in ("name_zh", "name_en")]
    reader.finish()
    parts = path.split("/")
    if len(parts) != 4:
        remedy = "such as ventilation/main/fan1/specific_power"
        raise ConfigError("is not area/line/asset/signal", offender=f"{where}.signal", value=path, remedy=remedy)
    address = AssetAddress(enterprise, site, *parts[:3]).signal(parts[3])
    entry = SignalEntry(
        address,
        unit,
        low=bounds[0],
        high=bounds[1],
        data_class=data_class,
        uplink=uplink,
        period_s=period_s,
        name_zh=names[0],
        name_en=names[1],
    )
    formula = compile_formula(text, where)
    inputs = tuple(_input_address(name, address, where, text) for name, _ in formula.inputs)
    return DerivedSignal(entry, formula, inputs, deadband)


def _input_address(name: str, own: Address, where: str, text: str) -> Address:
    parts = name.split("/")
    try:
        if len(parts) == 1:
            return own.asset_address.signal(name)
        if len(parts) == 4:
            return AssetAddress(own.enterprise, own.site, *parts[:3]).signal(parts[3])
    except AddressError as error:
        raise _fault(f"{where} expression", f"{name!r}: {error.message}", text, error.remedy) from error
    remedy = "write {signal} or {area/line/asset/signal}"
    raise _fault(f"{where} expression", f"{name!r} is not a signal", text, remedy)


def _unknown_inputs(draft: DerivedSignal, where: str, known: set[Address]) -> list[ConfigError]:
    return [
        _fault(
            f"{where} expression",
            f"{name!r} is not a signal of this gateway (character {draft.formula.text.find(name) + 1})",
            draft.formula.text,
            f"add {address} to the signal list, or correct the name",
        )
        for (name, _), address in zip(draft.formula.inputs, draft.inputs, strict=True)
        if address not in known
    ]


def _ordered(
    drafts: Mapping[Address, DerivedSignal], places: Mapping[Address, str], known: Mapping[Address, SignalEntry]
) -> tuple[list[DerivedSignal], list[ConfigError]]:
    """Inputs first; a cycle is named from signal to signal; no class is lower than that of an input."""
    done: dict[Address, DerivedSignal] = {}
    classes = {address: entry.data_class for address, entry in known.items()}
    classes.update({address: draft.entry.data_class for address, draft in drafts.items()})
    errors: list[ConfigError] = []
    waiting = dict(drafts)
    while waiting:
        free = [address for address, draft in waiting.items() if not any(item in waiting for item in draft.inputs)]
        if not free:
            cycle = _cycle(waiting)
            path = " -> ".join(address.signal for address in cycle)
            remedy = "compute one of them from measured signals"
            errors.append(_fault(f"{places[cycle[0]]} expression", "depends on itself", path, remedy))
            break
        for address in free:
            done[address] = waiting.pop(address)
    for address, draft in drafts.items():
        highest = max((classes[item] for item in draft.inputs), key=class_rank)
        if class_rank(draft.entry.data_class) < class_rank(highest):
            remedy = f"write {highest}: it tells about a signal of that class"
            offender = f"{places[address]}.data_class"
            errors.append(_fault(offender, "is lower than that of an input", draft.entry.data_class, remedy))
    return list(done.values()), errors


def _cycle(waiting: Mapping[Address, DerivedSignal]) -> list[Address]:
    path = [next(iter(waiting))]
    while True:
        following = next(item for item in waiting[path[-1]].inputs if item in waiting)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)


def _fault(offender: str, message: str, value: object, remedy: str) -> ConfigError:
    return ConfigError(message, offender=offender, value=value, remedy=remedy)
