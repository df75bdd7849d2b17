"""A meter's export with known truth, as such files come: fifteen months of a small works, and seven traps in it."""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

__all__ = ["Example", "write_example"]

_START: Final = datetime(2025, 1, 1)
_MEASURE: Final = datetime(2026, 1, 1)
_END: Final = datetime(2026, 4, 1)
_QUARTER: Final = timedelta(minutes=15)
_HEADER: Final = "数据时间,用电量(kWh),产量(t),室外温度(℃)"


@dataclass(frozen=True, slots=True)
class Example:
    """What was written: the files, the saving that is in them (kWh), and the traps as problem codes."""

    export: Path
    truth: Path
    saving_kwh: float
    traps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    start: datetime
    kwh: float
    tonnes: float
    degrees: float
    saved_kwh: float


def write_example(folder: Path, seed: int = 1) -> Example:
    """Writes `meter.csv` (GBK, times at the end of the interval) and `truth.json` into the folder.

    The works uses 48 kW always, 62 kWh a tonne, and 3.5 kW for each degree above 16 in cooling. On 2026-01-01 a
    measure takes 9 kW of the base load and 6 % of the specific use. Equal seeds give equal files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = _rows(random.Random(seed))  # noqa: S311 - noise of a simulation
    saved = math.fsum(row.saved_kwh for row in rows)
    lines, traps = _with_traps(rows)
    export, truth = folder / "meter.csv", folder / "truth.json"
    export.write_bytes(("\r\n".join(["某厂 10kV 进线 用电明细,,,", _HEADER, *lines]) + "\r\n").encode("gb18030"))
    known = {
        "baseline": [_START.date().isoformat(), _MEASURE.date().isoformat()],
        "reporting": [_MEASURE.date().isoformat(), _END.date().isoformat()],
        "saving_kwh": round(saved, 1),
        "traps": list(traps),
        "seed": seed,
    }
    truth.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return Example(export, truth, saved, traps)


def _rows(rng: random.Random) -> list[_Row]:
    rows: list[_Row] = []
    at, weather, tonnes_a_day = _START, 0.0, 0.0
    while at < _END:
        if (at.hour, at.minute) == (0, 0):
            weather = 0.7 * weather + rng.gauss(0.0, 2.2)
            tonnes_a_day = 0.0 if at.weekday() == 6 else max(0.0, rng.gauss(30.0, 6.0)) * (0.6 if at.month == 2 else 1)
        day = at.timetuple().tm_yday
        degrees = 10.5 - 15.0 * math.cos(2 * math.pi * (day - 20) / 365.25) + weather
        degrees += 4.0 * math.cos(2 * math.pi * (at.hour + at.minute / 60 - 15) / 24)
        tonnes = tonnes_a_day / 64 * max(0.0, 1 + rng.gauss(0.0, 0.12)) if 6 <= at.hour < 22 else 0.0
        rows.append(_row(at, tonnes, degrees, rng.gauss(0.0, 0.9)))
        at += _QUARTER
    return rows


def _row(at: datetime, tonnes: float, degrees: float, noise: float) -> _Row:
    plain = 48.0 / 4 + 62.0 * tonnes + 3.5 * max(0.0, degrees - 16.0) / 4 + noise
    saved = 9.0 / 4 + 0.06 * 62.0 * tonnes if at >= _MEASURE else 0.0
    return _Row(at, max(plain - saved, 0.5), tonnes, degrees, saved)


def _with_traps(rows: list[_Row]) -> tuple[list[str], tuple[str, ...]]:
    """Lines of the file; 00:00 carries the date of the day that ends."""

    def index(*moment: int) -> int:
        return int((datetime(*moment) - _START) / _QUARTER)  # type: ignore[arg-type]

    kwh = [round(row.kwh, 2) for row in rows]
    for place in range(index(2025, 3, 11, 6), index(2025, 3, 11, 20)):
        kwh[place] = kwh[index(2025, 3, 11, 6)]  # the logger hangs
    kwh[index(2025, 9, 17, 10, 30)] = 99999.99
    for place in range(index(2025, 11, 4), index(2025, 11, 6)):
        kwh[place] = round(kwh[place] * 1000, 2)  # two days in Wh
    for place in range(index(2026, 2, 12, 8), index(2026, 2, 12, 9)):
        kwh[place] = -kwh[place]
    lines = [_line(row, each) for row, each in zip(rows, kwh, strict=True)]
    repeated = lines[index(2025, 5, 20, 14) : index(2025, 5, 20, 15)]
    gone = range(index(2025, 7, 14), index(2025, 7, 22))
    made: list[str] = []
    for place, line in enumerate(lines):
        if place == index(2025, 5, 20, 15):
            made.extend(repeated)
        if place not in gone:
            made.append(line)
    traps = (
        "midnight.previous_date", "frozen", "outlier", "unit.slip", "negative.flow", "duplicate.identical", "gap.weeks"
    )  # fmt: skip
    return made, traps


def _line(row: _Row, kwh: float) -> str:
    end = row.start + _QUARTER
    day = row.start if (end.hour, end.minute) == (0, 0) else end
    return f"{day:%Y/%m/%d} {end:%H:%M},{kwh:.2f},{row.tonnes:.3f},{row.degrees:.1f}"
