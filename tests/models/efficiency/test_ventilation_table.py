"""A mine's table of airways: names and units of the columns, faults by row, fans in words, and the assessment."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_models.efficiency.ventilation import (
    FanCurve,
    FixedFlow,
    FixedPressure,
    advise,
    assess,
    mine_table,
    read_mine_table,
    solve,
)
from ovoo_models.efficiency.ventilation.drive_text import drive_of

from tests.models.conftest import need_data
from tests.models.efficiency.networks import mine

ZH = """编号,巷道名称,始节点,末节点,风阻(kg/m7),调节风阻(kg/m7),需风量(m3/min),地面,风机,效率(%),备注
1,副井,A,1,0.012,,,始,,,
2,一采面,1,2,0.62,1.8,1200,,,,工作面
3,二采面,1,2,0.95,,1500,,,,
4,风硐,2,B,0.054,,,末,特性 40:3200 80:2900 120:2000 150:900,68,
"""
EN = """id,airway,from,to,resistance (N·s²/m⁸),adjust,least (m3/s),surface,fan,efficiency
1,副井,A,1,0.012,,,from,,
2,一采面,1,2,0.62,1.8,20,,,
3,二采面,1,2,0.95,,25,,,
4,风硐,2,B,0.054,,,to,points 40:3200 80:2900 120:2000 150:900,0.68
"""


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        mine_table(text)
    return [str(each) for each in caught.value.errors]


def test_chinese_and_english_tables_are_one_network() -> None:
    zh, en = mine_table(ZH), mine_table(EN)

    assert zh.network == en.network
    assert zh.network.surface == ("A", "B")
    assert [each.least_m3_s for each in zh.network.airways] == [0.0, 20.0, 25.0, 0.0]
    assert zh.network.fans[0].efficiency == 0.68
    assert zh.titles["2"] == "一采面"
    assert zh.unused == ("备注",)
    assert not zh.openings_taken


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_every_usual_encoding_reads_alike(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(ZH.encode(encoding))

    assert read_mine_table(path).network == mine_table(ZH).network


def test_semicolons_and_tabs_read_alike() -> None:
    for sign in (";", "\t"):
        assert mine_table(ZH.replace(",", sign)).network == mine_table(ZH).network


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("2,一采面,1,2,0.62", "2,一采面,1,2,o.62", "line 3 风阻(kg/m7): not a number (got 'o.62'"),
        ("2,一采面,1,2,0.62", "2,一采面,1,2,-0.62", "line 3 2: resistance cannot be"),
        ("2,一采面,1,2,0.62", "2,一采面,1,,0.62", "line 3 末节点: a cell is empty"),
        ("2,一采面,1,2,0.62", "2,一采面,1,2,", "line 3 风阻(kg/m7): a cell is empty"),
        ("3,二采面", "2,二采面", "line 4 编号: an airway is given twice (line 3)"),
        (",,1500,,,,", ",,1500", "line 4: a row has another number of cells"),
        (",末,特性", ",下,特性", "line 5 地面: no end of an airway"),
        ("特性 40:3200", "特性 90:3200", "line 5 风机: flows of a curve rise"),
        ("特性 40:3200", "转速 40:3200", "line 5 风机: no fan is written so"),
        (",68,", ",168,", "line 5 4: efficiency cannot be"),
        ("风阻(kg/m7),调", "风阻(千缪),调", "风阻(千缪): a column has another unit"),
        ("末节点,", "去处,", "to: a column is missing"),
        ("备注", "最小风量", "least: two columns say the same"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_column(old: str, new: str, told: str) -> None:
    assert old in ZH

    found = faults(ZH.replace(old, new))

    assert len(found) == 1
    assert found[0].startswith(told)


def test_all_faults_are_told_at_once() -> None:
    found = faults(ZH.replace("0.012", "x").replace("1800", "").replace("0.95", "y").replace(",末,", ",?,"))

    assert [each.partition(":")[0] for each in found] == ["line 2 风阻(kg/m7)", "line 4 风阻(kg/m7)", "line 5 地面"]


def test_what_has_no_fan_and_no_natural_pressure_is_refused() -> None:
    assert "nothing moves the air" in faults("name,from,to,r\na,1,2,0.1\n")[0]
    still = mine_table("name,from,to,r,natural\na,1,2,0.1,40\n")
    assert solve(still.network).flow_m3_s["a"] == pytest.approx(math.sqrt(40 / 0.1), abs=1e-4)


def test_without_a_named_surface_dead_ends_are_open_and_that_is_told() -> None:
    table = mine_table("name,from,to,r\na,s,1,0.1\nb,1,2,0.1\n", {"2": "pressure 100"})

    assert table.openings_taken
    assert table.network.surface == ("s", "surface")
    assert solve(table.network).flow_m3_s["b"] == pytest.approx(math.sqrt(100 / 0.2), abs=1e-3)


def test_a_fan_or_least_air_that_has_no_place_is_refused() -> None:
    with pytest.raises(ConfigErrors, match=r"no such junction.*nowhere"):
        mine_table(ZH, {"nowhere": "flow 10"})
    with pytest.raises(ConfigErrors, match="no such airway"):
        mine_table(ZH, least_m3_s={"9": 10.0})


@pytest.mark.parametrize(("folder", "power"), [("A_hongshagang_1", 262.58), ("B_hongshagang_difficult", 437.56)])
def test_the_published_form_reads_as_it_stands(folder: str, power: float) -> None:
    data = need_data(f"mine-ventilation/{folder}")
    known = mine(data)

    found = assess(read_mine_table(data / "topology.csv", {known.exhaust: f"flow {known.total_m3_s!r}"}))

    assert found.solution.friction_kw == pytest.approx(power, abs=0.005)
    assert max(abs(found.solution.flow_m3_s[name] - flow) for name, flow in known.flow_m3_s.items()) < 1e-4
    assert found.silence == "no_least_air"
    assert found.moves == ()


def test_a_published_curve_needs_its_range() -> None:
    rows = "edge_id,from,to,r_N_s2_m8,adjust_r,is_fan,a0_Pa,a1_Pa_s_m3,a2_Pa_s2_m6{}\n1,a,b,0.1,0,1,2000,-1,-0.1{}\n"

    assert "range of flows" in faults(rows.format("", ""))[0]
    table = mine_table(rows.format(",q_low(m3/s),q_high(m3/s)", ",0,120"))
    drive = table.network.fans[0].drive
    assert isinstance(drive, FanCurve)
    assert drive.at(50.0)[0] == pytest.approx(2000 - 50 - 250)


def test_fans_in_words() -> None:
    assert drive_of("flow 150", "f") == drive_of("风量 150", "f") == FixedFlow(150.0)
    assert drive_of("风压 2000", "f") == FixedPressure(2000.0)
    curve = FanCurve.from_points([(0.0, 2600.0), (60.0, 2200.0)])
    assert drive_of("points 0:2600; 60:2200", "f") == drive_of("特性 0：2600 60：2200", "f") == curve
    assert drive_of("多项式 2600 -3 范围 0 160", "f") == FanCurve.from_polynomial([2600, -3], 0, 160)
    for words in (
        "",
        "flow",
        "flow x",
        "points 60",
        "points 1:2",
        "polynomial 1 2",
        "polynomial range 0 1",
        "flow inf",
    ):
        with pytest.raises(ConfigError):
            drive_of(words, "f")


@given(st.text(max_size=300))
def test_any_text_is_a_network_or_is_refused_in_words(text: str) -> None:
    with contextlib.suppress(ConfigError):  # any other error fails the test
        assert mine_table(text).network.airways


def test_a_regulator_is_offered_only_for_what_it_saves_beyond_the_fans() -> None:
    found = assess(mine_table(ZH))

    assert found.silence == ""
    assert found.fans_alone_kw > 0
    for move in found.moves:
        assert not move.solution.shortages()
        assert found.beyond_kw(move) > 1e-3 * found.solution.fan_kw
        again = assess(replace(found.table, network=move.solution.network))
        assert found.solution.fan_kw - again.solution.fan_kw == pytest.approx(move.saved_fan_kw, abs=1e-3)
    assert len({move.airway for move in found.moves}) == len(found.moves)
    assert [m.saved_fan_kw for m in found.moves] == sorted((m.saved_fan_kw for m in found.moves), reverse=True)


def test_a_face_short_of_air_silences_the_advice() -> None:
    found = assess(mine_table(ZH.replace("1500", "9000")))

    assert (found.silence, found.moves) == ("short_of_air", ())
    assert [each.code for each in found.solution.notices] == ["too_little_air"]


def test_friction_adds_up_and_unknown_efficiency_is_no_figure() -> None:
    found = assess(mine_table(ZH.replace(",68,", ",,")))
    told = found.to_dict()

    assert told["fan_kw_is"] == "air"
    assert told["fans"][0]["drawn_kw"] is None
    assert sum(each["friction_kw"] for each in told["airways"]) == pytest.approx(told["friction_kw"])
    assert told["friction_kw"] == pytest.approx(told["fan_kw"], rel=1e-6)
    assert told["regulator_kw"] == pytest.approx(1.8 * told["airways"][1]["flow_m3_s"] ** 3 / 1000)


def test_several_fans_are_slowed_together_as_a_move_of_their_own() -> None:
    rows = ZH.replace("1,副井,A,1,0.012,,,始,,,", "1,副井,A,1,0.012,,,始,风压 200,70,")

    kinds = {move.kind for move in assess(mine_table(rows)).moves}

    assert "fans" in kinds


def test_no_move_that_brings_a_fan_off_its_curve_is_offered() -> None:
    curve = "40:3200 80:2900 120:2000 150:900"
    flow = assess(mine_table(ZH)).solution.flow_m3_s["4"]
    head = FanCurve.from_points([(40.0, 3200.0), (80.0, 2900.0), (120.0, 2000.0), (150.0, 900.0)]).at(flow)[0]
    narrow = mine_table(ZH.replace(curve, f"{flow - 0.1:.4f}:{head + 3:.3f} {flow + 30:.3f}:{head - 900:.3f}"))

    found = assess(narrow)

    off = [
        move
        for move in advise(narrow.network)
        if move.allowed and any(each.code == "out_of_curve" for each in move.solution.notices)
    ]
    assert off
    assert found.solution.notices == ()
    assert found.refused >= len(off)
    assert not {(m.kind, m.airway, m.setting) for m in off} & {(m.kind, m.airway, m.setting) for m in found.moves}


def test_a_search_longer_than_allowed_is_left_out_and_that_is_told() -> None:
    table = mine_table(ZH)  # 4 airways x (1 regulator + 1 fan)

    assert assess(table, 8).silence == ""
    found = assess(table, 7)
    assert (found.silence, found.moves) == ("too_large", ())
    assert found.solution.converged
