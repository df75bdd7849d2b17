"""A case whose inside is odd, under a sound seal of a trusted centre: refused by file and place, or taken whole."""

from __future__ import annotations

import io
import json
import pathlib
import zipfile
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.errors import status_of
from ovoo_cloud.casework import archive, exchange
from ovoo_cloud.casework.previous import case_before
from ovoo_cloud.casework.states import State
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.catalogue.grant_tables import Grant
from ovoo_cloud.catalogue.tables import Base
from ovoo_cloud.reports.signing import load_trusted_key
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import OvooError
from sqlalchemy import func, select

from tests.cloud.api.case_files import case_in
from tests.cloud.api.plant import FOREIGN, FOREIGN_SITE, NOW, OWN, SITE, Plant, installation, served
from tests.cloud.casework import sealed_mutation
from tests.cloud.casework.centre import CASE
from tests.cloud.casework.exported import Exported
from tests.cloud.casework.odd_links import ODD_LINKS
from tests.cloud.casework.odd_rows import ODD_ROWS, THEIRS
from tests.cloud.casework.sealed_changes import HOUR_NS, Change, Files, both, chained, edited, lightened

SYSTEM = Scope.system("import")
ODD = {**ODD_ROWS, **ODD_LINKS}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A centre that knows the enterprise of the case, and has a case of another one under review."""
    with installation(tmp_path_factory.mktemp("to"), access_consent="required") as plant:
        case_in(plant, FOREIGN, FOREIGN_SITE, THEIRS, State.REVIEW)
        yield plant


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A house that knows nobody yet."""
    with build_services(Settings(data_dir=tmp_path_factory.mktemp("other")), clock=lambda: NOW) as built:
        yield built


@pytest.fixture(scope="module")
def whole(exported: Exported) -> Files:
    """The files of the case, light enough to be packed a hundred times."""
    return lightened(exported.files())


def resealed(whole: Files, change: Change) -> bytes:
    files = dict(whole)
    change(files)
    chained(files)
    return archive.pack(files)


def files_of(exported: Exported, content: bytes) -> Files:
    return archive.unpack(content, exported.sealed(content), [load_trusted_key(exported.trust)])


def members(content: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist() if name != archive.MANIFEST}


def in_order(files: Files) -> dict[str, Any]:
    """A case as what it says, whatever the order of its rows; a further framework that is not told is none."""
    read: dict[str, Any] = {
        name: json.loads(content) if "/" not in name else content for name, content in files.items()
    }
    read["case.json"]["file"].setdefault("further", None)
    return {name: sorted(each, key=canonical_json) if isinstance(each, list) else each for name, each in read.items()}


class _Undone(Exception):
    """The import went through and is taken back."""


def brought_in(plant: Plant, files: Files) -> None:
    """Imports, asks for the case again and takes it back; an OvooError where it is refused."""
    with plant.services.database.write() as session:
        row = exchange.import_case(session, SYSTEM, files, plant.services.settings, plant.clock())
        session.flush()
        again = exchange.export_case(session, row, plant.services.settings)
        assert in_order(members(again)) == in_order(files)
        raise _Undone


def holding(plant: Plant) -> tuple[dict[str, int], list[pathlib.Path]]:
    """What a house holds: rows of every table, and files of reports and documents."""
    with plant.services.database.read() as session:
        rows = {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }
    folders = (plant.services.settings.reports_dir, plant.services.settings.documents)
    return rows, sorted(path for folder in folders for path in folder.rglob("*"))


@pytest.mark.parametrize("name", ODD)
def test_an_odd_inside_is_refused_by_file_and_place_and_nothing_of_it_stays(
    exported: Exported, whole: Files, house: Plant, name: str
) -> None:
    change, words = ODD[name]
    files = files_of(exported, resealed(whole, change))
    before = holding(house)

    with pytest.raises(OvooError, match=f"^{words}") as refused:
        brought_in(house, files)

    assert status_of(refused.value) in (409, 422)
    assert holding(house) == before


def test_what_is_only_unusual_is_taken_whole(exported: Exported, whole: Files, house: Plant) -> None:
    """A title with angle brackets, a clock an hour ahead: the case comes out again as it came in."""
    unusual = both(
        edited("case.json", ("case", "title"), '<b>"x"</b>'),
        edited("parts.json", (0, "at_ns"), str(NOW + HOUR_NS)),
        edited("steps.json", (1, "decision", "reason"), "乙" * 3000),
    )

    with pytest.raises(_Undone):
        brought_in(house, files_of(exported, resealed(whole, unusual)))


def test_ids_that_are_taken_here_are_named(exported: Exported, house: Plant) -> None:
    files = exported.files()
    (grant,) = json.loads(files["grants.json"])
    kept = {key: value for key, value in grant.items() if not key.endswith("_ns")}
    times = {key: int(grant[key]) for key in ("from_ns", "until_ns", "given_ns")}
    with house.services.database.write() as session:
        session.add(Grant(**{**kept, **times, "case": "", "origin": ""}))

    with pytest.raises(OvooError, match=r"^grants.json\[0\].id: this id is taken here"):
        brought_in(house, files)

    with house.services.database.write() as session:
        standing = session.get_one(Grant, grant["id"])
        assert (standing.origin, standing.case) == ("", "")
        session.delete(standing)


def test_by_the_route_a_refusal_is_a_problem_and_a_case_from_elsewhere_says_so(
    exported: Exported, whole: Files, tmp_path: pathlib.Path
) -> None:
    with installation(tmp_path, access_consent="required") as plant, served(plant):
        trusted = plant.services.settings.trusted_dir
        trusted.mkdir(parents=True, exist_ok=True)
        (trusted / "other.pem").write_bytes(exported.trust.read_bytes())
        # packing takes its time on a busy machine, and the server hangs up on a line that is idle for long
        by = {"Authorization": f"Bearer {plant.token('centre_admin')}", "Connection": "close"}
        base = f"/api/v1/enterprises/{OWN}"

        def post(content: bytes) -> httpx.Response:
            seal = exported.sealed(content).decode().strip()
            return plant.http.post(f"{base}/case-imports", params={"seal": seal}, content=content, headers=by)

        odd = ("NaN", "confirmed by a centre", "written in days to come")
        refused = [post(resealed(whole, ODD[name][0])) for name in odd]
        taken = post(exported.content)
        shown = plant.http.get(f"{base}/cases/{CASE}/file", headers=by).json()
        (report,) = json.loads(exported.files()["reports.json"])
        asked = {"number": report["number"], "revision": 1, "code": report["snapshot_sha256"]}
        verified = plant.http.get("/api/v1/verification", params=asked).json()
        page = plant.http.get("/verify", params=asked).text

    assert [answer.status_code for answer in refused] == [422, 422, 409]
    assert refused[0].json()["offender"] == "numbers.json"
    assert taken.status_code == 201, taken.text
    assert shown["elsewhere"] is True
    assert (verified["issued_here"], verified["key_fingerprint"]) == (False, None)
    assert "data-elsewhere" in page


def test_a_case_of_another_enterprise_is_never_the_one_before(house: Plant) -> None:
    """It came while no case here had that id; the other enterprise's came later."""
    with house.services.database.read() as session:
        theirs = session.get_one(CaseFile, THEIRS)
        assert case_before(session, CaseFile(case="a", enterprise=OWN, previous=THEIRS)) is None
        assert case_before(session, CaseFile(case="a", enterprise=FOREIGN, previous=THEIRS)) is theirs


def refusal(exported: Exported, house: Plant, content: bytes) -> OvooError | None:
    """How the case was refused, None where it was taken; any other error goes through and fails the test."""
    try:
        brought_in(house, files_of(exported, content))
    except OvooError as refused:
        return refused
    except _Undone:
        return None
    raise AssertionError("neither taken nor refused")


def _fired(exported: Exported, whole: Files, house: Plant, examples: int) -> list[bool]:
    taken: list[bool] = []
    before = holding(house)

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(sealed_mutation.changes())
    def fire(change: Change) -> None:
        files = dict(whole)
        change(files)
        chained(files)
        refused = refusal(exported, house, archive.pack(files))
        taken.append(refused is None)
        if refused is not None:
            assert refused.offender
            assert status_of(refused) in (409, 422)
            assert holding(house)[0] == before[0]

    fire()
    return taken


def test_anything_changed_anywhere_inside_is_refused_or_comes_out_as_it_came_in(
    exported: Exported, whole: Files, house: Plant
) -> None:
    taken = _fired(exported, whole, house, 60)

    assert taken.count(False) > len(taken) // 2


@pytest.mark.long
def test_anything_changed_anywhere_inside_at_length(exported: Exported, whole: Files, house: Plant) -> None:
    taken = _fired(exported, whole, house, 2000)

    assert taken.count(False) > len(taken) // 2
    assert taken.count(True) > 10


@pytest.mark.parametrize("state", [State.APPLIED, State.CONSENTED, State.INTAKE, State.REVIEW, State.SUSPENDED])
def test_a_sound_case_in_any_state_comes_out_as_it_went_in(house: Plant, other: Services, state: State) -> None:
    """What the checks ask for is what our own steps leave behind, whichever of them were taken."""
    name = case_in(house, OWN, SITE, f"sound-{state.value.replace('_', '-')}", state)["case"]
    with house.services.database.read() as session:
        content = exchange.export_case(session, session.get_one(CaseFile, name), house.services.settings)
    files = members(content)

    with other.database.write() as session:
        row = exchange.import_case(session, SYSTEM, files, other.settings, NOW)
        assert row.state == state.value
        session.flush()
        assert exchange.export_case(session, row, other.settings) == content
