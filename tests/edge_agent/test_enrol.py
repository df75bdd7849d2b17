"""Enrolment against a real authority on loopback: TLS, token, certificate, files."""

from __future__ import annotations

import datetime
import http.server
import json
import pathlib
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cryptography import x509
from ovoo_contract.errors import ConnectFailed, DeliveryError, OvooError, Unauthenticated, Untrusted
from ovoo_edge.cli import main
from ovoo_edge.enrol import Enrolment, IdentityFiles, enrol

from tests.edge_agent.authority import Authority
from tests.edge_agent.test_config import GATEWAY, SOURCE

NOW = datetime.datetime.now(datetime.UTC)
Answer = tuple[int, dict[str, Any]]


@contextmanager
def cloud(folder: pathlib.Path, authority: Authority, answer: Callable[[dict[str, Any]], Answer]) -> Iterator[str]:
    """A real HTTPS server with the enrolment route."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = answer(document) if self.path == "/api/v1/enrol" else (404, {"title": "not here"})
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server_files(folder))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def authority(tmp_path: pathlib.Path) -> Authority:
    made = Authority()
    (tmp_path / "cloud-ca.pem").write_text(made.pem)
    return made


def files_in(folder: pathlib.Path) -> IdentityFiles:
    return IdentityFiles(folder / "certs" / "gw.key", folder / "certs" / "gw.crt", folder / "certs" / "ca.crt")


def good(authority: Authority) -> Callable[[dict[str, Any]], Answer]:
    def answer(document: dict[str, Any]) -> Answer:
        if document["token"] != "once":
            return 401, {"title": "Unauthorized", "detail": "token expired"}
        signed = authority.sign(document["csr_pem"])
        return 200, {"certificate_pem": signed, "ca_pem": authority.pem, "broker": {"host": "broker", "port": 8883}}

    return answer


def test_a_token_becomes_a_certificate_and_the_key_stays_private(tmp_path: pathlib.Path, authority: Authority) -> None:
    with cloud(tmp_path, authority, good(authority)) as url:
        identity = enrol(Enrolment(url, "gw-1", "once", tmp_path / "cloud-ca.pem"), files_in(tmp_path))

    files = files_in(tmp_path)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=gw-1"
    assert identity.broker == {"host": "broker", "port": 8883}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (files.key, files.certificate, files.ca)} == {0o600}
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(files.certificate, files.key)


@pytest.mark.parametrize(
    ("token", "kind", "message"),
    [("late", Unauthenticated, "the cloud refused: token expired")],
)
def test_a_refused_token_is_explained(
    tmp_path: pathlib.Path, authority: Authority, token: str, kind: type[OvooError], message: str
) -> None:
    with cloud(tmp_path, authority, good(authority)) as url, pytest.raises(kind, match=message):
        enrol(Enrolment(url, "gw-1", token, tmp_path / "cloud-ca.pem"), files_in(tmp_path))
    assert not files_in(tmp_path).key.exists()


def test_answers_that_cannot_be_trusted_are_not_stored(tmp_path: pathlib.Path, authority: Authority) -> None:
    stranger = Authority()

    def bad(document: dict[str, Any], how: str) -> Answer:
        other = enrol_request_of_somebody_else()
        signed = {
            "key": authority.sign(other),
            "name": authority.sign(document["csr_pem"], "gw-2"),
            "issuer": stranger.sign(document["csr_pem"]),
            "garbage": "hello",
        }[how]
        return 200, {"certificate_pem": signed, "ca_pem": authority.pem}

    for how, message in (
        ("key", "another key"),
        ("name", "another gateway"),
        ("issuer", "unusable"),
        ("garbage", "unusable"),
    ):
        with cloud(tmp_path, authority, lambda document, how=how: bad(document, how)) as url:  # type: ignore[misc]
            request = Enrolment(url, "gw-1", "once", tmp_path / "cloud-ca.pem")
            with pytest.raises(Untrusted, match=message):
                enrol(request, files_in(tmp_path))
    assert not files_in(tmp_path).certificate.exists()


def test_servers_that_cannot_be_trusted_never_see_the_token(tmp_path: pathlib.Path, authority: Authority) -> None:
    seen: list[object] = []

    def answer(document: dict[str, Any]) -> Answer:
        seen.append(document)
        return 200, {}

    with cloud(tmp_path, authority, answer) as url, pytest.raises(Untrusted, match="TLS refused"):
        enrol(Enrolment(url, "gw-1", "once"), files_in(tmp_path))
    with pytest.raises(Untrusted, match="https only"):
        enrol(Enrolment("http://cloud.example", "gw-1", "once"), files_in(tmp_path))
    assert seen == []


def test_nobody_there_and_not_an_enrolment(tmp_path: pathlib.Path, authority: Authority, free_port: int) -> None:
    with pytest.raises(ConnectFailed):
        enrol(Enrolment(f"https://127.0.0.1:{free_port}", "gw-1", "once"), files_in(tmp_path))
    with cloud(tmp_path, authority, lambda _: (200, {"hello": 1})) as url, pytest.raises(DeliveryError):
        enrol(Enrolment(url, "gw-1", "once", tmp_path / "cloud-ca.pem"), files_in(tmp_path))


def test_the_command_writes_where_the_uplink_expects(
    tmp_path: pathlib.Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    sink = '[[sink]]\nname = "c"\ndriver = "mqtt"\nhost = "b"\n'
    sink += 'key_file = "c/k"\ncertificate_file = "c/c"\nca_file = "c/a"\n'
    token = tmp_path / "token"
    token.write_text("once\n")
    with cloud(tmp_path, authority, good(authority)) as url:
        path = tmp_path / "agent.toml"
        path.write_text(GATEWAY + SOURCE + sink + f'[enrol]\nurl = "{url}"\nca_file = "cloud-ca.pem"\n')
        arguments = ["enrol", "--config", str(path), "--token-file", str(token)]

        assert main(arguments) == 0
        assert "certificate written" in capsys.readouterr().out
        assert main(arguments) == 3
        assert "--renew" in capsys.readouterr().err
        assert main([*arguments, "--renew"]) == 0

    assert (tmp_path / "c" / "k").exists()


def enrol_request_of_somebody_else() -> str:
    from ovoo_edge.enrol import make_request

    return make_request("gw-1")[1]
