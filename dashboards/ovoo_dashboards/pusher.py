"""Pushes dashboards to a running Grafana over HTTP: the only place that knows `grafana-api`.

That library is frozen and half of its routes are gone from current servers, so a gate in front of its session lets only
routes pass that are served today, and everything newer goes through its raw runner.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final

import requests
from grafana_api.grafana_api import GrafanaClientError, GrafanaException
from grafana_api.grafana_face import GrafanaFace
from ovoo_contract.errors import ConfigError, ConnectFailed, Forbidden, NotFound, OvooError, Unauthenticated
from requests.adapters import HTTPAdapter

__all__ = ["LIVE_ROUTES", "GrafanaLink"]

Json = dict[str, Any]

_UID = r"[A-Za-z0-9_-]{1,40}"
LIVE_ROUTES: Final[tuple[tuple[str, str], ...]] = (
    ("GET", r"/api/health"),
    ("GET", rf"/api/folders/{_UID}"),
    ("POST", r"/api/folders"),
    ("GET", rf"/api/dashboards/uid/{_UID}"),
    ("POST", r"/api/dashboards/db"),
    ("DELETE", rf"/api/dashboards/uid/{_UID}"),
    ("GET", rf"/api/datasources/uid/{_UID}"),
    ("POST", r"/api/datasources"),
    ("PUT", rf"/api/datasources/uid/{_UID}"),
    ("PUT", rf"/api/v1/provisioning/folder/{_UID}/rule-groups/{_UID}"),
)
"""Method and path of every request that may leave; numeric ids, legacy alerting and permissions by id are not here."""


class _Gate(HTTPAdapter):
    """Refuses, before anything is sent, a request whose route is not on the list."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        path = urllib.parse.urlsplit(request.url or "").path
        bare = str(path).removeprefix(self._prefix)
        if not any(request.method == method and re.fullmatch(route, bare) for method, route in LIVE_ROUTES):
            remedy = "use a route that current servers keep"
            raise ConfigError("not a live route", offender="grafana", value=f"{request.method} {bare}", remedy=remedy)
        return super().send(request, *args, **kwargs)


class GrafanaLink:
    """A signed-in connection; use it in a `with` block.

    Args:
        url: e.g. `http://127.0.0.1:3000` or `https://host/grafana`.
        token: service-account token.
        timeout_s: per request, > 0.
        verify: check the server's certificate.
    """

    def __init__(self, url: str, token: str, *, timeout_s: float = 10.0, verify: bool = True) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError("not an address", offender="url", value=url, remedy="e.g. http://127.0.0.1:3000")
        prefix = parts.path.strip("/")
        self._url = url
        self._face = GrafanaFace(
            token, host=parts.hostname, port=parts.port, protocol=parts.scheme, verify=verify, timeout=timeout_s,
            url_path_prefix=f"{prefix}/" if prefix else "",
        )  # fmt: skip
        gate = _Gate(f"/{prefix}" if prefix else "")
        self._face.api.s.mount("http://", gate)
        self._face.api.s.mount("https://", gate)

    def __enter__(self) -> GrafanaLink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._face.api.s.close()

    def version(self) -> str:
        """The server's version; raises ConnectFailed when nobody answers."""
        return str(self._call("GET", "/health").get("version", ""))

    def ensure_folder(self, uid: str, title: str) -> None:
        """Creates the folder if it is not there."""
        if self._find(lambda: self._face.folder.get_folder(uid)) is None:
            self._run(lambda: self._face.folder.create_folder(title, uid))

    def put_data_source(self, source: Mapping[str, Any]) -> None:
        """Creates or replaces the data source of that uid."""
        uid = source["uid"]
        if self._find(lambda: self._face.api.GET(f"/datasources/uid/{uid}")) is None:
            self._run(lambda: self._face.datasource.create_datasource(dict(source)))
        else:
            self._call("PUT", f"/datasources/uid/{uid}", dict(source))

    def put_dashboard(self, dashboard: Mapping[str, Any], folder_uid: str) -> int:
        """Stores the dashboard under its uid, replacing an older one; the version it now has."""
        body = {"dashboard": dict(dashboard), "folderUid": folder_uid, "overwrite": True}
        return int(self._run(lambda: self._face.dashboard.update_dashboard(body))["version"])

    def put_rule_group(self, folder_uid: str, group: Mapping[str, Any]) -> None:
        """Replaces one group of alert rules; `group` is one of the provisioning file."""
        rules = [_api_rule(rule, folder_uid, group) for rule in group["rules"]]
        body = {
            "folderUid": folder_uid,
            "interval": _seconds(group["interval"]),
            "rules": rules,
            "title": group["name"],
        }
        self._call("PUT", f"/v1/provisioning/folder/{folder_uid}/rule-groups/{group['name']}", body)

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        return self._run(lambda: getattr(self._face.api, method)(path, json=body))

    def _find(self, request: Callable[[], Json]) -> Json | None:
        try:
            return self._run(request)
        except NotFound:
            return None

    def _run(self, request: Callable[[], Json]) -> Json:
        """The answer; the library's and the network's exceptions become ours."""
        try:
            return request()
        except GrafanaException as error:
            raise _refusal(error, self._url) from error
        except requests.RequestException as error:
            remedy = "check the address, the network and that Grafana runs"
            raise ConnectFailed(
                "no answer from Grafana", offender=self._url, value=str(error), remedy=remedy
            ) from error


def _refusal(error: GrafanaException, url: str) -> OvooError:
    """Our error for an HTTP status; `grafana-api` knows 400 and 401 by class, others by number."""
    if error.status_code == 401:
        return Unauthenticated("token refused", offender=url, value=401, remedy="make a new service-account token")
    if error.status_code == 403:
        remedy = "give the service account the role Editor, or Admin for data sources"
        return Forbidden("not allowed", offender=url, value=403, remedy=remedy)
    if error.status_code == 404 and isinstance(error, GrafanaClientError):
        return NotFound("not there", offender=url, value=str(error.message), remedy="check uid and server version")
    return OvooError("Grafana refused", offender=url, value=str(error.message), remedy="see the server's log")


def _api_rule(rule: Mapping[str, Any], folder_uid: str, group: Mapping[str, Any]) -> Json:
    """A rule of the file as the API wants it: links are annotations, the group is named in each rule."""
    body = {key: value for key, value in rule.items() if key not in ("dashboardUid", "panelId")}
    annotations = dict(rule["annotations"])
    if "dashboardUid" in rule:
        annotations |= {"__dashboardUid__": rule["dashboardUid"], "__panelId__": str(rule["panelId"])}
    return body | {
        "annotations": annotations,
        "folderUID": folder_uid,
        "orgID": group["orgId"],
        "ruleGroup": group["name"],
    }


def _seconds(interval: str) -> int:
    """`1m` or `30s` as seconds."""
    return int(interval[:-1]) * {"s": 1, "m": 60}[interval[-1]]
