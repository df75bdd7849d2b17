"""Megabytes on disk of a distribution and everything it needs, as installed in this environment."""

from __future__ import annotations

import argparse
import pathlib
import re
from importlib import metadata

from packaging.requirements import Requirement

_SKIP = {".pyx", ".pxd", ".c"}


def closure(name: str) -> set[str]:
    """Names of the distribution and of all it needs, extras of ours left out."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        each = _plain(waiting.pop())
        if each in found:
            continue
        found.add(each)
        for text in metadata.requires(each) or []:
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                waiting.append(need.name)
    return found


def size_bytes(name: str) -> int:
    """Files of one distribution, compiled Python included; an editable one by its package folder."""
    distribution = metadata.distribution(name)
    folder = _source_folder(distribution)
    if folder is not None:
        files = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in _SKIP]
        return sum(path.stat().st_size for path in files)
    paths = [pathlib.Path(str(file.locate())) for file in distribution.files or []]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _source_folder(distribution: metadata.Distribution) -> pathlib.Path | None:
    package = _plain(distribution.metadata["Name"]).replace("-", "_")
    if not package.startswith("ovoo_"):
        return None
    member = {"ovoo_edge": "edge_agent"}.get(package, package.removeprefix("ovoo_"))
    return pathlib.Path(__file__).resolve().parents[1] / member / package


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Prints the sum."""
    parser = argparse.ArgumentParser(prog="benchmarks/installed_size.py", description=__doc__)
    parser.add_argument("distribution")
    names = closure(parser.parse_args().distribution)
    print(sum(size_bytes(name) for name in names) / 1e6)


if __name__ == "__main__":
    main()
