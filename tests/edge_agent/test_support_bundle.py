"""The support bundle: secrets planted everywhere, classes of every kind, an agent that runs, fails or never began."""

from __future__ import annotations

import asyncio
import base64
import http.server
import json
import logging
import os
import pathlib
import stat
import threading
import time
import zipfile

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.findings import Finding
from ovoo_edge import logs
from ovoo_edge.agent import Agent
from ovoo_edge.cli import main
from ovoo_edge.config import load
from ovoo_edge.redaction import REMOVED, Redactor, secrets_in, without_secrets
from ovoo_edge.spool_rows import EVENT_RANK, Group, RowMeta
from ovoo_edge.support_bundle import LARGEST_BYTES, write_bundle

from tests.edge_agent.authority import Authority
from tests.edge_agent.support import HOUR, SECOND, T0, group_of, make_batch, make_catalogue, open_spool
from tests.servers.process import free_port, wait_until

PASSWORD = "Geheim-Kohle 2026!"
TOKEN = "tok-9f8e7d6c5b4a39281706"
INLINE = "inline-passw0rd-äß"
URL_PASSWORD = "p%40ssInUrl77"
COMMENTED = "old-comment-password-55"
MISPLACED = "secret-in-place-of-a-file"


def write_private(path: pathlib.Path, content: str | bytes) -> pathlib.Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)
    return path


def private_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def prepare(folder: pathlib.Path, health_port: int, *, extra: str = "") -> pathlib.Path:
    """A gateway with one signal of each class and secrets in files, comments and texts."""
    write_private(folder / "password", PASSWORD + "\n")
    write_private(folder / "token", TOKEN + "\n")
    catalogue = make_catalogue(3, ("general", "important", "core"))
    lines = [f"{entry.address},kW,{entry.data_class},Plant/Secret{i}" for i, entry in enumerate(catalogue.entries)]
    (folder / "signals.csv").write_text("\n".join(["address,unit,data_class,reference", *lines]) + "\n")
    path = folder / "agent.toml"
    path.write_text(
        f"""
# password was {COMMENTED}
[gateway]
id = "gw-1"
enterprise = "ent"
site = "site"
state_dir = "state"
signals = ["signals.csv"]
[health]
listen = "127.0.0.1:{health_port}"
[[source]]
name = "plant"
driver = "mqtt"
host = "127.0.0.1"
port = 1
user = "reader"
password_file = "password"
[[sink]]
name = "historian"
driver = "influx"
url = "http://127.0.0.1:9"
token_file = "token"
{extra}
""",
        encoding="utf-8",
    )
    return path


def members(path: pathlib.Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return {name: file.read(name).decode("utf-8") for name in file.namelist()}


def bundle_of(config: pathlib.Path) -> dict[str, str]:
    target = config.parent / f"bundle-{time.time_ns()}.zip"
    write_bundle(config, target, T0)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    return members(target)


def assert_clean(found: dict[str, str], *secrets: str) -> None:
    for name, text in found.items():
        for secret in secrets:
            raw = secret.encode()
            for spelling in (secret, json.dumps(secret)[1:-1], base64.b64encode(raw).decode().rstrip("="), raw.hex()):
                assert spelling not in text, (name, secret)


def plant_secrets_in_the_log(folder: pathlib.Path, key: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    escaped = key.decode().replace("\n", "\\n")
    lines = [
        f"time=x event=login user=reader password={PASSWORD}",
        f"time=x event=http header='Authorization: Token {TOKEN}'",
        "time=x event=http header='Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789'",
        f"time=x event=url url=mqtts://reader:{URL_PASSWORD}@broker.example:8883/x?token={TOKEN}",
        f"time=x event=key body='{escaped}'",
        "time=x event=jwt value=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
        'time=x event=json body=\'{"api_key": "unlisted-api-key-31337", "client_secret":"unlisted-secret-4711"}\'',
        f"time=x event=encoded value={base64.b64encode(PASSWORD.encode()).decode()}",
        "time=x event=silent signal=ent/site/area/line/asset/s2 node=Plant/Secret2",
        "time=x event=silent signal=ent/site/area/line/asset/s0",
    ]
    (folder / logs.LOG_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def fill_spool(folder: pathlib.Path) -> None:
    catalogue = make_catalogue(3, ("general", "important", "core"))
    with open_spool(folder, sinks=("historian",)) as spool:
        spool.add_catalogue(catalogue)
        spool.commit(group_of(catalogue, make_batch([(0, T0, 11.5)])))
        spool.commit(group_of(catalogue, make_batch([(2, T0, 271828.25)])))
        spool.commit(group_of(catalogue, make_batch([(0, T0 + SECOND, 12.5)])))
        finding = Finding("limit.high", "warning", catalogue.entries[2].address.asset_address, T0, T0, value=31415.5)
        events = Group()
        events.append("event", catalogue.id, finding.to_json(), RowMeta(1, T0, T0, EVENT_RANK))
        spool.commit(events)
        spool.quarantine("historian", 1, "refused_by_store", "bad point 11.5 of s0")
        spool.quarantine("historian", 2, "refused_by_store", "bad point s2 value=271828.25")
        spool.quarantine("historian", 4, "refused", "finding 31415.5")


def test_planted_secrets_are_nowhere_and_what_helps_is_there(tmp_path: pathlib.Path) -> None:
    key = private_key()
    config = prepare(tmp_path, free_port())
    write_private(tmp_path / "state.key", key)
    plant_secrets_in_the_log(tmp_path / "state", key)
    fill_spool(tmp_path / "state")

    found = bundle_of(config)

    body = [line for line in key.decode().splitlines() if not line.startswith("-----")]
    assert_clean(found, PASSWORD, TOKEN, URL_PASSWORD, COMMENTED, *body)
    everything = "\n".join(found.values())
    for secret in ("unlisted-api-key", "unlisted-secret", "abcdefghijklmnopqrstuvwxyz", "eyJhbGci", "PRIVATE KEY"):
        assert secret not in everything, secret
    assert "mqtts://broker.example:8883" in found["log.txt"]
    assert len(found["log.txt"].splitlines()) == 10
    settings = json.loads(found["configuration.json"])["settings"]
    assert settings["source"][0]["password_file"] == "password"
    assert json.loads(found["spool.json"])["rows"] == 1
    assert json.loads(found["versions.json"])["packages"]["ovoo-edge"] == "0.1.0"
    assert "spool.db" in found["disk.json"]
    assert "一般等级" in found["README.txt"]
    assert "class general" in found["README.txt"]
    assert found["agent.txt"] == "no agent answers\n"


def test_nothing_above_class_general_is_named_or_quoted(tmp_path: pathlib.Path) -> None:
    config = prepare(tmp_path, free_port())
    plant_secrets_in_the_log(tmp_path / "state", b"")
    fill_spool(tmp_path / "state")

    found = bundle_of(config)

    everything = "\n".join(found.values())
    for hidden in ("asset/s1", "asset/s2", "Secret1", "Secret2", "271828", "31415"):
        assert hidden not in everything, hidden
    assert "<core signal" in found["log.txt"]
    assert "asset/s0" in found["log.txt"]
    quarantine = json.loads(found["quarantine.json"])
    assert [(row["data_class"], "head" in row, "detail" in row) for row in quarantine] == [
        ("core", False, False),
        ("core", False, False),
        ("general", True, True),
    ]
    assert quarantine[2]["head"] == [["ent/site/area/line/asset/s0", str(T0), "11.5", 0, ""]]
    lost = json.loads(found["lost.json"])
    assert lost["totals"] == {"historian rejected:refused_by_store": 2, "historian rejected:refused": 1}
    signals = json.loads(found["signals.json"])
    assert signals["by_class"] == {"general": 1, "important": 1, "core": 1}
    assert [row["address"] for row in signals["general"]] == ["ent/site/area/line/asset/s0"]


def test_settings_with_faults_and_secrets_in_the_wrong_places(tmp_path: pathlib.Path) -> None:
    config = prepare(
        tmp_path,
        free_port(),
        extra=f"""
[[sink]]
name = "cloud"
driver = "mqtt"
host = "broker"
password = "{INLINE}"
password_file = "{MISPLACED}"
[[sink]]
name = "other"
driver = "influx"
url = "https://admin:{URL_PASSWORD}@store.example:8086"
""",
    )
    fill_spool(tmp_path / "state")
    plant_secrets_in_the_log(tmp_path / "state", b"")

    found = bundle_of(config)

    assert_clean(found, PASSWORD, TOKEN, INLINE, MISPLACED, URL_PASSWORD, COMMENTED)
    configuration = json.loads(found["configuration.json"])
    assert any("password" in fault for fault in configuration["faults"])
    assert configuration["settings"]["sink"][1]["password"] == REMOVED
    # classes are known from the spool's catalogue even so
    assert "asset/s2" not in "\n".join(found.values())
    assert "event=silent" in found["log.txt"]


@pytest.mark.parametrize("content", ["", "[gateway", "password = 'oops-in-broken-toml'\n[[["])
def test_a_gateway_that_never_began(tmp_path: pathlib.Path, content: str) -> None:
    config = tmp_path / "agent.toml"
    config.write_text(content)

    found = bundle_of(config)

    assert json.loads(found["configuration.json"])["faults"]
    assert "oops-in-broken-toml" not in "\n".join(found.values())
    assert json.loads(found["spool.json"]) == {"file": "absent"}


def test_no_settings_at_all(tmp_path: pathlib.Path) -> None:
    found = bundle_of(tmp_path / "absent.toml")
    assert "cannot be read" in found["configuration.json"]


def test_a_damaged_spool_is_named_and_the_rest_is_there(tmp_path: pathlib.Path) -> None:
    config = prepare(tmp_path, free_port())
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "spool.db").write_bytes(os.urandom(20_000))

    found = bundle_of(config)

    assert "not a database" in found["spool_unreadable.json"]
    assert "versions.json" in found


def test_the_log_is_left_out_while_nobody_knows_what_may_be_named(tmp_path: pathlib.Path) -> None:
    config = prepare(tmp_path, free_port(), extra="[nonsense]\n")
    plant_secrets_in_the_log(tmp_path / "state", b"")

    found = bundle_of(config)

    assert "event=" not in found["log.txt"]


def test_a_file_that_the_agent_takes_away_meanwhile_is_left_out(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = prepare(tmp_path, free_port())
    state = tmp_path / "state"
    state.mkdir(exist_ok=True)
    (state / "stays").write_bytes(b"1234")
    (state / "ballast.new").write_bytes(b"")
    look = pathlib.Path.lstat

    def taken_away(path: pathlib.Path) -> os.stat_result:
        if path.name == "ballast.new":
            path.unlink()
        return look(path)

    monkeypatch.setattr(pathlib.Path, "lstat", taken_away)
    rows = json.loads(bundle_of(config)["disk.json"])["files"]["rows"]

    assert [name for name, *_ in rows if name in ("stays", "ballast.new")] == ["stays"]


async def test_a_running_agent_adds_its_state_in_both_languages(tmp_path: pathlib.Path) -> None:
    port = free_port()
    config = prepare(tmp_path, port)
    agent = Agent(load(config))
    running = asyncio.create_task(agent.run())
    try:
        await asyncio.sleep(0)
        found: dict[str, str] = {}
        while "health.json" not in found:
            assert not running.done(), running
            found = await asyncio.to_thread(bundle_of, config)
    finally:
        agent.stop()
        await asyncio.wait_for(running, 20)

    assert_clean(found, PASSWORD, TOKEN)
    assert json.loads(found["health.json"])["gateway"] == "gw-1"
    assert "网关 gw-1" in found["status.zh.txt"]
    assert "Gateway gw-1" in found["status.en.txt"]
    assert "ovoo_edge_ok" in found["metrics.txt"]


def test_something_else_at_the_port_is_named(tmp_path: pathlib.Path) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        found = bundle_of(prepare(tmp_path, server.server_port))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert "something else answers" in found["agent.txt"]


def test_the_size_is_bounded(tmp_path: pathlib.Path) -> None:
    config = prepare(tmp_path, free_port())
    state = tmp_path / "state"
    state.mkdir()
    (state / logs.LOG_FILE).write_bytes(os.urandom(3 << 20).hex().encode())
    catalogue = make_catalogue(3)
    with open_spool(state, sinks=("historian",), budget_mib=64) as spool:
        spool.add_catalogue(catalogue)
        lost = {(f"ent/site/area/line/asset/{'x' * 50}{n}", T0 // HOUR): [1, T0, T0] for n in range(20_000)}
        group = Group()
        group.lost["spool_full"] = lost
        spool.commit(group)
    target = tmp_path / "big.zip"

    write_bundle(config, target, T0)

    assert target.stat().st_size < LARGEST_BYTES
    assert sum(len(text.encode()) for text in members(target).values()) <= LARGEST_BYTES + 20_000
    assert json.loads(members(target)["lost.json"])["of"] == 20_000


def test_certificates_show_their_public_parts(tmp_path: pathlib.Path) -> None:
    config = prepare(tmp_path, free_port())
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ca.pem").write_text(Authority().pem)

    (found,) = json.loads(bundle_of(config)["certificates.json"])

    assert found["file"] == "ca.pem"
    assert len(found["sha256"]) == 64


def test_the_command_writes_names_and_never_overwrites(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = prepare(tmp_path, free_port())
    monkeypatch.chdir(tmp_path)
    assert main(["support-bundle", "--config", str(config)]) == 0
    assert "ovoo-support-gw-1-" in capsys.readouterr().out
    (made,) = tmp_path.glob("ovoo-support-gw-1-*.zip")
    assert main(["support-bundle", "--config", str(config), "--out", str(made)]) == 3
    assert "File exists" in capsys.readouterr().err


def test_why_the_agent_ended_stands_in_the_file(tmp_path: pathlib.Path) -> None:
    port = free_port()
    config = prepare(tmp_path, port)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "spool.db").mkdir()

    assert main(["run", "--config", str(config)]) == 1
    wait_until(lambda: (tmp_path / "state" / logs.LOG_FILE).exists(), what="log file")

    assert "event=ended_by_error" in bundle_of(config)["log.txt"]


def test_the_log_file_stays_small(tmp_path: pathlib.Path) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    with logs.keep_file(tmp_path):
        (handler,) = set(root.handlers) - set(before)
        for number in range(12_000):
            handler.handle(logging.LogRecord("x", logging.INFO, "", 0, "event=%d %s", (number, "y" * 100), None))

    assert root.handlers == before

    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert sum(sizes) <= 1 << 20


SECRET = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FFF, categories=("L", "N", "P", "S")), min_size=6)


@given(secret=SECRET, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_known_secret_never_survives_in_any_usual_spelling(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    texts = [before + secret + after, json.dumps({"x": before + secret + after}), repr(secret)]
    texts.append(base64.b64encode(secret.encode()).decode())

    for text in texts:
        cleaned = redactor.clean(text)
        assert secret not in cleaned
        assert json.dumps(secret)[1:-1] not in cleaned


@given(secret=SECRET)
def test_settings_lose_every_secret_and_keep_the_rest(secret: str) -> None:
    document = {
        "a": [{"password": secret, "window": 64, "host": "broker"}],
        "b": {"token": secret, "key_file": "own.key", "keepalive_s": 30},
    }

    cleaned = without_secrets(document)

    assert cleaned["a"][0] == {"password": REMOVED, "window": 64, "host": "broker"}
    assert cleaned["b"] == {"token": REMOVED, "key_file": "own.key", "keepalive_s": 30}
    assert secret in secrets_in(document, pathlib.Path("/nonexistent"))
