"""The whole site without containers: every mounted file read by the real program that the container would run."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from ovoo_cloud.settings import load_settings

from tests.docker.prepared import FOLDER, PROGRAMS, PreparedSite
from tests.servers.influxdb import InfluxServer, InfluxV2Proxy
from tests.servers.process import ServerProcess, free_port, port_answers, wait_until

DATABASE = "ovoo_heishan-coal"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where this machine has what the containers find by name."""

    uplink: int
    plant: int
    opcua: int
    cloud: int
    health: int
    influx: str


@pytest.fixture
def own_site(site: PreparedSite, tmp_path: pathlib.Path) -> PreparedSite:
    """A copy that a running site may write to."""
    return PreparedSite(pathlib.Path(shutil.copytree(site.folder, tmp_path / "docker")))


def cloud_settings(site: PreparedSite, ports: Ports, target: pathlib.Path) -> pathlib.Path:
    return site.rewritten(
        "cloud/cloud.toml",
        {
            "/var/lib/ovoo": f"{site.folder}/state/cloud",
            "/etc/ovoo/certificates": f"{site.folder}/state/cloud-certificates",
            "/run/secrets": f"{site.folder}/secrets",
            "http://influxdb:8086": ports.influx,
            'broker_host = "mosquitto"': 'broker_host = "127.0.0.1"',
            "broker_port = 8883": f"broker_port = {ports.uplink}",
            'listen_host = "0.0.0.0"': 'listen_host = "127.0.0.1"',
            "listen_port = 8080": f"listen_port = {ports.cloud}",
        },
        target / "cloud.toml",
    )


def edge_settings(site: PreparedSite, ports: Ports, target: pathlib.Path) -> pathlib.Path:
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(site.folder / "edge" / "signals.csv", target)
    return site.rewritten(
        "edge/agent.toml",
        {
            "/var/lib/ovoo": f"{site.folder}/state/edge",
            "/run/secrets": f"{site.folder}/secrets",
            "simulator:4840": f"127.0.0.1:{ports.opcua}",
            'host = "plant-broker"': f'host = "127.0.0.1"\nport = {ports.plant}',
            'host = "mosquitto"': f'host = "127.0.0.1"\nport = {ports.uplink}',
            "127.0.0.1:9108": f"127.0.0.1:{ports.health}",
        },
        target / "agent.toml",
    )


def simulator_command(site: PreparedSite, ports: Ports, service: str) -> list[str]:
    compose: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    command = [str(PROGRAMS / "ovoo-simulator"), *compose["services"][service]["command"]]
    for container, here in {
        "/var/lib/ovoo": f"{site.folder}/state/simulator",
        "/run/secrets": f"{site.folder}/secrets",
        "--host=simulator": "--host=127.0.0.1",
        "--opcua-port=4840": f"--opcua-port={ports.opcua}",
        "plant-broker:1883": f"127.0.0.1:{ports.plant}",
    }.items():
        command = [word.replace(container, here) for word in command]
    return command


def test_cloud_accepts_its_settings(own_site: PreparedSite, tmp_path: pathlib.Path) -> None:
    ports = Ports(1, 2, 3, 4, 5, "http://127.0.0.1:6")

    settings = load_settings(cloud_settings(own_site, ports, tmp_path), environment={})

    assert settings.influx_token == own_site.secret("influxdb_token")
    assert pathlib.Path(settings.broker_certificate).is_file()
    assert settings.authority_dir.is_dir()


def test_gateway_accepts_its_settings(own_site: PreparedSite, tmp_path: pathlib.Path) -> None:
    path = edge_settings(own_site, Ports(1, 2, 3, 4, 5, ""), tmp_path / "etc")

    done = subprocess.run(
        [str(PROGRAMS / "ovoo-edge"), "check", "--config", str(path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "40 signals, 2 sources, 1 sinks" in done.stdout
    assert "error" not in done.stdout


@pytest.fixture
def ports(own_site: PreparedSite, tmp_path: pathlib.Path) -> Iterator[Ports]:
    """InfluxDB behind the 2.x write dialect with the site's own token, and the two brokers."""
    with ExitStack() as running:
        influx = InfluxServer(tmp_path / "influx")
        influx.start()
        running.callback(influx.stop)
        proxy = InfluxV2Proxy(tmp_path / "nginx", influx, token=own_site.secret("influxdb_token"))
        proxy.start()
        running.callback(proxy.stop)
        found = Ports(free_port(), free_port(), free_port(), free_port(), free_port(), proxy.url)
        for service, port in (("mosquitto", found.uplink), ("plant-broker", found.plant)):
            (tmp_path / service).mkdir()
            broker = own_site.broker(service, port, tmp_path / service)
            broker.start()
            running.callback(broker.stop)
        yield found


@pytest.fixture
def programs(own_site: PreparedSite, ports: Ports, tmp_path: pathlib.Path) -> Iterator[dict[str, ServerProcess]]:
    """Plant, cloud and gateway, started in the order of the compose file."""

    def health(port: int) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return True
        except urllib.error.HTTPError:
            return True  # it answers, if only that something is still missing
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    cloud = cloud_settings(own_site, ports, tmp_path)
    edge = edge_settings(own_site, ports, tmp_path / "etc")
    commands = {
        "simulator": (simulator_command(own_site, ports, "simulator"), lambda: port_answers(ports.opcua)),
        "simulator-meters": (simulator_command(own_site, ports, "simulator-meters"), lambda: True),
        "cloud": ([str(PROGRAMS / "ovoo-cloud"), "serve", "--config", str(cloud)], lambda: health(ports.cloud)),
        "edge": ([str(PROGRAMS / "ovoo-edge"), "run", "--config", str(edge)], lambda: health(ports.health)),
    }
    with ExitStack() as running:
        started = {}
        for name, (command, ready) in commands.items():
            started[name] = ServerProcess(command, log=tmp_path / f"{name}.log", ready=ready, timeout_s=60)
            started[name].start()
            running.callback(started[name].stop)
        yield started


def stored(ports: Ports, asset: str) -> int:
    """Samples of the asset `<area>/<line>/<asset>` in the site's database."""
    query = f'SELECT count("value") FROM "telemetry" WHERE "site"=\'heishan\' AND "asset"=\'{asset}\''
    address = ports.influx + "/query?" + urllib.parse.urlencode({"db": DATABASE, "q": query})
    with urllib.request.urlopen(address, timeout=10) as answer:
        document: dict[str, Any] = json.load(answer)
    return sum(int(series["values"][0][1]) for series in document["results"][0].get("series", []))


@pytest.mark.server
@pytest.mark.system
def test_samples_travel_from_both_plant_links_to_the_store(
    programs: dict[str, ServerProcess], ports: Ports, tmp_path: pathlib.Path
) -> None:
    def arrived() -> bool:
        return stored(ports, "ventilation/main/fan1") > 0 and stored(ports, "utilities/power/meter1") > 0

    try:
        wait_until(arrived, timeout_s=60, step_s=0.5)
    except TimeoutError:
        pytest.fail("\n".join(f"== {name}\n{process.log_tail()}" for name, process in programs.items()))

    assert all(process.running for process in programs.values())
