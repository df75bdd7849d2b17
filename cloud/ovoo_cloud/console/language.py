"""Texts, numbers and times in the reader's language."""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Request
from ovoo_contract.errors import ConfigError, OvooError
from ovoo_models.efficiency.savings.saving import verdict_code
from ovoo_models.reasons import Told

from ovoo_cloud.reasons import tell_error, tell_reason

__all__ = ["LANGUAGE_COOKIE", "Language", "Words", "catalogue", "language_of", "sign"]

Language = Literal["zh", "en"]
LANGUAGE_COOKIE: Final = "ovoo_language"
_NS: Final = 1_000_000_000


@functools.cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All texts of a language by key: one file for the whole console, one more for each part that brings its own."""
    texts: dict[str, str] = {}
    folder = importlib.resources.files("ovoo_cloud.console").joinpath("locales")
    for source in sorted(folder.iterdir(), key=lambda each: each.name):
        if source.name == f"{language}.json" or source.name.endswith(f".{language}.json"):
            texts |= json.loads(source.read_text(encoding="utf-8"))
    return texts


def language_of(request: Request, default: Language) -> Language:
    """The reader's choice, else the installation's language."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen == "zh":
        return "zh"
    return "en" if chosen == "en" else default


def sign(unit: str) -> str:
    """A unit as people write it: the contract's symbols are plain ASCII."""
    return unit.replace("degC", "°C").replace("m3", "m³")


@dataclass(frozen=True, slots=True)
class Words:
    """What templates speak with: `t` for texts, the rest for values."""

    language: Language
    zone: ZoneInfo
    now_ns: int

    def t(self, key: str, **slots: Any) -> str:
        """The text of a key with its slots filled; an unknown key is a mistake of ours."""
        texts = catalogue(self.language)
        if key not in texts:
            raise ConfigError("no such text", offender=key, value=self.language, remedy="add it to both catalogues")
        return texts[key].format(**slots) if slots else texts[key]

    def known(self, key: str) -> str:
        """The text of a key that need not have one, empty where it has none."""
        return catalogue(self.language).get(key, "")

    def reason(self, reason: Mapping[str, Any]) -> Told:
        """The sentences of a reason that is kept with a result."""
        return tell_reason(reason, self.language)

    def error(self, error: OvooError) -> Told:
        """The sentences of an error."""
        return tell_error(error, self.language)

    def defect(self, defect: Mapping[str, Any]) -> Told:
        """The sentences of a defect that is kept with a bill."""
        return tell_reason({**defect, "what": defect["value"]}, self.language)

    def verdict(self, verdict: str) -> str:
        """Why a record's saving is not provable."""
        return tell_reason({"code": verdict_code(verdict), "what": verdict, "remedy": ""}, self.language).wrong

    def name(self, row: Any) -> str:
        """The name of an enterprise, site, asset or signal in this language."""
        chosen = row.name_zh if self.language == "zh" else row.name_en
        return str(chosen or row.name_zh or row.name_en)

    def sector(self, sector: str) -> str:
        """The name of a sector; one that no pack knows is shown as it was registered."""
        if not sector:
            return self.t("sector.other")
        return catalogue(self.language).get(f"sector.{sector}", sector)

    def regime(self, code: str) -> str:
        """A machine's regime; one without words of its own is shown as its model names it."""
        return catalogue(self.language).get(f"regime.{code}", code.replace("_", " "))

    def cause(self, code: str) -> str:
        """Why samples were lost; a cause without words of its own is shown as the gateway names it."""
        texts = catalogue(self.language)
        if code.startswith("rejected_"):
            return self.t("cause.rejected", code=code.removeprefix("rejected_"))
        return texts.get(f"cause.{code}", code.replace("_", " "))

    def number(self, value: float | None, digits: int = 4) -> str:
        """A figure with at most `digits` significant digits, a dash where there is none."""
        if value is None or math.isnan(value):
            return "—"
        if value == 0:
            return "0"
        places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{min(places, 6)}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def time(self, time_ns: int | None) -> str:
        """A point in site time."""
        if time_ns is None:
            return "—"
        moment = datetime.datetime.fromtimestamp(time_ns // _NS, self.zone)
        if self.language == "zh":
            return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M:%S}"
        return f"{moment:%Y-%m-%d %H:%M:%S}"

    def hour(self, time_ns: int) -> str:
        """The hour of a point in site time, two digits."""
        return f"{datetime.datetime.fromtimestamp(time_ns // _NS, self.zone):%H}"

    def date(self, time_ns: int) -> str:
        """The day of a point in site time."""
        return self.day(datetime.datetime.fromtimestamp(time_ns // _NS, self.zone).date())

    def day(self, day: datetime.date) -> str:
        """A calendar day."""
        return f"{day.year}年{day.month}月{day.day}日" if self.language == "zh" else day.isoformat()

    def age(self, time_ns: int | None) -> str:
        """How long ago, in the largest unit that says enough."""
        if time_ns is None:
            return "—"
        return self.duration((self.now_ns - time_ns) / _NS)

    def duration(self, seconds: float) -> str:
        """A length of time in one unit."""
        seconds = max(0.0, seconds)
        for key, size in (("unit.days", 86_400), ("unit.hours", 3600), ("unit.minutes", 60)):
            if seconds >= 2 * size:
                return self.t(key, count=int(seconds // size))
        return self.t("unit.seconds", count=int(seconds))
