"""InfluxDB's HTTP interface as far as a gateway needs it: probe, create, write. Blocking, one connection."""

from __future__ import annotations

import base64
import contextlib
import email.utils
import gzip
import http.client
import json
import re
import socket
import ssl
import urllib.parse
from dataclasses import dataclass
from typing import Literal

from ovoo_contract.errors import StoreRejected, StoreUnavailable
from ovoo_contract.loopback import is_loopback

from ovoo_edge.secret_file import read_secret
from ovoo_edge.sinks.settings import InfluxSinkSettings

__all__ = ["InfluxHttp", "WriteRefused"]

Dialect = Literal["1", "2"]
_GZIP_FROM = 1024
_LONGEST_ANSWER = 65_536
_DROPPED = re.compile(r"dropped=(\d+)")


class WriteRefused(StoreRejected):
    """The server refuses points for what they are.

    Attributes:
        dropped: points that it says it left out; None when it does not say.
    """

    def __init__(self, words: str, *, offender: str) -> None:
        super().__init__(words, offender=offender, remedy="the refused points are quarantined with these words")
        found = _DROPPED.search(words)
        self.dropped = int(found.group(1)) if found else None


class TooLarge(StoreRejected):
    """The request is larger than the server takes: send less at once."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and Retry-After of a response."""

    status: int
    words: str
    retry_after_s: float | None


class Unavailable(StoreUnavailable):
    """Try again later.

    Attributes:
        retry_after_s: as the server asked; None when it did not.
    """

    def __init__(self, message: str, *, offender: str, remedy: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, offender=offender, remedy=remedy)
        self.retry_after_s = retry_after_s


class InfluxHttp:
    """One connection, used from one thread; secrets are read anew for every request, so that rotation just works.

    Args:
        settings: of the sink.
        database: database (1.x) or bucket (2.x).
    """

    def __init__(self, settings: InfluxSinkSettings, database: str) -> None:
        self._settings = settings
        self._database = database
        self._parts = urllib.parse.urlsplit(settings.url)
        local = is_loopback(self._parts.hostname or "")
        self._compresses = settings.gzip == "always" or (settings.gzip == "auto" and not local)
        self._connection: http.client.HTTPConnection | None = None
        self.version = ""
        self.dialect: Dialect = "1"

    def close(self) -> None:
        """Closes the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def abort(self) -> None:
        """Cuts the connection under a request that another thread waits for; that request fails as unavailable."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):  # it was gone already
                connection.sock.shutdown(socket.SHUT_RDWR)

    def probe(self) -> None:
        """Learns version and dialect, and creates the database of a 1.x server.

        Raises:
            Unavailable: no answer, or not an InfluxDB.
        """
        answer, version = self._exchange("GET", "/ping", b"", {})
        if not version or answer.status not in (200, 204):
            raise Unavailable(
                f"not an InfluxDB: status {answer.status}", offender=self._settings.url, remedy="check the url"
            )
        self.version = version
        self.dialect = "2" if version.lstrip("v").startswith(("2", "3")) and self._settings.token_file else "1"
        if self.dialect == "1" and version.lstrip("v").startswith(("0", "1")):
            self._create_database()

    def write(self, lines: bytes) -> None:
        """Writes line protocol with nanosecond times.

        Raises:
            WriteRefused: the server refuses points for what they are; others of the request may be stored.
            TooLarge: send fewer lines.
            Unavailable: try again later, also for refused credentials: a person renews them.
        """
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        body = lines
        if self._compresses and len(body) >= _GZIP_FROM:
            body = gzip.compress(body, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        answer, _ = self._exchange("POST", self._write_path(), body, headers)
        if answer.status == 204:
            return
        if answer.status in (400, 422):
            raise WriteRefused(answer.words, offender=self._where)
        if answer.status == 413:
            raise TooLarge("request too large", offender=self._where, remedy="lower batch_rows")
        raise self._unavailable(answer)

    @property
    def _where(self) -> str:
        return f"{self._settings.url} {self._database}"

    def _write_path(self) -> str:
        if self.dialect == "2":
            query = {"org": self._settings.organisation, "bucket": self._database, "precision": "ns"}
            return "/api/v2/write?" + urllib.parse.urlencode(query)
        return "/write?" + urllib.parse.urlencode({"db": self._database, "precision": "ns"})

    def _create_database(self) -> None:
        name = self._database.replace("\\", "\\\\").replace('"', '\\"')
        body = urllib.parse.urlencode({"q": f'CREATE DATABASE "{name}"'}).encode()
        answer, _ = self._exchange("POST", "/query", body, {"Content-Type": "application/x-www-form-urlencoded"})
        # a user without that right may still write to a database that somebody created
        if answer.status not in (200, 401, 403):
            raise self._unavailable(answer)

    def _unavailable(self, answer: Answer) -> Unavailable:
        remedies = {
            401: "renew the token or password file",
            403: "give the token or user the right to write",
            404: "create the database or bucket",
            429: "the server asks for patience",
        }
        words = answer.words if answer.status >= 400 else "answer of something that is not an InfluxDB"
        return Unavailable(
            f"status {answer.status}: {words}",
            offender=self._where,
            remedy=remedies.get(answer.status, "it is tried again"),
            retry_after_s=answer.retry_after_s,
        )

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[Answer, str]:
        try:
            connection = self._connected()
            connection.request(method, self._parts.path + path, body or None, {**headers, **self._credentials()})
            response = connection.getresponse()
            content = response.read(_LONGEST_ANSWER)
            if not response.isclosed():
                self.close()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unavailable(
                str(error) or type(error).__name__, offender=self._settings.url, remedy="it is tried again"
            ) from error
        answer = Answer(
            response.status, _words(content), _seconds(response.getheader("Retry-After"), response.getheader("Date"))
        )
        return answer, response.getheader("X-Influxdb-Version") or ""

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            host, port = self._parts.hostname or "", self._parts.port
            if self._parts.scheme == "https":
                context = ssl.create_default_context(
                    cafile=str(self._settings.ca_file) if self._settings.ca_file else None
                )
                self._connection = http.client.HTTPSConnection(
                    host, port, timeout=self._settings.timeout_s, context=context
                )
            else:
                self._connection = http.client.HTTPConnection(host, port, timeout=self._settings.timeout_s)
        return self._connection

    def _credentials(self) -> dict[str, str]:
        settings = self._settings
        if settings.token_file is not None:
            return {"Authorization": "Token " + read_secret(settings.token_file, "token_file")}
        if settings.username and settings.password_file is not None:
            pair = f"{settings.username}:{read_secret(settings.password_file, 'password_file')}"
            return {"Authorization": "Basic " + base64.b64encode(pair.encode("utf-8")).decode("ascii")}
        return {}


def _words(content: bytes) -> str:
    text = content.decode("utf-8", "replace").strip()
    try:
        document = json.loads(text)
    except ValueError:
        return text[:500]
    if isinstance(document, dict):
        return str(document.get("error") or document.get("message") or text)[:2000]
    return text[:500]


def _seconds(text: str | None, date: str | None) -> float | None:
    """Retry-After in seconds: a number, or a date that is judged by the server's own clock (RFC 9110, 10.2.3)."""
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass  # a date, then
    try:
        wait = email.utils.parsedate_to_datetime(text) - email.utils.parsedate_to_datetime(date or "")
        return max(0.0, wait.total_seconds())
    except (ValueError, TypeError):
        return None
