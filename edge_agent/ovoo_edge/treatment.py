"""What a line of the signal list says about the treatment of samples: range, compression, checks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ovoo_contract.catalogue import SignalEntry, class_rank
from ovoo_contract.errors import ConfigError

from ovoo_edge.normalise import SignalRule
from ovoo_edge.spreadsheet_cells import mangled_number
from ovoo_edge.verdicts import Keep

__all__ = ["Treatment", "read_treatment"]


@dataclass(frozen=True, slots=True)
class Treatment:
    """Settings of one signal that the catalogue does not carry.

    Attributes:
        clamp: a value out of range stands at the bound.
        deadband: smallest change that counts, in the signal's unit, >= 0.
        max_error: of the swinging door, in the signal's unit, >= 0; None = it is not used.
        refresh_s: kept again after this much of its own time, 0 = the gateway's.
        max_rate: greatest change per second that is believed, inf = any.
        stuck_after_s: a value that does not move for this long is flagged, 0 = never.
    """

    clamp: bool = False
    deadband: float = 0.0
    max_error: float | None = None
    refresh_s: float = 0.0
    max_rate: float = math.inf
    stuck_after_s: float = 0.0

    def rule(self, entry: SignalEntry, factor: float, offset: float) -> SignalRule:
        """The rule of the pipeline."""
        keep: Keep = entry.uplink
        if self.max_error is not None:
            keep = "swinging_door"
        elif self.deadband and keep == "raw":
            keep = "on_change"
        return SignalRule(
            factor=factor,
            offset=offset,
            low=-math.inf if entry.low is None else entry.low,
            high=math.inf if entry.high is None else entry.high,
            clamp=self.clamp,
            deadband=self.deadband if self.max_error is None else self.max_error,
            refresh_s=self.refresh_s,
            max_rate=self.max_rate,
            stuck_after_s=self.stuck_after_s,
            keep=keep,
            rank=class_rank(entry.data_class),
        )


_PLAIN = Treatment()
_COLUMNS = ("out_of_range", "deadband", "max_error", "refresh_s", "max_rate", "stuck_after_s", "compress")


def read_treatment(fields: Mapping[str, str], where: str, entry: SignalEntry, errors: list[ConfigError]) -> Treatment:
    """The settings of one line; what is wrong is added to `errors`."""
    if not any(fields.get(name) for name in _COLUMNS):
        return _PLAIN  # thousands of signals share it
    reader = _Reader(fields, where, entry, errors)
    found = Treatment(
        clamp=reader.choice("out_of_range", ("flag", "clamp")) == "clamp",
        deadband=reader.width("deadband", 0.0) or 0.0,
        max_error=reader.width("max_error", None),
        refresh_s=reader.positive("refresh_s", 0.0),
        max_rate=reader.positive("max_rate", math.inf),
        stuck_after_s=reader.positive("stuck_after_s", 0.0),
    )
    door = reader.choice("compress", ("none", "swinging_door")) == "swinging_door"
    if found.clamp and entry.low is None and entry.high is None:
        reader.fault("out_of_range", "clamps a signal without a range", "clamp", "give low or high")
    if door != (found.max_error is not None):
        missing = "max_error" if door else "compress"
        remedy = "the swinging door needs compress = swinging_door and max_error, in the signal's unit or in %"
        reader.fault(missing, "is missing", fields.get(missing, ""), remedy)
    if door:
        _check_door(reader, found, entry)
    return found


def _check_door(reader: _Reader, found: Treatment, entry: SignalEntry) -> None:
    if found.deadband:
        reader.fault("deadband", "does not go with the swinging door", found.deadband, "leave one of them out")
    if entry.uplink != "raw":
        reader.fault("uplink", "does not go with the swinging door", entry.uplink, "leave uplink raw")
    if entry.keep_times:
        reader.fault("keep_times", "does not go with the swinging door", True, "compress, or keep every time")
    if entry.type in ("bool", "text"):
        reader.fault("compress", "is for numbers", entry.type, "use uplink = on_change")


class _Reader:
    """Reads cells of one line and notes faults under file, line and column."""

    def __init__(self, fields: Mapping[str, str], where: str, entry: SignalEntry, errors: list[ConfigError]) -> None:
        self._fields = fields
        self._where = where
        self._entry = entry
        self._errors = errors

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of the words; the first where the cell is empty."""
        text = self._fields.get(name, "") or choices[0]
        if text not in choices:
            self.fault(name, "is not a known choice", text, "one of " + ", ".join(choices))
        return text

    def positive(self, name: str, default: float) -> float:
        """A finite number > 0; the default where the cell is empty."""
        text = self._fields.get(name, "")
        return self._parse(name, text, above=True) if text else default

    def width(self, name: str, default: float | None) -> float | None:
        """A width in the signal's unit, or in percent of its range."""
        text = self._fields.get(name, "")
        if not text:
            return default
        if not text.endswith("%"):
            return self._parse(name, text)
        share = self._parse(name, text[:-1].strip())
        if self._entry.low is None or self._entry.high is None:
            self.fault(name, "is a share of a range that is not given", text, "give low and high")
            return default
        return share / 100 * (self._entry.high - self._entry.low)

    def fault(self, name: str, message: str, value: object, remedy: str) -> None:
        """Notes a fault."""
        self._errors.append(ConfigError(message, offender=f"{self._where} {name}", value=value, remedy=remedy))

    def _parse(self, name: str, text: str, *, above: bool = False) -> float:
        if mangled := mangled_number(text):
            self.fault(name, mangled[0], text, mangled[1])
            return 0.0
        try:
            value = float(text)
        except ValueError:
            self.fault(name, "is not a number", text, "write it with a decimal point")
            return 0.0
        if not math.isfinite(value) or value < 0 or (above and not value):
            self.fault(name, "is out of range", text, "a number above 0" if above else "a number from 0")
            return 0.0
        return value
