"""A dry run of the MQTT mapping: what captured messages would give, what in them nobody maps, and what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ovoo_contract.errors import PayloadError
from ovoo_contract.quality import BAD, TIME_FROM_RECEIVE

from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.json_path import ABSENT, JsonPath, follow
from ovoo_edge.sources.mqtt_captures import Captured
from ovoo_edge.sources.mqtt_payload import Columns, PayloadMapper
from ovoo_edge.sources.mqtt_plan import Plan, Route, Topics, make_plan
from ovoo_edge.sources.settings_mqtt import MqttSettings
from ovoo_edge.sources.times import likely_forms

__all__ = ["Hint", "Trial", "TrialMessage", "TrialValue"]

_MOST_LEAVES = 200
_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")
_POSITION = re.compile(r"line (\d+) column (\d+)")
_WORDS = frozenset(
    [
        "on",
        "off",
        "true",
        "false",
        "yes",
        "no",
        "open",
        "closed",
        "run",
        "stop",
        "running",
        "stopped",
        "开",
        "关",
        "是",
        "否",
        "运行",
        "停止",
        "启动",
        "合",
        "分",
    ]
)


@dataclass(frozen=True, slots=True)
class Hint:
    """What a person should know or do: a key of the catalogue and what goes into its sentence."""

    code: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrialValue:
    """One row that the message would give; `quality` is "good" or "bad", `from_receive` a time that is not its own."""

    address: str
    time: str
    value: float | None
    text: str | None
    quality: str
    from_receive: bool


@dataclass(frozen=True, slots=True)
class TrialMessage:
    """What becomes of one captured message.

    Attributes:
        values: rows it gives; empty when it would be a dead letter.
        unmapped: paths inside a sample that nobody maps, with an example of the value.
        error, remedy: why it would be a dead letter, with the offender's value; empty otherwise.
        position: (line, column) of the fault inside the payload, where there is one.
    """

    line: int
    topic: str
    values: tuple[TrialValue, ...] = ()
    unmapped: tuple[tuple[str, str], ...] = ()
    error: str = ""
    found: str = ""
    remedy: str = ""
    position: tuple[int, int] | None = None
    hints: tuple[Hint, ...] = ()


class Trial:
    """Maps captured messages as the running source would, with the same reader.

    Args:
        settings: the source.
        signals: its signals.
        now_ns: time of receipt of messages that tell none.
    """

    def __init__(self, settings: MqttSettings, signals: Sequence[SignalMap], now_ns: int) -> None:
        self._settings = settings
        self._mapper = PayloadMapper(settings, signals)
        self._plan = make_plan(settings)
        self._topics = Topics(settings, signals)
        self._addresses = {signal.index: signal.address for signal in signals}
        self._now_ns = now_ns

    def run(self, messages: Iterable[Captured]) -> Iterator[TrialMessage]:
        """One result a message, in order."""
        return map(self._message, messages)

    def _message(self, message: Captured) -> TrialMessage:
        receive_ns = message.receive_ns or self._now_ns
        columns = Columns()
        route = self._topics.route(message.topic)
        samples = self._samples(message.payload)
        unmapped = _unmapped(samples, self._plan, route)
        try:
            self._mapper.add(message.topic, message.payload, receive_ns, columns)
        except PayloadError as error:
            return self._refused(message, error, unmapped, samples, receive_ns)
        hints = [*self._time_hints(samples, columns, receive_ns), *_value_hints(columns)]
        return TrialMessage(message.line, message.topic, tuple(self._values(columns)), unmapped, hints=tuple(hints))

    def _refused(
        self,
        message: Captured,
        error: PayloadError,
        unmapped: tuple[tuple[str, str], ...],
        samples: list[Any],
        receive_ns: int,
    ) -> TrialMessage:
        value = "" if error.value is None else str(error.value)
        place = _POSITION.search(value)
        hints = list(_json_hints(message.payload)) if place else []
        if error.offender == "time":
            hints += self._form_hints(samples, receive_ns)
        if not message.payload:
            hints.append(Hint("empty"))
        return TrialMessage(
            message.line,
            message.topic,
            (),
            unmapped,
            error.message,
            value,
            error.remedy,
            (int(place[1]), int(place[2])) if place else None,
            tuple(hints),
        )

    def _values(self, columns: Columns) -> Iterator[TrialValue]:
        rows = zip(columns.signal, columns.time_ns, columns.value, columns.quality, strict=True)
        for row, (signal, time_ns, value, quality) in enumerate(rows):
            yield TrialValue(
                self._addresses[signal],
                _iso(time_ns),
                value if value - value == 0.0 else None,
                columns.text.get(row),
                "bad" if quality & BAD else "good",
                bool(quality & TIME_FROM_RECEIVE),
            )

    def _samples(self, payload: bytes) -> list[Any]:
        try:
            found = follow(json.loads(payload), self._plan.samples_path)
        except (ValueError, RecursionError):
            return []
        return [] if found is ABSENT else found if isinstance(found, list) else [found]

    def _time_hints(self, samples: list[Any], columns: Columns, receive_ns: int) -> Iterator[Hint]:
        if self._plan.times is None or not any(quality & TIME_FROM_RECEIVE for quality in columns.quality):
            return
        if all(follow(sample, self._plan.time_path) is ABSENT for sample in samples):
            yield Hint("no_time", {"path": self._settings.time_path})
            return
        yield from self._form_hints(samples, receive_ns)

    def _form_hints(self, samples: list[Any], receive_ns: int) -> Iterator[Hint]:
        for sample in samples:
            found = follow(sample, self._plan.time_path)
            if found is ABSENT or found is None:
                continue
            facts = {"value": repr(found), "form": self._settings.time_form}
            if isinstance(found, (int, float)) and 0 <= found < 86_400:
                yield Hint("midnight", facts)
                return
            fitting = list(likely_forms(found, self._settings.timezone, receive_ns))
            if fitting and self._settings.time_form not in fitting:
                yield Hint("other_form", {**facts, "forms": ", ".join(f'"{form}"' for form in fitting)})
                return


def _unmapped(samples: list[Any], plan: Plan, route: Route | None) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for sample in samples[:_MOST_LEAVES]:
        if route is not None and plan.name_path is not None:
            name = follow(sample, plan.name_path)
            if isinstance(name, str) and name not in route.by_name:
                found.setdefault(name, _short(follow(sample, plan.value_path)))
            continue
        for path, value in _leaves(sample, ()):
            if len(found) >= _MOST_LEAVES:
                break
            if not _is_used(path, plan, route):
                found.setdefault(_path_text(path), _short(value))
    return tuple(found.items())


def _leaves(value: Any, path: JsonPath) -> Iterator[tuple[JsonPath, Any]]:
    if isinstance(value, dict) and value and len(path) < 8:
        for name, item in value.items():
            yield from _leaves(item, (*path, name))
    elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value) and len(path) < 8:
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, number))
    else:
        yield path, value


def _is_used(path: JsonPath, plan: Plan, route: Route | None) -> bool:
    if plan.times is not None and path in (plan.time_path, plan.date_path):
        return True
    if route is None:
        return False
    depth = len(plan.values_path)
    if len(path) > depth and path[:depth] == plan.values_path and path[depth] in route.by_name:
        return True
    return any(path[: len(target.path)] == target.path for target in route.targets)


def _path_text(path: JsonPath) -> str:
    """As `json_path` is given for a signal."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step and not re.search(r'[.\[\]"]', step):
            text += f".{step}" if text else step
        else:
            escaped = re.sub(r'(["\\])', r"\\\1", step)
            text += f'["{escaped}"]'
    return text or "$"


def _value_hints(columns: Columns) -> Iterator[Hint]:
    for row, text in columns.text.items():
        if not columns.quality[row] & BAD:
            continue
        if _COMMA.fullmatch(text):
            yield Hint("comma", {"value": text, "better": text.strip().replace(",", ".")})
        elif text.strip().lower() in _WORDS:
            yield Hint("word", {"value": text, "word": json.dumps(text.strip(), ensure_ascii=False)})
        else:
            yield Hint("text", {"value": text[:60]})


def _json_hints(payload: bytes) -> Iterator[Hint]:
    text = payload.decode("utf-8", "replace")
    if "'" in text and '"' not in text:
        yield Hint("quotes")
    if re.search(r",\s*[}\]]", text):
        yield Hint("trailing_comma")
    if re.search(r":\s*[+-]?\d+,\d", text):
        yield Hint("comma_in_json")
    if re.search(r":\s*0\d", text):
        yield Hint("leading_zero")


def _short(value: Any) -> str:
    text = "" if value is ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _iso(time_ns: int) -> str:
    seconds, fraction = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
