from __future__ import annotations

import pathlib

import httpx
import pytest
from ovoo_contract.errors import Unauthenticated
from ovoo_edge.enrol import Enrolment, IdentityFiles, enrol, make_request

from tests.cloud.api.plant import GATEWAY, NOW, Plant, installation, served


def _invite(admin: httpx.Client) -> str:
    answer = admin.post(f"/api/v1/gateways/{GATEWAY}/enrol-tokens", json={"hours": 1})
    assert answer.status_code == 201
    return str(answer.json()["token"])


def test_the_gateways_own_client_gets_its_certificate_once(
    admin: httpx.Client, plant: Plant, tmp_path: pathlib.Path
) -> None:
    request = Enrolment(plant.url, GATEWAY, _invite(admin))
    files = IdentityFiles(tmp_path / "key.pem", tmp_path / "cert.pem", tmp_path / "ca.pem")

    identity = enrol(request, files)
    with pytest.raises(Unauthenticated, match="used"):
        enrol(request, files)

    assert "BEGIN CERTIFICATE" in identity.certificate_pem
    assert files.certificate.read_text() == identity.certificate_pem
    assert admin.get(f"/api/v1/gateways/{GATEWAY}").json()["status"] == "enrolled"


def test_wrong_gateway_wrong_request_and_expired_token(admin: httpx.Client, client: httpx.Client, plant: Plant) -> None:
    token = _invite(admin)
    _, csr = make_request(GATEWAY)
    _, foreign_csr = make_request("bayan-gw1")

    def ask(**changes: str) -> httpx.Response:
        return client.post("/api/v1/enrol", json={"token": token, "gateway": GATEWAY, "csr_pem": csr, **changes})

    assert ask(gateway="bayan-gw1").status_code == 401
    assert ask(csr_pem=foreign_csr).status_code == 422
    assert ask(csr_pem="-----BEGIN 谎言-----").status_code == 422
    assert ask(token="ovoo_0123456789abcdef_x").status_code == 401
    plant.clock.now_ns = NOW + 3601 * 10**9
    try:
        assert "expired" in ask().json()["detail"]
    finally:
        plant.clock.now_ns = NOW
    done = ask()  # none of the refusals used the token up
    assert done.status_code == 201
    assert done.json()["broker"] == {}


def test_the_answer_names_the_broker_as_gateways_reach_it(tmp_path: pathlib.Path) -> None:
    public = "mqtts://broker.example.cn:18883"
    with (
        installation(tmp_path / "cloud", broker_host="10.0.0.5", broker_public_url=public) as built,
        served(built) as running,
    ):
        running.http.headers["Authorization"] = f"Bearer {running.token('centre_admin')}"
        request = Enrolment(running.url, GATEWAY, _invite(running.http))

        identity = enrol(request, IdentityFiles(tmp_path / "key.pem", tmp_path / "cert.pem", tmp_path / "ca.pem"))

    assert identity.broker == {"host": "broker.example.cn", "port": 18883, "tls": True}
