"""The promises of a detector on blocks of frames."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable, Mapping, Sequence

from ovoo_contract.errors import ArtifactError, OvooError

from ovoo_models.base import IDLE, LOAD, NORMAL, OFF, SETTLING, UNKNOWN, Detector, FrameBlock, ScoreBlock

__all__ = ["CheckFailed", "check_detector"]

Make = Callable[[], Detector]
_UNSCORED = (UNKNOWN, OFF, SETTLING, IDLE, LOAD)


class CheckFailed(OvooError):
    """A detector breaks its contract; the message names the promise."""


def check_detector(make: Make, normal: FrameBlock, odd: FrameBlock) -> None:
    """Run all checks; CheckFailed names the first promise that is broken.

    make: a fresh, unfitted detector at each call. normal: rows to learn from, enough to become ready. odd: rows to
    score, with whatever a stream may hold: NaN, gaps in time, constants, huge values.
    """
    fitted = make()
    _fresh_is_honest(make(), odd)
    fitted.learn_many(normal)
    _require(fitted.ready, "ready after enough normal rows", fitted)
    learned = dict(fitted.state())
    _scores_are_honest(_clone(make, learned), odd)
    _cuts_do_not_matter(lambda: _clone(make, learned), odd)
    _state_survives_json(make, _clone(make, learned), odd)
    _inputs_stay(_clone(make, learned), odd)
    _foreign_state_is_refused(make)
    _explains(_clone(make, learned), odd)


def _require(holds: bool, promise: str, offender: object) -> None:
    if not holds:
        raise CheckFailed(promise, offender=type(offender).__name__)


def _clone(make: Make, state: Mapping[str, str]) -> Detector:
    detector = make()
    detector.load(state)
    return detector


def _run(detector: Detector, rows: FrameBlock, cuts: Sequence[int]) -> tuple[bytes, bytes]:
    out = ScoreBlock()
    scores, states = array("d"), array("B")
    for start, stop in zip((0, *cuts), (*cuts, len(rows)), strict=True):
        block = rows.rows(start, stop)
        detector.score_many(block, out)
        scores.extend(out.score[: len(block)])
        states.extend(out.state[: len(block)])
    return _bits(scores), states.tobytes()


def _bits(values: array[float]) -> bytes:
    """The bytes, with every NaN alike."""
    return array("d", [math.nan if x != x else x for x in values]).tobytes()


def _fresh_is_honest(detector: Detector, rows: FrameBlock) -> None:
    if detector.ready:
        return
    out = ScoreBlock()
    detector.score_many(rows, out)
    quiet = all(math.isnan(out.score[i]) and out.state[i] in _UNSCORED for i in range(len(rows)))
    _require(quiet, "a detector that is not ready gives no scores, never zero", detector)


def _scores_are_honest(detector: Detector, rows: FrameBlock) -> None:
    out = ScoreBlock()
    detector.score_many(rows, out)
    for i in range(len(rows)):
        scored = out.state[i] == NORMAL
        _require(
            scored or out.state[i] in _UNSCORED,
            "detectors say unscored states or normal only",
            detector,
        )
        _require(scored != math.isnan(out.score[i]), "a row has a score exactly where it was scored", detector)


def _cuts_do_not_matter(clone: Make, rows: FrameBlock) -> None:
    whole = _run(clone(), rows, [])
    for step in (1, 7, 64):
        cut = _run(clone(), rows, list(range(step, len(rows), step)))
        _require(cut == whole, f"blocks of {step} give the same bits as one block", clone())


def _state_survives_json(make: Make, detector: Detector, rows: FrameBlock) -> None:
    half = len(rows) // 2
    out = ScoreBlock()
    detector.score_many(rows.rows(0, half), out)
    state = json.loads(json.dumps(dict(detector.state()), allow_nan=False))
    again = _clone(make, state)
    rest = rows.rows(half, len(rows))
    _require(_run(again, rest, []) == _run(detector, rest, []), "state continues bit for bit", detector)


def _inputs_stay(detector: Detector, rows: FrameBlock) -> None:
    before = rows.time_ns.tobytes(), rows.values.tobytes()
    detector.score_many(rows, ScoreBlock())
    _require(before == (rows.time_ns.tobytes(), rows.values.tobytes()), "scoring leaves its input alone", detector)


def _foreign_state_is_refused(make: Make) -> None:
    detector = make()
    kept = dict(detector.state())
    for wrong in ({}, {**kept, "foreign": "d:"}, dict.fromkeys(kept, "d:!")):
        try:
            detector.load(wrong)
        except ArtifactError:
            continue
        _require(False, "state that does not fit is an ArtifactError", detector)
    _require(dict(detector.state()) == kept, "a refused state changes nothing", detector)


def _explains(detector: Detector, rows: FrameBlock) -> None:
    out = ScoreBlock()
    detector.score_many(rows, out)
    for i in range(len(rows)):
        if out.state[i] == NORMAL:
            shares = detector.explain(rows, out, i)
            legal = all(0 < each.share <= 1 + 1e-9 and each.column in detector.place.inputs for each in shares)
            _require(legal and math.fsum(each.share for each in shares) <= 1 + 1e-9, "shares sum to 1", detector)
