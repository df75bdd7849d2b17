"""Source tables: every fault at once, samples that are true, drivers that load only when named."""

from __future__ import annotations

import dataclasses
import importlib.resources
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
from ovoo_contract.errors import ConfigErrors
from ovoo_edge.sources.registry import DRIVERS, driver_names, read_settings
from ovoo_edge.sources.settings import MqttSettings, OpcUaSettings, ReplaySettings

CLASSES: dict[str, Any] = {"opcua": OpcUaSettings, "mqtt": MqttSettings, "replay": ReplaySettings}
_FIELD_OF_KEY = {"tls_ca": "tls", "tls_certificate": "tls", "tls_private_key": "tls"}


def sample(driver: str) -> str:
    return importlib.resources.files("ovoo_edge").joinpath(f"example_configs/{driver}.toml").read_text("utf-8")


@pytest.mark.parametrize("driver", driver_names())
def test_sample_file_is_valid_and_names_every_option(driver: str) -> None:
    text = sample(driver)

    settings = read_settings(tomllib.loads(text)["source"][0], "source[0]")

    assert isinstance(settings, CLASSES[driver])
    keys = set(re.findall(r"^(?:# )?([a-z0-9_]+) = ", text, re.MULTILINE)) - {"driver"}
    fields = {field.name for field in dataclasses.fields(CLASSES[driver])}
    assert {_FIELD_OF_KEY.get(key, key) for key in keys} == fields


@pytest.mark.parametrize("driver", driver_names())
def test_commented_defaults_in_the_sample_are_the_defaults(driver: str) -> None:
    text = sample(driver)
    defaults = {field.name: field.default for field in dataclasses.fields(CLASSES[driver])}
    shown = re.findall(r"^# ([a-z0-9_]+) = (.+)$", text, re.MULTILINE)

    for key, value in shown:
        default = defaults[key]
        if default in ("", (), None):  # a computed default, or an example
            continue
        assert tomllib.loads(f"x = {value}")["x"] == default, key


@pytest.mark.parametrize("driver", driver_names())
def test_every_option_is_documented(driver: str) -> None:
    text = CLASSES[driver].__doc__ or ""
    for field in dataclasses.fields(CLASSES[driver]):
        assert re.search(rf"\b{field.name}\b", text), field.name


def test_all_faults_of_a_table_come_together_with_key_paths() -> None:
    table = {
        "name": "PLC 1", "driver": "opcua", "endpoint": "http://x", "queue_s": 5, "outstanding": 1.5, "colour": "red",
        "trigger": "Never", "user": "x", "security_mode": "Sign", "publishing_interval_ms": True,
    }  # fmt: skip

    with pytest.raises(ConfigErrors) as caught:
        read_settings(table, "source[3]")

    message = str(caught.value)
    for key in ("name", "endpoint", "queue_s", "outstanding", "colour", "trigger", "password_file", "security_mode",
                "publishing_interval_ms"):  # fmt: skip
        assert f"source[3].{key}" in message, key
    assert "opc.tcp://host:port" in message


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"driver": "s7"}, "unknown driver"),
        ({}, "unknown driver"),
        ({"driver": "opcua", "name": "a"}, "endpoint: is missing"),
        ({"driver": "opcua", "name": "a", "endpoint": "opc.tcp://u:secret@h:4840"}, "must not hold a password"),
        (
            {"driver": "opcua", "name": "a", "endpoint": "opc.tcp://h:4840", "security_policy": "Basic256Sha256"},
            "certificate",
        ),
        ({"driver": "mqtt", "name": "a", "host": "h", "topics": ["a/#/b"]}, "invalid topic filter"),
        ({"driver": "mqtt", "name": "a", "host": "h", "topic_template": "{site}/{planet}"}, "planet"),
        ({"driver": "mqtt", "name": "a", "host": "h", "topic_template": "{site}"}, "leaves address levels open"),
        ({"driver": "mqtt", "name": "a", "host": "h", "timezone": "Mars/Base"}, "not a known zone"),
        ({"driver": "mqtt", "name": "a", "host": "h", "tls_certificate": "x"}, "tls_private_key"),
        ({"driver": "replay", "name": "a", "path": "x.parquet"}, "neither .ovb nor .csv"),
    ],
)
def test_faults_are_named(table: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigErrors, match=re.escape(said)) as caught:
        read_settings(table, "source[0]")
    assert "secret" not in str(caught.value)


def _modules_after(code: str) -> set[str]:
    program = f"import sys\n{code}\nprint(' '.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.split())


def test_mqtt_only_gateway_never_imports_asyncua() -> None:
    modules = _modules_after(
        "import pathlib, random, time\n"
        "from ovoo_edge.sources.base import SignalMap, SourceContext\n"
        "from ovoo_edge.sources.registry import create_source, read_settings\n"
        "import ovoo_edge.mapping\n"
        "s = read_settings({'name': 'm', 'driver': 'mqtt', 'host': 'h'}, 'source[0]')\n"
        "c = SourceContext(pathlib.Path('.'), time.time_ns, time.monotonic, random.Random())\n"
        "create_source(s, [SignalMap(0, 'a/b/c/d/e/f', 'topic')], c)"
    )

    assert "paho.mqtt.client" in modules
    assert not [name for name in modules if name.startswith("asyncua")]


def test_replay_only_gateway_imports_neither_library() -> None:
    modules = _modules_after("import ovoo_edge.sources.registry, ovoo_edge.sources.replay")

    assert not [name for name in modules if name.startswith(("asyncua", "paho"))]


def test_decoder_needs_no_opcua_library() -> None:
    modules = _modules_after("import ovoo_edge.sources.decode")

    assert not [name for name in modules if name.startswith("asyncua")]


def test_every_driver_has_sample_settings_and_tests() -> None:
    assert set(DRIVERS) == set(CLASSES)
    for driver in DRIVERS:
        assert sample(driver)


@pytest.mark.parametrize("policy", ["Basic128Rsa15", "Basic256"])
def test_withdrawn_policies_are_refused_with_the_remedy(policy: str) -> None:
    table = {"name": "plc", "driver": "opcua", "endpoint": "opc.tcp://plc:4840", "security_policy": policy}
    with pytest.raises(ConfigErrors) as faults:
        read_settings(table, "source[0]")
    (fault,) = faults.value.errors
    assert (fault.offender, fault.message, fault.value) == (
        "source[0].security_policy",
        "is no longer supported",
        policy,
    )
    assert "enable Basic256Sha256 or an Aes policy" in fault.remedy
