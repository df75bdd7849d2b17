"""JSON messages to columns: one `json.loads` a message, values appended to arrays, no object per sample."""

from __future__ import annotations

import json
import re
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ovoo_contract.errors import ConfigError, ConfigErrors, PayloadError
from ovoo_contract.quality import BAD, TIME_FROM_RECEIVE
from ovoo_contract.samples import SampleBatch, encode_value

from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.json_path import ABSENT, JsonPath, follow, parse_json_path
from ovoo_edge.sources.settings_mqtt import MqttSettings
from ovoo_edge.sources.times import TimeReader, pick_time

__all__ = ["Columns", "PayloadMapper"]

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_LEVELS = ("enterprise", "site", "area", "line", "asset")
_MOST_TOPICS = 20_000
_NAN = float("nan")


@dataclass(slots=True)
class Columns:
    """Growing columns of a chunk and what was odd about them."""

    signal: array[int] = field(default_factory=lambda: array("I"))
    time_ns: array[int] = field(default_factory=lambda: array("q"))
    value: array[float] = field(default_factory=lambda: array("d"))
    quality: array[int] = field(default_factory=lambda: array("I"))
    text: dict[int, str] = field(default_factory=dict)
    counters: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.signal)

    def cut(self, rows: int) -> None:
        """Drops every row from `rows` on: a message is taken whole or not at all."""
        for column in (self.signal, self.time_ns, self.value, self.quality):
            del column[rows:]
        for row in [row for row in self.text if row >= rows]:
            del self.text[row]

    def batch(self) -> SampleBatch:
        """The columns as a batch."""
        return SampleBatch(self.signal, self.time_ns, self.value, self.quality, self.text)


@dataclass(frozen=True, slots=True)
class _Target:
    """A signal at a path inside a sample."""

    path: JsonPath
    signal: SignalMap


@dataclass(frozen=True, slots=True)
class _Route:
    """What a topic carries: signals by key of its values object, or signals at paths."""

    by_name: dict[str, SignalMap]
    targets: tuple[_Target, ...]


class PayloadMapper:
    """Knows which signals a topic carries and where in its JSON they stand.

    Args:
        settings: mapping rules.
        signals: those with a `reference` are found by topic and path, the others by the topic template.

    Raises:
        ConfigErrors: a signal has neither topic nor template, or its topic holds a wildcard.
    """

    def __init__(self, settings: MqttSettings, signals: Sequence[SignalMap]) -> None:
        where = f"source {settings.name}"
        self._times = TimeReader(settings.time_form, settings.timezone)
        self._has_time = settings.time_form != "receive"
        self._time_path = parse_json_path(settings.time_path, f"{where}.time_path")
        self._values_path = parse_json_path(settings.values_path, f"{where}.values_path")
        self._samples_path = parse_json_path(settings.samples_path, f"{where}.samples_path")
        self._largest = settings.max_payload_bytes
        self._fixed_levels = settings.address
        self._pattern = _template_pattern(settings.topic_template) if settings.topic_template else None
        self._template = settings.topic_template
        self._by_address = {signal.address: signal for signal in signals if not signal.reference}
        self._prefixes = _group_by_asset(self._by_address)
        self._targets = _read_targets(signals, settings)
        self._routes: dict[str, _Route | None] = {}

    def topic_filters(self) -> tuple[str, ...]:
        """The filters that cover every signal: their topics, and the template with its placeholders as `+`."""
        filters = set(self._targets)
        if self._template and self._by_address:
            levels = [_PLACEHOLDER.sub("+", level) for level in self._template.split("/")]
            filters.add("/".join("+" if "+" in level else level for level in levels))
        return tuple(sorted(filters))

    def add(self, topic: str, payload: bytes, receive_ns: int, columns: Columns) -> None:
        """Appends the samples of one message, all or none.

        Raises:
            PayloadError: the message cannot be read, with the reason.
        """
        if len(payload) > self._largest:
            raise PayloadError(
                "payload is too large", offender=topic, value=len(payload), remedy=f"at most {self._largest} bytes"
            )
        route = self._route(topic)
        if route is None:
            raise PayloadError("no signal is mapped to this topic", offender=topic)
        document = _parse(payload, topic)
        start = len(columns)
        try:
            for sample in self._samples(document, topic):
                self._add_sample(route, sample, receive_ns, columns)
        except PayloadError:
            columns.cut(start)
            raise
        if len(columns) == start:
            raise PayloadError("no mapped signal in the message", offender=topic)

    def _samples(self, document: Any, topic: str) -> Iterator[Any]:
        found = follow(document, self._samples_path)
        if found is ABSENT:
            raise PayloadError("samples are missing", offender=topic, value=self._samples_path)
        yield from found if isinstance(found, list) else (found,)

    def _add_sample(self, route: _Route, sample: Any, receive_ns: int, columns: Columns) -> None:
        time_ns, flag = self._time(sample, receive_ns, columns)
        for target in route.targets:
            value = follow(sample, target.path)
            if value is ABSENT:
                columns.counters["absent_values"] += 1
                continue
            _append(columns, target.signal, value, time_ns, flag)
        if not route.by_name:
            return
        values = follow(sample, self._values_path)
        if not isinstance(values, dict):
            raise PayloadError("values are missing", offender="values", value=type(values).__name__)
        for name, value in values.items():
            signal = route.by_name.get(name)
            if signal is not None:
                _append(columns, signal, value, time_ns, flag)
            elif values is not sample or (name,) != self._time_path:
                columns.counters["unknown_signals"] += 1

    def _time(self, sample: Any, receive_ns: int, columns: Columns) -> tuple[int, int]:
        if not self._has_time:
            return receive_ns, TIME_FROM_RECEIVE
        found = follow(sample, self._time_path)
        if found is ABSENT or found is None:
            columns.counters["time_from_receive"] += 1
            return receive_ns, TIME_FROM_RECEIVE
        time_ns, flag = pick_time(self._times.read(found), None, receive_ns)
        if flag:
            columns.counters["time_from_receive"] += 1
        return time_ns, flag

    def _route(self, topic: str) -> _Route | None:
        if topic in self._routes:
            return self._routes[topic]
        route = self._find_route(topic)
        if len(self._routes) >= _MOST_TOPICS:
            self._routes.clear()
        self._routes[topic] = route
        return route

    def _find_route(self, topic: str) -> _Route | None:
        targets = self._targets.get(topic, ())
        names: dict[str, SignalMap] = {}
        match = self._pattern.fullmatch(topic) if self._pattern is not None else None
        if match is not None:
            levels = {**self._fixed_levels, **match.groupdict()}
            names = self._prefixes.get("/".join(levels.get(level, "") for level in _LEVELS), {})
            if "signal" in levels:
                names = {name: signal for name, signal in names.items() if name == levels["signal"]}
        return _Route(names, targets) if names or targets else None


def _append(columns: Columns, signal: SignalMap, value: Any, time_ns: int, flag: int) -> None:
    if isinstance(value, list):
        value = value[signal.element] if signal.element < len(value) else None
    kind = type(value)
    number = _NAN
    quality = flag
    if kind is float or kind is bool or (kind is int and -(2**53) <= value <= 2**53):
        number = float(value)
        if number - number != 0.0:
            number, columns.text[len(columns)] = _special(value)
    elif value is None:
        columns.counters["null_values"] += 1
        quality |= BAD
    elif kind is str and not signal.is_text:
        try:
            number = float(value)
        except ValueError:
            columns.counters["wrong_types"] += 1
            quality |= BAD
            columns.text[len(columns)] = value
    elif kind is str or kind is int:
        number, text = encode_value(value)
        if text is not None:
            columns.text[len(columns)] = text
    else:
        raise PayloadError(
            "a value is neither number, text nor truth value", offender=signal.address, value=kind.__name__
        )
    columns.signal.append(signal.index)
    columns.time_ns.append(time_ns)
    columns.value.append(number)
    columns.quality.append(quality)


def _special(value: float) -> tuple[float, str]:
    number, text = encode_value(value)
    return number, text or ""


def _parse(payload: bytes, topic: str) -> Any:
    try:
        return json.loads(payload, object_pairs_hook=_unique_keys)
    except PayloadError:
        raise
    except RecursionError as error:
        raise PayloadError("JSON is nested too deep", offender=topic) from error
    except UnicodeDecodeError as error:
        raise PayloadError("payload is not UTF-8", offender=topic) from error
    except ValueError as error:
        raise PayloadError("payload is not JSON", offender=topic, value=str(error)[:80]) from error


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise PayloadError("JSON names a key twice", offender="payload")
    return result


def _template_pattern(template: str) -> re.Pattern[str]:
    parts: list[str] = []
    position = 0
    for match in _PLACEHOLDER.finditer(template):
        parts.append(re.escape(template[position : match.start()]))
        parts.append("[^/]+" if match.group(1) == "any" else f"(?P<{match.group(1)}>[^/]+)")
        position = match.end()
    parts.append(re.escape(template[position:]))
    return re.compile("".join(parts))


def _group_by_asset(by_address: dict[str, SignalMap]) -> dict[str, dict[str, SignalMap]]:
    groups: dict[str, dict[str, SignalMap]] = {}
    for address, signal in by_address.items():
        asset, _, name = address.rpartition("/")
        groups.setdefault(asset, {})[name] = signal
    return groups


def _read_targets(signals: Sequence[SignalMap], settings: MqttSettings) -> dict[str, tuple[_Target, ...]]:
    errors: list[ConfigError] = []
    targets: dict[str, list[_Target]] = {}
    for signal in signals:
        if not signal.reference:
            if not settings.topic_template:
                remedy = "give it a topic, or set topic_template"
                errors.append(ConfigError("signal has no topic", offender=signal.address, remedy=remedy))
            continue
        if "#" in signal.reference or "+" in signal.reference:
            remedy = "name one topic"
            errors.append(
                ConfigError("topic holds a wildcard", offender=signal.address, value=signal.reference, remedy=remedy)
            )
            continue
        path = parse_json_path(signal.path, f"{signal.address} path")
        targets.setdefault(signal.reference, []).append(_Target(path, signal))
    if errors:
        raise ConfigErrors(errors)
    return {topic: tuple(found) for topic, found in targets.items()}
