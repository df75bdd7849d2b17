"""The promises of an estimator's file: it goes on bit for bit, and damage is refused with a remedy."""

from __future__ import annotations

import json

from ovoo_contract.errors import ArtifactError

from ovoo_models.checks.subject import Subject, bits, require
from ovoo_models.estimator import Estimator

__all__ = ["damaged", "newer", "reload"]


def reload(subject: Subject) -> None:
    """Saved and loaded in the middle of a stream, it goes on with the same bits and writes the same bytes."""
    model = subject.learned()
    half = len(subject.day) // 2 * len(subject.columns)
    model.score_many(subject.day.values[:half])
    first, second = subject.folder / "first.json", subject.folder / "second.json"
    model.save(first)
    again = Estimator.load(first, subject.factory)
    again.save(second)
    require(first.read_bytes() == second.read_bytes(), "saving what was loaded gives other bytes")
    rest = subject.day.values[half:]
    require(bits(again.score_many(rest)) == bits(model.score_many(rest)), "a reloaded model goes on differently")


def _refused(subject: Subject, data: bytes, what: str) -> None:
    path = subject.folder / "damaged.json"
    path.write_bytes(data)
    try:
        Estimator.load(path, subject.factory)
    except ArtifactError as error:
        require(bool(error.remedy), f"an artifact that is {what} is refused without a remedy")
        return
    require(False, f"an artifact that is {what} is taken")


def damaged(subject: Subject) -> None:
    """A file that is cut or changed is refused."""
    data = subject.learned_file.read_bytes()
    step = max(len(data) // 97, 1)
    for size in {*range(0, len(data), step), *range(max(len(data) - 40, 0), len(data))}:
        _refused(subject, data[:size], f"cut after {size} bytes")
    for place in range(step // 2, len(data), step):
        flipped = bytes([data[place] ^ 1])
        _refused(subject, data[:place] + flipped + data[place + 1 :], f"changed at byte {place}")


def newer(subject: Subject) -> None:
    """A file of another version or format is refused."""
    head = json.loads(subject.learned_file.read_bytes())
    for more in ({"version": head["version"] + 1}, {"version": "1"}, {"format": "another"}, {"version": None}):
        _refused(subject, json.dumps({**head, **more}).encode(), f"of {more}")
