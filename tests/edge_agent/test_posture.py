"""What a gateway sees of its network: from folders shaped as /sys and /proc, and from this machine itself."""

from __future__ import annotations

import ipaddress
import json
import pathlib
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.gateway_config import ReportedConfig
from ovoo_edge.config import GatewayConfig, load
from ovoo_edge.kernel_clock import KernelClock, Timex, read_kernel_clock
from ovoo_edge.network_view import NetworkView, Route, leaves_by
from ovoo_edge.posture import look_around

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wwan0\t00000000\t0100000A\t0003\t0\t0\t700\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
eth0\t0000FE0A\tFE01A8C0\t0003\t0\t0\t100\t0000FFFF\t0\t0\t0
wwan0\t0000000A\t00000000\t0001\t0\t0\t700\t00FFFFFF\t0\t0\t0
eth0\t0063A8C0\t00000000\t0200\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0A01A8C0:D431 1401A8C0:12F4 01 00000000:00000000 00:00000000 00000000     0        0 3 1
"""
TCP6 = """  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0
   1: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 0
"""
CONFIG = """
[gateway]
id = "heishan-gw1"
enterprise = "heishan"
site = "mine"
state_dir = "state"
signals = ["signals.csv"]

[[source]]
driver = "opcua"
name = "plc"
endpoint = "opc.tcp://192.168.1.20:4840"

[[source]]
driver = "opcua"
name = "far"
endpoint = "opc.tcp://10.254.3.4:4840"
user = "reader"
password_file = "secret"
allow_plain_password = true

[[source]]
driver = "mqtt"
name = "shop"
host = "127.0.0.1"
topics = ["plant/#"]

[[sink]]
driver = "mqtt"
name = "cloud"
host = "203.0.113.7"
ca_file = "ca.pem"
"""
SIGNALS = """address,unit,source,reference
heishan/mine/a/b/c/x,kW,plc,ns=2;s=x
heishan/mine/a/b/c/y,kW,far,ns=2;s=y
heishan/mine/a/b/c/z,kW,shop,plant/z
"""


@pytest.fixture
def config(tmp_path: pathlib.Path) -> GatewayConfig:
    for name, text in (("agent.toml", CONFIG), ("signals.csv", SIGNALS), ("secret", "x"), ("ca.pem", "x")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    return load(tmp_path / "agent.toml")


def system(folder: pathlib.Path, **tables: str) -> NetworkView:
    """A machine with Ethernet, a modem, Wi-Fi, a bridge and the loopback."""
    devices = folder / "sys" / "class" / "net"
    for name, kind, uevent, extra in (
        ("eth0", "1", "", "device"), ("wlan0", "1", "DEVTYPE=wlan", "wireless"), ("wwan0", "519", "DEVTYPE=wwan", ""),
        ("br0", "1", "DEVTYPE=bridge", ""), ("lo", "772", "", ""), ("tun0", "65534", "", ""), ("can0", "280", "", ""),
    ):  # fmt: skip
        (devices / name).mkdir(parents=True)
        (devices / name / "type").write_text(f"{kind}\n")
        (devices / name / "uevent").write_text(f"{uevent}\nINTERFACE={name}\n")
        if extra:
            (devices / name / extra).mkdir()
    (folder / "proc" / "self" / "net").mkdir(parents=True)
    for name, text in tables.items():
        (folder / "proc" / "self" / "net" / name).write_text(text)
    return NetworkView(folder)


def literal(host: str) -> Any:
    return ipaddress.ip_address(host)


SOURCES = [
    {
        "name": "plc", "driver": "opcua", "plain": True, "policy": "None", "mode": "None",
        "user": "anonymous", "segment": "other_interface",
    },
    {
        "name": "far", "driver": "opcua", "plain": True, "policy": "None", "mode": "None",
        "user": "password", "segment": "other_interface",
    },
    {"name": "shop", "driver": "mqtt", "plain": True, "user": "anonymous", "segment": "this_machine"},
]  # fmt: skip
"""What is told of the sources of CONFIG between two networks."""


def test_a_gateway_between_two_networks_tells_them_apart(config: GatewayConfig, tmp_path: pathlib.Path) -> None:
    view = system(tmp_path / "root", route=ROUTES, tcp=TCP, tcp6=TCP6)

    facts = look_around(config, view, literal)

    assert facts == {
        "interfaces": {
            "cellular": 1, "loopback": 1, "tunnel": 1, "unknown": 1, "virtual": 1, "wired": 1, "wireless": 1,
        },
        "uplinks": [{"name": "cloud", "driver": "mqtt", "kind": "cellular", "tls": True, "certificate": False}],
        "sources": SOURCES,
        "default_route_on_ot": False,
        "listening": {"outside": [22], "local": 2},
    }  # fmt: skip


def test_one_network_for_everything_is_seen_with_its_default_route(
    config: GatewayConfig, tmp_path: pathlib.Path
) -> None:
    flat = ROUTES.replace("wwan0\t00000000", "eth0\t00000000").replace("0100000A", "0101A8C0")

    facts = look_around(config, system(tmp_path / "root", route=flat), literal)

    assert facts["uplinks"][0]["kind"] == "wired"
    assert [row.get("segment") for row in facts["sources"]] == ["other_network", "other_network", "this_machine"]
    assert facts["default_route_on_ot"] is True
    assert "listening" not in facts


def test_what_is_not_seen_is_absent_and_never_no(config: GatewayConfig, tmp_path: pathlib.Path) -> None:
    facts = look_around(config, NetworkView(tmp_path / "nothing"), lambda host: None)

    assert set(facts) == {"uplinks", "sources"}
    assert all("segment" not in row for row in facts["sources"])
    assert "kind" not in facts["uplinks"][0]


def test_no_address_and_no_host_is_told(config: GatewayConfig, tmp_path: pathlib.Path) -> None:
    told = json.dumps(look_around(config, system(tmp_path / "root", route=ROUTES, tcp=TCP), literal))

    for secret in ("192.168", "10.254", "203.0.113", "127.0", "eth0", "secret", "reader"):
        assert secret not in told


def test_the_report_carries_it_and_older_readers_and_writers_do_without(config: GatewayConfig) -> None:
    facts = look_around(config, resolve=literal)

    again = ReportedConfig.from_json(ReportedConfig(posture=facts).to_json())

    assert again.posture == facts
    assert b"posture" not in ReportedConfig().to_json()
    assert dict(ReportedConfig.from_json(ReportedConfig().to_json()).posture) == {}


def test_a_port_of_this_machine_is_listed_while_it_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = {each.port: each.local for each in NetworkView().listeners() or ()}

    assert found[port] is True


networks = st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32)).map(
    lambda each: ipaddress.ip_network((each[0], each[1]), strict=False)
)


@given(
    st.lists(st.tuples(networks, st.integers(0, 3), st.integers(0, 9)), max_size=12),
    st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address),
)
def test_the_longest_prefix_wins_and_then_the_smallest_metric(
    rows: list[tuple[ipaddress.IPv4Network, int, int]], address: ipaddress.IPv4Address
) -> None:
    routes = tuple(Route(network, f"if{number}", metric) for network, number, metric in rows)

    found = leaves_by(routes, address)

    fitting = [each for each in routes if address in each.network]
    assert (found is None) == (not fitting)
    if found is not None:
        assert found.network.prefixlen == max(each.network.prefixlen for each in fitting)
        longest = [each for each in fitting if each.network.prefixlen == found.network.prefixlen]
        assert found.metric == min(each.metric for each in longest)


@pytest.mark.parametrize(
    ("state", "status", "held"), [(0, 0x2001, True), (5, 0x2041, False), (0, 0x0040, False), (5, 0x2001, False)]
)
def test_a_clock_is_held_when_state_and_status_say_so(state: int, status: int, held: bool) -> None:
    def adjtimex(buffer: Timex) -> int:
        assert buffer.modes == 0  # anything else would set the clock
        buffer.status, buffer.maxerror = status, 12_500
        return state

    assert read_kernel_clock(adjtimex) == KernelClock(held, 12.5)


def test_a_system_that_tells_nothing_of_its_clock_is_none() -> None:
    def refused(buffer: Timex) -> int:
        return -1

    def absent(buffer: Timex) -> int:
        raise AttributeError

    assert read_kernel_clock(refused) is None
    assert read_kernel_clock(absent) is None


def test_this_machine_answers_within_its_own_bounds() -> None:
    found = read_kernel_clock()

    assert found is None or found.error_ms >= 0
