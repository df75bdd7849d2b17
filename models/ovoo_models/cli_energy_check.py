"""`ovoo-models energy check` and `example`: what is in an export and what is wrong, and an export to try it on."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ovoo_models.cli_energy_export import (
    add_export,
    add_output,
    inspected,
    print_json,
    problem_lines,
    reading_options,
)
from ovoo_models.cli_energy_months import bills_of, check_bills
from ovoo_models.efficiency.readings import Inspection, Readings
from ovoo_models.efficiency.readings.example import write_example
from ovoo_models.efficiency.readings.options import zone_named

__all__ = ["add", "summary"]

_WORDS: Final = {
    "zh": "{name}：{kind}，每 {interval} 一个值，{start} 至 {end}（{zone}），"
    "{good}/{count} 个时段有效（{share:.1f} %），合计 {total:,.1f} kWh",
    "en": "{name}: {kind}, one value every {interval}, {start} to {end} ({zone}), {good} of {count} intervals hold "
    "({share:.1f} %), {total:,.1f} kWh in all",
}
_KINDS: Final = {
    "zh": {"energy": "电量", "power": "功率", "register": "表底"},
    "en": {"energy": "energy", "power": "power", "register": "register"},
}
_NONE: Final = {"zh": "没有发现问题", "en": "nothing wrong was found"}
_BESIDE: Final = {"zh": "其他数值列：{names}", "en": "other columns of numbers: {names}"}


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verbs `check` and `example`."""
    check: argparse.ArgumentParser = verbs.add_parser(
        "check", help="what is in an export, and what is wrong by row; exit code 1 where it is refused"
    )
    add_export(check)
    add_output(check)
    check.set_defaults(run=_check)
    example: argparse.ArgumentParser = verbs.add_parser(
        "example", help="write an export with traps and a known saving, to try the other commands on"
    )
    example.add_argument("folder", type=Path, help="folder to write meter.csv and truth.json into")
    example.add_argument("--seed", type=int, default=1, help="equal seeds give equal files (default: 1)")
    example.set_defaults(run=_example)


def _check(options: argparse.Namespace) -> int:
    bills = bills_of(options.export, reading_options(options))
    if bills is not None:
        return check_bills(bills, options)
    found = inspected(options)
    if options.json:
        print_json(_as_json(found, options.language))
    else:
        if found.readings is not None:
            print("\n".join(summary(found.readings, options.language)))
        print("\n".join(problem_lines(found.problems, options.language)) or _NONE[options.language])
    return 0 if found.readings is not None else 1


def _as_json(found: Inspection, language: str) -> dict[str, object]:
    readings = found.readings
    return {
        "header": list(found.header),
        "readings": None if readings is None else _facts(readings),
        "problems": [each.to_dict(language) for each in found.problems],
        "counts": [{"code": code, "action": action, "rows": rows} for (code, action), rows in found.counts.items()],
    }


def _facts(readings: Readings) -> dict[str, object]:
    return {
        "column": readings.name,
        "kind": readings.kind,
        "interval_s": readings.interval_s,
        "start_ns": str(readings.start_ns[0]),
        "end_ns": str(readings.end_ns),
        "zone": readings.zone,
        "intervals": len(readings),
        "good": readings.good,
        "total_kwh": readings.total_kwh,
        "drivers": sorted(readings.drivers),
        "sha256": readings.sha256,
    }


def summary(readings: Readings, language: str) -> list[str]:
    """What the export holds, in one or two lines."""
    zone = zone_named(readings.zone)
    start, end = (datetime.fromtimestamp(at // 10**9, zone) for at in (readings.start_ns[0], readings.end_ns))
    minutes = readings.interval_s / 60
    interval = f"{minutes:g} min" if minutes < 1440 else f"{minutes / 1440:g} d"
    first = _WORDS[language].format(
        name=readings.name, kind=_KINDS[language][readings.kind], interval=interval, zone=readings.zone,
        start=f"{start:%Y-%m-%d %H:%M}", end=f"{end:%Y-%m-%d %H:%M}", good=readings.good, count=len(readings),
        share=100 * readings.good / len(readings), total=readings.total_kwh,
    )  # fmt: skip
    names = ", ".join(readings.drivers)
    return [first, _BESIDE[language].format(names=names)] if names else [first]


def _example(options: argparse.Namespace) -> int:
    made = write_example(options.folder, options.seed)
    print(f"{made.export}\n{made.truth}: a saving of {made.saving_kwh:,.0f} kWh, {len(made.traps)} kinds of traps")
    return 0
