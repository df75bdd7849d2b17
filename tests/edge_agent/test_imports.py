"""The gateway stays light: what a configuration does not name is never imported."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import ovoo_edge
import pytest

FORBIDDEN = (
    "fastapi",
    "sklearn",
    "scipy",
    "numpy",
    "influxdb_client",
    "grafana_api",
    "duckdb",
    "sqlalchemy",
    "yaml",
    "ovoo_cloud",
)
MODULES = sorted(module.name for module in pkgutil.walk_packages(ovoo_edge.__path__, "ovoo_edge."))


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(sorted(name.split('.')[0] for name in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_module_of_the_gateway_imports_what_it_must_not() -> None:
    code = "import importlib\n" + "\n".join(
        f"importlib.import_module({name!r})" for name in MODULES if not name.endswith("__main__")
    )
    assert not loaded_after(code) & set(FORBIDDEN)


def test_an_mqtt_only_gateway_never_imports_opcua() -> None:
    code = (
        "import ovoo_edge.cli, ovoo_edge.agent\n"
        "import ovoo_edge.sources.mqtt, ovoo_edge.sinks.mqtt\n"
        "from ovoo_edge.sources.registry import DRIVERS"
    )
    found = loaded_after(code)
    assert "asyncua" not in found
    assert "paho" in found


def test_an_influx_only_gateway_imports_neither_paho_nor_opcua() -> None:
    found = loaded_after("import ovoo_edge.cli, ovoo_edge.agent, ovoo_edge.sinks.influx, ovoo_edge.sources.replay")
    assert not found & {"paho", "asyncua", "cryptography"}


@pytest.mark.parametrize("name", MODULES)
def test_every_module_names_what_is_public(name: str) -> None:
    if name.endswith(("__main__", ".sources", ".sinks")):
        return
    module = __import__(name, fromlist=["__all__"])
    assert sorted(module.__all__) == sorted(set(module.__all__))
    for public in module.__all__:
        assert hasattr(module, public)
