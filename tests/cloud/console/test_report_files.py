"""The order in which people are offered a report's files."""

from __future__ import annotations

from ovoo_cloud.console.report_files import shown_files


def test_the_own_language_comes_first_and_in_each_the_pdf() -> None:
    bundle = (
        "manifest.json manifest.sig report.centre.en.pdf report.centre.pdf report.docx report.en.docx report.en.pdf "
        "report.html report.json report.pdf report.xlsx snapshot.json"
    )

    assert shown_files(bundle.split()) == [
        "report.pdf",
        "report.docx",
        "report.xlsx",
        "report.html",
        "report.json",
        "report.en.pdf",
        "report.en.docx",
        "report.centre.pdf",
        "report.centre.en.pdf",
    ]
