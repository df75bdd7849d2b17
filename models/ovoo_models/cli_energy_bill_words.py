"""What the energy commands print of a baseline of bills, in Chinese and English."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ovoo_models.efficiency.readings.options import zone_named

if TYPE_CHECKING:
    from ovoo_models.efficiency.readings.bill_rows import BillTable
    from ovoo_models.efficiency.savings.bill_model import BillData, BillModel
    from ovoo_models.efficiency.savings.bill_saving import BillSaving
    from ovoo_models.efficiency.savings.inspection import Fault

__all__ = ["coarse_line", "fault_data", "fault_lines", "model_data", "model_lines", "saving_lines"]

_WORDS: Final = {
    "zh": {
        "coarse": "账单分辨率：{bills} 份账单，{periods} 个抄表周期，平均 {days:.1f} 天。"
        "看不出日与班次，区间宽于日数据。",
        "model": "基准模型：{rows} 个周期，CV(RMSE) {cv:.1f} %，R2 {r2:.3f}，相邻残差相关 {rho:.2f}",
        "term": "  {name}：{value:.5g} kWh/{unit}", "per_day": "每日",
        "saving": "节约量 {value:,.0f} kWh（基准的 {share:.1f} %），"
        "90 % 区间 {low:,.0f} 至 {high:,.0f} kWh，FSU {fsu:.0f} %",
        "provable": "可以证明", "open": "不能证明：区间包含零", "beyond": "{name} 超出基准期范围",
        "fault": "{reason}：{start} 至 {end}（第 {rows} 份）", "day": "日", "amount": "单位",
    },
    "en": {
        "coarse": "resolution of bills: {bills} bills, {periods} periods between reads, "
        "{days:.1f} days each on average. "
        "Days and shifts do not show, and intervals are wider than those of daily data.",
        "model": "baseline: {rows} periods, CV(RMSE) {cv:.1f} %, R2 {r2:.3f}, correlation of neighbours {rho:.2f}",
        "term": "  {name}: {value:.5g} kWh a {unit}", "per_day": "each day",
        "saving": "saving {value:,.0f} kWh ({share:.1f} % of the baseline), "
        "90 % interval {low:,.0f} to {high:,.0f} kWh, FSU {fsu:.0f} %",
        "provable": "provable", "open": "not provable: the interval covers nought",
        "beyond": "{name} leaves the range of the baseline", "fault": "{reason}: {start} to {end} (bills {rows})",
        "day": "day", "amount": "unit",
    },
}  # fmt: skip
_FAULTS_ZH: Final = {
    "twice": "同一账单重复，只计一次", "negative": "用电为负，不计；退补请标明", "replaced": "账单已被更正替换",
    "corrected": "退补已计入所属账单", "estimated": "估抄，与下一次实抄合并",
    "estimated_open": "估抄之后没有实抄，不计", "gap": "缺账单", "two_bills": "同一周期有两份账单，请更正",
    "overlap": "账单周期重叠，请更正", "corrects_nothing": "更正找不到所属账单",
}  # fmt: skip


def coarse_line(bills: int, periods: int, days: float, language: str) -> str:
    """How coarse bills are."""
    return _WORDS[language]["coarse"].format(bills=bills, periods=periods, days=days)


def model_lines(table: BillTable, data: BillData, model: BillModel, language: str, zone: str) -> list[str]:
    """Resolution, faults, fit and coefficients."""
    words = _WORDS[language]
    lines = [coarse_line(len(table.bills), len(data.periods), model.mean_days, language)]
    lines += fault_lines(data.faults, language, zone)
    lines.append(words["model"].format(rows=len(model.used), cv=100 * model.cv_rmse, r2=model.r2, rho=model.rho))
    for name, value in model.named().items():
        unit = words["day"] if name == "per_day" else words["amount"]
        lines.append(words["term"].format(name=words["per_day"] if name == "per_day" else name, value=value, unit=unit))
    return lines


def saving_lines(found: BillSaving, language: str) -> list[str]:
    """The saving with its interval, drivers out of range, and whether it can be proved."""
    words = _WORDS[language]
    share = 100 * found.avoided / found.expected if found.expected else 0.0
    first = words["saving"].format(
        value=found.avoided, share=share, low=found.low, high=found.high, fsu=100 * found.fsu
    )
    beyond = [words["beyond"].format(name=name) for name in found.beyond]
    return [first, *beyond, words["provable" if found.provable else "open"]]


def fault_lines(faults: tuple[Fault, ...], language: str, zone_name: str) -> list[str]:
    """One line a fault, with its dates and bills."""
    words, zone = _WORDS[language], zone_named(zone_name)
    lines = []
    for fault in faults:
        reason = _FAULTS_ZH[fault.name] if language == "zh" else fault.reason
        ends = [datetime.fromtimestamp(int(fault.numbers[k]) // 10**9, zone).date() for k in ("from_ns", "to_ns")]
        rows = ", ".join(str(row + 1) for row in fault.rows)
        lines.append(words["fault"].format(reason=reason, start=ends[0], end=ends[1], rows=rows))
    return lines


def model_data(model: BillModel) -> dict[str, Any]:
    """A model, JSON-ready."""
    return {
        "coefficients": model.named(), "periods": len(model.used), "cv_rmse": model.cv_rmse, "r2": model.r2,
        "rho": model.rho, "widening": model.widening, "mean_days": model.mean_days,
    }  # fmt: skip


def fault_data(faults: tuple[Fault, ...]) -> list[dict[str, Any]]:
    """Faults, JSON-ready; bills count from 1."""
    return [
        {"name": each.name, "reason": each.reason, "bills": [row + 1 for row in each.rows], **each.numbers}
        for each in faults
    ]
