"""`ovoo-cloud serve` beside a line, and its API as the administrator."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from types import TracebackType
from typing import Any

from tests.servers.process import ServerProcess, free_port
from tests.system import programs
from tests.system.line import PASSWORD, Line

__all__ = ["CloudApi"]


class CloudApi:
    """A context manager; ingest stays a process of its own.

    Args:
        line: prepared; its settings are used.
    """

    def __init__(self, line: Line) -> None:
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        self._config = line.config
        options = ("--config", line.config, "--no-ingest", "--no-jobs", "--port", str(port))
        self.process: ServerProcess = programs.started(
            "ovoo-cloud", "serve", *options, log=line.folder / "serve.log", ready=self._answers
        )
        self._token = ""

    def __enter__(self) -> CloudApi:
        issued = programs.run_json("ovoo-cloud", "token", "create", "admin", "--config", self._config, "--json")
        self._token = issued["token"]
        self.process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()

    def get(self, path: str, **query: str) -> Any:
        """The JSON at a path below `/api/v1`; raises HTTPError for a refusal."""
        return self._ask("GET", f"{path}?{urllib.parse.urlencode(query)}")

    def post(self, path: str, **body: str) -> Any:
        """The answer to a JSON body sent to a path below `/api/v1`; raises HTTPError for a refusal."""
        return self._ask("POST", path, json.dumps(body).encode())

    def delete(self, path: str) -> Any:
        """The answer to DELETE of a path below `/api/v1`; raises HTTPError for a refusal."""
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._url}/api/v1/{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def page(self, path: str) -> str:
        """A page of the console as the signed-in administrator gets it."""
        body = json.dumps({"name": "admin", "password": PASSWORD}).encode()
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{self._url}/api/v1/sessions", body, headers)) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        with urllib.request.urlopen(urllib.request.Request(self._url + path, headers={"Cookie": cookie})) as answer:
            content: bytes = answer.read()
        return content.decode()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
