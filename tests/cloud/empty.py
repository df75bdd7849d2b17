"""An empty catalogue, migrated once in a process and copied from then on."""

from __future__ import annotations

import atexit
import functools
import pathlib
import shutil
import tempfile

from ovoo_cloud.catalogue.database import Database


def put_empty_catalogue(folder: pathlib.Path, name: str = "catalogue.db") -> pathlib.Path:
    """Writes the SQLite file that `migrate` makes into the folder; gives its path."""
    folder.mkdir(parents=True, exist_ok=True)
    return pathlib.Path(shutil.copyfile(_migrated(), folder / name))


@functools.cache
def _migrated() -> pathlib.Path:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ovoo-empty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Database(f"sqlite:///{folder / 'catalogue.db'}")
    made.migrate()
    made.close()  # folds the write-ahead log into the file
    return folder / "catalogue.db"
