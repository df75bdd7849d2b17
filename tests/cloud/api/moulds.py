"""Installations made once in a process and copied wherever a test wants one of its own."""

from __future__ import annotations

import atexit
import contextlib
import copy
import functools
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovoo_cloud.catalogue.tables import Report
from sqlalchemy import select

if TYPE_CHECKING:
    from tests.cloud.api.plant import Plant

OUTSIDE = frozenset(
    {"access_consent", "broker_host", "broker_public_url", "public_url", "seal_command", "seal_public_key"}
)
"""Settings that change nothing of what `fill` stores, but for the consent, which is part of a mould's name."""
Opener = Callable[[pathlib.Path], AbstractContextManager["Plant"]]


@dataclass(frozen=True, slots=True)
class Mould:
    """The closed folder of a filled installation, and what was fed to it."""

    folder: pathlib.Path
    ids: dict[str, dict[str, str]]
    sent: int

    def copy_to(self, folder: pathlib.Path) -> None:
        """Everything but keys: each installation has its own."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("authority"), dirs_exist_ok=True)

    def settle(self, plant: Plant) -> None:
        """Tells a copy that was opened what it holds, and where."""
        plant.ids, plant.sent = copy.deepcopy(self.ids), self.sent
        with plant.services.database.write() as session:
            for report in session.scalars(select(Report)):
                report.folder = report.folder.replace(str(self.folder), str(plant.services.settings.data_dir))


@functools.cache
def mould(fed: bool, consent: str) -> Mould:
    """The installation as `plant.fill` leaves it, made at the first call; gone when the process ends."""
    from tests.cloud.api.plant import fill, opened

    folder = pathlib.Path(tempfile.mkdtemp(prefix="ovoo-mould-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with opened(folder, access_consent=consent) as plant:
        fill(plant, fed)
    return Mould(folder, plant.ids, plant.sent)


@contextlib.contextmanager
def copied(folder: pathlib.Path, fed: bool, consent: str, opener: Opener) -> Iterator[Plant]:
    """A copy in `folder`, opened."""
    like = mould(fed, consent)
    like.copy_to(folder)
    with opener(folder) as plant:
        like.settle(plant)
        yield plant
