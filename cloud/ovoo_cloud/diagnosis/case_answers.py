"""Answers of a case as its intake tells them."""

from __future__ import annotations

from ovoo_cloud.diagnosis.case_parts import Answer, EvidenceClass, SceneAnswer
from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = ["read_answer", "read_scene", "told"]

_TOLD = ("declared", "verified")


def told(reader: IntakeReader) -> tuple[EvidenceClass, tuple[str, ...]]:
    """Class and documents of an answer; verified needs a document."""
    cls = reader.choice("class", _TOLD, "declared")
    documents = reader.names("evidence")
    if cls == "verified" and not documents:
        reader.fail(
            "class",
            "verified without a document",
            "list the documents seen under evidence:, or write declared",
            code="intake.verified_without_document",
        )
    return ("verified" if cls == "verified" else "declared"), documents


def read_answer(item: str, reader: IntakeReader) -> Answer:
    """An answer by options, ratio or direction, exactly one of them."""
    cls, documents = told(reader)
    given = [key for key in ("options", "ratio", "direction") if key in reader.data]
    answer = Answer(
        item=item,
        options=reader.names("options"),
        open_options=reader.names("open"),
        ratio=reader.decimal("ratio"),
        direction=reader.choice("direction", ("better", "flat", "worse", ""), ""),
        cls=cls,
        documents=documents,
    )
    if len(given) != 1:
        reader.fail(
            given[1] if given else "options",
            "one form of answer is needed",
            "write options, ratio or direction",
            code="intake.one_form_of_answer",
        )
    reader.finish()
    return answer


def read_scene(scene: str, reader: IntakeReader) -> SceneAnswer:
    """The level told for a scene."""
    cls, documents = told(reader)
    level = reader.integer("level")
    if level > 4:
        reader.fail("level", "no such level", "write a level from 0 to 4", code="intake.no_such_level")
    reader.finish()
    return SceneAnswer(scene, level, cls, documents)
