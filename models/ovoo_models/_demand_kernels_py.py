"""Demand of a running window out of power samples, in plain Python: the digits of _demand_kernels.pyx.

State of a meter: `energy` (kW ns) and `known` (ns) of each slot of a ring; `values` = greatest mean of the month, power
held; `times` = newest sample, running slot, end of the month, start of the greatest window, full windows, first whole
slot of the month. -1 is never. `months` are the first instants of consecutive months around all times that are given.
"""

from __future__ import annotations

from array import array

__all__ = ["demand_ahead", "demand_rows", "demand_scores", "power_rows"]

NAN = float("nan")
NEVER = -1
UNKNOWN, NORMAL = 0, 3
AT, SLOT, MONTH_END, PEAK_AT, FULL, FIRST = range(6)


def power_rows(
    values: array[float], width: int, n: int, columns: array[int], d: int, factor: float, power: array[float]
) -> None:
    """The sum of `d` columns of every row times `factor`; NaN where one is missing."""
    for i in range(n):
        total = 0.0
        for j in range(d):
            total = total + values[i * width + columns[j]]
        power[i] = total * factor


def demand_rows(
    time_ns: array[int],
    power: array[float],
    n: int,
    months: array[int],
    step: int,
    slots: int,
    sliding: int,
    gap: int,
    target: float,
    energy: array[float],
    known: array[int],
    values: array[float],
    times: array[int],
    ahead: array[float],
) -> int:
    """Take samples in time order; how many were refused because they stand before the one before.

    `ahead` takes mean and shedding of the worst running window, two cells a row; NaN where the power is not known. It
    may be shorter than two cells: then nothing is projected.
    """
    refused = 0
    projecting = len(ahead) >= 2 * n and n > 0 and len(ahead) > 1
    window = step * slots
    for i in range(n):
        time, at = time_ns[i], times[AT]
        if at != NEVER and time < at:
            refused += 1
            if projecting:
                ahead[2 * i] = ahead[2 * i + 1] = NAN
            continue
        if at == NEVER:
            _open_month(time, months, step, slots, energy, known, values, times)
            times[SLOT] = time // step
            times[FIRST] = -(-time // step)
        else:
            _advance(at, time, months, step, slots, sliding, gap, window, energy, known, values, times)
        times[AT] = time
        values[1] = power[i] if power[i] - power[i] == 0.0 else NAN
        if projecting:
            mean, shed, _, _ = demand_ahead(step, slots, sliding, target, energy, known, values, times)
            ahead[2 * i], ahead[2 * i + 1] = mean, shed
    return refused


def demand_ahead(
    step: int,
    slots: int,
    sliding: int,
    target: float,
    energy: array[float],
    known: array[int],
    values: array[float],
    times: array[int],
) -> tuple[float, float, int, float]:
    """Mean, power to shed, end and known share so far of the worst running window if the power stays; NaN: unknown."""
    power, at, slot = values[1], times[AT], times[SLOT]
    if at == NEVER or power != power:
        return NAN, NAN, NEVER, NAN
    window = step * slots
    left_slots = slots - slot % slots
    low, high = (1, slots) if sliding else (left_slots, left_slots)
    worst, most, ends, share = NAN, NAN, NEVER, NAN
    for count in range(low, high + 1):
        total, measured = 0.0, 0
        for back in range(slots - count + 1):
            place = (slot - back) % slots
            total = total + energy[place]
            measured += known[place]
        end = (slot + count) * step
        left = end - at
        mean = (total + power * left) / window
        shed = (mean - target) * window / left
        if not shed > 0.0:
            shed = 0.0
        if ends == NEVER or shed > most or (shed == most and mean > worst):
            past = window - left
            worst, most, ends = mean, shed, end
            share = measured / past if past > 0 else 1.0
    return worst, most, ends, share


def demand_scores(
    gate: array[int],
    ahead: array[float],
    n: int,
    target: float,
    score: array[float],
    limits: array[float],
    measure: array[float],
    state: array[int],
) -> None:
    """Score = projected mean / target, limit 1, measure = power to shed; not scored where the gate or `ahead` says."""
    for i in range(n):
        limits[i] = 1.0
        score[i] = NAN
        measure[i] = NAN
        state[i] = gate[i]
        if gate[i] != NORMAL:
            continue
        mean = ahead[2 * i] / target
        if mean - mean == 0.0:
            score[i] = mean
            measure[i] = ahead[2 * i + 1]
        else:
            state[i] = UNKNOWN


def _open_month(
    time: int,
    months: array[int],
    step: int,
    slots: int,
    energy: array[float],
    known: array[int],
    values: array[float],
    times: array[int],
) -> None:
    place = 0
    while place + 2 < len(months) and months[place + 1] <= time:
        place += 1
    times[MONTH_END] = months[place + 1]
    times[PEAK_AT], times[FULL], times[FIRST] = NEVER, 0, months[place] // step
    values[0] = NAN
    for k in range(slots):
        energy[k], known[k] = 0.0, 0


def _advance(
    at: int,
    time: int,
    months: array[int],
    step: int,
    slots: int,
    sliding: int,
    gap: int,
    window: int,
    energy: array[float],
    known: array[int],
    values: array[float],
    times: array[int],
) -> None:
    """Credits the held power and closes the slots passed; after a long silence the ring is just emptied."""
    until = min(time, at + gap) if values[1] == values[1] else at
    slot = time // step
    while times[SLOT] < slot:
        end = (times[SLOT] + 1) * step
        if until <= end - step and not any(known):
            if slot * step >= times[MONTH_END]:
                _open_month(slot * step, months, step, slots, energy, known, values, times)
            times[SLOT] = slot
            break
        _credit(at, min(until, end), slots, energy, known, values, times)
        at = max(at, end)
        _close(end, months, step, slots, sliding, window, energy, known, values, times)
    _credit(max(at, slot * step), until, slots, energy, known, values, times)


def _credit(
    start: int,
    end: int,
    slots: int,
    energy: array[float],
    known: array[int],
    values: array[float],
    times: array[int],
) -> None:
    if end > start:
        place = times[SLOT] % slots
        energy[place] = energy[place] + values[1] * (end - start)
        known[place] += end - start


def _close(
    end: int,
    months: array[int],
    step: int,
    slots: int,
    sliding: int,
    window: int,
    energy: array[float],
    known: array[int],
    values: array[float],
    times: array[int],
) -> None:
    """Ends the running slot, and with it a window; begins the next slot."""
    times[SLOT] += 1
    slot = times[SLOT]
    if (sliding or slot % slots == 0) and slot - slots >= times[FIRST] and sum(known) == window:
        times[FULL] += 1
        total = 0.0
        for k in range(slots):
            total = total + energy[k]
        mean = total / window
        if not mean <= values[0]:
            values[0], times[PEAK_AT] = mean, end - window
    if end >= times[MONTH_END]:
        _open_month(end, months, step, slots, energy, known, values, times)
    place = slot % slots
    energy[place], known[place] = 0.0, 0
