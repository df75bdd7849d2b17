"""Who holds a report may ask for it: all three facts must fit, and a later revision is told."""

from __future__ import annotations

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import cases
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.catalogue.verification import issued_report

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, SITE, T0, S

CODE = "ab" * 32


def issued(revision: int, code: str) -> Report:
    return Report(
        id=f"hs-1-r{revision}",
        case=None,
        enterprise=ENTERPRISE,
        site=SITE,
        number="HS-1",
        revision=revision,
        title="黑山煤业有限公司",
        language="zh",
        folder="none",
        snapshot_sha256=code,
        summary={},
        start_ns=T0,
        end_ns=T0 + S,
        created_by="expert",
        created_ns=T0 + revision * S,
    )


@pytest.fixture(autouse=True)
def _one_report(database: Database) -> None:
    with database.write() as session:
        builders.tenant(session)
        cases.save_report(session, Scope.system(), issued(1, CODE))


def test_the_three_facts_of_the_cover_find_the_report(database: Database) -> None:
    with database.read() as session:
        found = issued_report(session, "HS-1", 1, CODE.upper())

    assert found is not None
    assert (found.number, found.revision, found.snapshot_sha256, found.current) == ("HS-1", 1, CODE, True)
    assert found.issued_ns == T0 + S


@pytest.mark.parametrize(
    ("number", "revision", "code"),
    [("HS-2", 1, CODE), ("HS-1", 2, CODE), ("HS-1", 1, "ba" * 32), ("HS-1", 1, CODE[:-1]), ("HS-1", 1, "")],
)
def test_any_fact_that_does_not_fit_finds_nothing(database: Database, number: str, revision: int, code: str) -> None:
    with database.read() as session:
        assert issued_report(session, number, revision, code) is None


def test_a_corrected_report_is_not_the_current_one(database: Database) -> None:
    with database.write() as session:
        cases.save_report(session, Scope.system(), issued(2, "cd" * 32))
    with database.read() as session:
        first, second = issued_report(session, "HS-1", 1, CODE), issued_report(session, "HS-1", 2, "cd" * 32)

    assert first is not None
    assert second is not None
    assert (first.current, first.newest, second.current) == (False, 2, True)
