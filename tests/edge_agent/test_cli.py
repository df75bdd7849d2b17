"""The command line: one verb a command, exit codes as documented, errors in one line."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest
from ovoo_edge.cli import main
from ovoo_edge.samples import sample_names
from ovoo_edge.status_words import status_lines

from tests.edge_agent.test_config import GATEWAY, SIGNALS, SINK, SOURCE, write

VERBS = ("run", "check", "status", "browse", "replay", "enrol", "trust", "certificate", "sample")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 4


def test_all_faults_of_a_file_are_printed_and_the_exit_code_is_3(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, GATEWAY.replace("gw-1", "G W") + SOURCE + SINK.replace('host = "127.0.0.1"', "port = 0"))

    assert main(["check", "--config", str(path)]) == 3

    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in lines[:-1]] == ["sink[0].host", "sink[0].port", "gateway.id"]
    assert lines[-1] == "3 faults"


def test_check_says_what_it_looked_at(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, GATEWAY + SOURCE + SINK + "[spool]\nbudget_mib = 8\n")

    assert main(["check", "--config", str(path)]) == 0
    text = capsys.readouterr().out
    assert "2 signals, 1 sources, 1 sinks" in text
    assert "the connection is not encrypted" in text


def test_check_connect_fails_when_nobody_answers(
    tmp_path: pathlib.Path, free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, GATEWAY + SOURCE + SINK + f"port = {free_port}\n")

    assert main(["check", "--config", str(path), "--connect", "--json"]) == 4
    (fault,) = [item for item in json.loads(capsys.readouterr().out) if item["level"] == "error"]
    assert fault["subject"] == "sink cloud"
    assert f"127.0.0.1:{free_port} does not answer" in fault["detail"]


def test_check_names_a_certificate_that_is_none(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    path = write(tmp_path, GATEWAY + SOURCE + SINK + 'ca_file = "ca.pem"\n')

    assert main(["check", "--config", str(path)]) == 4
    assert "not a certificate" in capsys.readouterr().out


def test_status_without_an_agent_is_5(
    tmp_path: pathlib.Path, free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, GATEWAY + SOURCE + SINK + f'[health]\nlisten = "127.0.0.1:{free_port}"\n')

    assert main(["status", "--config", str(path)]) == 5
    assert "no agent answers" in capsys.readouterr().err


def test_samples_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sample"]) == 0
    assert "[gateway]" in capsys.readouterr().out
    assert main(["sample", "influx"]) == 0
    assert 'driver = "influx"' in capsys.readouterr().out
    assert main(["sample", "abacus"]) == 3
    assert "agent" in sample_names()


def test_browse_names_the_sources_there_are(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, GATEWAY + SOURCE + SINK, SIGNALS)
    assert main(["browse", "--config", str(path), "rec"]) == 3
    assert "no such OPC UA source (got 'rec'; one of none is configured)" in capsys.readouterr().err


def test_a_missing_file_is_one_line(tmp_path: pathlib.Path) -> None:
    command = [sys.executable, "-m", "ovoo_edge", "run", "--config", str(tmp_path / "absent.toml")]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 3
    assert b"cannot be read" in done.stderr
    assert b"Traceback" not in done.stderr


def test_status_in_words_names_what_is_wrong_in_both_languages() -> None:
    snapshot = {
        "status": "degraded",
        "gateway": "gw-1",
        "sources": [
            {
                "name": "plc",
                "driver": "opcua",
                "state": "retrying",
                "detail": "no answer",
                "problems": [{"offender": "fan1", "status": "missing", "remedy": "check the node"}],
            }
        ],
        "sinks": [{"name": "cloud", "driver": "mqtt", "state": "running", "detail": "", "remedy": ""}],
        "pipeline": {"at_risk_s": 1.25, "held_back": "full", "counters": {"received": 7}},
        "spool": {
            "used_bytes": 2048,
            "limit_bytes": 3 << 30,
            "buffer_h": 71.96,
            "ballast": False,
            "backlog_rows": {"cloud": 3},
            "backlog_bytes": {"cloud": 5 << 20},
            "lost": {"cloud": {"spool_full": 9}},
            "quarantined": {"cloud": 2},
            "salvaged": ["torn page"],
        },
        "failed": [{"part": "source x", "failure": "boom"}],
    }

    chinese, english = "\n".join(status_lines(snapshot, "zh")), "\n".join(status_lines(snapshot, "en"))

    for figure in (
        "gw-1",
        "plc",
        "1.2",
        "72.0",
        "5.0 MiB",
        "3.0 GiB",
        "torn page",
        "boom",
        "check the node",
    ):
        assert figure in chinese, figure
        assert figure in english, figure
    assert "需要处理" in chinese
    assert english.count("! ") >= 6
