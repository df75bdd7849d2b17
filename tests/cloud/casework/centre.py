"""A centre that needs consent, with one plant's telemetry behind it, and people who work on a case through the API."""

from __future__ import annotations

import contextlib
import hashlib
import io
import pathlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from ovoo_cloud.casework import exchange, exchange_check
from ovoo_cloud.casework.archive import MANIFEST
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.jobs.worker import Worker
from sqlalchemy import select

from tests.cloud.api.plant import DAY, HOUR, NOW, OWN, SITE, Plant, installation, served
from tests.cloud.api.plant_records import ensure_report_key
from tests.cloud.casework.content import CONTENT, PARTS, REGISTER

CASE = "heishan-2026"
BASE = f"/api/v1/enterprises/{OWN}"
PURPOSES = ["telemetry", "findings", "energy", "documents", "report"]


@dataclass
class Centre:
    """The installation and its people: each has a client of their own."""

    plant: Plant

    def person(self, role: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.plant.token(role)}"}
        return httpx.Client(base_url=self.plant.url, timeout=60, headers=headers, trust_env=False)

    def call(self, role: str, method: str, path: str, **rest: Any) -> httpx.Response:
        with self.person(role) as client:
            return client.request(method, f"{BASE}{path}", **rest)

    def step(self, role: str, name: str, body: dict[str, Any] | None = None, case: str = CASE) -> httpx.Response:
        return self.call(role, "POST", f"/cases/{case}/steps/{name}", json=body)

    def done(self, role: str, name: str, body: dict[str, Any] | None = None, case: str = CASE) -> dict[str, Any]:
        """A step that must succeed; queued work is run to its end."""
        answer = self.step(role, name, body, case)
        assert answer.status_code in (200, 201, 202), answer.text
        if answer.status_code == 202:
            self.work()
            job = self.call(role, "GET", f"/jobs/{answer.json()['id']}").json()
            assert job["state"] == "done", job
        return self.file(role, case)

    def work(self) -> None:
        worker = Worker(self.plant.services)
        while worker.run_next():
            pass

    def file(self, role: str = "centre_admin", case: str = CASE) -> dict[str, Any]:
        answer = self.call(role, "GET", f"/cases/{case}/file")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def apply(self, case: str = CASE) -> dict[str, Any]:
        body = {"id": case, "title": "黑山 2026", "sites": [SITE], "reason": "level assessment"}
        answer = self.call("enterprise_engineer", "POST", "/cases", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def consent_body(self, days: int = 90, **rest: Any) -> dict[str, Any]:
        until = iso(self.plant.clock() + days * DAY)
        return {"purposes": PURPOSES, "sites": [SITE], "until": until, "reason": "diagnosis", **rest}

    def upload(self, role: str = "enterprise_engineer", case: str = CASE) -> httpx.Response:
        return self.call(
            role,
            "POST",
            f"/cases/{case}/documents",
            params={"name": REGISTER, "sha256": hashlib.sha256(CONTENT).hexdigest()},
            content=CONTENT,
        )

    def write(
        self, part: str, content: dict[str, Any], version: int = 0, role: str = "centre_expert"
    ) -> httpx.Response:
        headers = {"If-Match": f'"{version}"'}
        return self.call(role, "PUT", f"/cases/{CASE}/parts/{part}", json={"content": content}, headers=headers)

    def to_intake(self, framework: str = "sme_2024") -> None:
        """A case whose parts are open."""
        self.apply()
        self.done("centre_admin", "accept", {})
        self.done("enterprise_engineer", "consent", self.consent_body())
        self.done("centre_expert", "open_intake", {"framework": framework})

    def to_review(self) -> None:
        """A case whose evidence was measured."""
        self.to_intake()
        assert self.upload().status_code == 201
        for part, content in PARTS.items():
            answer = self.write(part, content)
            assert answer.status_code == 200, answer.text
        self.done("centre_expert", "submit")
        self.done("centre_expert", "freeze")

    def accept_all(self, but: tuple[str, ...] = (), case: str = CASE) -> None:
        """Accepts every item and scene that nobody decided."""
        table = self.call("centre_expert", "GET", f"/cases/{case}/review").json()["items"]
        for row in table:
            if row["decision"] is None and row["subject"] not in but:
                body = {"subject": row["subject"], "decision": "accept"}
                answer = self.call("centre_expert", "POST", f"/cases/{case}/review", json=body)
                assert answer.status_code == 201, answer.text

    def to_issued(self, number: str = "OV-2026-001") -> dict[str, Any]:
        """A case with its first report."""
        self.to_review()
        self.accept_all()
        shown = self.done("centre_expert", "propose")["snapshot"]
        self.done("enterprise_engineer", "confirm", {"snapshot": shown})
        return self.done("centre_admin", "issue", {"number": number, "snapshot": shown, "languages": ["zh", "en"]})


def check_exports(centre: Centre) -> None:
    """Every case that stands in the house can go to another one: what the import asks for is there."""
    settings = centre.plant.services.settings
    with centre.plant.services.database.read() as session:
        for row in session.scalars(select(CaseFile)):
            content = exchange.export_case(session, row, settings)
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                exchange_check.checked({name: packed.read(name) for name in packed.namelist() if name != MANIFEST})


def iso(time_ns: int) -> str:
    """A moment as the API takes it."""
    from ovoo_cloud.api.times import to_iso

    return str(to_iso(time_ns))


@contextlib.contextmanager
def centre(folder: pathlib.Path, **settings: Any) -> Iterator[Centre]:
    """A served installation that needs consent."""
    with installation(folder, access_consent="required", **settings) as plant, served(plant) as running:
        ensure_report_key(running)
        yield Centre(running)


__all__ = ["BASE", "CASE", "CONTENT", "DAY", "HOUR", "NOW", "OWN", "PARTS", "REGISTER", "Centre", "centre", "iso"]
