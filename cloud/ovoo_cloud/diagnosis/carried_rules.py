"""The rules that a snapshot carries: the compiled frameworks that it was made with, whatever is installed by now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_packs.framework_data import framework_from_data

from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.scoring import rules_of
from ovoo_cloud.diagnosis.shelf import Shelf, split_reference

__all__ = ["Kept", "carried_case", "carried_shelf", "disagreements", "with_kept"]

_EDITIONS: Final = "editions"
Kept = Callable[[str], Mapping[str, Any] | None]
"""Gives compiled rules by the SHA-256 of their canonical JSON, None where they are not kept."""


def carried_shelf(snapshot: Mapping[str, Any]) -> Shelf:
    """The frameworks of a snapshot by its own editions; those it does not carry are the installed ones.

    Snapshots of earlier versions carry a centre's own frameworks alone.
    """
    return Shelf({**snapshot.get("own_frameworks", {}), **snapshot.get(_EDITIONS, {})})


def carried_case(snapshot: Mapping[str, Any]) -> Case:
    """The case of a snapshot, led by the framework that it was led by also where the case names none."""
    case = snapshot["case"]
    named = case.get("framework") or case.get("frameworks")
    return parse_case(case if named else {**case, "framework": snapshot["framework"]["id"]}, "snapshot.json")


def with_kept(snapshot: Mapping[str, Any], kept: Kept) -> Mapping[str, Any]:
    """A snapshot of an earlier version with its leading edition, where its house still keeps that."""
    if _EDITIONS in snapshot or "framework" not in snapshot:
        return snapshot
    found = kept(snapshot["framework"]["sha256"])
    return snapshot if found is None else {**snapshot, _EDITIONS: {carried_case(snapshot).framework: found}}


def disagreements(snapshot: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of the carried editions, and of the printed rules, that do not belong together, each with the reason."""
    scored = {
        each["id"]: each for each in (snapshot["framework"], *(a["rules"] for a in snapshot.get("assessments", [])))
    }
    for reference, data in snapshot.get(_EDITIONS, {}).items():
        rules = scored.get(split_reference(reference)[0])
        code = sha256_hex(canonical_json(data))
        if rules is None or rules["sha256"] != code:
            yield f"{_EDITIONS}/{reference}", "is not the edition that was scored by"
            continue
        again = rules_of(framework_from_data(data, code))
        for name in sorted(set(rules) & set(again)):
            if rules[name] != again[name]:
                yield f"{rules['id']}.{name}", "does not follow from the carried edition"
