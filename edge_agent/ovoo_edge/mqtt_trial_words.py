"""The dry run of an MQTT mapping in plain words, Chinese or English, from `locales/mqtt_trial.json`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import Any

from ovoo_edge.sources.mqtt_trial import TrialMessage, TrialValue
from ovoo_edge.status_words import Language

__all__ = ["trial_document", "trial_lines"]


def trial_document(results: Sequence[TrialMessage], language: Language) -> list[dict[str, Any]]:
    """The results for `--json`; hints come as code, facts and sentence."""
    words = _words(language)
    document = []
    for result in results:
        row = dataclasses.asdict(result)
        row["unmapped"] = [{"path": path, "value": value} for path, value in result.unmapped]
        row["hints"] = [
            {"code": hint.code, **hint.facts, "sentence": words["hints"][hint.code].format(**hint.facts)}
            for hint in result.hints
        ]
        document.append(row)
    return document


def trial_lines(results: Sequence[TrialMessage], language: Language) -> list[str]:
    """What each message gives, then one line of totals; lines that ask for action start with `!`."""
    words = _words(language)
    lines = [line for result in results for line in _message(result, words)]
    refused = sum(bool(result.error) for result in results)
    values = sum(len(result.values) for result in results)
    total = words["total"].format(messages=len(results), values=values, refused=refused)
    return [*lines, ("! " if refused or not results else "") + total]


def _message(result: TrialMessage, words: Mapping[str, Any]) -> Iterator[str]:
    yield words["message"].format(line=result.line, topic=result.topic)
    for value in result.values:
        yield "  " + _value(value, words)
    if result.error:
        place = words["position"].format(line=result.position[0], column=result.position[1]) if result.position else ""
        error = words["errors"].get(result.error, result.error)
        yield ("! " + words["refused"].format(error=error, found=result.found, position=place)).rstrip()
        if result.remedy:
            yield "    " + words["remedy"].format(remedy=words["remedies"].get(result.remedy, result.remedy))
    for hint in result.hints:
        yield "    " + words["remedy"].format(remedy=words["hints"][hint.code].format(**hint.facts))
    for path, example in result.unmapped:
        yield "  " + words["unmapped"].format(path=path, value=example)


def _value(value: TrialValue, words: Mapping[str, Any]) -> str:
    shown = value.text if value.value is None else f"{value.value!r}"
    notes = [words["bad"]] if value.quality == "bad" else []
    notes += [words["from_receive"]] if value.from_receive else []
    line: str = words["value"].format(
        address=value.address, value=words["nothing"] if shown is None else shown, time=value.time
    )
    return f"{line} ({', '.join(notes)})" if notes else line


def _words(language: Language) -> Mapping[str, Any]:
    text = resources.files("ovoo_edge").joinpath("locales", "mqtt_trial.json").read_text(encoding="utf-8")
    words: Mapping[str, Any] = json.loads(text)[language]
    return words
