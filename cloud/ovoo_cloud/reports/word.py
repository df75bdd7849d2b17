"""Word by python-docx: the same words as the PDF, editable, the same bytes for the same document."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from docx import Document
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from ovoo_cloud.reports.pdf import render_png
from ovoo_cloud.reports.resolve import Resolved
from ovoo_cloud.reports.word_table import Cells, table_element
from ovoo_cloud.reports.word_widths import column_widths

__all__ = ["normalise_zip", "render_docx"]

_CHINESE = "Noto Sans SC"
_ACCENT = RGBColor(0x1F, 0x5F, 0x8B)
_MUTED = RGBColor(0x5D, 0x6B, 0x76)
_TONES = {"info": "1F5F8B", "warn": "B7791F"}
_TEXT_CM = 16.2
_WHOLE_ROWS = 13
_LINE_SPACING = 0.9
"""Of the font's own, which leaves more room between lines than a page of figures needs."""
_FONT_TABLE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    '<w:fonts xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    f'<w:font w:name="{_CHINESE}"><w:altName w:val="Source Han Sans SC,Microsoft YaHei,PingFang SC"/>'
    '<w:charset w:val="86"/><w:family w:val="swiss"/><w:pitch w:val="variable"/></w:font></w:fonts>'
)
"""What an office without the font of the report takes instead: sans serif as well, so that tables keep their widths."""


def render_docx(document: Resolved, *, number: str, issued: str) -> bytes:
    """The report as .docx; times in the file are the date of issue."""
    writer = _Writer(document, number, issued)
    return normalise_zip(writer.render(), {"word/fontTable.xml": _FONT_TABLE.encode()})


def normalise_zip(data: bytes, instead: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """The same archive with sorted members, stored, all dated 1980-01-01.

    Args:
        data: the archive.
        instead: other contents of members, by name.
    """
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as new:
        for name in sorted(old.namelist()):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o600 << 16
            entry.create_system = 3
            new.writestr(entry, instead.get(name) or old.read(name))
    return result.getvalue()


class _Writer:
    """Writes blocks in order into one python-docx document."""

    def __init__(self, document: Resolved, number: str, issued: str) -> None:
        self.source = document
        self.number = number
        self.issued = datetime.fromisoformat(issued).replace(tzinfo=UTC)
        # python-docx has no usable types; Any at this border only
        self.doc: Any = Document()

    def render(self) -> bytes:
        """The raw archive."""
        self._styles()
        self._properties()
        self._cover()
        handlers: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "heading": self._heading,
            "para": self._para,
            "notice": self._notice,
            "bullets": self._bullets,
            "cards": self._cards,
            "table": self._table,
            "chart": self._chart,
            "page": self._page,
        }
        for block in self.source.blocks:
            handlers[block["b"]](block)
        buffer = io.BytesIO()
        self.doc.save(buffer)
        return buffer.getvalue()

    def _styles(self) -> None:
        sizes = {"Normal": 10, "Heading 1": 16, "Heading 2": 12, "List Bullet": 10, "Title": 28}
        self.doc.styles["Normal"].paragraph_format.space_after = Pt(5)
        self.doc.styles["Normal"].paragraph_format.line_spacing = _LINE_SPACING
        self.doc.styles["Footer"].font.size = Pt(8)
        self.doc.styles["Footer"].font.color.rgb = _MUTED
        for name, size in sizes.items():
            style = self.doc.styles[name]
            style.font.size = Pt(size)
            style.font.name = _CHINESE
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for attribute in ("w:eastAsia", "w:hAnsi", "w:cs", "w:ascii"):
                fonts.set(qn(attribute), _CHINESE)
            for attribute in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
                fonts.attrib.pop(qn(attribute), None)
            if name.startswith(("Heading", "Title")):
                style.font.color.rgb = _ACCENT
                style.font.bold = True
                style.paragraph_format.keep_with_next = True
        section = self.doc.sections[0]
        section.page_width, section.page_height = Cm(21.0), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.4)
        section.top_margin = section.bottom_margin = Cm(2.2)

    def _properties(self) -> None:
        core = self.doc.core_properties
        core.author = core.last_modified_by = "Ovoo"
        core.title = f"{self.source.cover['title']} {self.source.cover['enterprise']}"
        core.identifier = self.number
        core.comments = ""
        core.created = core.modified = core.last_printed = self.issued.replace(tzinfo=None)
        core.revision = 1
        core.language = "zh-CN" if self.source.language == "zh" else "en-GB"

    def _cover(self) -> None:
        cover = self.source.cover
        self._line(cover["enterprise"], size=14, color=_MUTED).paragraph_format.space_before = Cm(3)
        self.doc.add_paragraph(cover["title"], style="Title")
        self._line(cover["status"], size=14, bold=True, color=RGBColor(0xB7, 0x79, 0x1F))
        self.doc.add_paragraph().paragraph_format.space_before = Cm(2)
        self._rows([Cells(cover["rows"], 9)], [3.6, 12.6], ["left", "left"])
        if "code" in self.source.charts:
            picture = io.BytesIO(render_png(self.source.charts["code"], ppi=300.0))
            self._picture(picture, Cm(2.8))
            self._line(cover["code_note"], size=8.5, color=_MUTED)
        self._line(cover["status_note"], size=8.5, color=_MUTED)
        body = self.doc.add_section(WD_SECTION.NEW_PAGE)
        body.footer.is_linked_to_previous = False
        body.header.is_linked_to_previous = False
        self._header_footer(body)

    def _header_footer(self, section: Any) -> None:
        head = section.header.paragraphs[0]
        self._run(head, f"{self.source.cover['enterprise']}    {self.number}", 8, color=_MUTED)
        foot = section.footer.paragraphs[0]
        foot.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        before, _, rest = self.source.texts["page"].partition("{page}")
        between, _, after = rest.partition("{pages}")
        for words, field in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
            if words:
                self._run(foot, words, 8, color=_MUTED)
            if field:
                self._field(foot, field)

    def _field(self, paragraph: Any, name: str) -> None:
        run = paragraph.add_run()
        run.font.size = Pt(8)
        run.font.color.rgb = _MUTED
        for kind in ("begin", "", "end"):
            element = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                element.set(qn("w:fldCharType"), kind)
            else:
                element.text = name
            run._r.append(element)

    def _run(
        self, paragraph: Any, words: str, size: float, *, bold: bool = False, color: RGBColor | None = None
    ) -> None:
        for n, line in enumerate(words.split("\n")):
            run = paragraph.add_run()
            if n:
                run.add_break(WD_BREAK.LINE)
            run.add_text(line)
            run.font.size = Pt(size)
            run.font.bold = bold
            if color is not None:
                run.font.color.rgb = color

    def _line(
        self, words: str, *, size: float = 10, bold: bool = False, color: RGBColor | None = None, keep: bool = False
    ) -> Any:
        paragraph = self.doc.add_paragraph()
        self._run(paragraph, words, size, bold=bold, color=color)
        paragraph.paragraph_format.keep_with_next = keep
        return paragraph

    def _heading(self, block: Mapping[str, Any]) -> None:
        words = f"{block['number']}  {block['text']}" if block["number"] else block["text"]
        self.doc.add_heading(words, level=block["level"])

    def _para(self, block: Mapping[str, Any]) -> None:
        if block["style"] == "label":
            self._line(block["text"], bold=True, color=_ACCENT, keep=True)
        elif block["style"] == "small":
            self._line(block["text"], size=8, color=_MUTED)
        else:
            self._line(block["text"], keep=block["keep"])
        self._evidence(block["margin"], keep=block["keep"])

    def _evidence(self, ids: Sequence[str], *, keep: bool = False) -> None:
        if ids:
            self._line("  ".join(ids), size=7, color=_MUTED, keep=keep)

    def _notice(self, block: Mapping[str, Any]) -> None:
        paragraph = self._line(block["text"], size=9.5)
        properties = paragraph._p.get_or_add_pPr()
        edge = OxmlElement("w:left")
        for name, value in (("val", "single"), ("sz", "20"), ("space", "6"), ("color", _TONES[block["tone"]])):
            edge.set(qn(f"w:{name}"), value)
        borders = OxmlElement("w:pBdr")
        borders.append(edge)
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:fill"), "F3F5F7")
        properties.insert_element_before(borders, "w:shd", "w:spacing", "w:ind", "w:jc", "w:rPr")
        properties.insert_element_before(shade, "w:spacing", "w:ind", "w:jc", "w:rPr")

    def _bullets(self, block: Mapping[str, Any]) -> None:
        for words in block["items"]:
            item = self.doc.add_paragraph(words, style="List Bullet")
            item.paragraph_format.space_after = Pt(2)

    def _cards(self, block: Mapping[str, Any]) -> None:
        cards = [[card["label"], card["value"], card["note"]] for card in block["items"]]
        self._rows([Cells(cards, 9.5)], [5.4, 5.4, 5.4], ["left"] * 3)
        self.doc.add_paragraph()

    def _table(self, block: Mapping[str, Any]) -> None:
        if block["caption"]:
            self._line(block["caption"], size=9, bold=True, keep=True)
        parts = [Cells(block["rows"], 7 if block["compact"] else 8.5)]
        if not block["plain"]:
            parts.insert(0, Cells([[column["text"] for column in block["columns"]]], 8, bold=True, head=True))
        widths = column_widths(parts, [float(column["width"]) for column in block["columns"]], _TEXT_CM)
        self._rows(parts, widths, [column["align"] for column in block["columns"]])
        if block["note"]:
            self._line(block["note"], size=7.5, color=_MUTED)
        self._evidence(block["margin"])
        if not block["note"] and not block["margin"]:
            self._line("", size=4).paragraph_format.space_after = Pt(2)

    def _rows(self, parts: Sequence[Cells], widths: Sequence[float], aligns: Sequence[str]) -> None:
        """Short tables stay on one page with their caption; long ones break between rows."""
        whole = sum(len(part.rows) for part in parts) <= _WHOLE_ROWS
        # a table goes where the next paragraph would: before the section's own properties
        self.doc.element.body.insert_element_before(table_element(parts, widths, aligns, whole=whole), "w:sectPr")

    def _chart(self, block: Mapping[str, Any]) -> None:
        paragraph = self._picture(io.BytesIO(render_png(self.source.charts[block["name"]])), Cm(_TEXT_CM))
        paragraph.paragraph_format.keep_with_next = True
        self._line(block["caption"], size=9, bold=True)
        self._evidence(block["margin"])

    def _picture(self, data: io.BytesIO, width: Cm) -> Any:
        """A line as high as the picture: one of less than the font's own spacing would cut its top."""
        paragraph = self.doc.add_paragraph()
        paragraph.paragraph_format.line_spacing = 1.0
        paragraph.add_run().add_picture(data, width=width)
        return paragraph

    def _page(self, _: Mapping[str, Any]) -> None:
        self.doc.add_page_break()
