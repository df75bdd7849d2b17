"""Files that people send, damaged at random: each is taken, or refused by an error of ours; nothing else happens."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ovoo_cloud.casework import archive, exchange, questionnaire, sheet
from ovoo_cloud.casework.states import State
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.reports.signing import create_key, load_signing_key, load_trusted_key, sign
from ovoo_contract.errors import ConfigErrors, OvooError, VerifyError
from ovoo_packs import load_framework

from tests.cloud.api.case_files import case_in
from tests.cloud.api.plant import OWN, SITE, installation

FRAMEWORK = load_framework("sme_2024")
SHEET, TABLE = sheet.write_xlsx(FRAMEWORK), sheet.write_csv(FRAMEWORK)
STEADY = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with some bytes changed, put in, taken out, or its end cut off."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(found) - 1)))
        match draw(st.sampled_from(["change", "insert", "drop", "cut"])):
            case "change" if found:
                found[at] = draw(st.integers(0, 255))
            case "insert":
                found[at:at] = draw(st.binary(min_size=1, max_size=20))
            case "drop":
                del found[at : at + draw(st.integers(1, 200))]
            case _:
                del found[at:]
    return bytes(found)


@st.composite
def rewritten(draw: st.DrawFn) -> bytes:
    """A workbook whose sheet holds other XML in its cells."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(SHEET)) as book, zipfile.ZipFile(out, "w") as made:
        for name in book.namelist():
            content = book.read(name)
            made.writestr(name, draw(damaged(content)) if draw(st.integers(0, 5)) == 0 else content)
    return out.getvalue()


def outcome(read: Callable[[bytes], Any], content: bytes) -> Any:
    """What reading gives, or the refusal; any other error goes through and fails the test."""
    try:
        return read(content)
    except OvooError as refusal:
        return refusal


def assert_taken_or_refused(told: Any) -> None:
    """Parts of a case with entries that the framework has, or faults that each name place and remedy."""
    if isinstance(told, OvooError):
        faults = told.errors if isinstance(told, ConfigErrors) else [told]
        assert faults
        assert [each.message for each in faults if not (each.offender and each.remedy)] == []
        return
    known = {"answers": {item.id for item in FRAMEWORK.items}, "scenes": {scene.id for scene in FRAMEWORK.scenes}}
    assert set(told) <= set(known)
    for part, content in told.items():
        assert set(content[part]) <= known[part]


@STEADY
@given(st.one_of(damaged(SHEET), rewritten(), st.binary(max_size=300)))
def test_a_damaged_workbook(content: bytes) -> None:
    assert_taken_or_refused(outcome(lambda raw: questionnaire.parts_of_rows(sheet.read_xlsx(raw), FRAMEWORK), content))


@STEADY
@given(
    st.one_of(
        damaged(TABLE),
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: text.encode("gb18030", "replace")),
    )
)
def test_a_damaged_table(content: bytes) -> None:
    assert_taken_or_refused(outcome(lambda raw: questionnaire.parts_of_rows(sheet.read_csv(raw), FRAMEWORK), content))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    with installation(tmp_path_factory.mktemp("from")) as plant:
        case_in(plant, OWN, SITE, "travelling", State.CONFIRMATION)
        settings = plant.services.settings
        key = settings.signing_key
        if not key.exists():
            create_key(settings.authority_dir)
        with plant.services.database.read() as session:
            row = session.get(CaseFile, "travelling")
            assert row is not None
            content = exchange.export_case(session, row, settings)
        trusted = [load_trusted_key(key.with_name("report-key.pub.pem"))]
        yield archive.unpack(content, sign(load_signing_key(key), content), trusted)


@STEADY
@given(data=st.data())
def test_a_damaged_zip_that_a_trusted_key_sealed(
    files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("key")
    create_key(folder)
    key = next(each for each in sorted(folder.glob("*.pem")) if "pub" not in each.name)
    content = data.draw(damaged(archive.pack(files)))
    trusted = [load_trusted_key(folder / "report-key.pub.pem")]
    told = outcome(lambda raw: archive.unpack(raw, sign(load_signing_key(key), raw), trusted), content)

    if isinstance(told, OvooError):
        assert isinstance(told, VerifyError)
        assert told.offender
    else:  # what is still a zip holds plain names only, and bytes
        assert all(isinstance(each, bytes) and ".." not in name.split("/") for name, each in told.items())
        assert not any(name.startswith("/") or "\\" in name for name in told)
