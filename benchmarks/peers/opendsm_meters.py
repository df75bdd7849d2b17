"""opendsm on sample meters: fits a year, predicts the next; answers JSON to `FREQ KIND BASELINE.csv REPORTING.csv`.

The files hold time (ISO with offset), energy and temperature (deg F); the answer holds seconds of the fit and the
predictions by time.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

warnings.filterwarnings("ignore")


def frame_of(path: str) -> Any:
    """The columns of one file over its times."""
    import pandas as pd

    table = pd.read_csv(path)
    table.index = pd.to_datetime(table.pop("time"), utc=True).dt.tz_convert("Etc/GMT+6")
    return table


def daily(baseline: str, reporting: str, electric: bool) -> dict[str, Any]:
    """DailyModel with hourly temperatures, as its authors call it."""
    from opendsm.eemeter import (  # type: ignore[import-not-found]
        DailyBaselineData,
        DailyModel,
        DailyReportingData,
    )

    a, b = frame_of(baseline), frame_of(reporting)
    first = DailyBaselineData.from_series(a["observed"].dropna(), a["temperature"], is_electricity_data=electric)
    began = time.process_time()
    model = DailyModel().fit(first, ignore_disqualification=True)
    seconds = time.process_time() - began
    second = DailyReportingData.from_series(None, b["temperature"], is_electricity_data=electric)
    out = model.predict(second, ignore_disqualification=True)
    return {"seconds": seconds, "predicted": {str(at.date()): v for at, v in out["predicted"].items() if v == v}}


def hourly(baseline: str, reporting: str, electric: bool) -> dict[str, Any]:
    """HourlyModel without solar irradiance."""
    from opendsm.eemeter import HourlyBaselineData, HourlyModel, HourlyReportingData

    a, b = frame_of(baseline), frame_of(reporting)
    first = HourlyBaselineData(a, is_electricity_data=electric)
    began = time.process_time()
    model = HourlyModel().fit(first, ignore_disqualification=True)
    seconds = time.process_time() - began
    out = model.predict(HourlyReportingData(b, is_electricity_data=electric), ignore_disqualification=True)
    return {
        "seconds": seconds,
        "predicted": {at.strftime("%Y-%m-%dT%H"): v for at, v in out["predicted"].items() if v == v},
    }


def main() -> None:
    """Answers until the input ends."""
    for line in sys.stdin:
        kind, electric, baseline, reporting = line.split()
        answer = {"daily": daily, "hourly": hourly}[kind](baseline, reporting, electric == "electricity")
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
