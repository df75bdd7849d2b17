"""What a dashboard is, before it becomes Grafana's JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Dashboard", "Language", "Panel", "Row", "StateName", "Target", "Text", "ThresholdLine", "Variable"]

Language = Literal["zh", "en"]
PanelKind = Literal["timeseries", "state"]
Level = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in both languages; neither may be empty."""

    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        """The words in `language`."""
        return self.zh if language == "zh" else self.en

    def in_the_other(self, language: Language) -> str:
        """The words in the language that is not `language`."""
        return self.en if language == "zh" else self.zh


@dataclass(frozen=True, slots=True)
class Target:
    """One InfluxQL query; `legend` names its series, after the value of tag `by` where that is given."""

    query: str
    legend: Text
    by: str = ""


@dataclass(frozen=True, slots=True)
class ThresholdLine:
    """A limit in the panel's unit; `high` is bad from there up, `low` is bad from there down."""

    kind: Literal["high", "low"]
    value: float
    level: Level


@dataclass(frozen=True, slots=True)
class StateName:
    """How a number of a state panel reads; `level` is None for what is normal."""

    value: float
    name: Text
    level: Level | None


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; `key` is unique in its row and never changes, because links hold ids made of it.

    `step_s` is how far apart its points are, in whole minutes; wider gaps than three of them stay open. `held` is for
    signals sent on change only: their last value stands until the next.
    """

    key: str
    kind: PanelKind
    title: Text
    unit: str
    targets: tuple[Target, ...]
    thresholds: tuple[ThresholdLine, ...] = ()
    states: tuple[StateName, ...] = ()
    step_s: int = 60
    held: bool = False
    width: int = 8
    height: int = 7


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading; `key` is unique in the dashboard and never changes."""

    key: str
    title: Text
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of the page: values of a tag by an InfluxQL query, or a number that a person types.

    `number`, where given, is what stands in the box at first; `query` is then empty.
    """

    name: str
    label: Text
    query: str
    multi: bool = False
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page; `uid` is stable."""

    uid: str
    title: Text
    tags: tuple[str, ...]
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]
    refresh: str
    span: str
