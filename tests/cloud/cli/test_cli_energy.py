"""`ovoo-cloud energy refit`: words, figures and exit codes."""

from __future__ import annotations

import json
import pathlib
from datetime import UTC, datetime

import pytest
from ovoo_cloud.catalogue import hour_sums, signals
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.cli import main
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.completeness import HOUR_NS

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, SITE, T0
from tests.cloud.energy.machine_hours import hours_of, minutes

ASSET = f"{ENTERPRISE}/{SITE}/utilities/air/comp1"


def iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 10**9, UTC).isoformat()


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OVOO_CONFIG", raising=False)
    with build_services(Settings(data_dir=tmp_path / "ovoo-data")) as services, services.database.write() as session:
        builders.tenant(session)
        gateway = session.get(Gateway, GATEWAY)
        assert gateway is not None
        signals.save_catalogue(session, gateway, builders.catalogue(("flow", "power"), ASSET), now_ns=T0)
        for hour in hours_of(ASSET, minutes(T0 - 3 * HOUR_NS, 3)):
            hour_sums.record(session, GATEWAY, hour, T0)
    return tmp_path


def refit(*more: str, start: int = T0 - 3 * HOUR_NS, end: int = T0, asset: str = ASSET) -> int:
    return main(["energy", "refit", asset, "--start", iso(start), "--end", iso(end), *more])


def test_a_refit_is_told_in_words_and_as_json(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refit("--variables", "flow") == 0
    words = capsys.readouterr().out
    assert refit("--json") == 0
    document = json.loads(capsys.readouterr().out)

    assert f"{ASSET}: 3 hours, 180 minutes, coverage 100.0%" in words
    assert "load: 150 minutes, " in words
    assert "idle: 30 minutes, no fit: " in words
    load = next(each for each in document["regimes"] if each["regime"] == "load")
    assert load["fit"]["coefficients"]["flow"] == pytest.approx(5.0, rel=0.02)
    assert document["chosen"] == ["flow", "pressure"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"start": T0 - HOUR_NS + 10**9}, 2),
        ({"start": T0 - 50 * HOUR_NS, "end": T0 - 40 * HOUR_NS}, 1),
        ({"asset": f"{ENTERPRISE}/{SITE}/utilities/air/comp9"}, 1),
        ({"asset": "comp1"}, 1),
    ],
)
def test_what_cannot_be_fitted_has_its_exit_code(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str], given: dict[str, str | int], code: int
) -> None:
    assert refit(**given) == code  # type: ignore[arg-type]
    assert capsys.readouterr().err


def test_an_unknown_variable_is_named(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refit("--variables", "humidity") == 2
    assert "humidity" in capsys.readouterr().err
