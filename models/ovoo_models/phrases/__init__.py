"""One plain sentence a finding, in the reader's language; the texts are data (zh.json, en.json)."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from ovoo_contract.errors import ConfigError
from ovoo_contract.findings import Finding

__all__ = ["LANGUAGES", "output_name", "render", "signal_name"]

LANGUAGES = ("zh", "en")


@functools.cache
def _catalogue(language: str) -> Mapping[str, Any]:
    if language not in LANGUAGES:
        raise ConfigError("no such language", offender="language", value=language, remedy=f"one of {LANGUAGES}")
    text = resources.files(__name__).joinpath(f"{language}.json").read_text("utf-8")
    catalogue: Mapping[str, Any] = json.loads(text)
    return catalogue


def signal_name(name: str, language: str, names: Mapping[str, str] | None = None) -> str:
    """The signal's name for a reader: from `names`, else the catalogue, else as it is."""
    known: Mapping[str, str] = _catalogue(language)["signals"]
    return (names or {}).get(name) or known.get(name, name.replace("_", " "))


def output_name(field: str, language: str) -> str:
    """The name of a derived signal's field."""
    return str(_catalogue(language)["outputs"][field])


def render(finding: Finding, language: str, names: Mapping[str, str] | None = None) -> str:
    """The sentence of a finding of this package; `names` overrides the names of signals.

    Codes that are not ours give a sentence with code and asset.
    """
    catalogue = _catalogue(language)
    codes: Mapping[str, str] = catalogue["codes"]
    phrase = codes.get(str(finding.detail.get("phrase", finding.code)), codes["other"])
    sentence = phrase.format_map(_slots(finding, language, catalogue, names))
    return sentence + _incident(finding, language, catalogue, names)


def _incident(finding: Finding, language: str, catalogue: Mapping[str, Any], names: Mapping[str, str] | None) -> str:
    """What the first finding of a group adds: the sensor that explains the others, or how many there are."""
    members = str(finding.detail.get("members", "")).split()
    if len(members) < 2:
        return ""
    cause, signal = str(finding.detail.get("cause", "")), str(finding.detail.get("cause_signal", ""))
    sensor = cause.startswith("signal.") and cause != finding.code
    key = "cause_sensor" if sensor else "cause_other"
    slots = {"cause_signal": signal_name(signal, language, names), "others": len(members) - 1}
    return str(catalogue[key]).format_map(slots)


def _slots(
    finding: Finding, language: str, catalogue: Mapping[str, Any], names: Mapping[str, str] | None
) -> dict[str, str]:
    detail = finding.detail
    causes = [str(detail[f"signal_{k}"]) for k in (1, 2, 3) if f"signal_{k}" in detail]
    shown = catalogue["between"].join(signal_name(name, language, names) for name in causes[:2])
    limit = detail.get("high", detail.get("low"))
    return {
        "code": finding.code,
        "asset": finding.asset.path,
        "signal": signal_name(str(detail.get("signal", "")), language, names),
        "causes": shown or str(catalogue["unknown"]),
        "value": _number(finding.value) or str(catalogue["unknown"]),
        "unit": "" if finding.unit == "1" else _sign(finding.unit),
        "limit": _number(limit) or str(catalogue["unknown"]),
        "band": f" ± {_number(finding.uncertainty)}" if finding.uncertainty else "",
        "span": _span(finding, catalogue),
    }


def _sign(unit: str) -> str:
    """A unit as people write it: the contract's symbols are plain ASCII."""
    return unit.replace("degC", "°C").replace("m3", "m³")


def _number(value: float | str | None) -> str:
    if not isinstance(value, int | float):
        return ""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _span(finding: Finding, catalogue: Mapping[str, Any]) -> str:
    minutes = (finding.end_ns - finding.start_ns) / 6e10
    unit, amount = ("minutes", minutes) if minutes < 90 else ("hours", minutes / 60)
    if amount >= 72 and unit == "hours":
        unit, amount = "days", amount / 24
    return str(catalogue[unit]).format(n=f"{amount:.0f}")
