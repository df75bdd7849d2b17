"""The pusher: live routes only, everything replaced in place, refusals in plain words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ovoo_contract.errors import ConfigError, ConnectFailed, Forbidden, NotFound, OvooError, Unauthenticated
from ovoo_dashboards import dashboards, render
from ovoo_dashboards.cli import main
from ovoo_dashboards.pusher import GrafanaLink
from ovoo_packs import pack_names

from tests.dashboards.fake_grafana import TOKEN, VIEWER_TOKEN, FakeGrafana


@pytest.fixture(params=["", "/grafana"], ids=["root", "sub-path"])
def grafana(request: pytest.FixtureRequest) -> Iterator[FakeGrafana]:
    with FakeGrafana(request.param) as server:
        yield server


@pytest.fixture
def link(grafana: FakeGrafana) -> Iterator[GrafanaLink]:
    with GrafanaLink(grafana.url, TOKEN) as connection:
        yield connection


def test_pages_are_created_then_replaced(grafana: FakeGrafana, link: GrafanaLink) -> None:
    page = render(dashboards()[0], "zh")
    link.ensure_folder("ovoo", "文件夹")

    versions = [link.put_dashboard(page, "ovoo") for _ in range(2)]

    assert versions == [1, 2]
    assert grafana.pages["ovoo-fleet"]["title"] == "网关机队总览"
    link.ensure_folder("ovoo", "文件夹")
    assert grafana.requests.count(("POST", "/api/folders")) == 1


def test_data_source_is_created_then_replaced_by_uid(grafana: FakeGrafana, link: GrafanaLink) -> None:
    link.put_data_source({"uid": "ovoo-influx", "url": "http://a"})
    link.put_data_source({"uid": "ovoo-influx", "url": "http://b"})

    assert grafana.sources["ovoo-influx"]["url"] == "http://b"
    assert ("PUT", "/api/datasources/uid/ovoo-influx") in grafana.requests


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/datasources/1"),
        ("PUT", "/datasources/1"),
        ("DELETE", "/datasources/1"),
        ("GET", "/folders/id/1"),
        ("GET", "/dashboards/id/1/permissions"),
        ("GET", "/alert-notifications"),
        ("POST", "/admin/pause-all-alerts"),
    ],
)
def test_dead_routes_are_refused_before_anything_is_sent(
    grafana: FakeGrafana, link: GrafanaLink, method: str, path: str
) -> None:
    with pytest.raises(ConfigError, match="not a live route"):
        link._call(method, path)

    assert grafana.requests == []


def test_the_librarys_own_dead_calls_do_not_pass_the_gate(grafana: FakeGrafana, link: GrafanaLink) -> None:
    with pytest.raises(ConfigError, match=r"not a live route .*'GET /api/datasources/7'"):
        link._face.datasource.get_datasource_by_id(7)
    with pytest.raises(ConfigError, match="not a live route"):
        link._face.notifications.get_channels()

    assert grafana.requests == []


def test_refused_tokens_are_told_apart(grafana: FakeGrafana) -> None:
    with GrafanaLink(grafana.url, "wrong") as link, pytest.raises(Unauthenticated, match="token refused"):
        link.ensure_folder("ovoo", "x")
    with GrafanaLink(grafana.url, VIEWER_TOKEN) as link, pytest.raises(Forbidden, match="service account"):
        link.ensure_folder("ovoo", "x")


def test_the_tokens_value_is_never_in_a_message(grafana: FakeGrafana) -> None:
    with GrafanaLink(grafana.url, "secret-token") as link, pytest.raises(Unauthenticated) as caught:
        link.ensure_folder("ovoo", "x")

    assert "secret-token" not in str(caught.value)


def test_servers_words_are_passed_on(grafana: FakeGrafana, link: GrafanaLink) -> None:
    with pytest.raises(OvooError, match="folder not found"):
        link.put_dashboard(render(dashboards()[0], "zh"), "absent")


def test_a_page_that_is_not_there_is_named(grafana: FakeGrafana, link: GrafanaLink) -> None:
    with pytest.raises(NotFound, match="not there"):
        link._call("GET", "/dashboards/uid/absent")


def test_silent_server_is_named(free_port: int) -> None:
    with GrafanaLink(f"http://127.0.0.1:{free_port}", TOKEN) as link, pytest.raises(ConnectFailed, match="no answer"):
        link.version()


@pytest.mark.parametrize("url", ["localhost:3000", "ftp://host", ""])
def test_what_is_not_an_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="not an address"):
        GrafanaLink(url, TOKEN)


def test_push_sends_everything(
    grafana: FakeGrafana, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OVOO_GRAFANA_TOKEN", TOKEN)
    monkeypatch.setenv("OVOO_INFLUX_TOKEN", "influx-secret")

    code = main(
        [
            "push",
            grafana.url,
            "--influx-url",
            "http://influx:8086",
            "--database",
            "ovoo_demo",
            "--alerts",
            "--readers",
            "enterprise",
        ]
    )

    assert code == 0
    assert set(grafana.pages) == {page.uid for page in dashboards()}
    assert grafana.folders == {"ovoo": "Ovoo 工业互联网"}
    source = grafana.sources["ovoo-influx"]
    assert source["jsonData"]["dbName"] == "ovoo_demo"
    assert source["secureJsonData"] == {"httpHeaderValue1": "Token influx-secret"}
    assert set(grafana.groups) == {"ovoo-platform", *(f"ovoo-{name.replace('_', '-')}" for name in pack_names())}
    rule = grafana.groups["ovoo-coal-mine"]["rules"][0]
    assert rule["annotations"]["__dashboardUid__"] == "ovoo-coal-mine"
    assert "dashboardUid" not in rule
    assert "influx-secret" not in capsys.readouterr().out


def test_push_without_token_says_what_to_set(
    grafana: FakeGrafana, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OVOO_GRAFANA_TOKEN", raising=False)

    assert main(["push", grafana.url]) == 1
    assert "OVOO_GRAFANA_TOKEN: no token (set it to a service-account token)" in capsys.readouterr().err


def test_push_without_database_says_what_to_give(
    grafana: FakeGrafana, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OVOO_GRAFANA_TOKEN", TOKEN)

    assert main(["push", grafana.url, "--influx-url", "http://influx:8086", "--readers", "enterprise"]) == 1
    assert "--database: no database" in capsys.readouterr().err


@pytest.mark.parametrize("readers", [[], ["--readers", "centre"]], ids=["not said", "a centre"])
def test_a_data_source_past_every_consent_is_refused(
    grafana: FakeGrafana, readers: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OVOO_GRAFANA_TOKEN", "t")

    code = main(["push", grafana.url, "--influx-url", "http://influx:8086", "--database", "ovoo_demo", *readers])

    assert code == 1
    assert "--readers" in capsys.readouterr().err
