"""The part `secrets` of a case: checked against the others, in force in the issued report, taken along elsewhere."""

from __future__ import annotations

import json
import pathlib

from ovoo_cloud.casework import archive, exchange, parts
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.reports.signing import load_trusted_key
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

from tests.cloud.api.plant import NOW, SYSTEM
from tests.cloud.casework.centre import CASE, PARTS, REGISTER, Centre
from tests.cloud.casework.test_flow import report_folder

SECRETS = {
    "trade_secrets": {
        "documents": [{"document": REGISTER, "reason": "lists suppliers"}],
        "figures": [{"figure": "energy.kwh", "reason": "the price is open"}],
    }
}
UNKNOWN = {
    "trade_secrets": {
        "documents": [{"document": "elsewhere.pdf", "reason": "r"}],
        "products": [{"product": "coal", "reason": "r"}],
        "finance": [{"year": "2031", "reason": "r"}],
    }
}


def test_a_secret_that_the_case_does_not_have_is_a_contradiction_at_its_row(house: Centre) -> None:
    house.to_intake()
    for name, content in {**PARTS, "secrets": UNKNOWN}.items():
        assert house.write(name, content).status_code == 200

    found = house.call("centre_expert", "GET", f"/cases/{CASE}/contradictions").json()["items"]
    refused = house.step("centre_expert", "submit")
    wrong = house.write("secrets", {"trade_secrets": {"figures": [{"figure": "lode.peak"}]}}, 1)

    assert {each["where"] for each in found if each["code"] == "secret_unknown"} == {
        "trade_secrets.documents[0].document",
        "trade_secrets.products[0].product",
        "trade_secrets.finance[0].year",
    }
    assert (refused.status_code, wrong.status_code) == (422, 422)
    assert "trade_secrets.figures[0].figure" in wrong.text
    assert "trade_secrets.figures[0].reason" in wrong.text


def test_ticked_secrets_hold_in_the_issued_report_and_go_along_with_the_case(
    house: Centre, tmp_path: pathlib.Path
) -> None:
    house.to_intake()
    assert house.upload().status_code == 201
    for name, content in {**PARTS, "secrets": SECRETS}.items():
        assert house.write(name, content).status_code == 200
    for step in ("submit", "freeze"):
        house.done("centre_expert", step)
    house.accept_all()
    shown = house.done("centre_expert", "propose")["snapshot"]
    house.done("enterprise_engineer", "confirm", {"snapshot": shown})
    order = {"number": "OV-2026-031", "snapshot": shown, "languages": ["zh"], "centre_copy": True}
    house.done("centre_admin", "issue", order)

    folder = report_folder(house, "ov-2026-031-r1")
    trust = house.plant.services.settings.signing_key.with_name("report-key.pub.pem")
    verified = verify_bundle(folder, trust=trust)
    own, cut = ((folder / f"{stem}.json").read_text("utf-8") for stem in ("report", "report.centre"))
    kwh = json.loads((folder / "snapshot.json").read_bytes())["figures"]["energy.kwh"]["value"]
    assert verified.ok, verified.mismatches
    for secret in (REGISTER, f'"{kwh}"', "lists suppliers"):
        assert secret in own
        assert secret not in cut

    answer = house.call("centre_admin", "GET", f"/cases/{CASE}/export")
    files = archive.unpack(answer.content, answer.headers["Ovoo-Seal"].encode() + b"\n", [load_trusted_key(trust)])
    with build_services(Settings(data_dir=tmp_path / "other"), clock=lambda: NOW) as other:
        with other.database.write() as session:
            exchange.import_case(session, SYSTEM, files, other.settings, NOW)
        with other.database.read() as session:
            row = session.get(CaseFile, CASE)
            assert row is not None
            taken = parts.newest(session, row, "secrets")
            assert taken is not None
            assert taken.content == SECRETS
            assert exchange.export_case(session, row, other.settings) == answer.content
