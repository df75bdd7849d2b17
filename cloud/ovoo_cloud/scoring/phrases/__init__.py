"""The answer of a run in plain words; the texts are data (zh.json, en.json)."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from importlib import resources

from ovoo_models.phrases import render

from ovoo_cloud.scoring.compare import TOLERANCE, Comparison
from ovoo_cloud.scoring.order import Answer

__all__ = ["tell"]


def tell(answer: Answer, language: str, zone: tzinfo = UTC) -> str:
    """What came out, for a reader, times in `zone`."""
    return "\n".join([*_scores(answer, language, zone), *_comparison(answer, language), *_stored(answer, language)])


@functools.cache
def _catalogue(language: str) -> Mapping[str, str]:
    texts: Mapping[str, str] = json.loads(resources.files(__name__).joinpath(f"{language}.json").read_text("utf-8"))
    return texts


def _say(language: str, key: str, **slots: object) -> str:
    return _catalogue(language)[key].format(**slots)


def _scores(answer: Answer, language: str, zone: tzinfo) -> Iterator[str]:
    found, data = answer.found, answer.to_dict()
    start, end = (datetime.fromtimestamp(ns // 10**9, zone).isoformat() for ns in (found.start_ns, found.end_ns))
    yield _say(language, "head", asset=found.asset, start=start, end=end, samples=found.samples)
    if found.late:
        yield _say(language, "late", late=found.late)
    for key, names in (("absent", answer.absent), ("thinned", answer.thinned)):
        if names:
            yield _say(language, key, names=", ".join(names))
    for row in data["scores"]:
        if row["field"] == "score":
            yield _say(language, "score" if row["rows"] else "score_none", **{**row, **_rounded(row)})
    for finding in found.findings:
        yield render(finding, language, zone=zone)
    if not found.findings:
        yield _say(language, "no_findings")


def _rounded(row: Mapping[str, float | None]) -> dict[str, str]:
    return {key: "" if row[key] is None else f"{row[key]:.4g}" for key in ("least", "greatest")}


def _comparison(answer: Answer, language: str) -> Iterator[str]:
    comparison = answer.comparison
    if comparison is None:
        return
    if comparison.compared == 0:
        yield _say(language, "nothing")
    else:
        yield _say(
            language,
            "different" if comparison.different else "equal",
            compared=comparison.compared,
            different=comparison.different,
            greatest=f"{comparison.greatest:.3g}",
            tolerance=f"{TOLERANCE:g}",
        )
    yield from _unmatched(comparison, language)
    both, here, there = (
        len(ids) for ids in (comparison.findings_both, comparison.findings_only_here, comparison.findings_only_there)
    )
    yield _say(language, "findings", both=both, here=here, there=there)


def _unmatched(comparison: Comparison, language: str) -> Iterator[str]:
    for each in comparison.signals:
        for side, reasons in (("here", each.only_here), ("there", each.only_there)):
            for reason, rows in reasons.items():
                cause = _say(language, f"{side}.{reason}")
                yield _say(language, f"only_{side}", signal=each.signal, rows=rows, reason=cause)


def _stored(answer: Answer, language: str) -> Iterator[str]:
    recorded = answer.recorded
    if recorded is not None:
        yield _say(language, "stored", rows=recorded.stored, present=recorded.present, findings=recorded.findings)
