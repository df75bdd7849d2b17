"""Ideal rates in the asset catalogue, on both engines: kept all or none, audited, and told to a diagnosis."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, ideal_rates, signals
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.ideal_rate_sheet import read_sheet, write_sheet
from ovoo_cloud.catalogue.ideal_rates import GivenRate
from ovoo_cloud.catalogue.tables import AssetRecord, Gateway
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.services import Services
from ovoo_cloud.usage_store import usage_of
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import ConfigError, ConfigErrors, Forbidden, NotFound

from tests.cloud import builders
from tests.cloud.builders import T0

FANS = tuple(f"{builders.ENTERPRISE}/{builders.SITE}/ventilation/main/fan{number}" for number in (1, 2))
FAN, OTHER = FANS


def engineer(enterprise: str = builders.ENTERPRISE) -> Scope:
    return Scope("li", Role.ENTERPRISE_ENGINEER, frozenset({enterprise}))


@pytest.fixture
def two_fans(database: Database) -> Database:
    entries = [SignalEntry(AssetAddress.parse(path).signal("power"), "kW") for path in FANS]
    with database.write() as session:
        builders.tenant(session)
        gateway = session.get(Gateway, builders.GATEWAY)
        assert gateway is not None
        signals.save_catalogue(session, gateway, Catalogue(entries), now_ns=T0)
    return database


def keep(database: Database, *given: GivenRate, scope: Scope | None = None) -> None:
    with database.write() as session:
        ideal_rates.enter(session, scope or engineer(), builders.ENTERPRISE, given, T0)


def held(database: Database) -> list[tuple[str | None, str | None]]:
    with database.read() as session:
        rows = signals.assets(session, engineer(), builders.ENTERPRISE)
        return [(row.ideal_rate_per_hour, row.product_unit) for row in rows]


def test_a_rate_is_kept_in_plain_digits_and_told_to_a_diagnosis(two_fans: Database) -> None:
    keep(two_fans, GivenRate(FAN, " 1.250E+3 ", "m³"), GivenRate(OTHER, "0.001", "t"))

    assert held(two_fans) == [("1250", "m3"), ("0.001", "t")]
    with two_fans.read() as session:
        told = usage_of(session, engineer(), builders.ENTERPRISE, 0, T0).rates
    assert [(each.asset, each.ideal_rate_per_hour, each.product_unit) for each in told] == [
        (FAN, "1250", "m3"), (OTHER, "0.001", "t"),
    ]  # fmt: skip

    keep(two_fans, GivenRate(FAN, "", ""))
    assert held(two_fans) == [(None, None), ("0.001", "t")]


def test_a_diagnosis_of_some_sites_is_told_no_rate_of_another(services: Services) -> None:
    elsewhere = FAN.replace(f"/{builders.SITE}/", "/washery/")
    with services.database.write() as session:
        for path, site in ((FAN, builders.SITE), (elsewhere, "washery")):
            session.add(
                AssetRecord(
                    path=path, enterprise=builders.ENTERPRISE, site=site, pack="", template="", name_zh="", name_en="",
                    ideal_rate_per_hour="12", product_unit="t",
                )
            )  # fmt: skip

    everywhere, here = (
        StoreEvidence(services, builders.ENTERPRISE, Scope.system(), sites) for sites in (None, [builders.SITE])
    )

    assert {each.asset for each in everywhere.usage(0, T0).rates} == {FAN, elsewhere}
    assert {each.asset for each in here.usage(0, T0).rates} == {FAN}


def test_a_new_signal_list_of_the_gateway_leaves_the_rates_alone(two_fans: Database) -> None:
    keep(two_fans, GivenRate(FAN, "12", "count"))
    entries = [SignalEntry(AssetAddress.parse(path).signal("speed"), "r/min") for path in FANS]

    with two_fans.write() as session:
        gateway = session.get(Gateway, builders.GATEWAY)
        assert gateway is not None
        signals.save_catalogue(session, gateway, Catalogue(entries), now_ns=T0 + 1)

    assert held(two_fans)[0] == ("12", "count")


def test_who_changed_what_is_in_the_audit_record_and_no_change_is_not(two_fans: Database) -> None:
    for rate in ("12", "12.0", "13"):
        keep(two_fans, GivenRate(FAN, rate, "count"))

    with two_fans.read() as session:
        lines = [line for line in reversed(audit.listing(session, Scope.system())) if line.action == "asset.ideal_rate"]
    assert [(line.actor, line.subject, line.detail["ideal_rate_per_hour"]) for line in lines] == [
        ("li", FAN, "12"), ("li", FAN, "13"),
    ]  # fmt: skip


WRONG = (
    ("0", "t", "ideal_rate_per_hour"), ("-1", "t", "ideal_rate_per_hour"), ("NaN", "t", "ideal_rate_per_hour"),
    ("1e400", "t", "ideal_rate_per_hour"), ("1000000001", "t", "ideal_rate_per_hour"),
    ("0.0005", "t", "ideal_rate_per_hour"), ("1.2345", "t", "ideal_rate_per_hour"),
    ("十二", "t", "ideal_rate_per_hour"), ("", "t", "ideal_rate_per_hour"),
    ("12", "", "product_unit"), ("12", "furlong", "product_unit"), ("12", "t/h", "product_unit"),
)  # fmt: skip


def test_a_wrong_entry_is_named_and_nothing_is_kept(two_fans: Database) -> None:
    for rate, unit, place in WRONG:
        with pytest.raises(ConfigErrors) as caught:
            keep(two_fans, GivenRate(OTHER, "7", "t"), GivenRate(FAN, rate, unit, "line 3"))

        (error,) = caught.value.errors
        assert (error.offender, bool(error.remedy), error.code[:11]) == (f"line 3 {place}", True, "ideal_rate.")
    assert held(two_fans) == [(None, None)] * 2


def test_every_fault_is_told_at_once_and_an_asset_twice_is_one(two_fans: Database) -> None:
    with pytest.raises(ConfigErrors) as caught:
        keep(two_fans, GivenRate(FAN, "x", "t"), GivenRate(FAN, "12", "t"), GivenRate(OTHER, "1", "y"))

    assert [each.offender for each in caught.value.errors] == [
        f"{FAN} ideal_rate_per_hour", FAN, f"{OTHER} product_unit",
    ]  # fmt: skip


def test_strangers_and_viewers_keep_nothing_and_an_unknown_machine_does_not_exist(two_fans: Database) -> None:
    viewer = Scope("wang", Role.ENTERPRISE_VIEWER, frozenset({builders.ENTERPRISE}))
    for scope, error in ((viewer, Forbidden), (engineer("bayan"), NotFound)):
        with pytest.raises(error):
            keep(two_fans, GivenRate(FAN, "12", "t"), scope=scope)
    with pytest.raises(NotFound):
        keep(two_fans, GivenRate(FAN, "12", "t"), GivenRate(FAN + "9", "12", "t"))

    assert held(two_fans) == [(None, None)] * 2


UNITS = ("t", "m3", "count", "%")
segment = st.from_regex(r"[a-z][a-z0-9-]{2,8}", fullmatch=True)
rows = st.lists(
    st.tuples(
        st.tuples(segment, segment, segment, segment, segment).map("/".join),
        st.none() | st.tuples(st.decimals("0.001", "1e9", places=3).map(str), st.sampled_from(UNITS)),
    ),
    max_size=8,
    unique_by=lambda row: row[0],
)  # fmt: skip


@settings(max_examples=40)
@given(rows)
def test_a_sheet_comes_back_as_it_went_out(told: Sequence[tuple[str, tuple[str, str] | None]]) -> None:
    assets = [
        AssetRecord(path=path, ideal_rate_per_hour=pair and pair[0], product_unit=pair and pair[1])
        for path, pair in told
    ]

    again = read_sheet(write_sheet(assets), "rates.csv")

    pairs = [pair or ("", "") for _, pair in told]
    assert [(each.asset, each.ideal_rate_per_hour, each.product_unit) for each in again] == [
        (path, *pair) for (path, _), pair in zip(told, pairs, strict=True)
    ]


@given(st.binary(max_size=200))
def test_bytes_that_are_no_such_table_are_refused_by_name(raw: bytes) -> None:
    with pytest.raises(ConfigError) as caught:  # the three columns are longer than chance
        read_sheet(raw, "rates.csv")

    assert "rates.csv" in caught.value.offender


def test_a_sheet_of_a_spreadsheet_in_gbk_with_semicolons_and_other_order_is_read() -> None:
    text = f"product_unit;asset;ideal_rate_per_hour\r\nm³;{FAN};12,5\r\n;;\r\n".replace("12,5", "12.5")

    (row,) = read_sheet(text.replace("m³", "吨").encode("gbk"), "rates.csv")

    assert (row.asset, row.ideal_rate_per_hour, row.product_unit, row.place) == (FAN, "12.5", "吨", "line 2")
