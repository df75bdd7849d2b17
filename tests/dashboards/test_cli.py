"""`ovoo-dashboards build|check`."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest
from ovoo_dashboards.cli import main


def test_build_then_check(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path)]

    assert main(["check", *out]) == 1
    assert "json/ovoo-fleet.json: stale; run: ovoo-dashboards build" in capsys.readouterr().err
    assert main(["build", *out]) == 0
    assert "wrote json/ovoo-fleet.json" in capsys.readouterr().out
    assert main(["build", *out]) == 0
    assert capsys.readouterr().out == "nothing changed\n"
    assert main(["check", *out]) == 0
    assert "4 dashboards are sound" in capsys.readouterr().out


def test_left_over_files_are_removed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "old.json").write_bytes(b"{}")

    main(["build", "--out", str(tmp_path)])

    assert not (tmp_path / "json" / "old.json").exists()


def test_english_build(tmp_path: pathlib.Path) -> None:
    assert main(["build", "--language", "en", "--out", str(tmp_path)]) == 0

    assert '"title": "Gateway fleet"' in (tmp_path / "json" / "ovoo-fleet.json").read_text(encoding="utf-8")


def test_wrong_usage_exits_with_two() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["paint"])

    assert caught.value.code == 2


def test_building_needs_neither_grafana_api_nor_requests() -> None:
    program = (
        "import sys; from ovoo_dashboards.cli import main; from ovoo_dashboards import build; build('zh');"
        "print(sorted({'grafana_api', 'requests', 'yaml', 'numpy'} & set(sys.modules)))"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert result.stdout.strip() == "[]"
