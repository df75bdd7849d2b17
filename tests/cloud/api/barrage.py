"""Requests fired at a served plant in the name of every role, and what is no answer to any of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from ovoo_cloud.access import tokens
from ovoo_cloud.access.roles import Role
from ovoo_cloud.api.access import SESSION_COOKIE
from ovoo_cloud.api.limits import LARGEST_BODY
from ovoo_cloud.catalogue.tables import User

from tests.cloud.api.plant import Plant

LEAKS = re.compile(r'Traceback \(most recent call last\)|File "[^"]*\.py", line \d')
"""What an answer says when a stack trace got out."""
SLOWEST_S = 10.0
"""An answer that takes longer, on a machine that does other things too, is a fault of a deep run."""
PATIENCE_S = 60.0
"""How long an answer is waited for; a request that hangs ends the run with its own error."""


@dataclass(frozen=True)
class Shot:
    """One request, as `requests` takes it, without its credentials."""

    route: tuple[str, str]
    url: str
    sent: Mapping[str, Any]

    def __str__(self) -> str:
        shown = {key: value for key, value in self.sent.items() if key not in ("cookies", "files") and value}
        return f"{self.route[0].upper()} {self.url} {str(shown)[:600]}"


@dataclass
class Tally:
    """What was fired and what came back."""

    fired: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    routes: set[tuple[str, str]] = field(default_factory=set)
    reached: set[tuple[str, str]] = field(default_factory=set)
    slowest_s: float = 0.0
    slowest: str = ""

    def note(self, shot: Shot, status: int, took_s: float) -> None:
        self.fired += 1
        self.statuses[status] += 1
        self.routes.add(shot.route)
        if status < 400:
            self.reached.add(shot.route)
        if took_s > self.slowest_s:
            self.slowest_s, self.slowest = took_s, str(shot)[:200]

    def __str__(self) -> str:
        spread = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.fired} requests to {len(self.routes)} routes, {len(self.reached)} of them answered with success "
            f"at least once; {spread}; slowest {self.slowest_s:.2f} s: {self.slowest}"
        )


class Barrage:
    """Fires shots at a plant by role, and collects the faults: one per route, role and kind of fault."""

    def __init__(self, plant: Plant, slowest_s: float = PATIENCE_S) -> None:
        self.plant = plant
        self.tally = Tally()
        self.faults: dict[tuple[str, str, str], str] = {}
        self._slowest_s = slowest_s
        self._http = requests.Session()
        self._http.trust_env = False
        self._tokens: dict[Role, str] = {}

    def fire(self, shot: Shot, role: Role) -> int:
        """Sends the shot as a signed-in person of the role; gives the status."""
        answer = self._send(shot, role)
        if answer.status_code == 401 or answer.headers.get("location", "").startswith("/sign-in"):
            self._stand_up(role)  # an earlier shot ended the session or shut the account
            answer = self._send(shot, role)
        took_s = answer.elapsed.total_seconds()
        self.tally.note(shot, answer.status_code, took_s)
        for fault in self._faults_of(shot, answer, took_s):
            self.faults.setdefault((*shot.route, f"{role.value}: {fault[:60]}"), f"{fault}\n{shot}")
        return answer.status_code

    def faults_at(self, route: tuple[str, str]) -> list[str]:
        """The faults of one route."""
        return [text for key, text in self.faults.items() if key[:2] == route]

    def _send(self, shot: Shot, role: Role) -> requests.Response:
        sent = {key: value for key, value in shot.sent.items() if key not in ("headers", "cookies", "auth")}
        headers = dict(shot.sent.get("headers") or {})
        headers = {name: value for name, value in headers.items() if name.lower() not in ("authorization", "cookie")}
        token = self._tokens.get(role) or self._stand_up(role)
        headers |= {"Cookie": f"{SESSION_COOKIE}={token}", "Origin": self.plant.url}
        sent |= {"timeout": PATIENCE_S, "allow_redirects": False, "headers": headers}
        try:
            return self._http.request(shot.route[0], self.plant.url + shot.url, **sent)
        except requests.ConnectionError:
            if len(sent.get("data") or b"") <= LARGEST_BODY:
                # the server had closed a connection that was kept for the next request
                return requests.request(shot.route[0], self.plant.url + shot.url, **sent)
            refused = requests.Response()  # the server refused the length and closed while the body was being sent
            refused.status_code, refused.headers["content-type"] = 413, "application/problem+json"
            return refused

    def _stand_up(self, role: Role) -> str:
        """A fresh token of the role, whose account is open again."""
        with self.plant.services.database.write() as session:
            person = session.get(User, role.value)
            assert person is not None
            person.disabled = False
            session.flush()
            self._tokens[role] = tokens.issue(
                session, role.value, kind="session", label="fuzz", lifetime_s=86_400, now_ns=self.plant.clock(),
                personal=True,
            ).text  # fmt: skip
        return self._tokens[role]

    def _faults_of(self, shot: Shot, answer: requests.Response, took_s: float) -> Iterator[str]:
        kind = answer.headers.get("content-type", "")
        text = answer.text if kind.startswith(("text/", "application/json", "application/problem")) else ""
        if answer.status_code >= 500:
            yield f"{answer.status_code} {text[:400]}"
        if LEAKS.search(text):
            yield f"a stack trace in {answer.status_code}: {text[:400]}"
        if answer.status_code >= 400 and shot.url.startswith("/api/") and not kind.startswith("application/problem"):
            yield f"{answer.status_code} is no problem document but {kind}: {text[:200]}"
        if took_s > self._slowest_s:
            yield f"slow: {answer.status_code} after {took_s:.1f} s"
