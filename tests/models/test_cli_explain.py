"""ovoo-models explain: the findings of a history as a list, and one of them as sentence and picture."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from ovoo_models.cli import main

from tests.models.test_cli import write


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A model and a day on which the bearing runs hot for five hours."""
    folder = tmp_path_factory.mktemp("explain")
    history, model = write(folder / "week.csv", 5000, seed=1), folder / "pump.json"
    done = main(
        ["train", "--pack", "coal_mine", "--template", "drainage_pump", "--csv", str(history), "--out", str(model)]
    )
    assert done == 0
    day = write(folder / "day.csv", 1500, seed=2)
    lines = day.read_text().splitlines()
    for i in range(700, 1000):
        cells = lines[i].split(",")
        lines[i] = ",".join([*cells[:4], "81.5"])
    day.write_text("\n".join(lines))
    return str(model), str(day)


def test_without_a_number_the_findings_are_listed(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", files[0], "--csv", files[1], "--language", "en", "--zone", "Asia/Shanghai"]) == 0

    out = capsys.readouterr().out
    assert out.startswith("1\t")
    assert "Bearing temperature reached 81.5 °C, above the alarm limit of" in out
    assert "for 5 h since 01-01 12:" in out


def test_a_finding_is_told_and_drawn(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "plot.svg"
    listed = main(["explain", files[0], "--csv", files[1]])
    number = next(
        line.split("\t")[0] for line in capsys.readouterr().out.splitlines() if line.split("\t")[1] == "limit.high"
    )

    assert main(["explain", files[0], "--csv", files[1], "--finding", number, "--out", str(target)]) == listed == 0

    assert "轴承温度达到 81.5 °C" in capsys.readouterr().out
    root = ElementTree.fromstring(target.read_text("utf-8"))
    shown = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "轴承温度 (°C)" in shown
    assert any(text.startswith("正常范围") for text in shown)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--finding", "99"], "no such finding"),
        (["--finding", "-1"], "no such finding"),
        (["--zone", "Mars/Olympus"], "no such time zone"),
        (["--asset", "a/b"], "enterprise/site/a/b"),
    ],
)
def test_what_cannot_be_explained_is_said(
    more: list[str], message: str, files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", files[0], "--csv", files[1], *more]) == 1
    assert message in capsys.readouterr().err
