"""The enterprise's tutorial, run block by block against a served centre, prints what it shows."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Callable, Mapping

import pytest

from tests.cloud.casework.centre import DAY, OWN, PARTS, Centre, centre, iso
from tests.docs.markdown import ROOT, code_blocks

PAGES = [ROOT / "docs" / folder / "enterprise.md" for folder in ("tutorials", "zh/tutorials")]


def to_confirmation(house: Centre) -> None:
    """What the centre does between the answers and the proposal."""
    assert house.upload().status_code == 201
    for part, content in PARTS.items():
        if part not in ("answers", "scenes"):
            assert house.write(part, content).status_code == 200
    house.done("centre_expert", "submit")
    house.done("centre_expert", "freeze")
    house.accept_all()
    house.done("centre_expert", "propose")


def to_issue(house: Centre) -> None:
    shown = house.file()["snapshot"]
    house.done("centre_admin", "issue", {"number": "OV-2026-001", "snapshot": shown, "languages": ["zh", "en"]})


def nothing(house: Centre) -> None:
    """The enterprise goes on by itself."""


# what the centre does after each block of commands
AFTER: tuple[Callable[[Centre], object], ...] = (
    nothing,
    lambda house: house.done("centre_expert", "open_intake", {"framework": "sme_2024"}),
    to_confirmation,
    to_issue,
    nothing,
    nothing,
)


def run(script: str, folder: pathlib.Path, told: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=folder, env={**os.environ, **told}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=["en", "zh"])
def test_every_command_prints_what_the_page_shows(page: pathlib.Path, tmp_path: pathlib.Path) -> None:
    blocks = code_blocks(page.read_text(encoding="utf-8"))
    steps = [place for place, (kind, _) in enumerate(blocks) if kind == "sh"]
    assert len(steps) == len(AFTER)
    with centre(tmp_path / "centre") as house:
        house.apply()
        house.done("centre_admin", "accept", {})
        told = {
            "OVOO_URL": house.plant.url,
            "OVOO_ENTERPRISE": OWN,
            "OVOO_TOKEN": house.plant.token("enterprise_engineer"),
            "OVOO_UNTIL": iso(house.plant.clock() + 90 * DAY),
        }
        for place, then in zip(steps, AFTER, strict=True):
            after = blocks[place + 1] if place + 1 < len(blocks) else ("", "")
            assert run(blocks[place][1], tmp_path, told) == (after[1] if after[0] == "text" else "")
            then(house)
        refused = house.call("centre_expert", "GET", "/cases/heishan-2026/parts/answers")
        assert refused.status_code == 404
