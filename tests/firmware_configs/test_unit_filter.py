"""The agent lives under the system-call filter of its unit and still sees its own clock."""

from __future__ import annotations

import json
import pathlib
import signal
import subprocess
import sys

import pytest
from ovoo_edge.kernel_clock import read_kernel_clock

from tests.edge_agent.support import CloudDouble
from tests.edge_agent.test_agent import fetch, prepare
from tests.firmware_configs.test_files import FOLDER, every_hardware
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import find_program, port_answers, wait_until

ROOT = FOLDER.parent
MAIN_UNIT = FOLDER / "x86-gateway" / "ovoo-edge.service"
READS_ITS_CLOCK = """
import json, dataclasses
from ovoo_edge.kernel_clock import read_kernel_clock
print(json.dumps(dataclasses.asdict(read_kernel_clock())))
"""
SETS_THE_CLOCK = """
import time
try:
    time.clock_settime(time.CLOCK_REALTIME, time.time())
except PermissionError:
    print("refused")
"""


def under(unit: pathlib.Path, *command: str) -> list[str]:
    """As somebody without a right on this machine: a user namespace without anybody in it."""
    filtered = [sys.executable, "-m", "tests.firmware_configs.unit_filter", str(unit), *command]
    return [find_program("unshare"), "--user", *filtered]


def run(unit: pathlib.Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(under(unit, *command), capture_output=True, text=True, check=False, cwd=ROOT)


@every_hardware
def test_the_state_of_the_clock_is_read_and_the_clock_is_not_set(hardware: pathlib.Path) -> None:
    unit = hardware / "ovoo-edge.service"

    reading = run(unit, sys.executable, "-c", READS_ITS_CLOCK)
    setting = run(unit, sys.executable, "-c", SETS_THE_CLOCK)

    assert reading.returncode == 0, reading.stderr
    here = read_kernel_clock()
    assert here is not None
    assert json.loads(reading.stdout)["synchronised"] is here.synchronised
    assert (setting.stdout, setting.returncode) == ("refused\n", 0), setting.stderr


def test_a_filter_without_that_line_ends_the_agent(tmp_path: pathlib.Path) -> None:
    """The filter of this test bites: what systemd would kill dies here too."""
    text = MAIN_UNIT.read_text(encoding="utf-8")
    lines = [each for each in text.splitlines() if "adjtime" not in each and "SystemCallErrorNumber" not in each]
    (tmp_path / "old.service").write_text("\n".join(lines), encoding="utf-8")

    assert run(tmp_path / "old.service", sys.executable, "-c", READS_ITS_CLOCK).returncode == -signal.SIGSYS


@pytest.mark.server
def test_a_whole_agent_runs_and_ends_under_it(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path, free_port: int
) -> None:
    config = prepare(tmp_path, mosquitto.port, free_port, steps=3000, speed=200.0)
    cloud = CloudDouble(mosquitto.port)
    command = under(MAIN_UNIT, sys.executable, "-m", "ovoo_edge", "run", "--config", str(config))
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT) as agent:
        wait_until(lambda: agent.poll() is not None or len(cloud.rows) > 500, what="delivery")
        wait_until(lambda: agent.poll() is not None or port_answers(free_port), what="health")
        health = json.loads(fetch(free_port, "/health")) if agent.poll() is None else {}
        agent.send_signal(signal.SIGTERM)
        log = agent.communicate(timeout=30)[1].decode()
    cloud.close()

    assert agent.returncode == 0, log
    assert health["own_clock"] is not None
