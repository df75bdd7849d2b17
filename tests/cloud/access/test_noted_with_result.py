"""What a job read under grants stands in the record as soon as anything made of it does, whenever its process dies.

What is committed at a moment is what a process that is killed then leaves. So after each commit of a run the database
is looked at by another connection.
"""

from __future__ import annotations

import json
import pathlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import cases, jobs
from ovoo_cloud.jobs.work import work_of
from ovoo_cloud.scoring.record import SOURCE
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue
from ovoo_models import artifact
from ovoo_models.bindings import untrained
from ovoo_packs import instantiate, load_pack
from sqlalchemy.engine.default import DefaultDialect

from tests.cloud.api.plant import HOUR, MINUTE, NOW, OWN, SITE, SPARE, SYSTEM, columns, deliver
from tests.cloud.api.route_bodies import intake
from tests.cloud.casework.centre import DAY, PURPOSES, Centre, centre, iso

EXPERT = Scope("centre_expert", Role.CENTRE_EXPERT)
KEPT = (
    "SELECT (SELECT count(*) FROM reports WHERE created_by = 'centre_expert')"
    f" + (SELECT count(*) FROM signals WHERE gateway = '{SOURCE}')"
    f" + (SELECT count(*) FROM findings WHERE gateway = '{SOURCE}')"
)
NOTED = "SELECT operation, sum(reads), max(site), max(subject) FROM access_lines GROUP BY operation"
FAN = "ventilation/main/fan2"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with centre(tmp_path_factory.mktemp("noted") / "centre") as opened:
        fed(opened)
        yield opened


class Looks:
    """What stands in the database after each commit: how much was kept of what was read, and the lines of access."""

    def __init__(
        self, house: Centre, monkeypatch: pytest.MonkeyPatch, kept: tuple[str, *tuple[str, ...]] = (KEPT,)
    ) -> None:
        commit: Callable[[Any, Any], None] = DefaultDialect.do_commit
        catalogue = house.plant.services.settings.data_dir / "catalogue.db"
        self.seen: list[tuple[int, list[Any]]] = []

        def committed(dialect: DefaultDialect, connection: Any) -> None:
            commit(dialect, connection)
            self.seen.append(_looked(catalogue, *kept))

        self.before = _looked(catalogue, *kept)
        monkeypatch.setattr(DefaultDialect, "do_commit", committed)


def _looked(catalogue: pathlib.Path, kept: str, *values: str) -> tuple[int, list[Any]]:
    opened = sqlite3.connect(catalogue)
    try:
        return opened.execute(kept, values).fetchone()[0], opened.execute(NOTED).fetchall()
    finally:
        opened.close()


def fed(house: Centre) -> None:
    """A second fan, whose gateway runs no model, with two hours of minutes; and the consent to read."""
    fan = AssetAddress(OWN, SITE, *FAN.split("/"))
    entries = [replace(each, uplink="raw") for each in instantiate(load_pack("coal_mine").template("main_fan"), fan)]
    rows = [(row, NOW - (120 - at) * MINUTE, 50.0 + at % 7) for row in range(len(entries)) for at in range(120)]
    deliver(house.plant, SPARE, Catalogue(entries), columns(rows), 1)
    body = {"purposes": PURPOSES, "sites": [SITE], "until": iso(NOW + DAY), "reason": "diagnosis"}
    assert house.call("enterprise_engineer", "POST", "/grants", json=body).status_code == 201
    with house.plant.services.database.write() as session:
        asked = intake(OWN)
        cases.save_case(session, SYSTEM, "noted", enterprise=OWN, site=SITE, title="x", intake=asked, now_ns=NOW)


def model() -> Any:
    return json.loads(artifact.dumps(untrained(load_pack("coal_mine").template("main_fan"), FAN)))


ORDERS: dict[str, Callable[[], dict[str, Any]]] = {
    "report": lambda: {"case": "noted", "number": "N-1"},
    "energy_report": lambda: {"enterprise": OWN, "site": SITE, "month": "2026-06", "formats": ["xlsx"]},
    "readiness_report": lambda: {"enterprise": OWN, "site": SITE},
    "rescore": lambda: {
        "asset": f"{OWN}/{SITE}/{FAN}", "model": model(), "start_ns": NOW - HOUR, "end_ns": NOW, "lead_s": 3600,
        "store": True,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", ORDERS)
def test_a_result_is_never_there_without_the_line_of_what_was_read_for_it(
    house: Centre, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = {**ORDERS[kind](), "user": EXPERT.user}
    looks = Looks(house, monkeypatch)

    work_of(kind).run(house.plant.services, parameters, lambda share: None)

    kept_before, _ = looks.before
    kept = [(each, noted) for each, noted in looks.seen if each > kept_before]
    assert kept
    for _, noted in kept:
        (line,) = (each for each in noted if each[0] == f"job {kind}")
        assert line[1] == 1
    assert [each[2:] for each in kept[-1][1] if each[0] == f"job {kind}"] == [NAMED[kind](parameters)]


NAMED: dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "report": lambda asked: ("", asked["case"]),
    "energy_report": lambda asked: (asked["site"], ""),
    "readiness_report": lambda asked: (asked["site"], ""),
    "rescore": lambda asked: (SITE, asked["asset"]),
}
"""Site and thing, as the enterprise finds them listed."""


def test_a_run_that_keeps_nothing_of_its_own_is_noted_before_its_result_is(
    house: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = house.plant.services
    with services.database.write() as session:
        order = {**ORDERS["rescore"](), "store": False, "compare": True}
        job = jobs.enqueue(session, EXPERT, "rescore", order, enterprise=OWN, now_ns=house.plant.clock()).id
    done = "SELECT count(*) FROM jobs WHERE state = 'done' AND id = ?"
    looks = Looks(house, monkeypatch, (done, job))

    house.work()

    assert looks.seen[-1][0] == 1
    lines = [sum(each[1] for each in noted if each[0] == "job rescore") for kept, noted in looks.seen if kept]
    assert set(lines) == {1 + sum(each[1] for each in looks.before[1] if each[0] == "job rescore")}
