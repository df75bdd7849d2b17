"""Checks of one signal: range, flat line, rate of change."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_models._select import kernels
from ovoo_models.base import NORMAL, UNKNOWN, Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["Flatline", "RangeCheck", "RateCheck", "SensorCheck", "timed"]


class _Single:
    """What the three have in common: one input, one gate, a small array state."""

    trace_width = 0
    learned: tuple[str, ...] = ("fit",)
    _arrays: ArrayStore

    def __init__(self, name: str, params: Params, place: Place) -> None:
        if len(place.inputs) != 1:
            raise ConfigError("exactly one input is needed", offender=f"{name}.inputs", value=len(place.inputs))
        self.place = place
        self.gate = Gate(params, place)
        self._name = name
        self._column = place.inputs[0]

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Nothing to share out: there is one signal."""
        return ()

    def state(self) -> dict[str, str]:
        """What was learned and what runs."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)


class SensorCheck(_Single):
    """A check of the sensor itself: while it speaks, other models do without the signal."""

    def __init__(self, name: str, params: Params, place: Place) -> None:
        super().__init__(name, params, place)
        self._blame = array("i")

    def blamed(self, n: int) -> array[int]:
        """The input's column, at least n times."""
        if len(self._blame) < n:
            self._blame.extend(array("i", [self._column]) * (n - len(self._blame)))
        return self._blame

    def suspects(self, out: ScoreBlock, n: int) -> tuple[array[int], array[int]]:
        """For n rows just scored and latched: a state code and a column each; not to be used where it is ALARM."""
        return out.state, self.blamed(n)

    def say_nothing(self, n: int, out: ScoreBlock) -> None:
        """Mark n rows as not scored."""
        out.score[:n] = out.measure[:n] = array("d", [math.nan]) * n
        out.state[:n] = array("B", [UNKNOWN if code == NORMAL else code for code in out.state[:n]])


class RangeCheck(_Single):
    """Score >= 1 at or beyond `low` or `high`, below 0 once back inside by `hysteresis` (default 2 % of the limit).

    Limits not given are learned: the extremes seen, widened by a tenth of their distance.
    Other parameters: `delay_s` before it opens, `off_delay_s`, `merge_s`, `gate...`; `severity`, `advice` and `kind`
    are for the finding.
    """

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "range")
        super().__init__("range", known, place)
        self._learns = "low" not in params and "high" not in params
        low, high = known.number("low", -math.inf), known.number("high", math.inf)
        if low >= high:
            raise ConfigError("low must be under high", offender="range.low", value=low, remedy=f"high is {high:g}")
        self._hysteresis = known.number("hysteresis", 0.0, 0.0)
        self._fit = array("d", [math.nan, math.nan] if self._learns else [low, high])
        self._seen = array("d", [math.inf, -math.inf])
        self.watch = timed(known, "delay_s", 0.0, release=0.0)
        for name in ("severity", "advice", "kind"):
            known.text(name, "")
        known.finish()
        self._arrays = ArrayStore("range", fit=self._fit, seen=self._seen, running=self.gate.running)

    @property
    def ready(self) -> bool:
        """Whether there are limits."""
        return not math.isnan(self._fit[0])

    @property
    def bounds(self) -> dict[str, float]:
        """The limits there are, given or learned, by `low` and `high`."""
        return {name: x for name, x in zip(("low", "high"), self._fit, strict=True) if math.isfinite(x)}

    def learn_many(self, rows: FrameBlock) -> None:
        """Widen the extremes seen; limits that were given stay."""
        mask = self.gate.mask(rows)
        used = [rows.values[i * rows.width + self._column] for i in range(len(rows)) if mask[i] == NORMAL]
        used = [x for x in used if math.isfinite(x)]
        if not self._learns or not used:
            return
        self._seen[0], self._seen[1] = min(self._seen[0], *used), max(self._seen[1], *used)
        margin = 0.1 * (self._seen[1] - self._seen[0]) or max(abs(self._seen[1]) * 0.1, 1e-9)
        self._fit[:] = array("d", [self._seen[0] - margin, self._seen[1] + margin])

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the signal itself."""
        out.resize(len(rows), 0)
        low, high = self._fit
        finite = [abs(x) for x in (low, high) if math.isfinite(x)]
        band = self._hysteresis or 0.02 * max(finite, default=1.0) or 1e-9
        kernels.range_rows(
            rows.values, rows.width, len(rows), self.gate.mask(rows), self._column, low, high, 1.0 / band,
            out.score, out.limits, out.measure, out.state,
        )  # fmt: skip
        if not self.ready:
            out.score[: len(rows)] = array("d", [math.nan] * len(rows))
            out.state[: len(rows)] = array("B", [UNKNOWN] * len(rows))


class Flatline(SensorCheck):
    """Score 1 while the signal stays within +-`tolerance` of its last move; opens after `window_s` of that.

    Learning lengthens the window to three times the longest flat spell of normal work: coarse sensors stand still.
    """

    learned = ("window",)

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "flatline")
        super().__init__("flatline", known, place)
        self._tolerance = known.number("tolerance", 0.0, 0.0)
        window_s = known.number("window_s", 1800.0, 1.0)
        self._window = array("d", [window_s])
        self._anchor = array("d", [math.nan])
        self._spell = array("q", [-1])
        self._timing = timed(known, "on_delay_s", 0.0)
        known.finish()
        self._arrays = ArrayStore(
            "flatline", window=self._window, anchor=self._anchor, spell=self._spell, running=self.gate.running
        )

    @property
    def ready(self) -> bool:
        """Always."""
        return True

    @property
    def watch(self) -> Watch:
        """The window is the on-delay; it may have been learned."""
        return Watch(self._window[0], self._timing.off_delay_s, self._timing.merge_s, 1.0)

    def learn_many(self, rows: FrameBlock) -> None:
        """Lengthen the window where normal work stands still for longer than a third of it."""
        out = ScoreBlock()
        self.score_many(rows, out)
        for i in range(len(rows)):
            if out.state[i] == NORMAL and out.score[i] >= 1.0:
                if self._spell[0] < 0:
                    self._spell[0] = rows.time_ns[i]
                self._window[0] = max(self._window[0], 3e-9 * (rows.time_ns[i] - self._spell[0]))
            else:
                self._spell[0] = -1

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the signal itself."""
        out.resize(len(rows), 0)
        kernels.flatline_rows(
            rows.values, rows.width, len(rows), self.gate.mask(rows), self._column, self._tolerance, self._anchor,
            out.score, out.limits, out.measure, out.state,
        )  # fmt: skip


class RateCheck(SensorCheck):
    """Score = change per minute / `max_per_min`, over at least `over_s`; learns three times the fastest change seen."""

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "rate")
        super().__init__("rate", known, place)
        per_min = known.number("max_per_min", math.nan) if "max_per_min" in params else math.nan
        if not math.isnan(per_min) and not 0 < per_min < math.inf:
            raise ConfigError("a positive rate is needed", offender="rate.max_per_min", value=per_min)
        self._learns = math.isnan(per_min)
        self._fit = array("d", [per_min / 60.0])
        self._over_ns = round(known.number("over_s", 60.0, 1e-3) * 1e9)
        self._gap_ns = round(known.number("gap_s", 600.0, 1.0) * 1e9)
        self._anchor, self._anchor_ns = array("d", [math.nan, 0.0]), array("q", [-1])
        self.watch = timed(known, "on_delay_s", 0.0, release=0.8)
        known.finish()
        self._arrays = ArrayStore(
            "rate", fit=self._fit, anchor=self._anchor, anchor_ns=self._anchor_ns, running=self.gate.running
        )

    @property
    def ready(self) -> bool:
        """Whether there is a greatest rate."""
        return self._fit[0] > 0.0

    def learn_many(self, rows: FrameBlock) -> None:
        """Raise the limit to three times the fastest change; a limit that was given stays."""
        if not self._learns:
            return
        out = ScoreBlock()
        kept = self._fit[0]
        self._fit[0] = 1.0
        self.score_many(rows, out)
        seen = [out.score[i] for i in range(len(rows)) if out.state[i] == NORMAL]
        fastest = 3.0 * max(seen, default=0.0)
        self._fit[0] = max(fastest, 0.0 if math.isnan(kept) else kept) or math.nan

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the change per second."""
        out.resize(len(rows), 0)
        kernels.rate_rows(
            rows.time_ns, rows.values, rows.width, len(rows), self.gate.mask(rows), self._column,
            self._fit[0] if self.ready else math.inf, self._over_ns, self._gap_ns, self._anchor, self._anchor_ns,
            out.score, out.limits, out.measure, out.state,
        )  # fmt: skip
        if not self.ready:
            out.score[: len(rows)] = array("d", [math.nan] * len(rows))
            out.state[: len(rows)] = array("B", [UNKNOWN] * len(rows))


def timed(params: Params, delay: str, default_s: float, release: float = 1.0, off_s: float = 60.0) -> Watch:
    """The delays of a check of one signal, read from its parameters."""
    return Watch(
        on_delay_s=params.number(delay, default_s, 0.0),
        off_delay_s=params.number("off_delay_s", off_s, 0.0),
        merge_s=params.number("merge_s", 21_600.0, 0.0),
        release=release,
    )
