"""The shared part of the demo: broker, cloud, gateways, and the cloud's API."""

from __future__ import annotations

import hashlib
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from scripts.demo.children import Child, ChildFailed, Children, program
from scripts.demo.place import PLANTS, ROOT, DemoPlant, Place

_TOPICS_UP = ("batch", "event", "completeness", "sums", "state", "catalog/#", "config/reported")
_TOPICS_DOWN = ("ack", "config/desired", "request")


def start_broker(children: Children, place: Place) -> None:
    """amqtt with random passwords; every user has its own topics."""
    users: dict[str, Any] = {
        "cloud": _user(
            place,
            "cloud",
            publish=[f"ovoo/v1/+/{topic}" for topic in _TOPICS_DOWN],
            subscribe=[f"ovoo/v1/+/{topic}" for topic in _TOPICS_UP],
        )
    }
    for plant in PLANTS:
        own = f"ovoo/v1/{plant.gateway}"
        users[plant.gateway] = _user(
            place,
            plant.gateway,
            publish=[f"{own}/{topic}" for topic in _TOPICS_UP],
            subscribe=[f"{own}/{topic}" for topic in _TOPICS_DOWN] + [f"{plant.site}/#"],
        )
        users[f"{plant.site}-plc"] = _user(place, f"{plant.site}-plc", publish=[f"{plant.site}/#"], subscribe=[])
    settings = place.state / "broker.json"
    settings.touch(mode=0o600)
    settings.write_text(json.dumps({"port": place.broker_port, "users": users}), encoding="utf-8")
    python = ROOT / ".venv-broker" / "bin" / "python"
    child = children.start("broker", [str(python), str(ROOT / "scripts" / "demo" / "broker.py"), str(settings)])
    log = place.state / "logs" / "broker.log"

    def ready() -> bool:
        child.check()
        return "broker: ready" in log.read_text(encoding="utf-8")

    children.wait_until(ready, "the broker listens")


def prepare_cloud(children: Children, place: Place) -> None:
    """Database, first administrator, plants and gateways."""
    settings = place.state / "cloud.toml"
    settings.write_text(
        f'data_dir = "{place.state / "cloud"}"\n'
        f'broker_host = "127.0.0.1"\nbroker_port = {place.broker_port}\nbroker_user = "cloud"\n'
        f'broker_password_file = "{place.secret("cloud")}"\nbroker_protocol = "3.1.1"\n'
        f"listen_port = {place.console_port}\n"
        f'public_url = "{console_url(place)}"\n'
        "# The cloud is a promotion centre's: it reads a plant's data only under the consent of that plant.\n"
        'access_consent = "required"\n',
        encoding="utf-8",
    )
    config = ("--config", str(settings))
    children.run("init", program("ovoo-cloud", "init", *config, "--password-file", str(place.secret("admin"))))
    deputy = ["user", "add", "deputy", *config, "--role", "centre_admin"]
    children.run("deputy", program("ovoo-cloud", *deputy, "--password-file", str(place.secret("deputy"))))
    for plant in PLANTS:
        arguments = ["enrol", plant.gateway, *config, "--enterprise", plant.enterprise, "--site", plant.site]
        names = ["--name-zh", plant.name_zh, "--name-en", plant.name_en, "--sector", plant.pack]
        children.run(f"enrol-{plant.site}", program("ovoo-cloud", *arguments, "--create", "--no-token", *names))


def start_cloud(children: Children, place: Place) -> Child:
    """`ovoo-cloud serve`: returns once /health is well."""
    child = children.start("cloud", program("ovoo-cloud", "serve", "--config", str(place.state / "cloud.toml")))

    def ready() -> bool:
        child.check()
        return answers(place)

    children.wait_until(ready, "the console answers")
    return child


def answers(place: Place) -> bool:
    """True when the console is there and well."""
    try:
        with urllib.request.urlopen(f"{console_url(place)}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def console_url(place: Place) -> str:
    """Where the console is."""
    return f"http://127.0.0.1:{place.console_port}"


class Api:
    """The cloud's API as one of the demo's people."""

    def __init__(self, place: Place, user: str) -> None:
        """Signs in with the user's password file."""
        self._url = console_url(place)
        self._cookie = ""
        self._cookie = self._sign_in(user, read_secret(place, user))

    def get(self, path: str) -> Any:
        """A GET's JSON."""
        return self._json("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        """A POST's JSON."""
        return self._json("POST", path, body)

    def put(self, path: str, body: Any, seen: int | None = None) -> Any:
        """A PUT's JSON; `seen` is the version that the body was made from."""
        return self._json("PUT", path, body, {} if seen is None else {"If-Match": f'"{seen}"'})

    def upload(self, path: str, name: str, content: bytes) -> Any:
        """A POST of a file with its name and SHA-256."""
        query = urllib.parse.urlencode({"name": name, "sha256": hashlib.sha256(content).hexdigest()})
        headers = {"Content-Type": "application/octet-stream"}
        return json.loads(self._open("POST", f"{path}?{query}", content, headers)[0])

    def download(self, path: str) -> bytes:
        """A file."""
        return self._open("GET", path, None, {})[0]

    def _sign_in(self, name: str, password: str) -> str:
        body = json.dumps({"name": name, "password": password}).encode()
        return self._open("POST", "/api/v1/sessions", body, {"Content-Type": "application/json"})[1]

    def _json(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **(headers or {})}
        return json.loads(self._open(method, path, content, given)[0])

    def _open(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[bytes, str]:
        given = {"Cookie": self._cookie, **headers}
        request = urllib.request.Request(self._url + path, data=body, headers=given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read(), (answer.headers.get("Set-Cookie") or "").split(";")[0]
        except urllib.error.HTTPError as error:
            raise ChildFailed(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error


def accept_invitation(place: Place, code: str, second: str, password: str) -> None:
    """What an invited person sends: both codes and a password of their own; nobody is signed in yet."""
    body = json.dumps({"token": code, "second": second, "password": password}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{console_url(place)}/api/v1/invitations/accept", data=body, headers=headers, method="POST"
    )
    try:
        urllib.request.urlopen(request, timeout=60).close()
    except urllib.error.HTTPError as error:
        raise ChildFailed(f"an invitation was not taken: {error.read().decode(errors='replace')}") from error


def _user(place: Place, name: str, *, publish: list[str], subscribe: list[str]) -> dict[str, Any]:
    return {"password": read_secret(place, name), "publish": publish, "subscribe": subscribe}


def read_secret(place: Place, name: str) -> str:
    """The random password of a user of this run."""
    return place.secret(name).read_text(encoding="utf-8").strip()


def wait_drained(children: Children, place: Place, plant: DemoPlant) -> None:
    """Waits until the gateway's spool is empty: the cloud has stored everything."""
    config = str(place.folder(plant) / "agent.toml")

    def empty() -> bool:
        done = subprocess.run(
            program("ovoo-edge", "status", "--config", config, "--json"), capture_output=True, check=False
        )
        if done.returncode not in (0, 4):
            return False
        return _backlog(json.loads(done.stdout)) == 0

    children.wait_until(empty, f"{plant.gateway} has delivered everything", 120)


def _backlog(status: dict[str, Any]) -> int:
    return sum(int(rows) for rows in status["spool"]["backlog_rows"].values())
