"""The posture read from the kernel itself: real interfaces, routes and sockets in network namespaces of their own."""

from __future__ import annotations

import concurrent.futures
import pathlib
import threading
from collections.abc import Iterator

import pytest

from tests.edge_agent.network_namespace import Looker, Namespace, namespace
from tests.edge_agent.test_posture import CONFIG, SIGNALS, SOURCES

TWO_NETWORKS = (
    "link set lo up",
    "link add ot type veth peer name plant",
    "link add it type veth peer name office",
    *(f"link set {name} up" for name in ("ot", "plant", "it", "office")),
    "address add 192.168.1.10/24 dev ot",
    "address add 10.0.0.2/24 dev it",
    "address add fd00:1::10/64 dev ot nodad",
    "address add fd00:2::10/64 dev it nodad",
    "route add 10.254.0.0/16 via 192.168.1.254",
    "route add default via 10.0.0.1 metric 100",
    "route add default via 192.168.1.254 metric 700",
    "route add default via fd00:2::1",
)
FACTS = {
    "interfaces": {"loopback": 1, "virtual": 4},
    "uplinks": [{"name": "cloud", "driver": "mqtt", "kind": "virtual", "tls": True, "certificate": False}],
    "sources": SOURCES,
    "default_route_on_ot": True,
    "listening": {"outside": [], "local": 0},
    "datagrams": {"outside": [], "local": 0},
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    for name, text in (("agent.toml", CONFIG), ("signals.csv", SIGNALS), ("secret", "x"), ("ca.pem", "x")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    return tmp_path


@pytest.fixture
def net(request: pytest.FixtureRequest) -> Iterator[Namespace]:
    with namespace(f"{hash(request.node.name) & 0xFFFF:04x}") as made:
        yield made


@pytest.fixture
def looker(net: Namespace, folder: pathlib.Path) -> Iterator[Looker]:
    with net.looker(folder) as made:
        yield made


def test_a_gateway_between_two_networks_reads_them_with_rights_and_without(net: Namespace, looker: Looker) -> None:
    net.ip(*TWO_NETWORKS)

    as_root = looker.ask("look", times=1)
    assert looker.ask("become_nobody") != 0
    as_nobody = looker.ask("look", times=1)

    assert as_root == as_nobody == [FACTS]

    net.ip("route delete default via 192.168.1.254 metric 700")
    assert looker.ask("look", times=1) == [FACTS | {"default_route_on_ot": False}]


def test_as_a_sandboxed_service_it_sees_the_same(net: Namespace, folder: pathlib.Path) -> None:
    """The units of `firmware_configs` hide everything of /proc but processes; /proc/net is gone then."""
    net.ip(*TWO_NETWORKS)
    hide = 'mount -t proc -o subset=pid,hidepid=2 proc /proc && test ! -e /proc/net && exec "$@"'
    inside = (net.ip_program, "netns", "exec", net.name, "sh", "-c", hide, "sh")

    with net.looker(folder, enter=inside) as looker:
        looker.ask("become_nobody")

        assert looker.ask("look", times=1) == [FACTS]


HOSTS = (
    "192.168.1.20", "192.168.1.10", "10.0.0.2", "10.0.0.77", "10.254.3.4", "10.254.9.1", "10.8.1.1", "10.9.1.1",
    "10.7.1.1", "203.0.113.7", "127.0.0.1", "fd00:1::20", "fd00:1::10", "fd00:2::10", "fd00:2::20", "fd00:9::1",
    "fd00:8::1", "2001:db8::1", "::1", "fe80::77%ot", "fe80::77%it",
)  # fmt: skip


def test_every_address_is_left_for_as_the_kernel_itself_would(net: Namespace, looker: Looker) -> None:
    net.ip(
        *TWO_NETWORKS,
        "route add 10.254.9.0/24 via 10.0.0.1",
        "route add blackhole 10.9.0.0/16",
        "route add unreachable 10.8.0.0/16",
        "route add prohibit 10.7.0.0/16",
        "route add blackhole fd00:9::/64",
        "route add unreachable fd00:8::/64",
    )
    kernel = {host: net.leaves_by(host) for host in HOSTS}

    found = looker.ask("ways", hosts=HOSTS)

    own = ("fd00:1::10", "fd00:2::10")  # the kernel names the interface of its own IPv6 address, but keeps the packet
    assert found == kernel | dict.fromkeys(own, "lo")
    assert {kernel["10.9.1.1"], kernel["10.8.1.1"], kernel["10.7.1.1"], kernel["fd00:9::1"]} == {None}
    assert kernel["192.168.1.10"] == "lo"
    assert looker.ask("ways", hosts=["fe80::77"]) == {"fe80::77": None}


def test_no_default_route_is_none_in_either_family(net: Namespace, looker: Looker) -> None:
    net.ip(*TWO_NETWORKS[:9])

    assert looker.ask("ways", hosts=["203.0.113.7", "2001:db8::1"]) == {"203.0.113.7": None, "2001:db8::1": None}
    (facts,) = looker.ask("look", times=1)
    assert "kind" not in facts["uplinks"][0]
    assert facts["default_route_on_ot"] is False


def test_ports_are_told_by_who_can_reach_them(net: Namespace, looker: Looker) -> None:
    net.ip(*TWO_NETWORKS)
    opened = [
        ("AF_INET", "SOCK_STREAM", "127.0.0.1", 4001, False),
        ("AF_INET", "SOCK_STREAM", "127.9.9.9", 4002, False),
        ("AF_INET6", "SOCK_STREAM", "::1", 4003, False),
        ("AF_INET6", "SOCK_STREAM", "::ffff:127.0.0.1", 4004, True),
        ("AF_INET", "SOCK_STREAM", "0.0.0.0", 4011, False),
        ("AF_INET", "SOCK_STREAM", "192.168.1.10", 4012, False),
        ("AF_INET6", "SOCK_STREAM", "::", 4013, True),
        ("AF_INET6", "SOCK_STREAM", "fd00:2::10", 4014, False),
        # the same port twice: on the loopback of one family, for everybody in the other
        ("AF_INET", "SOCK_STREAM", "127.0.0.1", 4015, False),
        ("AF_INET6", "SOCK_STREAM", "::", 4015, False),
        ("AF_INET", "SOCK_DGRAM", "127.0.0.1", 4021, False),
        ("AF_INET", "SOCK_DGRAM", "0.0.0.0", 4022, False),
        ("AF_INET6", "SOCK_DGRAM", "::", 4023, True),
        ("AF_INET6", "SOCK_DGRAM", "::1", 4024, True),
    ]
    looker.ask("open", sockets=opened)
    looker.ask("become_nobody")  # the sockets are another user's now

    found = looker.ask("listeners")

    local, outside = ("4001", "4002", "4003", "4004"), ("4011", "4012", "4013", "4014", "4015")
    assert found == {**dict.fromkeys(local, True), **dict.fromkeys(outside, False)}
    (facts,) = looker.ask("look", times=1)
    assert facts["listening"] == {"outside": [4011, 4012, 4013, 4014, 4015], "local": 4}
    assert facts["datagrams"] == {"outside": [4022, 4023], "local": 2}


def test_both_ends_of_a_connection_are_no_open_port(net: Namespace, looker: Looker) -> None:
    net.ip("link set lo up")
    looker.ask("open", sockets=[("AF_INET", "SOCK_STREAM", "127.0.0.1", 4001, False)])
    looker.ask("connect", sockets=[("SOCK_STREAM", 4001), ("SOCK_DGRAM", 4002)])

    (facts,) = looker.ask("look", times=1)

    assert facts["listening"] == {"outside": [], "local": 1}
    assert facts["datagrams"] == {"outside": [], "local": 0}


KINDS = {
    "pair": ("link add pair type veth peer name other", "virtual"),
    "switch": ("link add switch type bridge", "virtual"),
    "lan": ("link add link pair name lan type vlan id 5", "virtual"),
    "shared": ("link add link pair name shared type macvlan", "virtual"),
    "nothing": ("link add nothing type dummy", "virtual"),
    "over": ("link add over type vxlan id 4 dstport 4789", "virtual"),
    "plug": ("tuntap add plug mode tap", "virtual"),
    "tube": ("tuntap add tube mode tun", "tunnel"),
    "field": ("link add field type vcan", "unknown"),
}


def test_every_kind_that_this_kernel_makes_is_named(net: Namespace, looker: Looker) -> None:
    made = {name: kind for name, (line, kind) in KINDS.items() if net.tries(line)}

    assert {"pair", "switch"} <= set(made)  # a kernel may lack others
    assert looker.ask("interfaces") == {**made, "other": "virtual", "lo": "loopback"}


def test_a_name_may_hold_what_unicode_takes_for_a_space(net: Namespace, looker: Looker) -> None:
    """The kernel refuses the spaces of ASCII only; the tables of /proc print names as they are."""
    names = ("工厂", "a\u3000b", "c\x1cd", "e\u2028f", "g\x85h")
    net.ip(*(f"link add {name} type bridge" for name in names), *(f"link set {name} up" for name in names))
    net.ip(*(f"route add 198.51.100.{number}/32 dev {name}" for number, name in enumerate(names)))
    net.ip(*(f"route add fd00:{number}::/64 dev {name}" for number, name in enumerate(names)))

    assert looker.ask("interfaces") == {**dict.fromkeys(names, "virtual"), "lo": "loopback"}
    assert looker.ask("ways", hosts=[f"198.51.100.{number}" for number in range(5)]) == {
        f"198.51.100.{number}": name for number, name in enumerate(names)
    }
    assert looker.ask("ways", hosts=["fd00:3::1"]) == {"fd00:3::1": "e\u2028f"}


def test_without_any_interface_but_a_loopback_that_is_down(looker: Looker) -> None:
    (facts,) = looker.ask("look", times=1)

    assert facts["interfaces"] == {"loopback": 1}
    assert "kind" not in facts["uplinks"][0]
    assert [each.get("segment") for each in facts["sources"]] == [None, None, "this_machine"]
    assert "default_route_on_ot" not in facts
    assert facts["listening"] == facts["datagrams"] == {"outside": [], "local": 0}


def test_a_device_folder_of_another_namespace_is_not_taken_for_its_own(net: Namespace, folder: pathlib.Path) -> None:
    """As in a container into which the /sys of its host is mounted."""
    net.ip(*TWO_NETWORKS)

    with net.looker(folder, enter=("nsenter", f"--net=/run/netns/{net.name}")) as looker:
        assert looker.ask("interfaces") is None
        (facts,) = looker.ask("look", times=1)

    assert "interfaces" not in facts
    assert facts["uplinks"][0]["kind"] == "unknown"
    assert [each["segment"] for each in facts["sources"]] == ["other_interface", "other_interface", "this_machine"]


COMES_AND_GOES = (
    "link add gone type veth peer name peer",
    "link set gone up",
    "link set peer up",
    "address add 172.16.0.1/24 dev gone",
    "route add 172.17.0.0/16 via 172.16.0.2",
    "address add fd00:3::1/64 dev gone nodad",
    "link set it down",
    "link set it up",
    "route add default via 10.0.0.1 metric 100",
    "link delete gone",
)


def test_what_comes_and_goes_meanwhile_is_told_as_it_stood_or_not_at_all(net: Namespace, looker: Looker) -> None:
    net.ip(*TWO_NETWORKS)
    enough = threading.Event()

    def shake() -> int:
        rounds = 0
        while not enough.is_set():
            net.ip(*COMES_AND_GOES)
            rounds += 1
        return rounds

    with concurrent.futures.ThreadPoolExecutor(1) as other:
        shaking = other.submit(shake)
        try:
            seen = looker.ask("look", times=100)
        finally:
            enough.set()
        assert shaking.result() > 0

    # the two ends of a pair come one after the other; nothing that left halfway is told as of an unknown kind
    counts = [each["interfaces"] for each in seen if "interfaces" in each]
    assert all(each in [{"loopback": 1, "virtual": number} for number in (4, 5, 6)] for each in counts)
    assert {each["uplinks"][0]["kind"] for each in seen} <= {"virtual", "unknown"}
    # with the office down the other default route takes over, which leads to the plant
    away = {each["segment"] for facts in seen for each in facts["sources"][:2]}
    assert away <= {"other_interface", "other_network"}
    assert all(facts["default_route_on_ot"] for facts in seen)
    assert looker.ask("look", times=1) == [FACTS]
