"""The report key: made once, completed where a half is missing, and never written over."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from ovoo_cloud.reports.signing import create_key, load_signing_key, load_trusted_key
from ovoo_contract.errors import ReportError, StoreError

PRIVATE, PUBLIC = "report-key.pem", "report-key.pub.pem"


def files(folder: pathlib.Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_key_is_made_once(tmp_path: pathlib.Path) -> None:
    private, public = create_key(tmp_path / "keys")
    made = files(tmp_path / "keys")

    assert create_key(tmp_path / "keys") == (private, public)
    assert files(tmp_path / "keys") == made
    assert set(made) == {PRIVATE, PUBLIC}
    assert private.stat().st_mode & 0o777 == 0o600


def test_a_private_key_alone_gives_its_public_one(tmp_path: pathlib.Path) -> None:
    private, public = create_key(tmp_path)
    made = files(tmp_path)
    public.unlink()

    create_key(tmp_path)

    assert files(tmp_path) == made
    assert load_trusted_key(public) == load_signing_key(private).public_key()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_what_a_dead_process_was_writing_is_no_key_and_is_cleared_away(tmp_path: pathlib.Path, share: float) -> None:
    elsewhere, _ = create_key(tmp_path / "elsewhere")
    content = elsewhere.read_bytes()
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / f".{PRIVATE}.0a1b2c3d.part").write_bytes(content[: int(len(content) * share)])

    private, _ = create_key(tmp_path / "keys")

    assert set(files(tmp_path / "keys")) == {PRIVATE, PUBLIC}
    assert private.read_bytes() != content


def _without_private(folder: pathlib.Path) -> None:
    (folder / PRIVATE).unlink()


def _of_another(folder: pathlib.Path) -> None:
    _, other = create_key(folder.with_name("other"))
    (folder / PUBLIC).write_bytes(other.read_bytes())


def _halved(name: str) -> Callable[[pathlib.Path], None]:
    def halve(folder: pathlib.Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return halve


@pytest.mark.parametrize(
    ("harm", "offender", "words"),
    [
        pytest.param(_without_private, PUBLIC, "without its private one", id="public alone"),
        pytest.param(_of_another, PUBLIC, "not the public half", id="two pairs"),
        pytest.param(_halved(PRIVATE), PRIVATE, "cannot read the signing key", id="private halved"),
        pytest.param(_halved(PUBLIC), PUBLIC, "cannot read the public half", id="public halved"),
    ],
)
def test_files_that_are_no_pair_are_refused_and_stay(
    tmp_path: pathlib.Path, harm: Callable[[pathlib.Path], None], offender: str, words: str
) -> None:
    create_key(tmp_path / "keys")
    harm(tmp_path / "keys")
    harmed = files(tmp_path / "keys")

    with pytest.raises(ReportError, match=words) as refused:
        create_key(tmp_path / "keys")

    assert (refused.value.offender, bool(refused.value.remedy)) == (str(tmp_path / "keys" / offender), True)
    assert files(tmp_path / "keys") == harmed


def test_many_at_once_make_one_pair(tmp_path: pathlib.Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            folder = tmp_path / str(number)
            made = list(pool.map(lambda _, at=folder: create_key(at)[0].read_bytes(), range(8)))
            private, public = folder / PRIVATE, folder / PUBLIC
            assert set(made) == {private.read_bytes()}
            assert load_trusted_key(public) == load_signing_key(private).public_key()
            assert set(files(folder)) == {PRIVATE, PUBLIC}


def test_a_place_that_is_no_folder_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "keys").write_text("a file")

    with pytest.raises(StoreError, match=PRIVATE):
        create_key(tmp_path / "keys")
