"""The promises of an estimator, bad input and artifacts included, each a check of its own."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ovoo_contract.errors import OvooError

from ovoo_models.base import NORMAL, FrameBlock
from ovoo_models.checks.artifacts import damaged, newer, reload
from ovoo_models.checks.detector import CheckFailed, check_detector
from ovoo_models.checks.rows import odd_rows
from ovoo_models.checks.subject import SECOND, UNSCORED, Make, Subject, bits, honest, require, spread
from ovoo_models.estimator import Factory, InputError, Scores

__all__ = ["PROMISES", "Make", "Outcome", "check_estimator", "report"]

_WILD: Final = (math.inf, -math.inf, 1e308, -1e308, 1e31)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A promise and why it does not hold; an empty `failure` means that it holds."""

    promise: str
    failure: str


def check_estimator(make: Make, normal: FrameBlock | None = None, factory: Factory | None = None) -> None:
    """Run all checks; CheckFailed names the first promise that does not hold. Arguments as for `report`."""
    for each in report(make, normal, factory):
        if each.failure:
            raise CheckFailed(each.promise, offender=make().model, value=each.failure, remedy="see docs: checks")


def report(make: Make, normal: FrameBlock | None = None, factory: Factory | None = None) -> tuple[Outcome, ...]:
    """Every promise with its outcome.

    make: a fresh, unfitted estimator at each call. normal: rows from which it becomes ready; `normal_rows` unless
    given. factory: what makes its detector, where that is not in the registry.
    """
    subject = Subject(make, normal, factory)
    try:
        return tuple(Outcome(promise, _failure(check, subject)) for promise, check in PROMISES.items())
    finally:
        subject.close()


def _failure(check: Callable[[Subject], None], subject: Subject) -> str:
    try:
        check(subject)
    except OvooError as error:
        return str(error)
    except Exception as error:  # a plug-in may raise anything: that is the finding
        return f"{type(error).__name__}: {error}"
    return ""


def _contract(subject: Subject) -> None:
    check_detector(lambda: subject.make().detector, subject.normal, odd_rows(len(subject.columns)))


def _fresh(subject: Subject) -> None:
    fresh = subject.make()
    scores = fresh.score_many(subject.day.values, subject.day.time_ns)
    honest(scores)
    require(fresh.ready or not any(code == NORMAL for code in scores.state), "scores before it is ready")


def _ready(subject: Subject) -> None:
    require(subject.learned().ready, "not ready after the normal rows; give more of them")
    scores = subject.learned().score_many(subject.day.values, subject.day.time_ns)
    honest(scores)
    require(any(code == NORMAL for code in scores.state), "no normal row is scored")


def _no_rows(subject: Subject) -> None:
    model = subject.learned()
    before = dict(model.detector.state())
    require(len(model.score_many(array("d"))) == 0, "scores without rows")
    model.learn_many(array("d"))
    require(dict(model.detector.state()) == before, "zero rows change the model")


def _one_row(subject: Subject) -> None:
    one = subject.normal.rows(0, 1)
    for model in (subject.make(), subject.learned()):
        honest(model.score_many(one.values, one.time_ns))
    subject.make().learn_many(one.values, one.time_ns)


def _nan_runs(subject: Subject) -> None:
    model = subject.learned()
    n, width = len(subject.day), len(subject.columns)
    values = subject.day.values[:]
    start, stop = n // 3, n // 2
    values[start * width : stop * width] = array("d", [math.nan]) * ((stop - start) * width)
    scores = model.score_many(values, subject.day.time_ns)
    honest(scores)
    require(all(code in UNSCORED for code in scores.state[start:stop]), "a row of nothing but NaN is scored")


def _constants(subject: Subject) -> None:
    first = subject.day.values[: len(subject.columns)]
    for value in (first, array("d", [0.0] * len(first)), array("d", [50.0] * len(first))):
        rows = value * len(subject.day)
        honest(subject.learned().score_many(rows, subject.day.time_ns))
        honest(subject.make().learn_many(rows, subject.day.time_ns).score_many(rows))


def _duplicates(subject: Subject) -> None:
    doubled = FrameBlock.empty(len(subject.columns))
    for i in range(len(subject.day)):
        for _ in range(2):
            doubled.time_ns.append(subject.day.time_ns[i])
            doubled.values.extend(subject.day.rows(i, i + 1).values)
    honest(subject.learned().score_many(doubled.values, doubled.time_ns))
    honest(subject.make().learn_many(doubled.values, doubled.time_ns).score_many(doubled.values))


def _back_in_time(subject: Subject) -> None:
    model = subject.learned()
    times = subject.day.time_ns
    model.score_many(subject.day.values, times)
    back = array("q", [at - 7200 * SECOND for at in times])
    scores = model.score_many(subject.day.values, back)
    honest(scores)
    require(any(code == NORMAL for code in scores.state), "nothing is scored after the clock went back two hours")
    turned = array("q", reversed(times))
    honest(subject.learned().score_many(subject.day.values, turned))


def _infinite(subject: Subject) -> None:
    missing = bits(subject.learned().score_many(spread(subject.day, math.nan), subject.day.time_ns))
    for value in _WILD:
        scores = subject.learned().score_many(spread(subject.day, value), subject.day.time_ns)
        require(bits(scores) == missing, f"{value:g} is not taken as missing")
        require(scores.missing > 0, f"{value:g} is not counted as missing")


def _huge(subject: Subject) -> None:
    model = subject.learned()
    at, later = subject.day.time_ns, subject.normal.time_ns
    for value in (1e30, -1e30):
        honest(model.score_many(spread(subject.day, value), at))
    shift = at[-1] - later[0] + 60 * SECOND
    after = model.score_many(subject.normal.values, array("q", [each + shift for each in later]))
    honest(after)
    require(any(code == NORMAL for code in after.state[-len(subject.day) :]), "nothing is scored after huge values")


def _columns(subject: Subject) -> None:
    names, width = subject.columns, len(subject.columns)
    one = array("d", [1.0])
    wrong: list[object] = [
        dict.fromkeys(names[1:], one),
        {**dict.fromkeys(names, one), "not_a_column": one},
        memoryview(array("d", bytes(8 * 2 * (width + 1)))).cast("B").cast("d", (2, width + 1)),
        array("f", [1.0] * width),
        [1.0] * width,
        "text",
    ]
    for values in wrong:
        try:
            subject.learned().score_many(values)
        except InputError:
            continue
        require(False, f"{type(values).__name__} that does not fit is not refused with an InputError")
    held = {name: subject.day.values[place::width] for place, name in enumerate(names)}
    turned = dict(reversed(held.items()))
    plain = subject.learned().score_many(subject.day.values, subject.day.time_ns)
    by_name = subject.learned().score_many(turned, subject.day.time_ns)
    require(bits(by_name) == bits(plain), "columns by name give other scores than rows")


def _buffers(subject: Subject) -> None:
    plain = bits(subject.learned().score_many(subject.day.values, subject.day.time_ns))
    sealed = memoryview(subject.day.values.tobytes()).cast("d")
    times = memoryview(subject.day.time_ns.tobytes()).cast("q")
    require(bits(subject.learned().score_many(sealed, times)) == plain, "read-only buffers give other scores")
    wide = array("d", bytes(16 * len(subject.day.values)))
    wide[::2] = subject.day.values
    strided = memoryview(wide)[::2]
    found = subject.learned().score_many(strided, subject.day.time_ns)
    require(bits(found) == plain, "strided buffers give other scores")
    shaped = memoryview(subject.day.values).cast("B").cast("d", (len(subject.day), len(subject.columns)))
    found = subject.learned().score_many(shaped, subject.day.time_ns)
    require(bits(found) == plain, "rows x columns give other scores than flat rows")


def _inputs_stay(subject: Subject) -> None:
    values, times = spread(subject.day, math.inf), subject.day.time_ns[:]
    before = values.tobytes(), times.tobytes()
    subject.learned().learn_many(values, times).score_many(values, times)
    require(before == (values.tobytes(), times.tobytes()), "the caller's columns are changed")


def _cuts(subject: Subject) -> None:
    whole = subject.learned().score_many(subject.day.values)
    model, width = subject.learned(), len(subject.columns)
    parts: list[Scores] = []
    for start in range(0, len(subject.day), 7):
        parts.append(model.score_many(subject.day.values[start * width : (start + 7) * width]))
    joined = b"".join(bits(each)[0] for each in parts), b"".join(bits(each)[1] for each in parts)
    require(joined == bits(whole), "calls of 7 rows give other bits than one call")


def _explained(subject: Subject) -> None:
    model = subject.learned()
    odd = odd_rows(len(subject.columns))
    scores = model.score_many(odd.values, odd.time_ns)
    for row in range(len(scores)):
        if scores.state[row] != NORMAL:
            continue
        causes = model.explain(row)
        require(all(each.column in model.inputs and 0 < each.share <= 1 + 1e-9 for each in causes), "a wrong cause")
        require(math.fsum(each.share for each in causes) <= 1 + 1e-9, "shares are more than the whole")
        require(_falling([each.share for each in causes]), "causes are not in order of share")
    for row in (-1, len(scores)):
        try:
            model.explain(row)
        except InputError:
            continue
        require(False, "a row that was not in the last block is explained")


def _falling(shares: Sequence[float]) -> bool:
    return all(a >= b for a, b in pairwise(shares))


PROMISES: Final[dict[str, Callable[[Subject], None]]] = {
    "keeps the contract of detectors": _contract,
    "says that it is not ready, and then scores nothing": _fresh,
    "is ready after enough normal rows and scores them": _ready,
    "zero rows give zero scores and change nothing": _no_rows,
    "one row is enough to score and not to fail": _one_row,
    "runs of NaN are not scored": _nan_runs,
    "constant columns are scored or said to be unknown": _constants,
    "rows that repeat are scored or said to be unknown": _duplicates,
    "time that goes back is survived": _back_in_time,
    "infinities and values beyond 1e30 count as missing": _infinite,
    "values up to 1e30 do no lasting harm": _huge,
    "another column set is refused by name": _columns,
    "read-only, strided and shaped buffers give the same scores": _buffers,
    "the caller's columns stay as they are": _inputs_stay,
    "cutting rows into calls changes no bit": _cuts,
    "an artifact goes on bit for bit": reload,
    "a truncated or changed artifact is refused with a remedy": damaged,
    "a newer or foreign artifact is refused with a remedy": newer,
    "explanations name columns with shares in order": _explained,
}
"""Promise -> its check."""
