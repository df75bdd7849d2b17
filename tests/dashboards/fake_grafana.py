"""A server that answers as a current Grafana does: live routes work, routes that are gone give 404."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

TOKEN = "glsa_test"
VIEWER_TOKEN = "glsa_viewer"

Answer = tuple[int, dict[str, Any]]


class FakeGrafana:
    """Keeps folders, data sources, dashboards and rule groups in memory; `requests` is what it was asked."""

    def __init__(self, prefix: str = "") -> None:
        self.folders: dict[str, str] = {}
        self.sources: dict[str, dict[str, Any]] = {}
        self.pages: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str]] = []
        self.prefix = prefix
        handler = type("Handler", (_Handler,), {"grafana": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_port}{prefix}"

    def __enter__(self) -> FakeGrafana:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, token: str, body: dict[str, Any]) -> Answer:
        """Status and JSON for one request."""
        self.requests.append((method, path))
        if path == "/api/health":
            return 200, {"database": "ok", "version": "12.2.1"}
        if token not in (TOKEN, VIEWER_TOKEN):
            return 401, {"message": "invalid API key"}
        if token == VIEWER_TOKEN and method != "GET":
            return 403, {"message": "You'll need additional permissions"}
        for pattern, reply in _ROUTES:
            match = re.fullmatch(pattern, f"{method} {path}")
            if match is not None:
                return getattr(self, reply)(*match.groups(), body)  # type: ignore[no-any-return]
        return 404, {"message": "Not found"}

    def get_folder(self, uid: str, body: dict[str, Any]) -> Answer:
        return (200, {"uid": uid, "title": self.folders[uid]}) if uid in self.folders else (404, {"message": "folder"})

    def add_folder(self, body: dict[str, Any]) -> Answer:
        self.folders[body["uid"]] = body["title"]
        return 200, {"uid": body["uid"]}

    def get_source(self, uid: str, body: dict[str, Any]) -> Answer:
        return (200, self.sources[uid]) if uid in self.sources else (404, {"message": "Data source not found"})

    def add_source(self, body: dict[str, Any]) -> Answer:
        if body["uid"] in self.sources:
            return 409, {"message": "data source with the same name already exists"}
        self.sources[body["uid"]] = body
        return 200, {"message": "Datasource added"}

    def put_source(self, uid: str, body: dict[str, Any]) -> Answer:
        self.sources[uid] = body
        return 200, {"message": "Datasource updated"}

    def put_page(self, body: dict[str, Any]) -> Answer:
        page = body["dashboard"]
        if body["folderUid"] not in self.folders:
            return 400, {"message": "folder not found"}
        known = self.pages.get(page["uid"])
        if known is not None and not body["overwrite"]:
            return 412, {"message": "version-mismatch"}
        version = 1 if known is None else known["version"] + 1
        self.pages[page["uid"]] = {**page, "version": version}
        return 200, {"status": "success", "uid": page["uid"], "version": version}

    def put_group(self, folder: str, name: str, body: dict[str, Any]) -> Answer:
        if folder not in self.folders or any(rule["folderUID"] != folder for rule in body["rules"]):
            return 400, {"message": "invalid folder"}
        self.groups[name] = body
        return 200, body


_ROUTES = (
    (r"GET /api/folders/([\w-]+)", "get_folder"),
    (r"POST /api/folders", "add_folder"),
    (r"GET /api/datasources/uid/([\w-]+)", "get_source"),
    (r"POST /api/datasources", "add_source"),
    (r"PUT /api/datasources/uid/([\w-]+)", "put_source"),
    (r"POST /api/dashboards/db", "put_page"),
    (r"PUT /api/v1/provisioning/folder/([\w-]+)/rule-groups/([\w-]+)", "put_group"),
)


class _Handler(BaseHTTPRequestHandler):
    grafana: FakeGrafana

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def do_PUT(self) -> None:
        self._reply()

    def do_DELETE(self) -> None:
        self._reply()

    def _reply(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or b"{}") if length else {}
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        path = self.path.removeprefix(self.grafana.prefix)
        status, document = self.grafana.answer(self.command, path, token, body or {})
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
