"""The `[spool]` table of the gateway's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast, get_args

from ovoo_contract.catalogue import DataClass, class_rank

from ovoo_edge.sources.settings_table import TableReader, defaults_of
from ovoo_edge.spool_policy import LEAST_THIN_STEP_NS, MEASURES, Measure, SpoolPolicy

__all__ = ["SpoolSettings", "read_spool"]

_CLASSES: Final[tuple[DataClass, ...]] = get_args(DataClass)
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """The disk queue.

    Attributes:
        budget_mib: database and log together, MiB.
        commit_ms: interval between commits; 0 = by profile (x86 200, raspberry 1000).
        policy: what gives way when the budget is used up, see `SpoolPolicy`.
    """

    budget_mib: int = 1024
    commit_ms: int = 0
    policy: SpoolPolicy = field(default_factory=SpoolPolicy)


def read_spool(reader: TableReader) -> SpoolSettings:
    """The settings; faults are left in the reader."""
    default = defaults_of(SpoolSettings)
    return SpoolSettings(
        budget_mib=reader.integer("budget_mib", default["budget_mib"], low=4, high=1 << 20),
        commit_ms=reader.integer("commit_ms", default["commit_ms"], low=0, high=60_000),
        policy=_read_policy(reader),
    )


def _read_policy(reader: TableReader) -> SpoolPolicy:
    default = SpoolPolicy()
    general = reader.choice("policy", default.measures[0], MEASURES)
    named = _class_policies(reader)
    least_s, step_s = LEAST_THIN_STEP_NS / _SECOND_NS, default.thin_step_ns / _SECOND_NS
    return SpoolPolicy(
        measures=cast("tuple[Measure, Measure, Measure]", tuple(named.get(name, general) for name in _CLASSES)),
        order=_read_order(reader, default.order),
        thin_step_ns=int(reader.number("thin_to_s", step_s, low=least_s, high=86_400) * _SECOND_NS),
    )


def _class_policies(reader: TableReader) -> Mapping[str, Measure]:
    found: dict[str, Measure] = {}
    for name, measure in reader.text_table("class_policy").items():
        if name not in _CLASSES:
            reader.fault("class_policy", "is not a data class", name, "one of " + ", ".join(_CLASSES))
        elif measure not in MEASURES:
            reader.fault(f"class_policy.{name}", "is not a known choice", measure, "one of " + ", ".join(MEASURES))
        else:
            found[name] = measure
    return found


def _read_order(reader: TableReader, default: tuple[int, int, int]) -> tuple[int, int, int]:
    names = reader.texts("order")
    if not names:
        return default
    if sorted(names) != sorted(_CLASSES):
        remedy = "each of " + ", ".join(_CLASSES) + " once, the first to give way first"
        reader.fault("order", "does not name every data class once", ", ".join(names), remedy)
        return default
    first, second, third = (class_rank(name) for name in cast("tuple[DataClass, ...]", names))
    return first, second, third
