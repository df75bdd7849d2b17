"""Idle waste of a machine's meter: by shift, in yuan where prices are given, and the delay to switch it off after."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError, EvidenceError

from ovoo_models.cli_energy_prices import charges_of
from ovoo_models.efficiency.readings import Readings
from ovoo_models.efficiency.readings.options import zone_named

if TYPE_CHECKING:
    from ovoo_models.efficiency.idle_waste import Price, Spell

__all__ = ["add_idle", "idle_lines", "idle_result", "spells_of"]

_NS: Final = 1_000_000_000
_WORDS: Final = {
    "zh": {
        "row": "  {shift}：待机、空载 {hours:,.1f} 小时，{kwh:,.1f} kWh，占开机时间 {share}{yuan}",
        "title": "待机浪费：", "yuan": "，{yuan} 元", "all": "全天", "rest": "其余时间", "open": "不明",
        "unknown": "  状态不明 {hours:,.1f} 小时，未计入", "none": "没有待机或空载时间",
        "document": "价格依据：{names}",
        "rule": "待机 {minutes:g} 分钟后停机：可省 {kwh:,.1f} kWh（已扣除 {stops} 次重启）",
        "no_rule": "停机再启动不合算",
        "only": "仅供参考：电价表尚需核对",
    },
    "en": {
        "row": "  {shift}: {hours:,.1f} h idle or without load, {kwh:,.1f} kWh, {share} of its running time{yuan}",
        "title": "idle waste:", "yuan": ", {yuan} yuan", "all": "all day", "rest": "other hours", "open": "unknown",
        "unknown": "  {hours:,.1f} h in no known state are not counted", "none": "no time idle or without load",
        "document": "prices from: {names}",
        "rule": "switched off after {minutes:g} min of idling: {kwh:,.1f} kWh less ({stops} restarts taken off)",
        "no_rule": "switching off and starting again does not pay",
        "only": "reference only: the tariff is to be verified",
    },
}  # fmt: skip


def add_idle(parser: argparse.ArgumentParser) -> None:
    """Shifts, prices, and what a restart takes."""
    group = parser.add_argument_group("idle waste", "of a meter of one machine; printed where one of these is given")
    group.add_argument(
        "--shift", action="append", default=[], metavar="NAME=FROM-TO", help="local hours, e.g. night=22-6; repeatable"
    )
    group.add_argument("--tariff", default="", help="id of a tariff; with --prices: idle energy in yuan")
    group.add_argument("--prices", type=Path, default=None, help="JSON of the case with its documents: energy, funds")
    group.add_argument("--restart-kwh", type=float, default=None, help="energy of one restart, measured")
    group.add_argument(
        "--after", action="append", type=float, default=[], help="minutes of idling to try a switch-off after"
    )


def idle_result(
    readings: Readings, options: argparse.Namespace, case: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Idle energy by shift and the best delay as data; None where nothing was asked. case: prices, None without.

    Raises:
        ConfigError: half of a price or of a rule, or a shift that is none.
        EvidenceError: the states of the power cannot be told apart.
    """
    from ovoo_models.efficiency.idle_waste import idle_waste, switch_off_rules

    if not (options.shift or case is not None or options.tariff or options.after or options.restart_kwh is not None):
        return None
    _both(case is not None, bool(options.tariff), "--prices", "--tariff")
    _both(options.restart_kwh is not None, bool(options.after), "--restart-kwh", "--after")
    shifts = dict(_shift(each) for each in options.shift)
    spells = spells_of(readings)
    if not spells:
        remedy = "a meter of one machine, with levels of power that stand apart"
        raise EvidenceError(
            "states cannot be told apart", code="idle.states_cannot_be_told_apart", offender=readings.name,
            remedy=remedy,
        )  # fmt: skip
    price, found = _price(readings, options.tariff, case), dict[str, Any]()
    rows = idle_waste(spells, zone_named(readings.zone), price=price, shifts=shifts)
    found["shifts"] = [
        {"shift": each.shift, "kwh": str(each.kwh), "hours": each.hours, "unknown_hours": each.unknown_hours,
         "share": each.share if each.share == each.share else None,
         "yuan": None if each.yuan is None else str(each.yuan)}
        for each in rows
    ]  # fmt: skip
    if price is not None:
        found["documents"] = sorted({charge.document for charge in price.charges})
        found["reference_only"] = price.calendar.tariff.reference_only
    if options.restart_kwh is not None:
        delays = [60.0 * each for each in options.after]
        rules = switch_off_rules(spells, delays, {readings.name: options.restart_kwh})
        found["switch_off"] = [{"after_s": each.after_s, "kwh": each.kwh, "stops": each.stops} for each in rules]
    return found


def spells_of(readings: Readings) -> list[Spell]:
    """One spell an interval, with the state learned from the power; none where no two levels stand apart."""
    from ovoo_models.base import FrameBlock
    from ovoo_models.efficiency.idle_waste import Spell
    from ovoo_models.efficiency.power_state import IDLE, LOAD, NO_LOAD, OFF, PowerStates

    power = readings.power_kw()
    block = FrameBlock(readings.start_ns, power, 1)
    learned = PowerStates(0, dwell_s=0.0, gap_s=2.0 * readings.interval_s)
    learned.learn_many(block)
    learned.settle()
    if len(learned.levels) < 2:
        return []
    step, spells = readings.interval_s * _NS, list[Spell]()
    for at, state, kw in zip(readings.start_ns, learned.states(block), power, strict=True):
        known = kw == kw
        name: Any = {OFF: "off", IDLE: "idle", NO_LOAD: "no_load", LOAD: "load"}.get(state, "unknown")
        spells.append(Spell(readings.name, at, at + step, name if known else "unknown", kw if known else 0.0))
    return spells


def _both(one: bool, other: bool, first: str, second: str) -> None:
    if one != other:
        remedy = f"{first} and {second} go together"
        raise ConfigError(
            "half a question", code="idle.half_question", slots={"first": first, "second": second},
            offender=first if one else second, remedy=remedy,
        )  # fmt: skip


def _shift(text: str) -> tuple[str, tuple[int, int]]:
    name, _, hours = text.rpartition("=")
    first, _, last = hours.partition("-")
    if not (name.strip() and first.isdigit() and last.isdigit() and int(first) < 24 and int(last) <= 24):
        raise ConfigError(
            "not a shift", code="idle.not_shift", offender="--shift", value=text, remedy="night=22-6: whole local hours"
        )
    return name.strip(), (int(first), int(last))


def _price(readings: Readings, tariff_id: str, case: Mapping[str, Any] | None) -> Price | None:
    """The price of each hour; EvidenceError where the tariff was not in force over the export."""
    from ovoo_packs import load_tariffs

    from ovoo_models.efficiency.idle_waste import Price
    from ovoo_models.efficiency.tariff.bands import BandCalendar

    if case is None:
        return None
    tariff = load_tariffs().get(tariff_id)
    calendar = BandCalendar(tariff)
    for at in (readings.start_ns[0], readings.end_ns - 1):
        day = datetime.fromtimestamp(at // _NS, calendar.zone).date().isoformat()
        if not tariff.source.in_force(day):
            remedy = f"valid from {tariff.source.valid_from}: take the edition of that day"
            raise EvidenceError(
                "tariff not in force", code="idle.tariff_not_in_force",
                slots={"valid_from": tariff.source.valid_from}, offender=tariff.id, value=day, remedy=remedy,
            )  # fmt: skip
    charges = tuple(charges_of(case, tariff))
    if not charges:
        raise ConfigError(
            "no price per kWh", code="idle.no_price_per_kwh", offender="--prices", value=sorted(case),
            remedy="energy or funds, with a document",
        )  # fmt: skip
    return Price(calendar, charges)


def idle_lines(result: Mapping[str, Any], language: str) -> list[str]:
    """One line a shift, what is not counted, documents, and the rule that would end it."""
    words = _WORDS[language]
    rows: Sequence[Mapping[str, Any]] = result["shifts"]
    lines = [words["title"]]
    named = any(each["shift"] for each in rows)
    for each in rows:
        if not each["hours"]:
            continue
        lines.append(words["row"].format(
            shift=each["shift"] or words["rest" if named else "all"], hours=each["hours"], kwh=float(each["kwh"]),
            share=words["open"] if each["share"] is None else f"{100 * each['share']:.1f} %",
            yuan="" if each["yuan"] is None else words["yuan"].format(yuan=each["yuan"]),
        ))  # fmt: skip
    lines += [] if len(lines) > 1 else [words["none"]]
    unknown = sum(each["unknown_hours"] for each in rows)
    lines += [words["unknown"].format(hours=unknown)] if unknown else []
    if "documents" in result:
        lines.append(words["document"].format(names="; ".join(result["documents"])))
        lines += [words["only"]] if result["reference_only"] else []
    for each in result.get("switch_off", []):
        lines.append(words["rule"].format(minutes=each["after_s"] / 60, kwh=each["kwh"], stops=each["stops"]))
    if "switch_off" in result and not result["switch_off"]:
        lines.append(words["no_rule"])
    return lines
