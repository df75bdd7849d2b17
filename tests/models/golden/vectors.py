"""One file a model: a learned artifact, rows to score, and the scores, limits and states they must give."""

from __future__ import annotations

import json
import math
from array import array
from pathlib import Path
from typing import Any

from ovoo_models.estimator import Estimator, Scores
from ovoo_models.state import doubles_from_text, doubles_to_text

__all__ = ["differences", "path_of", "write"]

FOLDER = Path(__file__).parent
_FIELDS = ("score", "limit", "measure")


def path_of(name: str) -> Path:
    """The file of a model."""
    return FOLDER / f"{name}.json"


def write(name: str) -> None:
    """Learn, score and write; the rows hold a normal day, a fault, and whatever a stream may hold."""
    from ovoo_models.checks import odd_rows

    from tests.models.conftest import machine
    from tests.models.test_checks import example

    model = example(name)
    normal = machine(7000)
    model.learn_many(normal.values, normal.time_ns)
    artifact = FOLDER / f".{name}.artifact"
    model.save(artifact)
    text = artifact.read_text("utf-8")
    rows, odd = machine(160, seed=6, fault_from=100), odd_rows(4, 80)
    times = array("q", [*rows.time_ns, *(at + 10**15 for at in odd.time_ns)])
    values = rows.values + odd.values
    scores = Estimator.load(artifact).score_many(values, times)
    artifact.unlink()
    data = {"artifact": text, "time_ns": [str(at) for at in times], "values": doubles_to_text(values), **_texts(scores)}
    path_of(name).write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def differences(name: str) -> list[str]:
    """What this machine gives otherwise than the file says; empty when all bits are equal."""
    if not path_of(name).exists():
        return [f"{name}: no vectors, run python -m tests.models.golden"]
    data: dict[str, Any] = json.loads(path_of(name).read_text("utf-8"))
    artifact = FOLDER / f".{name}.check"
    artifact.write_text(data["artifact"], encoding="utf-8")
    try:
        model = Estimator.load(artifact)
        times = array("q", [int(at) for at in data["time_ns"]])
        scores = model.score_many(doubles_from_text(data["values"], name), times)
        model = Estimator.load(artifact)
        model.save(artifact)
        again = artifact.read_text("utf-8")
    finally:
        artifact.unlink()
    found = [f"{name}: {field} differs" for field, text in _texts(scores).items() if text != data[field]]
    # versions and time of writing are in the card; what the model is stands in the states
    if json.loads(again)["body"]["states"] != json.loads(data["artifact"])["body"]["states"]:
        found.append(f"{name}: the artifact written again differs")
    return found


def _texts(scores: Scores) -> dict[str, str]:
    columns = {field: getattr(scores, field) for field in _FIELDS}
    alike = {field: array("d", [math.nan if x != x else x for x in column]) for field, column in columns.items()}
    return {
        **{field: doubles_to_text(column) for field, column in alike.items()},
        "state": scores.state.tobytes().hex(),
    }
