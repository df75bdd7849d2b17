from __future__ import annotations

import json
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_edge import config as edge_config
from ovoo_simulator.cli import EXIT_CONFIG, EXIT_SOURCE, main
from ovoo_simulator.cli_arguments import build_parser
from ovoo_simulator.config import GatewayFiles, GatewaySite, TomlValue, gateway_files, mqtt_source, opcua_source
from ovoo_simulator.faults import FaultPlan, iso_time
from ovoo_simulator.ledger import Ledger
from ovoo_simulator.plants import PLANTS, create_plant
from ovoo_simulator.times import local_midnight_ns

from tests.servers.process import port_answers

MINUTE = ["--origin", "2026-11-22T16:00:00Z", "--start", "2026-11-23T00:00:00Z", "--end", "2026-11-23T02:00:00Z"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, error = capsys.readouterr()
    return code, out, error


def test_history_writes_file_and_ledger(capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path) -> None:
    out, ledger = tmp_path / "h.ovb", tmp_path / "ledger.json"

    code, text, _ = run(capsys, "history", "coal_mine", "--out", str(out), "--ledger", str(ledger), "--json", *MINUTE)

    result = json.loads(text)
    assert code == 0
    assert result["samples"] == 120 * 42 == Ledger.load(ledger).count
    assert result["bytes"] == out.stat().st_size
    assert result["start"] == "2026-11-23T00:00:00Z"


def test_faults_are_drawn_added_and_listed(capsys: pytest.CaptureFixture[str], tmp_path: pathlib.Path) -> None:
    path = tmp_path / "truth.json"
    window = ["--start", "2026-10-20T00:00:00Z", "--end", "2026-11-17T00:00:00Z"]

    assert main(["faults", "draw", "dairy", "--out", str(path), "--fault-seed", "4", *window]) == 0
    added = ["--file", str(path), "--kind", "leak", "--asset", "powder/line1/evap1", "--start", "2026-11-20T00:00:00Z"]
    assert main(["faults", "add", "dairy", *added, "--duration-s", "300"]) == 0
    capsys.readouterr()
    code, text, _ = run(capsys, "faults", "list", str(path), "--json")

    faults = [json.loads(line) for line in text.splitlines()]
    assert code == 0
    assert len(faults) == len(FaultPlan.load(path).faults) == 11
    assert faults[-1]["kind"] == "leak"
    assert faults[-1]["end"] == "2026-11-20T00:05:00Z"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plant", "dairy"], "one transport is needed"),
        (["plant", "dairy", "--mqtt", "nowhere"], "not host:port"),
        (["plant", "dairy", "--opcua-port", "1", "--user", "x"], "user and password go together"),
        (["history", "dairy", "--out", "x", "--start", "now"], "ISO 8601"),
        (["replay", "absent.csv", "--opcua-port", "1"], "absent.csv"),
        (
            ["faults", "add", "dairy", "--file", "x", "--kind", "leak", "--asset", "processing/cip/cip1"],
            "cannot have it",
        ),
        (["gateway-config", "dairy", "--out", "x", "--cloud", "h:1"], "one source is needed"),
        (["gateway-config", "dairy", "--out", "x", "--mqtt", "h:1"], "without a sink"),
    ],
    ids=["transport", "broker", "password", "time", "file", "fault", "source", "sink"],
)
def test_wrong_arguments_end_with_2_and_a_reason(
    capsys: pytest.CaptureFixture[str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    code, _, error = run(capsys, *arguments)

    assert code == EXIT_CONFIG
    assert message in error
    assert "Traceback" not in error


def test_a_failed_broker_ends_with_3(capsys: pytest.CaptureFixture[str], free_port: int) -> None:
    code, _, error = run(
        capsys, "plant", "dairy", "--mqtt", f"127.0.0.1:{free_port}", "--origin", "2026-11-22T16:00:00Z"
    )

    assert code == EXIT_SOURCE
    assert "no broker" in error


def test_every_verb_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in (["plant"], ["history"], ["replay"], ["faults", "draw"], ["faults", "add"], ["gateway-config"]):
        with pytest.raises(SystemExit) as caught:
            build_parser().parse_args([*verb, "--help"])
        assert caught.value.code == 0
        assert "exit codes" in capsys.readouterr().out


def test_sigterm_ends_a_live_plant_with_an_exact_ledger(tmp_path: pathlib.Path, free_port: int) -> None:
    ledger, faults = tmp_path / "ledger.json", tmp_path / "truth.json"
    arguments = ["plant", "coal_mine", "--opcua-port", str(free_port), "--ledger", str(ledger), "--step-s", "0.1"]
    arguments += ["--origin", iso_time(local_midnight_ns(time.time_ns()))]
    process = subprocess.Popen(
        [sys.executable, "-m", "ovoo_simulator", *arguments, "--faults", str(faults), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _until(lambda: ledger.exists() and Ledger.load(ledger).count > 0 and port_answers(free_port), process)
        process.send_signal(signal.SIGTERM)
        out, error = process.communicate(timeout=20)
    finally:
        process.kill()

    assert process.returncode == 0, error
    assert json.loads(out)["emitted"] == Ledger.load(ledger).count


def _until(done: Callable[[], bool], process: subprocess.Popen[str], longest_s: float = 120.0) -> None:
    deadline = time.monotonic() + longest_s
    while not done():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def files(name: str) -> GatewayFiles:
    plant = create_plant(name)
    sink: dict[str, TomlValue] = {"name": "cloud", "driver": "mqtt", "host": "127.0.0.1", "port": 1883, "scope": "site"}
    if plant.model.transport == "opcua":
        source = opcua_source("opc.tcp://127.0.0.1:4840/ovoo/x", {"user": ""})
    else:
        source = mqtt_source(GatewaySite.of_plant(plant), "127.0.0.1", 1884)
    return gateway_files(
        GatewaySite.of_plant(plant), source, [sink], tables={"health": {"listen": ""}, "spool": {"budget_mib": 64}}
    )


@pytest.mark.parametrize("name", PLANTS)
def test_the_gateway_accepts_its_configuration(tmp_path: pathlib.Path, name: str) -> None:
    plant = create_plant(name)

    files(name).write(tmp_path)

    loaded = edge_config.load(tmp_path / "agent.toml")
    assert loaded.gateway == plant.model.gateway
    assert loaded.spool.budget_mib == 64
    assert tuple(row.entry for row in loaded.signals) == plant.entries
    if plant.model.transport == "opcua":
        assert loaded.signals[0].reference.startswith(f"nsu=urn:ovoo:simulator:{plant.model.site};s=")


def test_the_gateway_accepts_a_replayed_data_set(tmp_path: pathlib.Path) -> None:
    asset = AssetAddress("lab", "bench", "water", "loop", "valve1")
    catalogue = Catalogue([SignalEntry(asset.signal("flow"), "l", period_s=1.0, name_zh="流量", name_en="Flow")])
    sink: dict[str, TomlValue] = {"name": "site", "driver": "influx", "url": "http://127.0.0.1:8086"}

    site = GatewaySite.of_catalogue(catalogue, "lab-gw1")
    gateway_files(site, opcua_source("opc.tcp://127.0.0.1:4840/ovoo/bench"), [sink]).write(tmp_path)

    loaded = edge_config.load(tmp_path / "agent.toml")
    assert tuple(row.entry for row in loaded.signals) == catalogue.entries
