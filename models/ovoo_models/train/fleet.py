"""Many assets at once: a folder with `fleet.csv` and a history for each asset, to one model file each."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ovoo_contract.errors import ArtifactError, ConfigError, OvooError
from ovoo_packs import load_pack

from ovoo_models import artifact
from ovoo_models.csv_history import read_csv
from ovoo_models.train.fit import fit, versions
from ovoo_models.train.history import History
from ovoo_models.train.parquet import read_parquet

__all__ = [
    "FleetRow",
    "Trained",
    "file_hash",
    "in_turn",
    "out_name",
    "read_fleet",
    "read_history",
    "train_fleet",
    "train_row",
]

_COLUMNS = ("asset", "pack", "template", "file")


@dataclass(frozen=True, slots=True)
class FleetRow:
    """An asset of `fleet.csv`; file: its history, CSV or Parquet (a file or a folder)."""

    asset: str
    pack: str
    template: str
    file: str
    trained_by: str = ""


@dataclass(frozen=True, slots=True)
class Trained:
    """What became of an asset: the bytes of its model file, or why there is none."""

    data: bytes = b""
    models: int = 0
    error: str = ""


Spread = Callable[[Callable[[FleetRow], Trained], Sequence[FleetRow]], Iterable[tuple[FleetRow, Trained]]]


def read_fleet(folder: Path, trained_by: str = "") -> tuple[FleetRow, ...]:
    """The rows of `fleet.csv` with columns asset, pack, template, file; ConfigError names line and reason."""
    path = folder / "fleet.csv"
    rows: list[FleetRow] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for line in csv.DictReader(stream):
                rows.append(_row(line, folder, f"{path}:{len(rows) + 2}", trained_by))
    except OSError as error:
        remedy = f"columns {', '.join(_COLUMNS)}"
        raise ConfigError("cannot be read", offender=str(path), value=error.strerror, remedy=remedy) from error
    names = [out_name(row) for row in rows]
    twice = next((name for name in names if names.count(name) > 1), None)
    if not rows or twice is not None:
        raise ConfigError("no asset, or one twice", offender=str(path), value=twice or "", remedy="one line an asset")
    return tuple(rows)


def _row(line: dict[str, str | None], folder: Path, offender: str, trained_by: str) -> FleetRow:
    missing = [name for name in _COLUMNS if not line.get(name)]
    if missing:
        raise ConfigError("empty cell", offender=offender, value=missing[0], remedy=f"columns {', '.join(_COLUMNS)}")
    asset, pack, template, file = (str(line[name]) for name in _COLUMNS)
    return FleetRow(asset, pack, template, str((folder / file).resolve()), trained_by)


def out_name(row: FleetRow) -> str:
    """The name of its model file: the address with dots."""
    return row.asset.replace("/", ".") + ".json"


def file_hash(path: Path) -> str:
    """SHA-256 of a file, or of all Parquet files of a folder with their names."""
    if path.is_file():
        return sha256(path.read_bytes()).hexdigest()
    digest = sha256()
    for each in sorted(path.rglob("*.parquet")):
        digest.update(str(each.relative_to(path)).encode() + b"\0" + sha256(each.read_bytes()).digest())
    return digest.hexdigest()


def read_history(path: Path) -> History:
    """A history by its ending: `.csv`, else Parquet."""
    return read_csv(path) if path.suffix == ".csv" else read_parquet(path)


def train_row(row: FleetRow) -> Trained:
    """Train one asset; what workers run, with the same bytes wherever that is. A failure is a result, not an error."""
    path = Path(row.file)
    try:
        template = load_pack(row.pack).template(row.template)
        history = read_history(path)
        model_set = fit(
            template, history, row.asset, trained_by=row.trained_by, source_sha256=file_hash(path)
        )  # fmt: skip
    except (OvooError, OSError) as error:
        return Trained(error=str(error))
    fitted = sum(1 for each in model_set.card["models"].values() if "not_fitted" not in each)
    return Trained(artifact.dumps(model_set), fitted)


def in_turn(function: Callable[[FleetRow], Trained], rows: Sequence[FleetRow]) -> Iterator[tuple[FleetRow, Trained]]:
    """One asset after the other, here."""
    for row in rows:
        yield row, function(row)


def train_fleet(
    rows: Sequence[FleetRow], out: Path, spread: Spread = in_turn
) -> Iterator[tuple[FleetRow, Trained | None]]:
    """Train every asset whose file in `out` is not of this history and these versions of the software yet.

    Gives None for those that were done before.

    A file is written as soon as its asset is ready, so a run that was stopped goes on with those that are left.
    """
    out.mkdir(parents=True, exist_ok=True)
    done = [row for row in rows if _is_done(row, out)]
    yield from ((row, None) for row in done)
    for row, trained in spread(train_row, [row for row in rows if row not in done]):
        if trained.data:
            artifact.save(out / out_name(row), artifact.loads(trained.data))
        yield row, trained


def _is_done(row: FleetRow, out: Path) -> bool:
    path = out / out_name(row)
    if not path.exists():
        return False
    try:
        card = artifact.load(path).card
        source = file_hash(Path(row.file))
    except (ArtifactError, OSError):
        return False
    made = (card.get("source_sha256"), card.get("template"), card.get("versions"))
    return made == (source, row.template, versions())
