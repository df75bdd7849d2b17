"""The meters of a site as people give them: read from rows, each fault told with the row it stands in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, cast, get_args

from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_models.efficiency.balance import Meter, MeterTree
from ovoo_models.efficiency.balance.tree import Carrier

__all__ = ["AMOUNT_UNITS", "SiteMeter", "meters_of", "trees_of"]

AMOUNT_UNITS: Final[Mapping[str, str]] = {"electricity": "kWh", "steam": "t", "water": "m3", "air": "m3"}
"""What an interval of each carrier is counted in."""
_NAME: Final = re.compile(r"[a-z0-9_-]{1,63}")
_SIGNAL: Final = re.compile(r"[a-z0-9_-]{1,63}(/[a-z0-9_-]{1,63}){3}")
_KEYS: Final = frozenset(
    {"name", "name_zh", "name_en", "signal", "carrier", "class_percent", "parent", "direction", "measured"}
)
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class SiteMeter:
    """One meter of a site. `signal` is area/line/asset/signal, empty where nothing measures (`measured` false)."""

    name: str
    carrier: Carrier
    class_percent: float
    signal: str = ""
    parent: str | None = None
    direction: Literal["use", "feed"] = "use"
    measured: bool = True
    name_zh: str = ""
    name_en: str = ""

    @property
    def asset(self) -> str:
        """area/line/asset that the signal belongs to."""
        return self.signal.rpartition("/")[0]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as `meters_of` takes it."""
        return asdict(self)

    def to_meter(self) -> Meter:
        """The engine's meter, in the amount unit of its carrier."""
        unit = AMOUNT_UNITS[self.carrier]
        return Meter(self.name, self.carrier, unit, self.class_percent, self.parent, self.direction, self.measured)


def meters_of(rows: object) -> tuple[SiteMeter, ...]:
    """The meters of JSON rows.

    Raises:
        ConfigErrors: every fault of every row; the offender is `row N (name)`.
    """
    if not isinstance(rows, list) or not rows:
        raise ConfigErrors(
            [
                ConfigError(
                    "there is no meter", code="meters.there_no_meter", offender="meters", remedy="give a list of meters"
                )
            ]
        )
    if len(rows) > _MOST:
        raise ConfigErrors(
            [
                ConfigError(
                    "too many meters",
                    code="meters.too_many_meters",
                    slots={"most": _MOST},
                    offender="meters",
                    value=len(rows),
                    remedy=f"{_MOST}",
                )
            ]
        )
    faults: list[ConfigError] = []
    found = [_meter(row, number, faults) for number, row in enumerate(rows, 1)]
    if faults:
        raise ConfigErrors(faults)
    meters = tuple(each for each in found if each is not None)
    trees_of(meters)
    return meters


def trees_of(meters: Sequence[SiteMeter]) -> dict[str, MeterTree]:
    """One tree a carrier; ConfigErrors with the rows of the meters that do not fit together."""
    faults: list[ConfigError] = []
    trees: dict[str, MeterTree] = {}
    _check_whole(meters, faults)
    for carrier in dict.fromkeys(each.carrier for each in meters):
        own = [each for each in meters if each.carrier == carrier]
        try:
            trees[carrier] = MeterTree(tuple(each.to_meter() for each in own))
        except ConfigErrors as error:
            faults.extend(_placed(each, meters) for each in error.errors)
    if faults:
        raise ConfigErrors(faults)
    return trees


def _check_whole(meters: Sequence[SiteMeter], faults: list[ConfigError]) -> None:
    carriers = {each.name: each.carrier for each in meters}
    for number, each in enumerate(meters, 1):
        parent = carriers.get(each.parent or "")
        if parent is not None and parent != each.carrier:
            faults.append(
                ConfigError(
                    "another carrier than its tree", code="meters.another_carrier_than_its_tree",
                    offender=f"row {number} ({each.name})", value=each.carrier,
                    remedy=parent,
                )
            )  # fmt: skip
    signals = [each.signal for each in meters if each.signal]
    for number, each in enumerate(meters, 1):
        if each.signal and signals.count(each.signal) > 1:
            faults.append(
                ConfigError(
                    "two meters of one signal", code="meters.two_meters_of_one_signal",
                    offender=f"row {number} ({each.name})", value=each.signal,
                    remedy="list each signal once",
                )
            )  # fmt: skip


def _placed(error: ConfigError, meters: Sequence[SiteMeter]) -> ConfigError:
    """The same fault with the row of its meter."""
    number = next((n for n, each in enumerate(meters, 1) if each.name == error.offender), 0)
    offender = f"row {number} ({error.offender})" if number else error.offender
    return error.at(offender)


def _meter(row: object, number: int, faults: list[ConfigError]) -> SiteMeter | None:
    if not isinstance(row, dict):
        faults.append(
            ConfigError(
                "not a meter",
                code="meters.not_meter",
                offender=f"row {number}",
                value=row,
                remedy="an object with a name",
            )
        )
        return None
    offender = f"row {number} ({row.get('name', '')})"
    before = len(faults)

    def fault(message: str, value: object, remedy: str, *, code: str) -> None:
        faults.append(ConfigError(message, code=code, offender=offender, value=value, remedy=remedy))

    for key in sorted(row.keys() - _KEYS):
        fault("unknown key", key, f"one of {', '.join(sorted(_KEYS))}", code="meters.unknown_key")
    for key in ("name", "signal", "parent", "name_zh", "name_en"):
        if not isinstance(row.get(key) or "", str):
            fault("not a text", row[key], f"give {key} as text", code="meters.not_text")
            return None
    if not _NAME.fullmatch(row.get("name") or ""):
        fault("not a name", row.get("name"), "a-z, 0-9, - and _, at most 63", code="meters.not_name")
    if row.get("carrier") not in get_args(Carrier):
        fault("no such carrier", row.get("carrier"), ", ".join(get_args(Carrier)), code="meters.no_such_carrier")
    if row.get("direction", "use") not in ("use", "feed"):
        fault("no such direction", row.get("direction"), "use or feed", code="meters.no_such_direction")
    measured = row.get("measured", True)
    if not isinstance(measured, bool):
        fault("not a yes or no", measured, "true or false", code="meters.not_yes_or_no")
    elif measured and not _SIGNAL.fullmatch(row.get("signal") or ""):
        fault("not a signal", row.get("signal"), "area/line/asset/signal, or measured: false", code="meters.not_signal")
    elif not measured and row.get("signal"):
        fault(
            "a signal that does not measure",
            row["signal"],
            "leave it out, or measured: true",
            code="meters.signal_without_measuring",
        )
    if len(faults) > before:
        return None
    percent = _percent(row.get("class_percent"), measured, fault)
    return None if percent is None else _made(row, percent, measured)


def _percent(value: object, measured: bool, fault: Any) -> float | None:
    """The class; where nothing measures it says nothing, so it may be left out."""
    if value is None and not measured:
        return 100.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value <= 100.0:
        fault("no such class", value, "greatest error in % of the reading, above 0 to 100", code="meters.no_such_class")
        return None
    return float(value)


def _made(row: Mapping[str, Any], percent: float, measured: bool) -> SiteMeter:
    return SiteMeter(
        name=row["name"],
        carrier=cast("Carrier", row["carrier"]),
        class_percent=percent,
        signal=row.get("signal") or "",
        parent=row.get("parent") or None,
        direction=row.get("direction", "use"),
        measured=measured,
        name_zh=(row.get("name_zh") or "")[:200],
        name_en=(row.get("name_en") or "")[:200],
    )
