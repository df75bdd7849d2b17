"""ovoo-models energy ventilation: from a table of airways to flows, power, and what could be saved."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ovoo_models.cli import main

from tests.models.efficiency.test_ventilation_table import ZH


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(ZH, encoding="gbk")
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> str:
    assert main(["energy", "ventilation", *map(str, words)]) == code
    printed = capsys.readouterr()
    return printed.err if code else printed.out


def test_words_say_what_json_holds(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, network, "--json"))
    zh, en = run(capsys, network), run(capsys, network, "--language", "en")

    assert f"耗电 {told['fan_kw']:.2f} kW" in zh
    assert f"the fans draw {told['fan_kw']:.2f} kW" in en
    assert "未采用的列：备注" in zh
    for each in told["airways"]:
        assert f"{each['airway']}\t{each['title']}\t{each['flow_m3_s']:.3f}\t{each['drop_pa']:.2f}\t" in zh
    assert [f"  {n}. " in en for n in range(1, len(told["moves"]) + 1)] == [True] * len(told["moves"])
    assert f"-{told['moves'][0]['saved_fan_kw']:.2f} kW" in en


def test_the_picture_names_the_greatest_airway(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, network, "--out", tmp_path / "a.svg", "--language", "en")

    words = "".join(ElementTree.fromstring((tmp_path / "a.svg").read_text("utf-8")).itertext())
    assert "Air power lost" in words
    assert "3 二采面" in words


def test_a_fan_and_least_air_can_be_given_beside_the_table(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = network.with_name("bare.csv")
    bare.write_text("name,from,to,r\na,1,2,0.3\nb,1,2,0.6\nc,2,3,0.1\n", encoding="utf-8")

    silent = run(capsys, bare, "--fan", "3", "flow 90", "--language", "en")
    advised = json.loads(run(capsys, bare, "--fan", "3", "flow 90", "--least", "b", "30", "--json"))

    assert "nothing guards the faces" in silent
    assert "open to it: 1, surface" in silent
    (move,) = advised["moves"]
    assert move["airway"] == "fan 3"
    flow = next(each["flow_m3_s"] for each in advised["airways"] if each["airway"] == "b")
    assert move["setting"] == pytest.approx(90 * 30 / flow, rel=1e-3)  # flows keep their shares


def test_too_little_air_and_a_point_beyond_the_curve_are_told(
    network: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = run(capsys, network, "--least", "2", "99", "--language", "en")
    assert "2: lacks" in said
    assert "mend that first" in said

    network.write_text(ZH.replace("40:3200 80:2900", "100:2500"), encoding="utf-8")
    assert "beyond the curve given" in run(capsys, network, "--language", "en")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--fan", "9", "flow 1"], "no such junction"),
        (["--fan", "2", "blow 1"], "no fan is written so"),
        (["--least", "2", "much"], "not a flow"),
        (["--least", "77", "1"], "no such airway"),
        (["--out", "a.bmp"], "no such form"),
    ],
)
def test_wrong_options_end_with_one(
    network: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in run(capsys, network, *words, code=1)


def test_a_faulty_row_ends_with_one_and_its_line(network: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network.write_text(ZH.replace("0.95", "0,95"), encoding="utf-8")

    assert "line 4" in run(capsys, network, code=1)
