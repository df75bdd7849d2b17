"""A snapshot beside the store: measured once more, and each difference told by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.reports.kinds import CENTRE_SECTIONS, kind_of
from ovoo_cloud.reports.mismatch import Mismatch

__all__ = ["check_store"]

_NAMED: Final = 3
"""So many signals of an evidence record are named beside it."""


def check_store(
    snapshot: Mapping[str, Any], source: EvidenceSource, older: list[str], moved: list[str]
) -> Iterator[Mismatch]:
    """Freeze the same report again with the store's samples and compare evidence and measured figures.

    Derived figures are left to level 1, which uses the constants that the snapshot carries; figures by a formula of
    another edition go to `older`, signals with other samples than the report was made from to `moved`.
    """
    again = kind_of(snapshot).again(snapshot, source)
    other = _other_samples(snapshot["evidence"], again["evidence"])
    counts = {row["signal"]: row for row in again.get("quality", {}).get("points", [])}
    changed = [row for row in snapshot.get("quality", {}).get("points", []) if counts.get(row["signal"]) != row]
    moved.extend(_moved_signals(snapshot["evidence"], other, {row["signal"] for row in changed}))
    for row in changed:
        yield _point(row, counts.get(row["signal"]), moved)
    for section, kind in (("evidence", "evidence"), ("figures", "figure")):
        # a newer version may measure more than the report has: only what was printed has to hold
        for name in sorted(snapshot[section]):
            before, after = snapshot[section].get(name), again[section].get(name)
            if after is not None and _other_edition(before.get("formula", ""), after.get("formula", "")):
                older.append(name)
            elif not before.get("inputs") and not _comes_out(before, after):
                follows = name in other if kind == "evidence" else not other.isdisjoint(before.get("evidence", ()))
                yield Mismatch(kind, name, _store_detail(before, after), moved=follows)
    for section in CENTRE_SECTIONS:
        yield from _check_centre(section, snapshot.get(section) or {}, again.get(section) or {})


def _other_samples(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    """The evidence records of signals whose samples the store holds otherwise today."""
    return frozenset(
        name
        for name, row in before.items()
        if row.get("addresses") and name in after and after[name]["sha256"] != row["sha256"]
    )


def _moved_signals(records: Mapping[str, Any], other: Collection[str], counted: Collection[str]) -> list[str]:
    """The signals with other samples: those of another count or with a record of their own that differs, and of a
    differing record that has none of them, all that no record clears."""
    differing = [set(records[name]["addresses"]) for name in other]
    cleared = {each for name, row in records.items() if name not in other for each in row.get("addresses", ())}
    touched = set().union(*differing)
    sure = (touched & set(counted)) | {each for signals in differing if len(signals) == 1 for each in signals}
    rest = {each for signals in differing if sure.isdisjoint(signals) for each in signals - cleared}
    return sorted(sure | rest)


def _point(before: Mapping[str, Any], after: Mapping[str, Any] | None, moved: Collection[str]) -> Mismatch:
    """A measuring point whose row differs; reports from before there was such a list have none."""
    name, follows = f"points/{before['signal']}", before["signal"] in moved
    if after is None:
        return Mismatch("store", name, "the store no longer gives it")
    if (before["samples"], before["good"]) == (after["samples"], after["good"]):
        return Mismatch("store", name, "the store gives another row", moved=follows)
    detail = f"the store has {after['samples']} samples, {after['good']} good; the report {before['samples']}"
    return Mismatch("store", name, f"{detail}, {before['good']} good", moved=follows)


def _check_centre(section: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Mismatch]:
    """Parts of a section of the centre's that registers and issued reports do not give again."""
    for part in sorted(before):
        if before[part] != after.get(part):
            yield Mismatch("entry", f"{section}/{part}", "the registers and issued reports give another result")


def _other_edition(before: str, after: str) -> bool:
    """Whether both name one formula (`hour_mean/1`, `hour_mean/2`); another formula is a difference, no edition.

    >>> _other_edition("hour_mean/1", "hour_mean/2"), _other_edition("avoided/1", "days/1")
    (True, False)
    """
    return before != after and bool(before) and before.rpartition("/")[0] == after.rpartition("/")[0]


def _comes_out(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> bool:
    """Whether the store gives a record or figure again; a newer version may name more evidence for it."""
    if after is None or before == after:
        return before == after
    named = "evidence" in before and set(before["evidence"]) <= set(after["evidence"])
    return named and {**before, "evidence": []} == {**after, "evidence": []}


def _store_detail(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> str:
    if after is None:
        return "the store no longer gives it"
    key = next(
        (each for each in ("sha256", "value", "low", "high", "samples") if before.get(each) != after.get(each)), ""
    )
    if not key:
        return "differs in the store"
    signals = before.get("addresses", [])
    more = f" and {len(signals) - _NAMED} more" if len(signals) > _NAMED else ""
    of = f", of {', '.join(signals[:_NAMED])}{more}" if signals else ""
    return f"the store gives {key} {after.get(key)!r}, the report has {before.get(key)!r}{of}"
