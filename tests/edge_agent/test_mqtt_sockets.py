"""A connection that is over leaves no socket open, with the paho that is pinned."""

from __future__ import annotations

import os
import pathlib
import socket
import ssl
import threading

import pytest
from ovoo_edge.mqtt_sockets import release
from ovoo_edge.mqtt_tls import TlsContext
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.servers.certificates import TestAuthority


def open_sockets() -> int:
    """Sockets of this process."""
    links = pathlib.Path("/proc/self/fd")
    found = 0
    for name in os.listdir(links):
        try:
            found += os.readlink(links / name).startswith("socket:")
        except FileNotFoundError:  # the listing's own handle
            continue
    return found


def test_the_wake_up_sockets_of_a_client_are_closed_once_and_again() -> None:
    before = open_sockets()
    client = Client(CallbackAPIVersion.VERSION2)
    client.loop_start()
    client.loop_stop()
    assert open_sockets() == before + 2

    release(client, None)
    release(client, None)

    assert open_sockets() == before


@pytest.fixture
def plain_server() -> socket.socket:
    """Takes one connection and answers something that is no TLS."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with server, server.accept()[0] as peer:
            peer.recv(1)
            peer.sendall(b"this is no handshake")

    threading.Thread(target=answer, daemon=True).start()
    return server


def test_the_socket_of_a_handshake_that_failed_is_closed(tmp_path: pathlib.Path, plain_server: socket.socket) -> None:
    tls = TlsContext.of(TestAuthority(tmp_path).certificate)
    client = Client(CallbackAPIVersion.VERSION2)
    client.tls_set_context(tls)
    with pytest.raises(ssl.SSLError):
        client.connect(*plain_server.getsockname())
    assert tls.newest is not None
    assert tls.newest.fileno() >= 0

    release(client, tls)

    assert tls.newest.fileno() == -1
