"""Requests made under an Idempotency-Key: reserved before they run, kept with their answer for a life time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import pathlib
from dataclasses import dataclass
from typing import Any, Final

import orjson
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import AnsweredRequest

__all__ = ["Answer", "AnswerBook", "Asked", "Conflict", "Running"]

_SECRET_BYTES: Final = 32
_ABANDONED_NS: Final = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One request under a key: who asks for what. `user` is empty on routes that take no user's credential."""

    user: str
    method: str
    path: str
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: status, media type, `Location` (empty without one) and body."""

    status: int
    media_type: str
    location: str
    body: bytes


class Conflict(Exception):
    """The key came with another body before."""


class Running(Exception):
    """The first request under this key has not ended; `abandoned` when it should have long ago."""

    def __init__(self, *, abandoned: bool) -> None:
        super().__init__("abandoned" if abandoned else "running")
        self.abandoned = abandoned


class AnswerBook:
    """Reserves keys and keeps answers.

    Bodies hold passwords and answers hold tokens. So the database gets neither: keys and bodies as HMAC, answers
    encrypted, both with a secret that lies in a file of the installation (made at the first use, mode 600).
    """

    def __init__(self, database: Database, secret_file: pathlib.Path, lifetime_ns: int) -> None:
        self._database = database
        self._secret_file = secret_file
        self._lifetime_ns = lifetime_ns
        self._secret = b""

    def reserve(self, asked: Asked, now_ns: int) -> Answer | None:
        """Takes the key for this request: None means go on and run it, an Answer is to be given again.

        Raises:
            Conflict: the key belongs to a request with another body.
            Running: the first request has not ended.
        """
        row_id, fingerprint = self._id(asked), self._fingerprint(asked)
        with self._database.write() as session:
            session.execute(delete(AnsweredRequest).where(AnsweredRequest.expires_ns <= now_ns))
            if self._insert(session, row_id, fingerprint, now_ns):
                return None
            held = session.get(AnsweredRequest, row_id)
        if held is None:  # the first one failed in this very moment and gave the key back
            raise Running(abandoned=False)
        if not hmac.compare_digest(held.fingerprint, fingerprint):
            raise Conflict
        if held.answer is None:
            raise Running(abandoned=now_ns - held.created_ns > _ABANDONED_NS)
        return self._open(held.answer)

    def keep(self, asked: Asked, answer: Answer) -> None:
        """The reserved request succeeded: its answer stays until the key's life ends."""
        sealed = self._seal(answer)
        with self._database.write() as session:
            row = session.get(AnsweredRequest, self._id(asked))
            if row is not None:
                row.answer = sealed

    def release(self, asked: Asked) -> None:
        """The reserved request changed nothing: the key may be used again."""
        with self._database.write() as session:
            session.execute(delete(AnsweredRequest).where(AnsweredRequest.id == self._id(asked)))

    def _insert(self, session: Session, row_id: str, fingerprint: str, now_ns: int) -> bool:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        row = insert(AnsweredRequest).values(
            id=row_id, fingerprint=fingerprint, answer=None, created_ns=now_ns, expires_ns=now_ns + self._lifetime_ns
        )
        # two at once: the database lets one of them in, the other one waits for its commit and then sees its row
        taken = session.execute(row.on_conflict_do_nothing().returning(AnsweredRequest.id))
        return taken.first() is not None

    def _id(self, asked: Asked) -> str:
        return self._mac(b"key", *(part.encode() for part in (asked.user, asked.method, asked.path, asked.key)))

    def _fingerprint(self, asked: Asked) -> str:
        return self._mac(b"body", _canonical(asked.body))

    def _mac(self, *parts: bytes) -> str:
        framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.new(self._key(), framed, hashlib.sha256).hexdigest()

    def _seal(self, answer: Answer) -> bytes:
        head = orjson.dumps([answer.status, answer.media_type, answer.location])
        return self._cipher().encrypt(len(head).to_bytes(4, "big") + head + answer.body)

    def _open(self, sealed: bytes) -> Answer:
        try:
            plain = self._cipher().decrypt(sealed)
        except InvalidToken as error:  # the secret file was replaced: what was sealed with the old one is lost
            raise Running(abandoned=True) from error
        size = int.from_bytes(plain[:4], "big")
        head: list[Any] = orjson.loads(plain[4 : 4 + size])
        return Answer(int(head[0]), str(head[1]), str(head[2]), plain[4 + size :])

    def _cipher(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(hmac.new(self._key(), b"answers", hashlib.sha256).digest()))

    def _key(self) -> bytes:
        if not self._secret:
            self._secret = _secret(self._secret_file)
        return self._secret


def _secret(path: pathlib.Path) -> bytes:
    """The installation's secret; the first process that asks makes it, whole or not at all."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(_SECRET_BYTES))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first: its secret counts
    finally:
        draft.unlink()
    return path.read_bytes()


def _canonical(body: bytes) -> bytes:
    """The same JSON in another order or spacing is the same request."""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return body
