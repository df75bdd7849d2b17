"""Every file of every supported gateway passes the checker of the program that reads it."""

from __future__ import annotations

import configparser
import pathlib
import re
import subprocess

import pytest

from tests.servers.process import find_program

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "firmware_configs"
HARDWARE = sorted(path for path in FOLDER.iterdir() if path.is_dir())
FILES = {
    "README.md",
    "agent.toml",
    "signals.csv",
    "ovoo-edge.service",
    "chrony.conf",
    "nftables.conf",
    "journald.conf",
}
every_hardware = pytest.mark.parametrize("hardware", HARDWARE, ids=lambda path: path.name)


@every_hardware
def test_folder_holds_what_its_guide_lists(hardware: pathlib.Path) -> None:
    guide = (hardware / "README.md").read_text(encoding="utf-8")

    assert {path.name for path in hardware.iterdir()} == FILES
    assert all(f"| `{name}` |" in guide for name in FILES)


@every_hardware
def test_systemd_accepts_the_unit(hardware: pathlib.Path, tmp_path: pathlib.Path) -> None:
    unit = (hardware / "ovoo-edge.service").read_text(encoding="utf-8")
    (tmp_path / "ovoo-edge.service").write_text(unit.replace("/opt/ovoo/venv/bin/ovoo-edge", "/bin/true"))

    done = subprocess.run(
        [find_program("systemd-analyze"), "verify", "--man=no", str(tmp_path / "ovoo-edge.service")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "ovoo-edge.service" not in done.stderr, done.stderr


@every_hardware
def test_unit_exposes_little(hardware: pathlib.Path) -> None:
    done = subprocess.run(
        [find_program("systemd-analyze"), "security", "--offline=true", str(hardware / "ovoo-edge.service")],
        capture_output=True,
        text=True,
        check=False,
    )

    found = re.search(r"Overall exposure level for ovoo-edge.service: ([0-9.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found.group(1)) < 2.0


@every_hardware
def test_watchdog_is_armed(hardware: pathlib.Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys are case-sensitive
    unit.read(hardware / "ovoo-edge.service", encoding="utf-8")

    service = unit["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert service["Restart"] == "always"


@every_hardware
def test_firewall_loads_and_drops_by_default(hardware: pathlib.Path) -> None:
    rules = (hardware / "nftables.conf").read_text(encoding="utf-8")

    done = subprocess.run(
        [find_program("nft"), "-c", "-f", str(hardware / "nftables.conf")], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert rules.count("policy drop") == 3


@every_hardware
def test_time_service_never_steps_while_collecting(hardware: pathlib.Path) -> None:
    lines = (hardware / "chrony.conf").read_text(encoding="utf-8").splitlines()
    directives = dict(line.split(None, 1) for line in lines if line and not line.startswith("#") and " " in line)

    assert directives["makestep"] == "1.0 3"
    assert directives["cmdport"] == "0"
    assert "192.0.2." in directives["server"], "only documentation addresses belong in the repository"


@every_hardware
def test_journal_is_bounded(hardware: pathlib.Path) -> None:
    journal = configparser.ConfigParser(interpolation=None)
    journal.read(hardware / "journald.conf", encoding="utf-8")

    section = journal["Journal"]
    assert "runtimemaxuse" in section or "systemmaxuse" in section
    assert section["forwardtosyslog"] == "no"
