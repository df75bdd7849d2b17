"""Requests to every route of the OpenAPI document: as the document allows, as it forbids, and good ones with faults."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import httpx
import schemathesis
from hypothesis import strategies as st
from ovoo_cloud.access.roles import Role
from ovoo_cloud.api.schema import OPEN_ROUTES
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.cloud.api.barrage import Shot
from tests.cloud.api.plant import OWN, Plant
from tests.cloud.api.route_calls import asked

HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, 1e308, -1e308, 2**31, 2**63, 2**64, -(2**63) - 1, 10**30, "", " ", "0", "-1",
    "1e999", "NaN", "Infinity", "-0", "0.1000000000000000055", "9" * 400, "x" * 20_000, "\x00", "a\x00b", "\ud800",
    "\u202e", "矿井🚀", "../../etc/passwd", "a/b", "%00", "'; DROP TABLE users; --", "{{7*7}}", "<script>", "=1+1",
    "2026-02-30", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-06-05T09:00:00", "2026-06", "null", [],
    {}, [[]], [None], [{}], [1, "a"], {"": ""}, {"a": {"b": {"c": [1]}}}, [0] * 3000, list(range(50)), ["x"] * 300,
)  # fmt: skip
"""Values that stand where something else was expected; half a character goes as JSON's own escape."""
Operation = APIOperation[Any, Any, Any, Any]
_ANYWHERE = "http://plant"
PER_CALL = 20
"""Near misses made from one good call; a new one is made after so many, as earlier ones may have ended its case."""


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """All operations of an OpenAPI document."""
    found = []
    for each in schemathesis.openapi.from_dict(dict(document)).get_all_operations():
        assert isinstance(each, Ok), each
        found.append(each.ok())
    return found


def key_of(operation: Operation) -> tuple[str, str]:
    return operation.method.lower(), operation.path


def shot_of(case: Any) -> Shot:
    """A case of schemathesis as a shot."""
    sent = case.as_transport_kwargs(base_url=_ANYWHERE)
    url = str(sent.pop("url")).removeprefix(_ANYWHERE)
    sent.pop("method")
    return Shot(key_of(case.operation), url, sent)


class Aim:
    """Makes shots at one operation of a plant."""

    def __init__(self, plant: Plant, operation: Operation) -> None:
        self._plant = plant
        self._operation = operation
        self._route = key_of(operation)
        self._good: tuple[str, dict[str, Any]] | None = None
        self._made = 0

    def shots(self) -> st.SearchStrategy[Shot]:
        """Of five shots one goes at made-up names, two at things that are there, two are good calls with faults."""
        allowed = self._operation.as_strategy(GenerationMode.POSITIVE)
        forbidden = self._operation.as_strategy(GenerationMode.NEGATIVE)
        drawn = st.tuples(st.sampled_from(("away", "there", "there", "near", "near")), st.data())
        return drawn.map(lambda pair: self._shot(pair[0], pair[1], allowed, forbidden))

    def _shot(self, how: str, data: st.DataObject, allowed: Any, forbidden: Any) -> Shot:
        if how == "near":
            return self._near(data)
        shot = shot_of(data.draw(forbidden if how == "there" and data.draw(st.booleans()) else allowed))
        return Shot(self._route, self._call()[0], shot.sent) if how == "there" else shot

    def _near(self, data: st.DataObject) -> Shot:
        url, good = copy.deepcopy(self._call())
        parts = [name for name in ("json", "params", "headers") if good.get(name)]
        parts += ["url", "content"] if good.get("content") else ["url"]
        for _ in range(data.draw(st.integers(1, 3))):
            part = data.draw(st.sampled_from(parts))
            if part == "url":
                url = _broken_path(data, url)
            elif part == "content":
                good["content"] = broken_bytes(data, good["content"])
            elif part == "json":
                good[part] = _broken(data, good[part])
            else:
                good[part] = _broken_table(data, good[part])
        return Shot(self._route, url, _as_sent(good))

    def _call(self) -> tuple[str, dict[str, Any]]:
        if self._good is None or self._made % PER_CALL == 0:
            self._good = _good_call(self._plant, self._route)
        self._made += 1
        return self._good


def _good_call(plant: Plant, route: tuple[str, str]) -> tuple[str, dict[str, Any]]:
    if route in OPEN_ROUTES or "{" not in route[1]:
        return route[1], asked(plant, route, plant.ids["own"], Role.CENTRE_ADMIN)[1] if route not in OPEN_ROUTES else {}
    return asked(plant, route, plant.ids["own"], Role.CENTRE_ADMIN)


def _as_sent(good: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: str(value) for name, value in (good.get("headers") or {}).items()}
    headers = {name: value.encode() for name, value in texts.items() if value.isprintable()}
    body = good.get("content")
    if body is None and good.get("json") is not None:
        body = json.dumps(good["json"]).encode()
        headers["Content-Type"] = b"application/json"
    params = {str(name): value for name, value in (good.get("params") or {}).items()}
    query = httpx.QueryParams({name: _as_text(value) for name, value in params.items()})
    return {"data": body, "headers": headers, "params": str(query)}


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()


def _broken(data: st.DataObject, value: Any) -> Any:
    """The value with one hostile thing in it, at a place that is drawn."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 9)):
        name = data.draw(st.sampled_from(sorted(value)))
        how = data.draw(st.integers(0, 9))
        if how == 0:
            return {key: each for key, each in value.items() if key != name}
        if how == 1:
            return {**value, data.draw(st.sampled_from(("", "id", "x" * 300, "\x00", "__proto__"))): value[name]}
        return {**value, name: _broken(data, value[name])}
    if isinstance(value, list) and value and data.draw(st.integers(0, 9)):
        at = data.draw(st.integers(0, len(value) - 1))
        how = data.draw(st.integers(0, 9))
        if how == 0:
            return value[:at] + value[at + 1 :]
        if how == 1:
            return value + [value[at]] * data.draw(st.sampled_from((1, 500)))
        return [*value[:at], _broken(data, value[at]), *value[at + 1 :]]
    return data.draw(st.sampled_from(HOSTILE))


def _broken_table(data: st.DataObject, table: Mapping[str, Any]) -> dict[str, Any]:
    """A query or headers with one value made hostile, left out or doubled under another name."""
    name = data.draw(st.sampled_from(sorted(table)))
    how = data.draw(st.integers(0, 5))
    if how == 0:
        return {key: each for key, each in table.items() if key != name} or {"x": "1"}
    return {**table, name if how > 1 else "limit": data.draw(st.sampled_from(HOSTILE))}


def _broken_path(data: st.DataObject, url: str) -> str:
    """The path with one of its names made another, as somebody types it."""
    parts = url.split("/")
    at = data.draw(st.integers(3, max(3, len(parts) - 1)))
    odd = ("", "..", "%00", "%ff", "%2e%2e%2f", "a" * 3000, "%E7%9F%BF", "0", "-1", "1e9", "*", OWN, "heishan", "%0a")
    if at < len(parts):
        parts[at] = data.draw(st.sampled_from(odd))
    return "/".join(parts)


def broken_bytes(data: st.DataObject, content: bytes) -> bytes:
    """A file cut short, with a byte changed, with bytes put in, or none at all."""
    at = data.draw(st.integers(0, max(0, len(content) - 1)))
    odd = data.draw(st.binary(min_size=1, max_size=8))
    return data.draw(
        st.sampled_from((b"", content[:at], content[:at] + odd + content[at + len(odd) :], content[:at] + odd))
    )
