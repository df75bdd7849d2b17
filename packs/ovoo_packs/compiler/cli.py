"""`ovoo-packs`: checks and compiles the sources, shows what is in them.

Exit codes: 0 fine, 1 the sources have errors or the compiled files are stale, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ovoo_contract.errors import OvooError, PackError

from ovoo_packs.loader import (
    framework_names,
    load_factors,
    load_framework,
    load_methods,
    load_norms,
    load_pack,
    load_tariffs,
    norm_rows,
    pack_names,
)

if TYPE_CHECKING:
    from ovoo_packs.compiler.lint import Linted

__all__ = ["main"]

_PACKAGE = pathlib.Path(__file__).resolve().parents[1]
_TABLES = {"factors": load_factors, "norms": load_norms, "tariffs": load_tariffs, "methods": load_methods}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb; errors go to stderr without a traceback."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except OvooError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ovoo-packs", description="Sector knowledge: check, compile, look up.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    build = verbs.add_parser("build", help="check the YAML sources and write the compiled JSON")
    build.set_defaults(run=_build)
    check = verbs.add_parser("check", help="check the sources and that the compiled JSON is fresh; writes nothing")
    check.set_defaults(run=_check)
    for verb in (build, check):
        verb.add_argument("--sources", type=pathlib.Path, default=_PACKAGE.parent / "sources", help="folder of packs")
        verb.add_argument("--data", type=pathlib.Path, default=_PACKAGE / "data", help="folder of compiled files")
    lint = verbs.add_parser("lint", help="check framework packs: errors, missing clauses, conformance vectors")
    lint.add_argument("file", nargs="?", type=pathlib.Path, help="one framework document; default: all of --sources")
    lint.set_defaults(run=_lint)
    vectors = verbs.add_parser("vectors", help="run the conformance vectors of the frameworks")
    vectors.add_argument("--check", action="store_true", required=True, help="compare each with its expectation")
    vectors.set_defaults(run=_vectors)
    for verb in (lint, vectors):
        verb.add_argument("--sources", type=pathlib.Path, default=_PACKAGE.parent / "sources", help="folder of packs")
        verb.add_argument("--vectors", type=pathlib.Path, default=_PACKAGE.parent / "vectors", help="folder of vectors")
    listing = verbs.add_parser("list", help="names of packs, their templates, tables and frameworks")
    listing.set_defaults(run=_list)
    show = verbs.add_parser("show", help="one template, pack, table or framework")
    show.add_argument("name", help="e.g. coal_mine, coal_mine/main_fan, factors, sme_2024")
    show.set_defaults(run=_show)
    for verb in (listing, show):
        verb.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _build(options: argparse.Namespace) -> int:
    from ovoo_packs.compiler.assembly import compile_sources, write_files  # list and show work without PyYAML

    changed = write_files(compile_sources(options.sources), options.data)
    print("\n".join(f"wrote {name}" for name in changed) or "nothing changed")
    return 0


def _check(options: argparse.Namespace) -> int:
    from ovoo_packs.compiler.assembly import compile_sources, stale_files

    stale = stale_files(compile_sources(options.sources), options.data)
    for name in stale:
        print(f"{name}: stale; run: ovoo-packs build", file=sys.stderr)
    if not stale:
        print("sources are sound, compiled files are fresh")
    return 1 if stale else 0


def _lint(options: argparse.Namespace) -> int:
    faults = [error for each in _linted(options) for error in (*each.errors, *each.unfinished)]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print("frameworks are sound")
    return 1 if faults else 0


def _linted(options: argparse.Namespace) -> list[Linted]:
    from ovoo_packs.compiler.lint import lint_folder, lint_framework
    from ovoo_packs.compiler.vectors import stored_vectors

    norms = norm_rows()
    file = getattr(options, "file", None)
    if file is None:
        return lint_folder(options.sources, options.vectors, norms)
    if not file.is_file():
        raise PackError("no such file", offender=str(file), remedy="give a framework document")
    return [lint_framework(file.read_bytes(), file.name, norms, stored_vectors(options.vectors / file.stem))]


def _vectors(options: argparse.Namespace) -> int:
    bad = 0
    for each in _linted(options):
        for error in each.errors:
            print(error, file=sys.stderr)
        bad += len(each.errors)
        if each.data is not None:
            print(f"{each.data['id']}: {each.vectors} vectors hold")
    return 1 if bad else 0


def _list(options: argparse.Namespace) -> int:
    listing: dict[str, list[str]] = {name: list(load_pack(name).templates) for name in pack_names()}
    listing |= {"tables": list(_TABLES), "frameworks": list(framework_names())}
    if options.json:
        print(json.dumps(listing, ensure_ascii=False, indent=2))
        return 0
    for name, members in listing.items():
        print(f"{name}: {' '.join(members)}")
    return 0


def _show(options: argparse.Namespace) -> int:
    content = _plain(_find(options.name))
    if options.json:
        print(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        print("\n".join(_lines(content, 0)))
    return 0


def _find(name: str) -> object:
    pack, slash, template = name.partition("/")
    if slash:
        return load_pack(pack).template(template)
    if name in _TABLES:
        return _TABLES[name]()
    return load_framework(name) if name in framework_names() else load_pack(name)


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value


def _lines(value: Any, depth: int) -> list[str]:
    """Indented `key: value` lines; lists of plain values stay on one line."""
    pad = "  " * depth
    if isinstance(value, dict):
        return [line for key, each in value.items() for line in _entry(f"{pad}{key}:", each, depth)]
    return [line for each in value for line in _entry(f"{pad}-", each, depth)]


def _entry(head: str, value: Any, depth: int) -> list[str]:
    if isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        return [f"{head} {', '.join(str(each) for each in value)}".rstrip()]
    if isinstance(value, dict | list):
        return [head, *_lines(value, depth + 1)]
    return [f"{head} {'' if value is None else value}".rstrip()]


if __name__ == "__main__":
    sys.exit(main())
