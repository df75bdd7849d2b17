"""The JSON files of an exported case read as rows: each column of its kind, no row twice, nothing left to guess."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import available_timezones

from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import Conflict, OvooError, VerifyError
from sqlalchemy import Boolean, Integer, LargeBinary, String

from ovoo_cloud.access.roles import Purpose
from ovoo_cloud.casework.parts import PARTS
from ovoo_cloud.casework.states import State, Step
from ovoo_cloud.catalogue.case_tables import (
    CaseDocument,
    CaseEdition,
    CaseFile,
    CasePart,
    CaseReview,
    CaseSnapshot,
    CaseStep,
    ReportNumber,
)
from ovoo_cloud.catalogue.grant_tables import Grant
from ovoo_cloud.catalogue.tables import Case, Enterprise, Report, Site

__all__ = ["HEAD", "LISTS", "NOT_EXPORTED", "check_times", "read_json", "read_rows"]

HEAD: Final = "case.json"
LISTS: Final[Mapping[str, tuple[type[Any], tuple[str, ...]]]] = MappingProxyType(
    {
        "steps": (CaseStep, ("seq",)),
        "parts": (CasePart, ("part", "version")),
        "reviews": (CaseReview, ("seq",)),
        "documents": (CaseDocument, ("sha256",)),
        "snapshots": (CaseSnapshot, ("id",)),
        "editions": (CaseEdition, ("sha256",)),
        "grants": (Grant, ("id",)),
        "numbers": (ReportNumber, ("number",)),
        "reports": (Report, ("id",)),
    }
)
"""Every list of a case: its table, and the columns that order it and tell its rows apart."""
NOT_EXPORTED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"grants": ("origin",), "reports": ("folder",)})
"""Where it lies and that it came from elsewhere is no part of a case."""

_SINGLE: Final[Mapping[str, type[Any]]] = {"case": Case, "file": CaseFile, "enterprise": Enterprise}
_REMEDY: Final = "export the case again; a file that was put together by hand is not taken"
_NANOSECONDS: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_CODE: Final = re.compile(r"[0-9a-f]{64}")
_SEGMENT: Final = re.compile(r"[a-z0-9_-]{1,63}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LARGEST_NS: Final = 2**63 - 1
_LARGEST_COUNT: Final = 2**31 - 1
_LARGEST_SIZE: Final = 2**53
_DAY_NS: Final = 86_400_000_000_000
_AHEAD: Final = ("from_ns", "until_ns", "start_ns", "end_ns")
"""Times that may lie ahead: of a consent, and of the window of a report."""


def read_json(files: Mapping[str, bytes], name: str) -> Any:
    """What a file of the case holds, which can be read in one way only.

    Raises:
        VerifyError: it is missing, no JSON, or not written as an export writes it: with a key twice, half a surrogate
            pair, a number that JSON does not have, or nested beyond measure.
    """
    if name not in files:
        raise VerifyError("missing", offender=name, remedy=_REMEDY)
    try:
        data = json.loads(files[name])
        same = canonical_json(data) == files[name]
    except (OvooError, ValueError, RecursionError) as error:
        raise VerifyError("not readable", offender=name, value=str(error)[:120], remedy=_REMEDY) from error
    if not same:
        raise VerifyError("not written as an export writes it", offender=name, remedy=_REMEDY)
    return data


def read_rows(files: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """The head and the lists of a case, every row of which fits its table.

    Raises:
        VerifyError: naming the file and the place in it.
    """
    head = _object(read_json(files, HEAD), HEAD)
    _keys(head, HEAD, {*_SINGLE, "sites"})
    for part, table in _SINGLE.items():
        _check_row(table, head[part], f"{HEAD} {part}")
    _check_list(Site, head["sites"], f"{HEAD} sites", ("enterprise", "id"))
    lists = {}
    for name, (table, order) in LISTS.items():
        lists[name] = read_json(files, f"{name}.json")
        _check_list(table, lists[name], f"{name}.json", order, NOT_EXPORTED.get(name, ()))
    return head, lists


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _refusal("no object", where, data)
    return data


def _keys(row: Mapping[str, Any], where: str, wanted: set[str], optional: Sequence[str] = ()) -> None:
    for name in sorted(wanted - set(optional) - set(row)):
        raise _refusal("missing", f"{where}.{name}", None)
    for name in sorted(set(row) - wanted):
        raise _refusal("not known", f"{where}.{name[:40]}", None)


def _check_list(
    table: type[Any], rows: Any, where: str, order: Sequence[str], not_exported: Sequence[str] = ()
) -> None:
    if not isinstance(rows, list):
        raise _refusal("no list", where, rows)
    seen = set()
    for place, row in enumerate(rows):
        _check_row(table, row, f"{where}[{place}]", not_exported)
        key = tuple(row[name] for name in order)
        if key in seen:
            raise _refusal("a row stands twice", f"{where}[{place}]", key)
        seen.add(key)


def _check_row(table: type[Any], row: Any, where: str, not_exported: Sequence[str] = ()) -> None:
    columns = {
        each.key: each
        for each in table.__table__.columns
        if not isinstance(each.type, LargeBinary) and each.key not in not_exported
    }
    _keys(_object(row, where), where, set(columns), [name for name, each in columns.items() if each.nullable])
    for name, value in row.items():
        if value is None and columns[name].nullable:
            continue
        fault = _kind_fault(name, columns[name].type, value) or _value_fault(table, name, value)
        if fault:
            raise _refusal(fault, f"{where}.{name}", value)
        for text in _texts(value):
            if "\0" in text:
                raise _refusal("a text with a NUL, which not every database can hold", f"{where}.{name}", text)


def _kind_fault(name: str, kind: Any, value: Any) -> str:
    """What a value has that its column cannot have; empty where it fits."""
    if isinstance(kind, String):
        fits = isinstance(value, str) and (kind.length is None or len(value) <= kind.length)
        return "" if fits else f"not a text of at most {kind.length or 'any'} characters"
    if name.endswith("_ns"):
        fits = isinstance(value, str) and _NANOSECONDS.fullmatch(value) is not None and int(value) <= _LARGEST_NS
        return "" if fits else "not a time in nanoseconds, written as text"
    if isinstance(kind, Boolean):
        return "" if isinstance(value, bool) else "neither true nor false"
    if isinstance(kind, Integer):
        largest = _LARGEST_SIZE if name == "size" else _LARGEST_COUNT
        fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest
        return "" if fits else f"not a whole number from 0 to {largest}"
    if name in ("sites", "purposes"):
        fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
        return "" if fits and len(set(value)) == len(value) else "not a list of texts, each once"
    if name == "further":
        keys = {"framework", "edition"}
        fits = isinstance(value, list) and all(isinstance(each, dict) and set(each) == keys for each in value)
        fits = fits and all(isinstance(text, str) for each in value for text in each.values())
        return "" if fits else "not a list of frameworks with their editions"
    return "" if isinstance(value, dict) else "no object"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield key
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _one_of(*known: str) -> Callable[[Any], bool]:
    return lambda value: value in known


def _segments(value: Any) -> bool:
    return bool(value) and all(_SEGMENT.fullmatch(each) is not None for each in value)


def _is_day(value: str) -> bool:
    try:
        return _DAY.fullmatch(value) is not None and bool(datetime.date.fromisoformat(value))
    except ValueError:
        return False


_STATES: Final = tuple(each.value for each in State)
_FORMS: Final[Mapping[tuple[str, str], Callable[[Any], bool]]] = {
    ("cases", "id"): lambda value: _SEGMENT.fullmatch(value) is not None,
    ("enterprises", "id"): lambda value: _SEGMENT.fullmatch(value) is not None,
    ("sites", "id"): lambda value: _SEGMENT.fullmatch(value) is not None,
    ("case_files", "sites"): _segments,
    ("case_files", "state"): _one_of(*_STATES),
    ("case_files", "resume_state"): _one_of("", *_STATES),
    ("case_files", "previous"): lambda value: value == "" or _SEGMENT.fullmatch(value) is not None,
    ("case_steps", "step"): _one_of(*(each.value for each in Step)),
    ("case_steps", "before"): _one_of("", *_STATES),
    ("case_steps", "after"): _one_of(*_STATES),
    ("case_parts", "part"): _one_of(*PARTS),
    ("case_reviews", "decision"): _one_of("accept", "override"),
    ("case_documents", "sha256"): lambda value: _CODE.fullmatch(value) is not None,
    ("case_snapshots", "id"): lambda value: _CODE.fullmatch(value) is not None,
    ("case_snapshots", "kind"): _one_of("measured", "reviewed", "issued"),
    ("case_editions", "sha256"): lambda value: _CODE.fullmatch(value) is not None,
    ("grants", "purposes"): lambda value: {*value} <= {each.value for each in Purpose},
    ("report_numbers", "issue_date"): _is_day,
    ("sites", "timezone"): lambda value: value in available_timezones(),
}
"""Values that a column of the right kind may have, where it may not have every one."""


def _value_fault(table: type[Any], name: str, value: Any) -> str:
    form = _FORMS.get((table.__tablename__, name))
    return "" if form is None or form(value) else "no such value here"


def check_times(head: Mapping[str, Any], lists: Mapping[str, Sequence[Mapping[str, Any]]], now_ns: int) -> None:
    """Refuses what was done in days to come; a day is left for clocks that differ.

    Raises:
        Conflict: naming the place.
    """
    placed = [(f"{HEAD} {part}", head[part]) for part in _SINGLE]
    placed += [(f"{name}.json[{place}]", row) for name, rows in lists.items() for place, row in enumerate(rows)]
    for where, row in placed:
        for name, value in row.items():
            if name.endswith("_ns") and name not in _AHEAD and value is not None and int(value) > now_ns + _DAY_NS:
                raise Conflict(
                    "a time that is still to come", offender=f"{where}.{name}", value=value, remedy="mind both clocks"
                )


def _refusal(message: str, where: str, value: Any) -> VerifyError:
    return VerifyError(message, offender=where, value=value if value is None else str(value)[:80], remedy=_REMEDY)
