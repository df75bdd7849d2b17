"""What a gateway puts off until it is needed behaves as if it had not been put off."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import hmac
import importlib
import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from ovoo_edge import deferred


def prepared(code: str) -> Any:
    """What `code` leaves in `found`, in a process that starts as the command does."""
    script = f"from ovoo_edge.entry import prepare\nprepare()\nimport json, sys\n{code}\nprint(json.dumps(found))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_mqtt_gateway_without_tls_loads_neither_tls_nor_openssl_nor_metrics_nor_packs() -> None:
    found = prepared(
        "import ovoo_edge.cli, ovoo_edge.agent, ovoo_edge.sources.mqtt, ovoo_edge.sources.mqtt_link\n"
        "import ovoo_edge.sinks.influx, ovoo_edge.sinks.mqtt\n"
        "found = sorted(sys.modules)"
    )
    absent = {"_ssl", "_hashlib", "asyncua", "cryptography", "prometheus_client", "ovoo_packs", "pyexpat"}
    assert not absent & set(found)
    assert "paho.mqtt.client" in found


def test_a_deferred_module_is_the_real_one_for_whoever_asks_first_also_from_many_threads() -> None:
    found = prepared(
        "import ssl, threading\n"
        "start, seen = threading.Barrier(8), []\n"
        "def look():\n"
        "    start.wait()\n"
        "    seen.append(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).verify_mode == ssl.CERT_REQUIRED)\n"
        "threads = [threading.Thread(target=look) for _ in range(8)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
        "from asyncio import sslproto\n"
        "from asyncio.sslproto import SSLProtocol\n"
        "found = [seen, type(ssl).__name__, ssl.__spec__.name, hasattr(ssl, 'nothing'), SSLProtocol.__module__,\n"
        "         sslproto.SSLProtocol is SSLProtocol]"
    )
    assert found == [[True] * 8, "module", "ssl", False, "asyncio.sslproto", True]


def test_tls_talks_through_a_deferred_module() -> None:
    found = prepared(
        "import ssl\n"
        "incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()\n"
        "link = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname='plant.example')\n"
        "try:\n"
        "    link.do_handshake()\n"
        "except ssl.SSLWantReadError:\n"
        "    found = list(outgoing.read(3)[:2])"
    )
    assert found == [0x16, 0x03]  # a handshake record


def test_digests_are_the_same_without_openssl() -> None:
    found = prepared(
        "import hashlib, hmac\n"
        "found = [hashlib.sha256(b'ovoo').hexdigest(), hashlib.new('sha1', b'ovoo').hexdigest(),\n"
        "         hmac.new(b'k', b'ovoo', 'sha256').hexdigest()]"
    )
    expected = [hashlib.sha256(b"ovoo").hexdigest(), hashlib.new("sha1", b"ovoo").hexdigest()]
    assert found == [*expected, hmac.new(b"k", b"ovoo", "sha256").hexdigest()]


def test_a_deferred_part_of_a_package_is_found_in_its_package() -> None:
    found = prepared(
        "import urllib.request\n"
        "before = type(sys.modules['urllib.request']).__name__\n"
        "request = urllib.request.Request('http://plant.example/a')\n"
        "import importlib.util\n"
        "origin = importlib.util.find_spec('urllib.request').origin\n"
        "found = [before, request.host, type(urllib.request).__name__, origin == urllib.request.__file__]"
    )
    assert found == ["_Deferred", "plant.example", "module", True]


def test_a_module_that_is_not_there_is_missed_at_its_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    deferred.defer_modules(["ovoo_no_such_module", "json"])
    with pytest.raises(ModuleNotFoundError, match="ovoo_no_such_module"):
        importlib.import_module("ovoo_no_such_module")
    assert importlib.import_module("json") is json


def test_a_module_that_fails_fails_again_at_its_next_use(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "ovoo_breaks.py").write_text("early = 1\nlate = 1 / len(early_list)\n", encoding="utf-8")
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    deferred.defer_modules(["ovoo_breaks"])
    broken = importlib.import_module("ovoo_breaks")
    monkeypatch.delitem(sys.modules, "ovoo_breaks")
    for _ in range(2):
        with pytest.raises(NameError, match="early_list"):
            _ = broken.late


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Plain:
    """Made at once."""

    number: int
    words: list[str] = dataclasses.field(default_factory=list, compare=False)


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> type[Any]:
    """The same class with methods that are made at their first call."""
    if not hasattr(dataclasses, "_create_fn"):
        pytest.skip("this Python compiles a class at once")
    monkeypatch.setattr(dataclasses, "_create_fn", dataclasses._create_fn)
    deferred.defer_methods()

    @dataclasses.dataclass(frozen=True, slots=True, order=True)
    class Late:
        number: int
        words: list[str] = dataclasses.field(default_factory=list, compare=False)

    return Late


def test_a_dataclass_with_late_methods_behaves_like_any(late: type[Any]) -> None:
    one, two = late(1, ["a"]), late(number=2)
    assert (one == late(1), one < two, hash(one) == hash(Plain(1)), one.words) == (True, True, True, ["a"])
    assert repr(two).endswith("Late(number=2, words=[])")
    assert dataclasses.replace(one, number=5) == late(5)
    assert copy.deepcopy(one) == one
    assert dataclasses.astuple(two) == (2, [])
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.number = 3
    with pytest.raises(TypeError, match=r"__init__\(\) missing 1 required positional argument: 'number'"):
        late()


def test_a_late_method_is_made_once_and_found_through_a_subclass(late: type[Any]) -> None:
    class Heir(late):  # type: ignore[misc]
        pass

    assert Heir(4).number == 4
    made = late.__dict__["__init__"]
    assert Heir(5).number == 5
    assert late.__dict__["__init__"] is made
    assert made.__code__.co_varnames[:2] == ("self", "number")
