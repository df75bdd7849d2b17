"""`ovoo-models energy report`: all of one export in a folder: words, data, pictures, and the record of a saving."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_check import summary
from ovoo_models.cli_energy_events import add_events
from ovoo_models.cli_energy_export import add_export, opened, problem_lines, reading_options
from ovoo_models.cli_energy_html import Drawing, Section, html_page
from ovoo_models.cli_energy_periods import add_drivers
from ovoo_models.cli_energy_pictures import Picture, add_png, save_both
from ovoo_models.cli_energy_prices import case_of
from ovoo_models.cli_energy_profile import carbon_lines, carbon_result, profile_lines, profile_pictures, profile_result
from ovoo_models.cli_energy_record import write_record
from ovoo_models.cli_energy_saving import course, proof_of, saving_content, saving_data, saving_lines
from ovoo_models.cli_energy_tariff import add_month, day_picture, month_result, tariff_lines
from ovoo_models.efficiency.readings import Readings

__all__ = ["add"]

_TITLES: Final = {
    "zh": {
        "report": "用电分析", "data": "数据", "profile": "负荷", "tariff": "电费 {month}", "carbon": "标准煤与二氧化碳",
        "saving": "节约量", "record": "证明：`{record}`，用 `ovoo-models energy verify` 复算。",
    },
    "en": {
        "report": "Use of energy", "data": "Data", "profile": "Load", "tariff": "Bill {month}",
        "carbon": "Standard coal and carbon dioxide", "saving": "Saving",
        "record": "Proof: `{record}`, recomputed by `ovoo-models energy verify`.",
    },
}  # fmt: skip


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `report`."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "report",
        help="all of it in one folder: report.md, report.html (one file), report.json, pictures, the saving's record",
    )
    add_export(parser)
    parser.add_argument("--folder", type=Path, required=True, help="folder to write into")
    add_drivers(parser)
    add_events(parser)
    parser.add_argument("--baseline", nargs=2, metavar=("FROM", "TO"), help="local dates; with --reporting: a saving")
    parser.add_argument("--reporting", nargs=2, metavar=("FROM", "TO"), help="local dates, TO not within")
    parser.add_argument("--seed", type=int, default=1, help="of the bootstrap (default: 1)")
    parser.add_argument("--kinds", type=int, default=2, help="kinds of days to look for (default: 2)")
    parser.add_argument("--tariff", default="", help="id of a tariff; with --month: a bill")
    parser.add_argument("--month", default="", help="month of the site's calendar, for instance 2026-02")
    add_month(parser)
    parser.add_argument("--year", type=int, default=0, help="newest data year of grid factors: coal and carbon")
    parser.add_argument("--region", default="inner_mongolia", help="of the grid factor (default: inner_mongolia)")
    parser.add_argument(
        "--electricity", choices=("calorific", "equivalent"), default="calorific", help="coal value of electricity"
    )
    add_png(parser)
    parser.add_argument("--language", choices=("zh", "en"), default="zh", help="of the words (default: zh)")
    parser.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> int:
    for one, other in (("baseline", "reporting"), ("tariff", "month")):
        if bool(getattr(options, one)) != bool(getattr(options, other)):
            given = one if getattr(options, one) else other
            raise ConfigError(
                "half a question", code="report.half_question", slots={"one": one, "other": other},
                offender=f"--{given}", remedy=f"--{one} and --{other} go together",
            )  # fmt: skip
    readings = opened(options)
    options.folder.mkdir(parents=True, exist_ok=True)
    page = _Page(options)
    page.part("data", [*summary(readings, options.language), *problem_lines(readings.problems, options.language)])
    page.data["problems"] = [each.to_dict(options.language) for each in readings.problems]
    page.data["export_sha256"] = readings.sha256
    _profile(page, readings, options)
    if options.tariff:
        result = month_result(readings, options, case_of(options.prices)).result
        page.part("tariff", tariff_lines(result, options.zone, options.language), result, month=options.month)
        page.picture("tariff_day", day_picture(readings, options.tariff, result))
    if options.year:
        result = carbon_result(readings, options)
        page.part("carbon", carbon_lines(result, options.language), result)
    if options.baseline:
        _saving(page, readings, options)
    page.write()
    print("\n".join(str(each) for each in sorted(options.folder.iterdir())))
    return 0


class _Page:
    """Collects the parts of the report."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.words = _TITLES[options.language]
        self.title = f"{self.words['report']}: {options.export.name}"
        self.lines = [f"# {self.title}", ""]
        self.blocks: list[Section | Drawing] = []
        self.data: dict[str, Any] = {"export": options.export.name}

    def part(self, key: str, lines: list[str], data: Any = None, **slots: str) -> None:
        """A heading with its lines, and the data behind them."""
        heading = self.words[key].format(**slots)
        self.lines += [f"## {heading}", "", "```text", *lines, "```", ""]
        self.blocks.append(Section(heading, tuple(lines)))
        if data is not None:
            self.data[key] = data

    def picture(self, name: str, picture: Picture) -> None:
        """An SVG beside the page, and its place in it."""
        path = self.options.folder / f"{name}.svg"
        save_both(self.options, path, picture)
        self.lines += [f"![{name}]({name}.svg)", ""]
        self.blocks.append(Drawing(path.read_text("utf-8")))

    def note(self, words: str) -> None:
        """A sentence of its own; code stands between backquotes."""
        self.lines += [words, ""]
        self.blocks.append(Section("", (words.replace("`", ""),)))

    def write(self) -> None:
        """`report.md`, `report.html` and `report.json`."""
        folder: Path = self.options.folder
        folder.joinpath("report.md").write_text("\n".join(self.lines), encoding="utf-8")
        page = html_page(self.title, self.blocks, self.options.language)
        folder.joinpath("report.html").write_text(page, encoding="utf-8")
        words = json.dumps(self.data, ensure_ascii=False, indent=1, sort_keys=True)
        folder.joinpath("report.json").write_text(words + "\n", encoding="utf-8")


def _profile(page: _Page, readings: Readings, options: argparse.Namespace) -> None:
    result = profile_result(readings, options.kinds)
    page.part("profile", profile_lines(result, options.language), result)
    for name, picture in profile_pictures(readings, result, options.language).items():
        page.picture(name, picture)


def _saving(page: _Page, readings: Readings, options: argparse.Namespace) -> None:
    from ovoo_models.cli_energy_drawn import scatter_of
    from ovoo_models.efficiency.savings.change_point import ChangePointModel

    proof = proof_of(readings, options)
    page.part("saving", saving_lines(proof, options.zone, options.language), saving_data(proof))
    model = proof.found.model
    if proof.plan.settings.names and isinstance(model, ChangePointModel):
        page.picture("baseline", scatter_of(model, proof.before, proof.after, proof.found.fit))
    page.picture("saving", course(proof))
    record = options.folder / "record.json"
    write_record(record, saving_content(proof, reading_options(options), options))
    page.note(page.words["record"].format(record=record.name))
