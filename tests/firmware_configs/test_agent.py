"""The agent settings of every supported gateway, read by the agent, and the guide's steps that make its identity."""

from __future__ import annotations

import ipaddress
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from ovoo_edge import config
from ovoo_edge.sinks.settings import MqttSinkSettings
from ovoo_edge.sources.settings import OpcUaSettings

from tests.servers.certificates import TestAuthority
from tests.servers.process import ServerProcess, find_program, free_port, port_answers

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "firmware_configs"
HARDWARE = sorted(path for path in FOLDER.iterdir() if path.is_dir())
PROGRAMS = pathlib.Path(sys.executable).parent
every_hardware = pytest.mark.parametrize("hardware", HARDWARE, ids=lambda path: path.name)


@dataclass(frozen=True, slots=True)
class Installed:
    """A gateway's files as the guide puts them, below a temporary folder."""

    etc: pathlib.Path
    state: pathlib.Path

    @property
    def settings(self) -> pathlib.Path:
        return self.etc / "agent.toml"


@pytest.fixture
def installed(hardware: pathlib.Path, tmp_path: pathlib.Path) -> Installed:
    place = Installed(tmp_path / "etc", tmp_path / "var")
    shutil.copytree(hardware, place.etc)
    (place.etc / "secrets").mkdir(mode=0o700)
    text = place.settings.read_text(encoding="utf-8")
    text = text.replace("/var/lib/ovoo", str(place.state)).replace("/etc/ovoo", str(place.etc))
    place.settings.write_text(text, encoding="utf-8")
    for name in re.findall(rf"{re.escape(str(place.etc))}/secrets/([\w.-]+)", text):
        secret = place.etc / "secrets" / name
        secret.touch(mode=0o600)
        secret.write_text("only-for-this-test", encoding="utf-8")
    authority = TestAuthority(place.state / "identity")
    pair = authority.issue("heishan-gw1")
    for made, wanted in (
        (authority.certificate, "ca.pem"),
        (pair.certificate, "gateway.pem"),
        (pair.key, "gateway.key"),
    ):
        made.rename(place.state / "identity" / wanted)
    shutil.copy(place.state / "identity" / "ca.pem", place.etc / "plant-broker-ca.pem")
    return place


def run(name: str, *arguments: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAMS / name), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )


def guide_command(hardware: pathlib.Path, start: str) -> list[str]:
    """The line of the guide that begins with `start`, as the shell would read it."""
    for line in (hardware / "README.md").read_text(encoding="utf-8").splitlines():
        if line.strip().startswith(start):
            return shlex.split(line)
    raise AssertionError(f"the guide has no command {start!r}")


@every_hardware
def test_agent_accepts_its_settings(installed: Installed) -> None:
    done = run("ovoo-edge", "check", "--config", installed.settings)

    assert done.returncode == 0, done.stdout + done.stderr


@every_hardware
def test_optional_historian_is_right_once_uncommented(installed: Installed) -> None:
    text = installed.settings.read_text(encoding="utf-8")
    head, _, tail = text.partition("# [[sink]]\n")
    installed.settings.write_text(head + re.sub(r"^# ?", "", "# [[sink]]\n" + tail, flags=re.MULTILINE), "utf-8")

    done = run("ovoo-edge", "check", "--config", installed.settings)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 sinks" in done.stdout


@every_hardware
def test_links_are_encrypted_and_identities_are_files(installed: Installed) -> None:
    loaded = config.load(installed.settings)

    plc, meters = loaded.sources
    assert isinstance(plc, OpcUaSettings)
    assert (plc.security_policy, plc.security_mode) == ("Basic256Sha256", "SignAndEncrypt")
    assert getattr(meters, "tls", None) is not None
    (cloud,) = loaded.sinks
    assert isinstance(cloud, MqttSinkSettings)
    assert cloud.key_file == installed.state / "identity" / "gateway.key"
    assert cloud.max_class == "general"
    assert loaded.enrol.url.startswith("https://")


def test_raspberry_writes_less_often_and_less() -> None:
    raspberry, x86 = (
        tomllib.loads((FOLDER / name / "agent.toml").read_text(encoding="utf-8"))
        for name in ("raspberry-pi-4", "x86-gateway")
    )

    assert (raspberry["gateway"]["profile"], raspberry["spool"]["commit_ms"]) == ("raspberry", 1000)
    assert (x86["gateway"]["profile"], x86["spool"]["commit_ms"]) == ("x86", 200)
    assert raspberry["spool"]["budget_mib"] < x86["spool"]["budget_mib"]


@every_hardware
def test_firewall_lets_the_sources_out(hardware: pathlib.Path) -> None:
    settings: dict[str, Any] = tomllib.loads((hardware / "agent.toml").read_text(encoding="utf-8"))
    rules = (hardware / "nftables.conf").read_text(encoding="utf-8")
    controllers = ipaddress.ip_network(re.findall(r"elements = \{ (\S+) \}", rules)[0])
    ports = {int(port) for port in re.findall(r"@controllers tcp dport \{ ([\d, ]+) \}", rules)[0].split(",")}
    plc, meters = settings["source"]
    endpoint = urlsplit(plc["endpoint"])

    assert ipaddress.ip_address(str(endpoint.hostname)) in controllers
    assert ipaddress.ip_address(meters["host"]) in controllers
    assert {endpoint.port, 8883} <= ports


@every_hardware
def test_guide_uses_options_that_exist(hardware: pathlib.Path) -> None:
    guide = (hardware / "README.md").read_text(encoding="utf-8")
    for program, verb, options in re.findall(r"(ovoo-(?:edge|cloud)) (enrol|check|status|browse)\b([^`\n]*)", guide):
        help_text = run(program, verb, "--help").stdout
        for option in re.findall(r"--[a-z-]+", options):
            assert option in help_text, f"{program} {verb} {option}"


@pytest.fixture
def controller(hardware: pathlib.Path, installed: Installed, tmp_path: pathlib.Path) -> Iterator[str]:
    """A controller that speaks encrypted only and trusts the certificate that the guide's command makes."""
    command = guide_command(hardware, "openssl req -x509")
    subprocess.run([find_program("openssl"), *command[1:]], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    shutil.copy(tmp_path / "opcua.pem", installed.etc / "opcua.pem")
    shutil.copy(tmp_path / "opcua.key.pem", installed.etc / "secrets" / "opcua.key.pem")
    (tmp_path / "clients").mkdir()
    shutil.copy(tmp_path / "opcua.pem", tmp_path / "clients")
    port = free_port()
    server = ServerProcess(
        [
            *(str(PROGRAMS / "ovoo-simulator"), "plant", "coal_mine", "--opcua-port", str(port)),
            *("--pki", str(tmp_path / "pki"), "--encrypted-only", "--trusted-clients", str(tmp_path / "clients")),
            *("--user", "ovoo", "--password-file", str(installed.etc / "secrets" / "plc1.password")),
        ],
        log=tmp_path / "controller.log",
        ready=lambda: port_answers(port),
    )
    server.start()
    yield f"opc.tcp://127.0.0.1:{port}/ovoo/heishan"
    server.stop()


@pytest.mark.parametrize("hardware", HARDWARE[:1], ids=lambda path: path.name)
def test_certificate_of_the_guide_opens_an_encrypted_channel(
    controller: str, installed: Installed, tmp_path: pathlib.Path
) -> None:
    text = installed.settings.read_text(encoding="utf-8")
    installed.settings.write_text(text.replace("opc.tcp://192.0.2.10:4840", controller), encoding="utf-8")

    first = run("ovoo-edge", "browse", "plc1", "--config", installed.settings)
    pending = list((installed.state / "plc1-pki" / "pending").iterdir())
    for path in pending:
        digits = path.stem.rpartition("-")[2]
        approved = run("ovoo-edge", "trust", "approve", digits, "--config", installed.settings)
        assert approved.returncode == 0, approved.stderr
    second = run("ovoo-edge", "browse", "plc1", "--config", installed.settings)

    assert first.returncode != 0
    assert len(pending) == 1
    assert second.returncode == 0, second.stderr
    assert "ventilation/main/fan1/power" in second.stdout
