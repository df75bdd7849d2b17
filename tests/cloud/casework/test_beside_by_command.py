"""The command line opens a case with further frameworks, adds one and takes one off."""

from __future__ import annotations

import json
import pathlib
import time

import pytest
from ovoo_cloud.access.grants import Terms
from ovoo_cloud.access.roles import Purpose, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import opening
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.cli import main
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

CENTRE = Scope.system("test")
ENGINEER = Scope("engineer", Role.ENTERPRISE_ENGINEER, frozenset({"alpha"}))


def consented(folder: pathlib.Path) -> None:
    """A case whose intake can be opened."""
    now_ns = time.time_ns()
    terms = Terms(tuple(Purpose), ["main"], now_ns, now_ns + 86_400 * 10**9, "diagnosis", "alpha-1")
    with build_services(Settings(data_dir=folder)) as services, services.database.write() as session:
        enterprises.save_enterprise(session, CENTRE, "alpha", name_zh="甲", name_en="Alpha", sector="dairy")
        enterprises.save_site(session, CENTRE, "alpha", "main", name_zh="厂", name_en="plant", timezone="Asia/Shanghai")
        row = opening.apply(
            session, ENGINEER, "alpha", "alpha-1", title="first", sites=["main"], reason="level", now_ns=now_ns
        )
        opening.decide(session, CENTRE, row, accepted=True, reason="", now_ns=now_ns, seen=None)
        opening.consent(session, ENGINEER, row, terms, now_ns, None)


def test_further_frameworks_are_named_one_by_one_or_refused(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    consented(tmp_path / "data")
    order = ["case", "step", "alpha-1", "open_intake", "--data-dir", "data", "--framework", "sme_2024"]

    twice = main([*order, "--further", "sme_2022", "--further", "sme_2022"])
    refused = capsys.readouterr().err
    opened = main([*order, "--further", "sme_2022", "--further", "gbt_39116"])
    capsys.readouterr()
    main(["case", "show", "alpha-1", "--json", "--data-dir", "data"])
    shown = json.loads(capsys.readouterr().out)

    assert (twice, opened) == (2, 0), refused
    assert "named twice" in refused
    assert (shown["state"], [each["id"] for each in shown["further"]]) == ("intake", ["sme_2022", "gbt_39116"])
    later_ones_join_and_leave(capsys)


def later_ones_join_and_leave(capsys: pytest.CaptureFixture[str]) -> None:
    order = ["case", "step", "alpha-1", "--data-dir", "data", "--framework"]
    added = main([*order[:3], "add_framework", *order[3:], "norms_dairy"])
    unsaid = main([*order[:3], "remove_framework", *order[3:], "sme_2022"])
    refused = capsys.readouterr().err
    removed = main([*order[:3], "remove_framework", *order[3:], "sme_2022", "--reason", "the newer one leads"])
    capsys.readouterr()
    main(["case", "show", "alpha-1", "--json", "--data-dir", "data"])
    shown = json.loads(capsys.readouterr().out)

    assert (added, unsaid, removed) == (0, 2, 0), refused
    assert "needs a reason" in refused
    assert [each["id"] for each in shown["further"]] == ["gbt_39116", "norms_dairy"]
    assert [each["step"] for each in shown["taken"]][-2:] == ["add_framework", "remove_framework"]
