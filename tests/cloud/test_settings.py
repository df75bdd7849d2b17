from __future__ import annotations

import pathlib

import pytest
from ovoo_cloud import settings as module
from ovoo_cloud.settings import BrokerAddress, Settings, load_settings
from ovoo_contract.errors import ConfigErrors

SAMPLE = pathlib.Path(module.__file__).with_name("ovoo-cloud.toml")


def test_the_sample_file_holds_every_default() -> None:
    assert load_settings(SAMPLE, {}) == Settings()


def test_the_environment_stands_over_the_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('store = "influx"\nlisten_port = 9000\n', encoding="utf-8")

    found = load_settings(path, {"OVOO_LISTEN_PORT": "9001", "OVOO_DATA_DIR": "/srv/ovoo", "OVOO_PURE_PYTHON": "1"})

    assert (found.store, found.listen_port, found.data_dir) == ("influx", 9001, pathlib.Path("/srv/ovoo"))
    assert found.database == "sqlite:////srv/ovoo/catalogue.db"


def test_all_mistakes_are_reported_together_with_key_and_remedy(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(
        'stor = "embedded"\nlisten_port = 70000\nstore = "files"\ntimezone = "Mars/Base"\nlanguage = 3\n'
        "[broker]\na = 1\n",
        encoding="utf-8",
    )

    with pytest.raises(ConfigErrors) as caught:
        load_settings(path, {})

    text = str(caught.value)
    assert len(caught.value.errors) == 6
    for part in ("stor: unknown", "listen_port", "0..65535", "embedded, influx", "Mars/Base", "language", "sections"):
        assert part in text


def test_secrets_come_from_files_and_are_never_shown(tmp_path: pathlib.Path) -> None:
    (tmp_path / "token").write_text("very-secret\n", encoding="utf-8")

    found = load_settings(None, {"OVOO_INFLUX_TOKEN_FILE": str(tmp_path / "token"), "OVOO_BROKER_PASSWORD": "hush"})

    assert (found.influx_token, found.broker_password) == ("very-secret", "hush")
    assert "very-secret" not in repr(found)
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        pytest.param({"OVOO_BROKER_KEY": "k.pem"}, "half a key pair", id="key without certificate"),
        pytest.param({"OVOO_STORE": "influx", "OVOO_INFLUX_URL": "db:8086"}, "not an HTTP address", id="no http"),
        pytest.param({"OVOO_INFLUX_TOKEN": "a", "OVOO_INFLUX_TOKEN_FILE": "b"}, "given twice", id="twice"),
        pytest.param({"OVOO_BROKER_PASSWORD_FILE": "/nonexistent"}, "make it readable", id="no such file"),
    ],
)
def test_contradictions(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigErrors, match=message):
        load_settings(None, environment)


def test_a_missing_or_broken_file_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigErrors, match=r"absent\.toml"):
        load_settings(tmp_path / "absent.toml", {})
    (tmp_path / "b.toml").write_text("a = ", encoding="utf-8")
    with pytest.raises(ConfigErrors, match="not TOML"):
        load_settings(tmp_path / "b.toml", {})


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mqtts://broker.example.cn", BrokerAddress("broker.example.cn", 8883, True)),
        ("mqtts://broker.example.cn:18883/", BrokerAddress("broker.example.cn", 18883, True)),
        ("mqtt://[fd00::7]:1884", BrokerAddress("fd00::7", 1884, False)),
        ("", BrokerAddress("mosquitto", 1883, False)),
    ],
)
def test_gateways_are_told_the_public_broker_else_our_own(url: str, told: BrokerAddress) -> None:
    found = load_settings(None, {"OVOO_BROKER_HOST": "mosquitto", "OVOO_BROKER_PUBLIC_URL": url})

    assert found.gateway_broker == told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("broker_public_url", "broker.example.cn:8883"),
        ("broker_public_url", "https://broker.example.cn"),
        ("broker_public_url", "mqtts://"),
        ("broker_public_url", "mqtts://b:99999"),
        ("broker_public_url", "mqtts://user:secret@b"),
        ("broker_public_url", "mqtts://b/path"),
        ("metrics_listen", "9109"),
        ("metrics_listen", "127.0.0.1:"),
        ("metrics_listen", "127.0.0.1:70000"),
        ("metrics_listen", ":9109"),
        ("idempotency_hours", "0"),
    ],
)
def test_an_address_that_is_none_is_refused(name: str, value: str) -> None:
    with pytest.raises(ConfigErrors, match=f"OVOO_{name.upper()}"):
        load_settings(None, {f"OVOO_{name.upper()}": value})
