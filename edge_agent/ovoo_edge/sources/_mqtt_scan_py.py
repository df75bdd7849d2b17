"""Reads one JSON message by a plan: the general reader, and the twin of the compiled one.

One `json.loads` a message. The compiled reader takes over the shapes that fields send all day and leaves the rest,
and every refusal, to this one: what is refused, and in which words, stands only here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ovoo_contract.errors import PayloadError
from ovoo_contract.quality import TIME_FROM_RECEIVE

from ovoo_edge.sources.json_path import ABSENT, follow
from ovoo_edge.sources.mqtt_columns import Columns, append_value
from ovoo_edge.sources.mqtt_plan import Plan, Route
from ovoo_edge.sources.times import pick_time

__all__ = ["MessageReader"]

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\x04\x22\x4d\x18": "LZ4",
    b"\x78\x01": "zlib",
    b"\x78\x9c": "zlib",
    b"\x78\xda": "zlib",
    b"PK\x03\x04": "zip",
}


class MessageReader:
    """Reads the messages of one topic.

    Args:
        plan: where things stand.
        route: which signals the topic carries.
    """

    def __init__(self, plan: Plan, route: Route) -> None:
        self._plan = plan
        self._route = route

    def read(self, payload: bytes, topic: str, receive_ns: int, columns: Columns) -> None:
        """Appends the samples of one message, all or none.

        Raises:
            PayloadError: the message cannot be read, with the reason.
        """
        document = _parse(payload, topic)
        start = len(columns)
        try:
            for sample in self._samples(document, topic):
                self._add_sample(sample, receive_ns, columns)
        except PayloadError:
            columns.cut(start)
            raise
        if len(columns) == start:
            raise PayloadError("no mapped signal in the message", offender=topic)

    def _samples(self, document: Any, topic: str) -> Iterator[Any]:
        found = follow(document, self._plan.samples_path)
        if found is ABSENT:
            raise PayloadError("samples are missing", offender=topic, value=self._plan.samples_path)
        yield from found if isinstance(found, list) else (found,)

    def _add_sample(self, sample: Any, receive_ns: int, columns: Columns) -> None:
        plan, route = self._plan, self._route
        time_ns, flag = self._time(sample, receive_ns, columns)
        if plan.name_path is not None:
            self._add_named(sample, time_ns, flag, columns)
            return
        for target in route.targets:
            value = follow(sample, target.path)
            if value is ABSENT:
                columns.counters["absent_values"] += 1
                continue
            append_value(columns, target.signal, value, time_ns, flag, plan.words)
        if not route.by_name:
            return
        values = follow(sample, plan.values_path)
        if not isinstance(values, dict):
            raise PayloadError("values are missing", offender="values", value=type(values).__name__)
        for name, value in values.items():
            signal = route.by_name.get(name)
            if signal is not None:
                append_value(columns, signal, value, time_ns, flag, plan.words)
            elif values is not sample or (name,) not in (plan.time_path, plan.date_path):
                columns.counters["unknown_signals"] += 1

    def _add_named(self, sample: Any, time_ns: int, flag: int, columns: Columns) -> None:
        name = follow(sample, self._plan.name_path or ())
        if not isinstance(name, str):
            raise PayloadError("a sample has no name", offender="name", value=None if name is ABSENT else name)
        signal = self._route.by_name.get(name)
        value = follow(sample, self._plan.value_path)
        if signal is None:
            columns.counters["unknown_signals"] += 1
        elif value is ABSENT:
            columns.counters["absent_values"] += 1
        else:
            append_value(columns, signal, value, time_ns, flag, self._plan.words)

    def _time(self, sample: Any, receive_ns: int, columns: Columns) -> tuple[int, int]:
        plan = self._plan
        if plan.times is None:
            return receive_ns, TIME_FROM_RECEIVE
        found = follow(sample, plan.time_path)
        if found is ABSENT or found is None:
            columns.counters["time_from_receive"] += 1
            return receive_ns, TIME_FROM_RECEIVE
        if plan.date_path is None:
            source_ns = plan.times.read(found)
        else:
            date = follow(sample, plan.date_path)
            source_ns = plan.times.read_two(None if date is ABSENT else date, found)
        time_ns, flag = pick_time(source_ns, None, receive_ns)
        if flag:
            columns.counters["time_from_receive"] += 1
        return time_ns, flag


def _parse(payload: bytes, topic: str) -> Any:
    try:
        return json.loads(payload, object_pairs_hook=_unique_keys)
    except PayloadError:
        raise
    except RecursionError as error:
        raise PayloadError("JSON is nested too deep", offender=topic) from error
    except ValueError as error:
        raise _not_json(payload, topic, error) from error


def _not_json(payload: bytes, topic: str, error: ValueError) -> PayloadError:
    for magic, name in _PACKED.items():
        if payload.startswith(magic):
            remedy = "let the device send plain JSON"
            return PayloadError(f"payload is compressed ({name})", offender=topic, remedy=remedy)
    if topic.startswith("spBv1.0/"):
        return PayloadError(
            "payload is Sparkplug B, not JSON", offender=topic, remedy="let the node publish JSON as well"
        )
    if isinstance(error, UnicodeDecodeError):
        place = f"byte {error.start} is 0x{payload[error.start]:02x}"
        return PayloadError("payload is not UTF-8", offender=topic, value=place, remedy="GBK is not read")
    return PayloadError("payload is not JSON", offender=topic, value=str(error)[:80])


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise PayloadError("JSON names a key twice", offender="payload")
    return result
