"""One plain sentence a finding, in the reader's language; the texts are data (zh.json, en.json)."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from importlib import resources
from typing import Any, Final

from ovoo_contract.errors import ConfigError
from ovoo_contract.findings import Finding

__all__ = [
    "LANGUAGES",
    "card_text",
    "cause_text",
    "moment_text",
    "number_text",
    "output_name",
    "plot_text",
    "render",
    "signal_name",
    "unit_sign",
]

LANGUAGES = ("zh", "en")
_TELLING: Final = 0.05
"""A signal with a smaller share is not worth a word."""


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


def plot_text(key: str, language: str, **slots: str) -> str:
    """A word of the plots."""
    return str(_catalogue(language)["plot"][key]).format(**slots)


def card_text(key: str, language: str) -> str:
    """A word of model cards; a measure without a word of its own is shown by its name."""
    return str(_catalogue(language)["card"].get(key, key.replace("_", " ")))


def render(finding: Finding, language: str, names: Mapping[str, str] | None = None, zone: tzinfo | None = None) -> str:
    """The sentence of a finding of this package; `names` overrides the names of signals.

    Times are those of `zone`; without one they are UTC and say so. Codes that are not ours give a sentence with code
    and asset.
    """
    catalogue = _catalogue(language)
    codes: Mapping[str, str] = catalogue["codes"]
    phrase = codes.get(str(finding.detail.get("phrase", finding.code)), codes["other"])
    sentence = phrase.format_map(_slots(finding, language, names, zone))
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


def cause_text(finding: Finding, place: int, language: str, names: Mapping[str, str] | None = None) -> str:
    """The `place`-th cause (from 1): its name and, where they are known, direction, size and sigma."""
    catalogue, detail = _catalogue(language), finding.detail
    name = signal_name(str(detail[f"signal_{place}"]), language, names)
    change, sigma = detail.get(f"change_{place}"), detail.get(f"sigma_{place}")
    if not isinstance(change, int | float) or not isinstance(sigma, int | float):
        return name
    unit = unit_sign(str(detail.get(f"unit_{place}", "1")))
    amount = number_text(abs(change)) + (f" {unit}" if unit else "")
    key = "above" if change > 0 else "below"
    return str(catalogue[key]).format(
        name=name, change=amount, sigma=f"{abs(sigma):.2g}" if abs(sigma) < 100 else f"{abs(sigma):.0f}"
    )


def moment_text(time_ns: int, zone: tzinfo | None) -> str:
    """Month, day and minute in `zone`, or in UTC where there is none."""
    moment = datetime.fromtimestamp(time_ns // 10**9, zone or UTC)
    return f"{moment:%m-%d %H:%M}" + ("" if zone else " UTC")


def _slots(finding: Finding, language: str, names: Mapping[str, str] | None, zone: tzinfo | None) -> dict[str, str]:
    catalogue, detail = _catalogue(language), finding.detail
    unknown = str(catalogue["unknown"])
    # the first always, the second where it counts
    places = [k for k in (1, 2) if f"signal_{k}" in detail and (k == 1 or _share(detail, k) >= _TELLING)]
    shown = str(catalogue["between"]).join(cause_text(finding, k, language, names) for k in places)
    return {
        "code": finding.code,
        "asset": finding.asset.path,
        "signal": signal_name(str(detail.get("signal", "")), language, names),
        "causes": shown or unknown,
        "value": number_text(finding.value) or unknown,
        "unit": unit_sign(finding.unit),
        "limit": number_text(_limit(finding)) or unknown,
        "ratio": number_text(detail.get("ratio")) or unknown,
        "band": f" ± {number_text(finding.uncertainty)}" if finding.uncertainty else "",
        "span": _span(finding, catalogue),
        "since": moment_text(finding.start_ns, zone),
    }


def _share(detail: Mapping[str, float | str], place: int) -> float:
    share = detail.get(f"share_{place}", 1.0)
    return share if isinstance(share, int | float) else 1.0


def _limit(finding: Finding) -> float | str | None:
    """The bound that was crossed: the one that the value is beyond, where there are two."""
    low, high = (finding.detail.get(name) for name in ("low", "high"))
    if isinstance(low, int | float) and finding.value is not None and finding.value <= low:
        return low
    return low if high is None else high


def unit_sign(unit: str) -> str:
    """A unit as people write it: the contract's symbols are plain ASCII, and 1 is none."""
    return "" if unit == "1" else unit.replace("degC", "°C").replace("m3", "m³")


def number_text(value: float | str | None) -> str:
    """Three significant digits, whole numbers from 1,000 on; empty for what is no number."""
    if not isinstance(value, int | float):
        return ""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _span(finding: Finding, catalogue: Mapping[str, Any]) -> str:
    minutes = (finding.end_ns - finding.start_ns) / 6e10
    unit, amount = ("minutes", minutes) if minutes < 90 else ("hours", minutes / 60)
    if amount >= 72 and unit == "hours":
        unit, amount = "days", amount / 24
    return str(catalogue[unit]).format(n=f"{amount:.0f}")
