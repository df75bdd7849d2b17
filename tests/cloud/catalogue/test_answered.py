"""Keys and their answers, on both databases and under concurrency."""

from __future__ import annotations

import dataclasses
import pathlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from ovoo_cloud.catalogue.answered import Answer, AnswerBook, Asked, Conflict, Running
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import AnsweredRequest
from sqlalchemy import select

HOUR = 3_600_000_000_000
ASKED = Asked("li", "POST", "/api/v1/tokens", "5b1f6f0e", b'{"label": "mine", "password": "hush-hush"}')
ANSWER = Answer(201, "application/json", "/api/v1/tokens/1", b'{"token": "ovoo_top_secret"}')


@pytest.fixture
def book(database: Database, tmp_path: pathlib.Path) -> AnswerBook:
    return AnswerBook(database, tmp_path / "authority" / "answers.key", 24 * HOUR)


def test_the_first_request_runs_and_the_next_one_gets_its_answer(book: AnswerBook) -> None:
    assert book.reserve(ASKED, 0) is None
    book.keep(ASKED, ANSWER)

    assert book.reserve(ASKED, HOUR) == ANSWER


def test_the_same_json_in_another_order_is_the_same_request(book: AnswerBook) -> None:
    book.reserve(ASKED, 0)
    book.keep(ASKED, ANSWER)
    turned = dataclasses.replace(ASKED, body=b'{"password":"hush-hush","label":"mine"}')

    assert book.reserve(turned, 1) == ANSWER


@pytest.mark.parametrize("body", [b'{"label": "other"}', b"not json", b"", b"\xff\xfe"])
def test_another_body_under_the_key_is_a_conflict(book: AnswerBook, body: bytes) -> None:
    book.reserve(ASKED, 0)
    book.keep(ASKED, ANSWER)

    with pytest.raises(Conflict):
        book.reserve(dataclasses.replace(ASKED, body=body), 1)


@pytest.mark.parametrize(
    "change", [{"user": "wang"}, {"method": "PATCH"}, {"path": "/api/v1/users"}, {"key": "5b1f6f0f"}, {"user": "liP"}]
)
def test_a_key_counts_for_one_user_method_and_path(book: AnswerBook, change: dict[str, str]) -> None:
    book.reserve(ASKED, 0)
    book.keep(ASKED, ANSWER)

    assert book.reserve(dataclasses.replace(ASKED, **change), 1) is None  # type: ignore[arg-type]  # text fields only


def test_a_key_is_free_again_after_its_life_and_after_a_failure(book: AnswerBook) -> None:
    book.reserve(ASKED, 0)
    book.keep(ASKED, ANSWER)
    assert book.reserve(ASKED, 24 * HOUR - 1) == ANSWER
    assert book.reserve(ASKED, 24 * HOUR) is None

    book.release(ASKED)
    assert book.reserve(ASKED, 24 * HOUR + 1) is None


def test_a_request_that_has_not_ended_is_told_and_after_a_minute_given_up(book: AnswerBook) -> None:
    book.reserve(ASKED, 0)

    with pytest.raises(Running) as soon:
        book.reserve(ASKED, 1)
    with pytest.raises(Running) as late:
        book.reserve(ASKED, 61_000_000_000)

    assert not soon.value.abandoned
    assert late.value.abandoned


def test_of_many_at_once_exactly_one_runs(book: AnswerBook) -> None:
    gate = threading.Barrier(8)

    def ask(_: int) -> bool:
        gate.wait(20)
        try:
            return book.reserve(ASKED, 0) is None
        except Running:
            return False

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert sum(pool.map(ask, range(8))) == 1
            book.release(ASKED)


def test_the_database_holds_neither_key_nor_body_nor_answer_in_clear(
    book: AnswerBook, database: Database, tmp_path: pathlib.Path
) -> None:
    book.reserve(ASKED, 0)
    book.keep(ASKED, ANSWER)

    with database.read() as session:
        row = session.scalars(select(AnsweredRequest)).one()
    held = row.id.encode() + row.fingerprint.encode() + (row.answer or b"")
    for secret in (b"hush-hush", b"top_secret", b"5b1f6f0e", b"mine"):
        assert secret not in held
    secret_file = tmp_path / "authority" / "answers.key"
    assert secret_file.stat().st_mode & 0o077 == 0
    assert [path.name for path in secret_file.parent.iterdir()] == ["answers.key"]


def test_another_process_reads_the_answer_and_a_lost_secret_gives_none(
    book: AnswerBook, database: Database, tmp_path: pathlib.Path
) -> None:
    book.reserve(ASKED, 0)
    book.keep(ASKED, ANSWER)
    secret_file = tmp_path / "authority" / "answers.key"

    assert AnswerBook(database, secret_file, HOUR).reserve(ASKED, 1) == ANSWER
    secret_file.unlink()
    assert AnswerBook(database, secret_file, HOUR).reserve(ASKED, 1) is None  # the key is unknown under a new secret
