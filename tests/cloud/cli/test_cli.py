from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import urllib.request
from typing import Any

import pytest
from ovoo_cloud.access.authority import Authority
from ovoo_cloud.cli import main
from ovoo_cloud.settings import Settings
from ovoo_cloud.stores.embedded import EmbeddedStore

from tests.servers.process import wait_until


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OVOO_CONFIG", raising=False)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    found = main([*arguments, "--json"])
    out = capsys.readouterr()
    assert found == code, out.err
    document: dict[str, Any] = json.loads(out.out)
    return document


def test_init_prepares_everything_once_and_prints_a_password_once(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run(capsys, "init", "--write-config", "ovoo-cloud.toml")
    second = run(capsys, "init")

    assert len(first["password"]) >= 20
    assert "password" not in second
    settings = Settings(data_dir=folder / "ovoo-data")
    assert Authority(settings.authority_dir).exists
    assert settings.signing_key.stat().st_mode & 0o077 == 0


def test_init_leaves_settings_that_somebody_edited(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "init", "--write-config", "site.toml")
    run(capsys, "init", "--write-config", "site.toml", "--config", "site.toml")
    edited = (folder / "site.toml").read_text(encoding="utf-8") + "# ours\n"
    (folder / "site.toml").write_text(edited, encoding="utf-8")

    assert "already there" in run(capsys, "init", "--write-config", "site.toml", code=2)["error"]["message"]
    assert (folder / "site.toml").read_text(encoding="utf-8") == edited


def test_init_makes_no_report_key_where_a_program_seals(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sealing = "seal_command = 'card-sign'\nseal_public_key = 'card.pub.pem'\n"
    (folder / "ovoo-cloud.toml").write_text(sealing, encoding="utf-8")
    authority = Settings(data_dir=folder / "ovoo-data").authority_dir
    authority.mkdir(parents=True)
    (authority / "report-key.pub.pem").write_text("the card's", encoding="utf-8")

    run(capsys, "init")

    assert (authority / "report-key.pub.pem").read_text(encoding="utf-8") == "the card's"
    assert not (authority / "report-key.pem").exists()


def test_init_takes_the_password_from_a_file(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pw").write_text("a good password\n", encoding="utf-8")

    assert "password" not in run(capsys, "init", "--password-file", "pw", "--admin", "root-user")
    assert [user["name"] for user in run(capsys, "user", "list")["users"]] == ["root-user"]


def test_users_tokens_and_gateways(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "init")
    binding = ["--enterprise", "heishan-coal", "--site", "heishan", "--create", "--name-zh", "黑山"]
    enrolled = run(capsys, "enrol", "heishan-gw1", *binding)
    added = run(capsys, "user", "add", "li", "--role", "enterprise_engineer", "--enterprise", "heishan-coal")
    token = run(capsys, "token", "create", "li", "--days", "1")
    run(capsys, "token", "revoke", token["id"])
    run(capsys, "user", "disable", "li")
    run(capsys, "enrol", "heishan-gw1", "--revoke")

    assert enrolled["token"].startswith("ovoo_")
    assert added["password"]
    assert run(capsys, "token", "list", "li")["tokens"][0]["revoked"] is True
    assert run(capsys, "enrol")["gateways"] == [
        {"id": "heishan-gw1", "enterprise": "heishan-coal", "sites": ["heishan"], "status": "revoked"}
    ]
    assert run(capsys, "user", "list")["users"][1]["disabled"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["ingest"], 2, "ovoo-cloud serve", id="ingest on embedded"),
        pytest.param(["worker"], 2, "ovoo-cloud serve", id="worker on embedded"),
        pytest.param(["user", "add", "li", "--role", "enterprise_viewer"], 2, "name one", id="viewer of nothing"),
        pytest.param(["token", "create", "nobody"], 1, "not found", id="absent user"),
        pytest.param(["enrol", "gw-one", "--enterprise", "e", "--site", "s"], 1, "not found", id="absent enterprise"),
        pytest.param(["enrol", "gw-one"], 2, "--enterprise", id="whose"),
        pytest.param(["verify", "nothing", "--trust", "key.pem"], 3, "nothing", id="no bundle"),
        pytest.param(["user", "list", "--config", "absent.toml"], 2, "absent.toml", id="no settings"),
    ],
)
def test_refusals_have_their_exit_code_and_say_why(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    assert main(arguments) == code
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_store_that_a_server_owns_is_not_available(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "init")
    code = (
        "import pathlib, sys, time\nfrom ovoo_cloud.stores.embedded import EmbeddedStore\n"
        "store = EmbeddedStore(pathlib.Path('ovoo-data/telemetry'))\nprint('open', flush=True)\nsys.stdin.read()"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "open\n"

    assert main(["init"]) == 4

    assert "ovoo-cloud serve" in capsys.readouterr().err
    owner.communicate(timeout=20)


def test_help_of_every_verb_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("init", "serve", "ingest", "worker", "report", "verify", "user", "token", "enrol"):
        with pytest.raises(SystemExit) as caught:
            main([verb, "--help"])
        assert caught.value.code == 0
        assert verb in capsys.readouterr().out


def test_serve_answers_and_ends_cleanly_on_sigterm(
    folder: pathlib.Path, free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "init")
    environment = {**os.environ, "OVOO_LISTEN_PORT": str(free_port)}
    server = subprocess.Popen(
        [sys.executable, "-m", "ovoo_cloud.cli", "serve"], env=environment, stderr=subprocess.PIPE, text=True
    )

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(answers, timeout_s=60, what="the server answers")
    server.send_signal(signal.SIGTERM)
    _, log = server.communicate(timeout=30)

    assert server.returncode == 0, log
    assert "Traceback" not in log
    EmbeddedStore(folder / "ovoo-data" / "telemetry").close()
