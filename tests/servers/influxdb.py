"""Debian's InfluxDB 1.6.7 and an nginx that lends it the 2.x write dialect."""

from __future__ import annotations

import json
import pathlib
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from tests.servers.process import ServerProcess, ServerUnavailable, find_program, free_port

_CONFIGURATION = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc_port}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  index-version = "tsi1"
  query-log-enabled = false
  max-values-per-tag = 0
  max-series-per-database = 0
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
  auth-enabled = false
  max-row-limit = 0
[logging]
  level = "warn"
[monitor]
  store-enabled = false
"""

_NGINX = """\
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log; worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off; client_max_body_size 64m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  map $arg_bucket $database {{ ~^(?<name>[^/%]+) $name; }}
  server {{
    listen 127.0.0.1:{port};
    location = /api/v2/write {{
      if ($http_authorization != "Token {token}") {{ return 401 '{{"code":"unauthorized"}}'; }}
      rewrite ^ /write?db=$database&precision=$arg_precision? break;
      proxy_pass {upstream};
    }}
    location = /ping {{ add_header X-Influxdb-Version "v2.7.0-rewrite" always; return 204; }}
    location = /health {{ proxy_pass {upstream}/ping; }}
    location / {{ proxy_pass {upstream}; }}
  }}
}}
"""


class InfluxServer:
    """influxd on free ports with all its folders under `folder`."""

    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = folder / "influxdb.conf"
        config.write_text(_CONFIGURATION.format(folder=folder, port=self.port, rpc_port=free_port()), encoding="utf-8")
        self._process = ServerProcess(
            [find_program("influxd"), "run", "-config", str(config)],
            log=folder / "influxd.log",
            ready=self._answers,
            environment={"INFLUXDB_REPORTING_DISABLED": "true"},
        )

    @property
    def process(self) -> ServerProcess:
        """The server's process."""
        return self._process

    def start(self) -> None:
        """Starts influxd and waits for /ping."""
        self._process.start()

    def stop(self) -> None:
        """Stops it by SIGTERM."""
        self._process.stop()

    def kill(self) -> None:
        """Kills it by SIGKILL; its write-ahead log survives."""
        self._process.kill()

    def create(self, database: str) -> None:
        """Creates an empty database, dropping an older one of that name."""
        self._post_query(f'DROP DATABASE "{database}"')
        self._post_query(f'CREATE DATABASE "{database}"')

    def write(self, database: str, lines: bytes) -> None:
        """Writes line protocol with nanosecond times; raises urllib's HTTPError with the server's words."""
        self._open("/write?" + urllib.parse.urlencode({"db": database, "precision": "ns"}), lines)

    def query(self, database: str, influxql: str) -> list[dict[str, Any]]:
        """All rows of all series as dicts: columns, with tags merged in; times are integer nanoseconds."""
        parameters = {"db": database, "q": influxql, "epoch": "ns"}
        document = json.loads(self._open("/query?" + urllib.parse.urlencode(parameters)))
        rows: list[dict[str, Any]] = []
        for result in document["results"]:
            if "error" in result:
                raise ValueError(result["error"])
            for series in result.get("series", []):
                tags = series.get("tags", {})
                rows += [dict(zip(series["columns"], values, strict=True)) | tags for values in series["values"]]
        return rows

    def _post_query(self, influxql: str) -> None:
        self._open("/query", urllib.parse.urlencode({"q": influxql}).encode())

    def _open(self, path: str, body: bytes | None = None) -> bytes:
        with urllib.request.urlopen(self.url + path, data=body, timeout=60) as answer:
            content: bytes = answer.read()
        return content

    def _answers(self) -> bool:
        try:
            self._open("/ping")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


class InfluxV2Proxy:
    """nginx in front of influxd: `/api/v2/write` with a token works, everything else passes through."""

    def __init__(self, folder: pathlib.Path, upstream: InfluxServer, *, token: str = "test-token") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.token = token
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = folder / "nginx.conf"
        config.write_text(
            _NGINX.format(folder=folder, port=self.port, upstream=upstream.url, token=token), encoding="utf-8"
        )
        self._process = ServerProcess(
            [find_program("nginx"), "-c", str(config), "-p", str(folder), "-g", "user root;"],
            log=folder / "nginx.log",
            ready=self._answers,
        )

    def start(self) -> None:
        """Starts nginx."""
        self._process.start()

    def stop(self) -> None:
        """Stops nginx."""
        self._process.stop()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/ping", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError):
            return False


def require_influx() -> None:
    """Raises ServerUnavailable when influxd is not installed."""
    if not find_program("influxd"):
        raise ServerUnavailable("influxd is not installed")
