"""InfluxDB over HTTP: InfluxQL queries with nanosecond times, writes in the 1.x and the 2.x dialect."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson
import urllib3
from ovoo_contract.errors import QueryError, StoreError, StoreUnavailable
from ovoo_contract.loopback import is_loopback

from ovoo_cloud.stores.influx_v2 import InfluxV2

__all__ = ["InfluxHttp", "InfluxSettings", "Rejected", "Series"]

_CHUNK: Final = 100_000
_TIMEOUT_S: Final = 60.0
_PING_S: Final = 5.0
_DROPPED: Final = re.compile(r"dropped=(\d+)")
_ABSENT: Final = ("database not found", "bucket not found", "not found")
_SKIPPED: Final = "not executed"  # what the server says of the statements after a failed one
Dialect = Literal["v1", "v2"]


@dataclass(frozen=True, slots=True)
class InfluxSettings:
    """Where the server is and who we are; `dialect` auto asks the server for its version."""

    url: str
    dialect: Literal["auto", "v1", "v2"] = "auto"
    org: str = "ovoo"
    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    max_points: int = 200_000


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: statement number, tags, column names and rows."""

    statement: int
    tags: dict[str, str]
    columns: list[str]
    values: list[list[Any]]

    def column(self, name: str) -> list[Any]:
        """One column's values."""
        place = self.columns.index(name)
        return [row[place] for row in self.values]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The server took only part of a write: `dropped` lines are gone, None where it did not say how many."""

    dropped: int | None
    detail: str


class InfluxHttp:
    """One server; thread-safe. Connection errors and 5xx answers raise StoreUnavailable."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self._url = settings.url.rstrip("/")
        # between programs of one machine packing costs more than it saves
        self._local = is_loopback(urllib3.util.parse_url(self._url).host or "")
        self._pool = urllib3.PoolManager(maxsize=4, retries=False, timeout=urllib3.Timeout(_TIMEOUT_S, connect=_PING_S))
        self._dialect: Dialect | None = None if settings.dialect == "auto" else settings.dialect
        self._second: InfluxV2 | None = None

    @property
    def dialect(self) -> Dialect:
        """How to write: by the version the server tells, asked once."""
        if self._dialect is None:
            version = self.version().lstrip("v")
            self._dialect = "v1" if version.startswith(("0.", "1.")) else "v2"
        return self._dialect

    def version(self) -> str:
        """The server's version by /ping."""
        answer = self._request("GET", "/ping", timeout=urllib3.Timeout(_PING_S))
        return answer.headers.get("X-Influxdb-Version", "") or "unknown"

    def create(self, database: str) -> None:
        """Creates the database, or the bucket with its InfluxQL mapping; harmless when it is there."""
        if self.dialect == "v2" and self._v2().create(database):
            return
        self.run(f'CREATE DATABASE "{database}"', post=True)

    def write(self, database: str, lines: bytes) -> Rejected | None:
        """Writes line protocol with nanosecond times; None when all of it is stored."""
        if self.dialect == "v2":
            refused = self._v2().write(database, lines)
            return None if refused is None else _rejected(*refused, self._url)
        path = f"/write?db={database}&precision=ns"
        if self._local:
            answer = self._request("POST", path, body=lines)
        else:
            headers = {"Content-Encoding": "gzip"}
            answer = self._request("POST", path, body=gzip.compress(lines, 1), headers=headers)
        return None if answer.status < 300 else _rejected(answer.status, bytes(answer.data), self._url)

    def query(self, database: str, influxql: str) -> list[Series]:
        """All series of all statements; nothing for a database that does not exist."""
        return list(self.stream(database, influxql))

    def stream(self, database: str, influxql: str) -> Iterator[Series]:
        """The series as the server sends them, large ones in pieces of 100,000 rows."""
        fields = {"db": database, "q": influxql, "epoch": "ns", "chunked": "true", "chunk_size": str(_CHUNK)}
        answer = self._request("POST", "/query", fields=fields, stream=True)
        try:
            if answer.status >= 400:
                detail = _message(answer.read())
                if any(words in detail for words in _ABSENT):
                    return
                raise QueryError(detail, offender=self._url, value=influxql)
            for line in _lines(answer, self._url):
                yield from _series(line, influxql)
        finally:
            answer.close()
            answer.release_conn()

    def run(self, influxql: str, *, post: bool = False) -> None:
        """A statement without a result; StoreError with the server's words when it fails."""
        answer = self._request("POST" if post else "GET", "/query", fields={"q": influxql})
        document = _json(bytes(answer.data), self._url)
        failed = [result["error"] for result in document.get("results", []) if "error" in result]
        if answer.status >= 400 or failed:
            detail = failed[0] if failed else _message(bytes(answer.data))
            raise StoreError(detail, offender=self._url, value=influxql, remedy="check the user's rights")

    def close(self) -> None:
        """Closes all connections."""
        self._pool.clear()
        if self._second is not None:
            self._second.close()

    def _v2(self) -> InfluxV2:
        if self._second is None:
            self._second = InfluxV2(self._url, self._settings.token, self._settings.org, _TIMEOUT_S)
        return self._second

    def _request(self, method: str, path: str, *, stream: bool = False, **given: Any) -> urllib3.BaseHTTPResponse:
        headers = {**self._headers(), **given.pop("headers", {})}
        if "fields" in given:
            given["encode_multipart"] = False
            if method == "GET":
                given.pop("encode_multipart")
        try:
            answer = self._pool.request(method, self._url + path, headers=headers, preload_content=not stream, **given)
        except urllib3.exceptions.HTTPError as error:
            raise StoreUnavailable(
                f"InfluxDB does not answer: {error}", offender=self._url, remedy="start it, or check influx_url"
            ) from error
        if answer.status >= 500 or answer.status in (401, 403):
            detail = _message(answer.data)
            answer.release_conn()
            remedy = "check user or token" if answer.status < 500 else "look into InfluxDB's log"
            raise StoreUnavailable(f"{answer.status} {detail}", offender=self._url, remedy=remedy)
        return answer

    def _headers(self) -> dict[str, str]:
        if self._settings.token:
            return {"Authorization": f"Token {self._settings.token}"}
        if self._settings.user:
            return urllib3.make_headers(basic_auth=f"{self._settings.user}:{self._settings.password}")
        return {}


def _rejected(status: int, body: bytes, url: str) -> Rejected:
    detail = _message(body)
    if any(words in detail for words in _ABSENT):
        raise StoreUnavailable(detail, offender=url, remedy="run `ovoo-cloud init`, or create the database")
    found = _DROPPED.search(detail)
    return Rejected(int(found.group(1)) if found else None, f"{status} {detail}")


def _lines(answer: urllib3.BaseHTTPResponse, url: str) -> Iterator[bytes]:
    rest = b""
    try:
        for piece in answer.stream(1 << 20):
            *whole, rest = (rest + piece).split(b"\n")
            yield from (line for line in whole if line)
    except urllib3.exceptions.HTTPError as error:
        raise StoreUnavailable(f"the answer broke off: {error}", offender=url, remedy="ask again") from error
    if rest:
        yield rest


def _series(line: bytes, influxql: str) -> Iterator[Series]:
    for result in _json(line, "InfluxDB").get("results", []):
        if "error" in result:
            if any(words in result["error"] for words in (*_ABSENT, _SKIPPED)):
                continue
            raise QueryError(result["error"], offender="InfluxDB", value=influxql)
        for series in result.get("series", []):
            yield Series(result.get("statement_id", 0), series.get("tags", {}), series["columns"], series["values"])


def _json(data: bytes, url: str) -> dict[str, Any]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise StoreUnavailable("the answer is not JSON", offender=url, remedy="is this InfluxDB?") from error
    return document if isinstance(document, dict) else {}


def _message(body: bytes) -> str:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body[:300].decode("utf-8", "replace").strip()
    return str(document.get("error") or document.get("message") or document) if isinstance(document, dict) else ""
