"""Random changes of an exported case that know how it is built: a place in one of its files, and what is odd there."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import OvooError

from tests.cloud.casework.sealed_changes import Change, Files, inside

_LISTS = ("steps", "parts", "reviews", "documents", "snapshots", "editions", "grants", "numbers", "reports")
_ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**53, 10**17, 0.5, "", "x", "0", "\0", "../../x", "/etc/passwd", "a\r\nb",
    "9" * 19, "9" * 30, "-5", "1e9999999", "长" * 300, "bayan", "issued", "closed", "centre_admin", "OV-2026-002",
    "2026-02-31", "2999-01-01", "0" * 64, [], {}, [[]], {"a": {"b": []}}, ["heishan", "heishan"], [1],
]  # fmt: skip
_RAW = [b"NaN", b"1e400", b'"\\ud800"', b"[" * 300 + b"]" * 300, b"1" * 5000, b'{"a":1,"a":2}', b"01", b"'x'", b""]


_NOTHING_THERE = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError, StopIteration, OvooError)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """One to three changes, in rows, in bytes or in the content of a snapshot or edition."""
    made = draw(st.lists(st.one_of(_in_rows(), _in_rows(), _in_bytes(), _in_content()), min_size=1, max_size=3))

    def change(files: Files) -> None:
        for each in made:
            try:
                each(files)
            except _NOTHING_THERE:
                continue  # an earlier change left nothing here that this one could change

    return change


@st.composite
def _in_rows(draw: st.DrawFn) -> Change:
    name = draw(st.sampled_from(["case.json", *(f"{each}.json" for each in _LISTS)]))
    steps, act = draw(st.lists(st.integers(0, 30), min_size=1, max_size=6)), draw(_acts())

    def change(files: Files) -> None:
        data = json.loads(files[name])
        _at(data, steps, act)
        files[name] = canonical_json(data)

    return change


@st.composite
def _in_content(draw: st.DrawFn) -> Change:
    kind, which = draw(st.sampled_from([("snapshots", "measured"), ("snapshots", "reviewed"), ("editions", "")]))
    steps, act = draw(st.lists(st.integers(0, 30), min_size=1, max_size=6)), draw(_acts())
    return inside(kind, lambda data: _at(data, steps, act), which)


@st.composite
def _in_bytes(draw: st.DrawFn) -> Change:
    """A value of a file as bytes that no writer of ours gives."""
    name = draw(st.sampled_from(["case.json", *(f"{each}.json" for each in _LISTS)]))
    place, odd = draw(st.integers(0, 40)), draw(st.sampled_from(_RAW))

    def change(files: Files) -> None:
        pieces = files[name].split(b":")
        at = 1 + place % (len(pieces) - 1)
        end = min((pieces[at].find(sign) for sign in (b",", b"}", b"]") if sign in pieces[at]), default=len(pieces[at]))
        pieces[at] = odd + pieces[at][end:]
        files[name] = b":".join(pieces)

    return change


@st.composite
def _acts(draw: st.DrawFn) -> tuple[str, Any]:
    return draw(st.sampled_from(["replace", "replace", "drop", "add", "double", "swap"])), draw(st.sampled_from(_ODD))


def _at(data: Any, steps: list[int], act: tuple[str, Any]) -> None:
    """Goes into the data as far as the steps lead, and acts there."""
    place, key = data, _key(data, steps[0])
    for step in steps[1:]:
        if not isinstance(place[key], (dict, list)) or not place[key]:
            break
        place = place[key]
        key = _key(place, step)
    kind, odd = act
    match kind:
        case "replace":
            place[key] = odd
        case "drop":
            del place[key]
        case "add" if isinstance(place, dict):
            place["another"] = odd
        case "add":
            place.append(odd)
        case "double" if isinstance(place, list):
            place.append(place[key])
        case _:
            other = _key(place, steps[-1] + 1)
            place[key], place[other] = place[other], place[key]


def _key(place: Any, step: int) -> Any:
    keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
    return keys[step % len(keys)]
