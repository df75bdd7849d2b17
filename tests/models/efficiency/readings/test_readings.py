"""Readings beyond single traps: the steel works, Parquet, days, decisions, and the example with its known traps."""

from __future__ import annotations

import csv
import json
import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.readings import ReadingOptions, inspect, read_export
from ovoo_models.efficiency.readings.example import write_example

from tests.models.conftest import need_data

HOUR = 3600


def write(path: Path, rows: list[tuple[object, object]], header: str = "时间,电量(kWh)") -> Path:
    path.write_text("\n".join([header, *(f"{time},{value}" for time, value in rows)]) + "\n", encoding="utf-8")
    return path


def hours(count: int, start: str = "2026-03-02") -> list[datetime]:
    first = datetime.fromisoformat(start)
    return [first + timedelta(hours=n) for n in range(count)]


@pytest.mark.data
def test_the_steel_works_keeps_its_year_and_its_midnights() -> None:
    path = need_data("steel-energy/Steel_industry_data.csv")

    readings = read_export(path, ReadingOptions(zone="Asia/Seoul"))

    with path.open(encoding="utf-8-sig", newline="") as stream:
        total = math.fsum(float(row["Usage_kWh"]) for row in csv.DictReader(stream))
    assert len(readings) == readings.good == 35_040
    assert readings.total_kwh == pytest.approx(total, rel=1e-12)
    assert (readings.local_s[0] % 86_400, readings.interval_s) == (0, 900)
    midnight = next(each for each in readings.problems if each.code == "midnight.previous_date")
    assert midnight.rows == 365
    assert len(readings.days().energy_kwh) == 365
    # hours of the file's own column NSM: seconds from midnight at the end of the interval
    assert readings.drivers["NSM"][0] == 900


def test_parquet_gives_what_csv_gives(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    text = write(tmp_path / "a.csv", [(time, 5 + n % 7) for n, time in enumerate(hours(72))])
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM read_csv('{text}')) TO '{tmp_path}/a.parquet' (FORMAT parquet)")

    one, two = (read_export(tmp_path / name) for name in ("a.csv", "a.parquet"))

    assert (one.start_ns, one.energy_kwh, one.interval_s) == (two.start_ns, two.energy_kwh, two.interval_s)


def test_the_example_holds_the_traps_it_names(tmp_path: Path) -> None:
    made = write_example(tmp_path / "a", seed=3)
    again = write_example(tmp_path / "b", seed=3)

    found = inspect(made.export)

    assert found.readings is not None
    assert set(made.traps) <= {each.code for each in found.problems}
    assert made.export.read_bytes() == again.export.read_bytes()
    assert json.loads(made.truth.read_text())["saving_kwh"] == pytest.approx(made.saving_kwh, abs=0.1)
    lost = sum(each.rows for each in found.problems if each.action == "missing")
    assert found.readings.good == len(found.readings) - lost


@given(
    st.lists(st.floats(0.01, 9.99).map(lambda x: round(x, 2)), min_size=48, max_size=120),
    st.sampled_from(["%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y年%m月%d日 %H:%M", "%d.%m.%Y %H:%M", "%Y%m%d%H%M"]),
    st.sampled_from([";", "\t", ","]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
)
@settings(max_examples=20, deadline=None)
def test_form_never_changes_the_energy(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], form: str, separator: str, encoding: str
) -> None:
    path = tmp_path_factory.mktemp("form") / "export.csv"
    times = [datetime(2026, 1, 20) + timedelta(hours=n) for n in range(len(values))]
    lines = [f"{time.strftime(form)}{separator}{value:.2f}" for time, value in zip(times, values, strict=True)]
    path.write_bytes("\n".join([f"时间{separator}电量(kWh)", *lines]).encode(encoding))

    found = inspect(
        path, ReadingOptions(outliers="keep", frozen="keep", kind="energy", date_order="dmy" if "." in form else "auto")
    )

    assert found.readings is not None
    assert list(found.readings.energy_kwh) == values


@given(st.permutations(range(60)))
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_never_changes_the_energy(tmp_path_factory: pytest.TempPathFactory, order: list[int]) -> None:
    path = tmp_path_factory.mktemp("order") / "export.csv"
    times = hours(60)
    rows: list[tuple[object, object]] = [(times[n], 4 + (n * 7) % 11) for n in order]

    readings = read_export(write(path, rows))

    assert list(readings.energy_kwh) == [4 + (n * 7) % 11 for n in range(60)]


@given(st.integers(3, 5), st.lists(st.integers(100, 900), min_size=40, max_size=90))
@settings(max_examples=20, deadline=None)
def test_a_register_that_starts_again_gives_the_same_energy(
    tmp_path_factory: pytest.TempPathFactory, digits: int, steps: list[int]
) -> None:
    full = 10**digits
    path = tmp_path_factory.mktemp("register") / "export.csv"
    small = [step * full // 20_000 + 1 for step in steps]
    readings_at = [full // 2]
    for step in small:
        readings_at.append((readings_at[-1] + step) % full)
    times = hours(len(readings_at))
    rows: list[tuple[object, object]] = list(zip(times, readings_at, strict=True))

    found = read_export(write(path, rows, "时间,表底(kWh)"), ReadingOptions(
        register_digits=digits, outliers="keep", frozen="keep"))  # fmt: skip

    assert list(found.energy_kwh) == small


def test_days_are_whole_or_missing(tmp_path: Path) -> None:
    rows: list[tuple[object, object]] = [(time, 2 + n % 5) for n, time in enumerate(hours(96))]
    del rows[30]

    days = read_export(write(tmp_path / "a.csv", rows)).days()

    assert [math.isnan(each) for each in days.energy_kwh] == [False, True, False, False]
    assert days.energy_kwh[0] == sum(2 + n % 5 for n in range(24))
    lenient = read_export(tmp_path / "a.csv").days(least=0.9)
    assert lenient.energy_kwh[1] == sum(2 + n % 5 for n in range(24, 48) if n != 30)


def test_a_day_of_25_hours_is_one_day(tmp_path: Path) -> None:
    first = datetime.fromisoformat("2026-10-24T22:00:00+00:00") - timedelta(days=1)
    rows: list[tuple[object, object]] = [((first + timedelta(hours=n)).isoformat(), 1 + n % 3) for n in range(73)]

    days = read_export(write(tmp_path / "a.csv", rows), ReadingOptions(zone="Europe/Berlin")).days()

    assert [round(b - a) // 3_600_000_000_000 for a, b in zip(days.start_ns, days.start_ns[1:], strict=False)] == [
        24,
        25,
    ]


def test_a_part_keeps_the_grid_and_an_empty_part_is_refused(tmp_path: Path) -> None:
    readings = read_export(write(tmp_path / "a.csv", [(time, 3 + n % 2) for n, time in enumerate(hours(48))]))

    part = readings.between(readings.start_ns[24], readings.start_ns[36])

    assert (len(part), part.start_ns[0]) == (12, readings.start_ns[24])
    with pytest.raises(ConfigError, match="no readings in this period"):
        readings.between(0, 10)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"negative": "perhaps"}, "no such choice"),
        ({"zone": "Mars/Olympus"}, "no such time zone"),
        ({"interval_s": -1}, "0 or more"),
        ({"column": "nothing"}, "no such column"),
        ({"unit": "apples"}, "no unit of energy or power"),
    ],
)
def test_a_wrong_decision_names_itself(options: dict[str, object], message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [(time, 1 + n % 3) for n, time in enumerate(hours(30))])

    with pytest.raises(ConfigError, match=message):
        read_export(path, ReadingOptions(**options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "empty"),
        (b"   \n \n", "empty"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\xff\xff\xff\x81\x20\xff", "neither UTF-8 nor GBK"),
        (b"\xff\xfe\x00\xd8\x00", "neither UTF-8 nor GBK"),
        (b'time,kWh\n"%b"\n' % (b"x" * 200_000), "line 2: not a table"),
    ],
)
def test_what_is_no_table_is_refused_with_a_remedy(raw: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(raw)

    with pytest.raises(ConfigError, match=message):
        inspect(path)


@given(st.binary(max_size=400))
@settings(max_examples=80, deadline=None)
def test_any_bytes_give_an_answer_or_a_named_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "export.csv"
    path.write_bytes(raw)
    try:
        found = inspect(path)
    except ConfigError:
        return
    assert found.readings is not None or found.problems[-1].action == "refused"


_CELLS = st.sampled_from(
    [
        "",
        "1",
        "-3",
        "1e5",
        "--",
        "2026-01-01",
        "2026/1/1 0:15",
        "45000.5",
        "时间",
        "电量(kWh)",
        "1,5",
        "元",
        "nan",
        "inf",
        "24:00",
    ]
)


@given(st.lists(st.lists(_CELLS, min_size=1, max_size=4), max_size=12))
@settings(max_examples=80, deadline=None)
def test_any_table_gives_an_answer_or_a_named_error(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("table") / "export.csv"
    path.write_text("\n".join(";".join(row) for row in [["时间", "电量(kWh)"], *table]), encoding="utf-8")
    try:
        found = inspect(path)
    except ConfigError:
        return
    assert found.readings is not None or found.problems[-1].action == "refused"
