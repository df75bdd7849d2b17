from __future__ import annotations

import pathlib
from collections.abc import Callable

import numpy as np
import pytest
from ovoo_contract.errors import PayloadError
from ovoo_simulator.datasets import detect_kind, read_dataset, slug
from ovoo_simulator.faults import read_time
from ovoo_simulator.times import MINUTE_NS, SECOND_NS

Finder = Callable[[str], pathlib.Path]


@pytest.mark.data
def test_skab_is_read_with_its_labels_apart(shared_data: Finder) -> None:
    path = shared_data("skab/valve1/0.csv")

    data = read_dataset(path)

    assert detect_kind(path) == "skab"
    assert len(data.names) == 8
    assert "volume_flow_raterms" in data.names
    assert set(data.labels) == {"anomaly", "changepoint"}
    assert data.time_ns[0] == read_time("2020-03-09T10:14:33+08:00")
    assert data.value[0, 0] == 0.0265878
    assert len(data) == len(path.read_text(encoding="utf-8").splitlines()) - 1


@pytest.mark.data
@pytest.mark.parametrize(("name", "rows"), [("d00.dat", 500), ("d05.dat", 480)])
def test_tep_has_52_columns_whichever_way_it_is_stored(shared_data: Finder, name: str, rows: int) -> None:
    path = shared_data(f"tep/{name}")

    data = read_dataset(path)

    assert data.value.shape == (52, rows)
    assert data.names[0] == "xmeas1"
    assert data.names[-1] == "xmv11"
    assert set(np.diff(data.time_ns).tolist()) == {3 * MINUTE_NS}
    text = path.read_text(encoding="utf-8").split()
    assert data.value[0, 0] == float(text[0])
    assert data.value[-1, -1] == float(text[-1])
    assert 3000 < data.value[1].mean() < 4200


@pytest.mark.data
def test_steel_energy_rises_through_midnight(shared_data: Finder) -> None:
    data = read_dataset(shared_data("steel-energy/Steel_industry_data.csv"))

    assert len(data) == 35_040
    assert set(np.diff(data.time_ns).tolist()) == {15 * MINUTE_NS}
    assert data.time_ns[-1] == read_time("2019-01-01T00:00:00+08:00")
    assert data.names[0] == "usage_kwh"
    assert data.units[:4] == ("kWh", "kvarh", "kvarh", "tCO2")
    assert data.value[0, :3].tolist() == [3.17, 4.0, 3.24]


def test_any_csv_with_a_time_column(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "\ufefftime,Power kW,state,Flow\n2026-01-01T00:00:00Z,1.5,on,3\n2026-01-01T00:00:01Z,,off,4\n", encoding="utf-8"
    )

    data = read_dataset(path)

    assert detect_kind(path) == "csv"
    assert data.names == ("power_kw", "flow")
    assert data.time_ns.tolist() == [1_767_225_600 * SECOND_NS, 1_767_225_601 * SECOND_NS]
    assert np.isnan(data.value[0, 1])


def test_numbers_in_the_time_column_are_seconds(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("t;a\n1.5;1\n2.5;2\n")

    assert read_dataset(path).time_ns.tolist() == [1_500_000_000, 2_500_000_000]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t,a\n", "holds no data"),
        ("t,a\n1,2\n2\n", "x.csv:3: wrong number of fields"),
        ("t,a\n1,2\n2,many\n", "x.csv:3: not a number"),
        ("t,a\n2,2\n1,3\n", "time does not rise"),
        ("t,a\nnoon,2\n", "x.csv:2: not a time"),
        ("t,a\n1,x\n", "no column holds numbers"),
    ],
    ids=["empty", "short-row", "text", "backwards", "time", "no-numbers"],
)
def test_broken_files_are_named_with_their_line(tmp_path: pathlib.Path, text: str, message: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)

    with pytest.raises(PayloadError, match=message):
        read_dataset(path)


def test_gbk_and_absent_files_are_named(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("时间,功率\n1,2\n".encode("gbk"))

    with pytest.raises(PayloadError, match="UTF-8"):
        read_dataset(path)
    with pytest.raises(PayloadError, match="absent"):
        read_dataset(tmp_path / "absent.csv")


def test_names_become_address_levels() -> None:
    assert slug("CO2(tCO2)") == "co2_tco2"
    assert slug("流量") == "signal"
    assert len(slug("x" * 200)) == 63
