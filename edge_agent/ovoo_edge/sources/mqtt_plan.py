"""Where things stand in the messages of a source, and which signals a topic carries."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.json_path import JsonPath, parse_json_path
from ovoo_edge.sources.settings_mqtt import MqttSettings
from ovoo_edge.sources.times import TimeReader

__all__ = ["Plan", "Route", "Target", "Topics", "make_plan"]

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_LEVELS = ("enterprise", "site", "area", "line", "asset")


@dataclass(frozen=True, slots=True)
class Plan:
    """The same for every topic of a source; a path of None is not used.

    Attributes:
        times: reader of the form of time; None = the time of receipt is used.
        time_path, date_path: inside a sample.
        values_path: object whose keys are signals, inside a sample.
        samples_path: a sample or a list of them, inside the message.
        name_path, value_path: of a sample that is one name and value.
        words: numbers of lower-case texts.
    """

    times: TimeReader | None
    time_path: JsonPath
    date_path: JsonPath | None
    values_path: JsonPath
    samples_path: JsonPath
    name_path: JsonPath | None
    value_path: JsonPath
    words: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Target:
    """A signal at a path inside a sample."""

    path: JsonPath
    signal: SignalMap


@dataclass(frozen=True, slots=True)
class Route:
    """What a topic carries: signals by key or name, or signals at paths."""

    by_name: dict[str, SignalMap]
    targets: tuple[Target, ...]


def make_plan(settings: MqttSettings) -> Plan:
    """The plan of these settings; raises ConfigError when a path is malformed."""
    where = f"source {settings.name}"

    def path(key: str) -> JsonPath:
        return parse_json_path(getattr(settings, key), f"{where}.{key}")

    timed = settings.time_form != "receive"
    return Plan(
        times=TimeReader(settings.time_form, settings.timezone, settings.repeated_hour) if timed else None,
        time_path=path("time_path"),
        date_path=path("date_path") if settings.date_path else None,
        values_path=path("values_path"),
        samples_path=path("samples_path"),
        name_path=path("name_path") if settings.name_path else None,
        value_path=path("value_path"),
        words={word.strip().lower(): number for word, number in settings.words.items()},
    )


class Topics:
    """Finds the signals of a topic: by the topic named for a signal, or by the template.

    Args:
        settings: mapping rules.
        signals: those with a `reference` are found by topic, the others by the topic template.

    Raises:
        ConfigErrors: a signal has neither topic nor template, its topic holds a wildcard, or a name stands twice.
    """

    def __init__(self, settings: MqttSettings, signals: Sequence[SignalMap]) -> None:
        self._fixed_levels = settings.address
        self._template = settings.topic_template
        self._pattern = _template_pattern(settings.topic_template) if settings.topic_template else None
        self._prefixes = _group_by_asset([signal for signal in signals if not signal.reference])
        by_topic = _group_by_topic(signals, settings)
        self._named: dict[str, dict[str, SignalMap]] = {}
        self._targets: dict[str, tuple[Target, ...]] = {}
        if settings.name_path:
            self._named = {topic: _by_name(topic, rows) for topic, rows in by_topic.items()}
        else:
            self._targets = {topic: _targets(rows) for topic, rows in by_topic.items()}

    def filters(self) -> tuple[str, ...]:
        """The filters that cover every signal: their topics, and the template with its placeholders as `+`."""
        filters = {*self._targets, *self._named}
        if self._template and self._prefixes:
            levels = [_PLACEHOLDER.sub("+", level) for level in self._template.split("/")]
            filters.add("/".join("+" if "+" in level else level for level in levels))
        return tuple(sorted(filters))

    def route(self, topic: str) -> Route | None:
        """What the topic carries, None when nothing is mapped to it."""
        names = dict(self._named.get(topic, {}))
        match = self._pattern.fullmatch(topic) if self._pattern is not None else None
        if match is not None:
            levels = {**self._fixed_levels, **match.groupdict()}
            known = self._prefixes.get("/".join(levels.get(level, "") for level in _LEVELS), {})
            if "signal" in levels:
                known = {name: signal for name, signal in known.items() if name == levels["signal"]}
            names = {**known, **names}
        targets = self._targets.get(topic, ())
        return Route(names, targets) if names or targets else None


def _template_pattern(template: str) -> re.Pattern[str]:
    parts: list[str] = []
    position = 0
    for match in _PLACEHOLDER.finditer(template):
        parts.append(re.escape(template[position : match.start()]))
        parts.append("[^/]+" if match.group(1) == "any" else f"(?P<{match.group(1)}>[^/]+)")
        position = match.end()
    parts.append(re.escape(template[position:]))
    return re.compile("".join(parts))


def _group_by_asset(signals: Sequence[SignalMap]) -> dict[str, dict[str, SignalMap]]:
    groups: dict[str, dict[str, SignalMap]] = {}
    for signal in signals:
        asset, _, name = signal.address.rpartition("/")
        groups.setdefault(asset, {})[sys.intern(name)] = signal
    return groups


def _group_by_topic(signals: Sequence[SignalMap], settings: MqttSettings) -> dict[str, list[SignalMap]]:
    errors: list[ConfigError] = []
    groups: dict[str, list[SignalMap]] = {}
    for signal in signals:
        if not signal.reference:
            if not settings.topic_template:
                remedy = "give it a topic, or set topic_template"
                errors.append(ConfigError("signal has no topic", offender=signal.address, remedy=remedy))
        elif "#" in signal.reference or "+" in signal.reference:
            remedy = "name one topic"
            errors.append(
                ConfigError("topic holds a wildcard", offender=signal.address, value=signal.reference, remedy=remedy)
            )
        else:
            groups.setdefault(signal.reference, []).append(signal)
    if errors:
        raise ConfigErrors(errors)
    return groups


def _by_name(topic: str, signals: Sequence[SignalMap]) -> dict[str, SignalMap]:
    found: dict[str, SignalMap] = {}
    for signal in signals:
        name = signal.path or signal.address.rpartition("/")[2]
        if name in found:
            remedy = f"path of {found[name].address} or of this signal"
            raise ConfigErrors(
                [
                    ConfigError(
                        "two signals of a topic have one name", offender=signal.address, value=name, remedy=remedy
                    )
                ]
            )
        found[name] = signal
    return found


def _targets(signals: Sequence[SignalMap]) -> tuple[Target, ...]:
    return tuple(Target(parse_json_path(row.path, f"{row.address} path"), row) for row in signals)
