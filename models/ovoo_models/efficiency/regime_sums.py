"""Sufficient statistics of a linear model by regime: enough to fit any of its variables again without raw data."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ArtifactError, ConfigError, NotReady

from ovoo_models.base import FrameBlock
from ovoo_models.state import doubles_from_text, doubles_to_text

__all__ = ["Fit", "RegimeSums"]

_VERSION: Final = 1
_MOST_ROWS: Final = 2.0**53
_LEAST_PIVOT: Final = 1e-12
"""A variable of which less than this share is left beside the others tells nothing of its own."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Least squares of one regime: power = intercept + coefficients . variables.

    Attributes:
        variables: names, in the order of the coefficients.
        rows: on which it rests.
        residual: sum of squared residuals, >= 0.
        r2: share of the variance explained.
        cv_rmse: root of residual / (rows - parameters) over the mean of the target.
        standard_errors: of the coefficients, in their order and units, >= 0: root of residual / (rows - parameters)
            times the diagonal of the inverse normal matrix. They hold for independent rows of equal scatter; rows of
            one hour rarely are, so where rows follow closely they are the least doubt, not the whole.
    """

    variables: tuple[str, ...]
    intercept: float
    coefficients: tuple[float, ...]
    rows: int
    residual: float
    r2: float
    cv_rmse: float
    standard_errors: tuple[float, ...]


class RegimeSums:
    """Moments of [1, variables, target] about fixed centres, one upper triangle a regime, each cell a compensated sum.

    The centres are the first complete row of a regime, so that large offsets cost no digits; merging moves one set of
    moments to the centres of the other. Fixed memory: (d + 2)(d + 3) doubles a regime for d variables.

    Args:
        variables: names of the candidate variables, 1 to 31.
        target: name of what they explain.
        regimes: how many (power states, products); rows of other codes are left out.
    """

    def __init__(self, variables: Sequence[str], target: str, regimes: int = 4) -> None:
        names = [*variables, target]
        if not 1 <= len(variables) <= 31 or len(set(names)) != len(names):
            raise ConfigError(
                "1 to 31 variables and a target are needed, all different",
                code="regime_sums.1_to_31_variables_and_target", offender="regime_sums", value=names,
            )  # fmt: skip
        if not 1 <= regimes <= 255:
            raise ConfigError(
                "no such number of regimes", code="regime_sums.no_such_number_of_regimes",
                offender="regime_sums.regimes", value=regimes, remedy="1 to 255",
            )  # fmt: skip
        self.variables, self.target, self.regimes = tuple(variables), target, regimes
        self._wide = len(names) + 1
        self._cells = self._wide * (self._wide + 1) // 2
        self._sums = [array("d", bytes(8 * self._cells)) for _ in range(regimes)]
        self._lost = [array("d", bytes(8 * self._cells)) for _ in range(regimes)]
        self._centres = [array("d", [math.nan] * len(names)) for _ in range(regimes)]

    def push(self, rows: FrameBlock, columns: Sequence[int], regime: Sequence[int]) -> int:
        """Take rows; columns: of the variables, then of the target. Returns how many counted.

        A row counts where all its values are finite and its regime is known. Equal rows in any blocks give equal bits.
        """
        if len(columns) != self._wide - 1 or not all(0 <= column < rows.width for column in columns):
            raise ConfigError(
                "columns do not fit", code="regime_sums.columns_do_not_fit", offender="regime_sums.columns",
                value=list(columns),
            )  # fmt: skip
        counted = 0
        for i in range(len(rows)):
            start = i * rows.width
            row = [rows.values[start + column] for column in columns]
            if regime[i] < self.regimes and all(math.isfinite(x) for x in row):
                self._add_row(regime[i], row)
                counted += 1
        return counted

    def rows(self, regime: int) -> int:
        """Rows of a regime."""
        return int(self._sums[regime][0])

    @property
    def greatest(self) -> float:
        """The greatest of all cells and centres, by amount."""
        cells = (abs(x) for column in (*self._sums, *self._lost, *self._centres) for x in column if x == x)
        return max(cells, default=0.0)

    def means(self, regime: int) -> tuple[float, ...]:
        """Mean of each variable, then of the target, over the rows of a regime; NaN where there is none."""
        if self.rows(regime) == 0:
            return (math.nan,) * (self._wide - 1)
        first = self._matrix(regime)[0]
        return tuple(centre + first[k + 1] / first[0] for k, centre in enumerate(self._centres[regime]))

    def merge(self, other: RegimeSums) -> None:
        """Add what another of equal variables, target and regimes has seen."""
        if (self.variables, self.target, self.regimes) != (other.variables, other.target, other.regimes):
            raise ConfigError(
                "sums of other variables", code="regime_sums.sums_of_other_variables", offender="regime_sums.merge",
                value=[*other.variables, other.target],
                remedy="merge equal variables in equal order",
            )  # fmt: skip
        for k in range(self.regimes):
            if other.rows(k) == 0:
                continue
            if self.rows(k) == 0:
                self._centres[k][:] = other._centres[k]
            for cell, amount in enumerate(other._moved(k, self._centres[k])):
                self._add(k, cell, amount)

    def refit(self, regime: int, variables: Sequence[str] | None = None) -> Fit:
        """Least squares on the named variables (all unless given).

        Raises:
            NotReady: fewer rows than parameters and one, or a variable that follows from the others.
            ConfigError: a variable that is not there.
        """
        chosen = tuple(self.variables if variables is None else variables)
        unknown = [name for name in chosen if name not in self.variables]
        if unknown:
            raise ConfigError(
                "no such variable", code="regime_sums.no_such_variable", slots={"known": ', '.join(self.variables)},
                offender="regime_sums.refit", value=unknown[0],
                remedy=f"one of {', '.join(self.variables)}",
            )  # fmt: skip
        if self.rows(regime) < len(chosen) + 2:
            raise NotReady(
                "too few rows", code="regime_sums.too_few_rows", slots={"least": len(chosen) + 2},
                offender=f"regime_sums.{regime}", value=self.rows(regime), remedy=f"{len(chosen) + 2}",
            )  # fmt: skip
        return self._solved(regime, chosen)

    def to_json(self) -> bytes:
        """Canonical JSON with version and SHA-256 of the body; equal sums are equal bytes."""
        body = {
            "variables": [*self.variables],
            "target": self.target,
            "regimes": self.regimes,
            "sums": [doubles_to_text(each) for each in self._sums],
            "lost": [doubles_to_text(each) for each in self._lost],
            "centres": [doubles_to_text(each) for each in self._centres],
        }
        return canonical_json({"version": _VERSION, "body": body, "sha256": sha256_hex(canonical_json(body))})

    @classmethod
    def from_json(cls, data: bytes) -> RegimeSums:
        """What `to_json` wrote; ArtifactError for anything else."""
        try:
            document: Mapping[str, Any] = json.loads(data)
            body, version, digest = document["body"], document["version"], document["sha256"]
        except (ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                "not regime sums", code="regime_sums.not_regime_sums", offender="regime_sums", value=str(error)
            ) from error
        if version != _VERSION:
            raise ArtifactError(
                "foreign version", code="regime_sums.foreign_version", slots={"known": _VERSION},
                offender="regime_sums.version", value=version, remedy=f"{_VERSION}",
            )  # fmt: skip
        if sha256_hex(canonical_json(body)) != digest:
            raise ArtifactError(
                "damaged", code="regime_sums.damaged", offender="regime_sums.sha256", value=digest,
                remedy="fetch them again",
            )  # fmt: skip
        try:
            made = cls(body["variables"], body["target"], body["regimes"])
            made._fill(body)
        except (ConfigError, KeyError, TypeError, ValueError) as error:
            raise ArtifactError(
                "not regime sums", code="regime_sums.not_regime_sums", offender="regime_sums", value=str(error)
            ) from error
        return made

    def _fill(self, body: Mapping[str, Any]) -> None:
        for name, columns in (("sums", self._sums), ("lost", self._lost), ("centres", self._centres)):
            for regime, (column, text) in enumerate(zip(columns, body[name], strict=True)):
                fresh = doubles_from_text(text, f"regime_sums.{name}")
                if len(fresh) != len(column):
                    raise ArtifactError(
                        "wrong length", code="regime_sums.wrong_length", offender=f"regime_sums.{name}",
                        value=len(fresh),
                    )  # fmt: skip
                # a regime without rows has no centre yet
                if not all(map(math.isfinite, fresh)) and not (name == "centres" and self.rows(regime) == 0):
                    raise ArtifactError(
                        "not a number", code="regime_sums.not_a_number", offender=f"regime_sums.{name}", value=regime
                    )
                column[:] = fresh
            if name == "sums" and not all(0 <= column[0] < _MOST_ROWS and column[0] % 1 == 0 for column in columns):
                raise ArtifactError(
                    "not a number of rows",
                    code="regime_sums.not_a_number_of_rows",
                    offender="regime_sums.sums",
                    value=[c[0] for c in columns],
                )

    def _add_row(self, regime: int, row: Sequence[float]) -> None:
        centre = self._centres[regime]
        if self._sums[regime][0] == 0.0:
            centre[:] = array("d", row)
        z = [1.0, *(x - c for x, c in zip(row, centre, strict=True))]
        cell = 0
        for j in range(self._wide):
            for k in range(j, self._wide):
                self._add(regime, cell, z[j] * z[k])
                cell += 1

    def _add(self, regime: int, cell: int, amount: float) -> None:
        """Neumaier's sum: what rounding loses is kept beside it."""
        sums, lost = self._sums[regime], self._lost[regime]
        before = sums[cell]
        after = before + amount
        lost[cell] += (before - after) + amount if abs(before) >= abs(amount) else (amount - after) + before
        sums[cell] = after

    def _matrix(self, regime: int) -> list[list[float]]:
        full = [[0.0] * self._wide for _ in range(self._wide)]
        cell = 0
        for j in range(self._wide):
            for k in range(j, self._wide):
                full[j][k] = full[k][j] = self._sums[regime][cell] + self._lost[regime][cell]
                cell += 1
        return full

    def _moved(self, regime: int, centre: Sequence[float]) -> list[float]:
        """The upper triangle about other centres: z' = z + step, step = own centre - other centre."""
        full = self._matrix(regime)
        step = [0.0, *(own - new for own, new in zip(self._centres[regime], centre, strict=True))]
        n, first = full[0][0], full[0]
        return [
            full[j][k] + (step[j] * first[k] + step[k] * first[j] + n * step[j] * step[k] if j else n * step[k])
            for j in range(self._wide)
            for k in range(j, self._wide)
        ]

    def _solved(self, regime: int, chosen: tuple[str, ...]) -> Fit:
        full = self._matrix(regime)
        n, y = full[0][0], self._wide - 1
        places = [self.variables.index(name) + 1 for name in chosen]
        # moments about the means: the intercept is eliminated first, as a QR with a leading column of ones would
        central = [[full[j][k] - full[0][j] * full[0][k] / n for k in (*places, y)] for j in places]
        scale, low = _cholesky(central, chosen)
        slopes = _solve(central, scale, low)
        total = full[y][y] - full[0][y] * full[0][y] / n
        explained = math.fsum(b * row[-1] for b, row in zip(slopes, central, strict=True))
        means = [self._centres[regime][p - 1] + full[0][p] / n for p in (*places, y)]
        intercept = means[-1] - math.fsum(b * mean for b, mean in zip(slopes, means, strict=False))
        residual = max(total - explained, 0.0)
        spread = math.sqrt(residual / (n - len(chosen) - 1))
        return Fit(
            chosen, intercept, tuple(slopes), int(n), residual, 1.0 - residual / total if total > 0 else 0.0,
            spread / abs(means[-1]) if means[-1] else math.inf,
            tuple(spread * root for root in _inverse_roots(scale, low)),
        )  # fmt: skip


def _cholesky(rows: Sequence[Sequence[float]], names: Sequence[str]) -> tuple[list[float], list[list[float]]]:
    """Scales and lower factor of the matrix A of [A | b]; NotReady names the variable that follows from those before.

    A[j][k] = scale[j] * scale[k] * sum(low[j][i] * low[k][i]).
    """
    m = len(rows)
    scale = [math.sqrt(rows[j][j]) if rows[j][j] > 0 else 0.0 for j in range(m)]
    low = [[0.0] * m for _ in range(m)]
    for j in range(m):
        for k in range(j + 1):
            unit = scale[j] * scale[k]
            entry = rows[j][k] / unit if unit > 0 else 0.0
            rest = entry - math.fsum(low[j][i] * low[k][i] for i in range(k))
            if j == k:
                if rest <= _LEAST_PIVOT:
                    raise NotReady(
                        "a variable follows from the others, or stands still",
                        code="regime_sums.variable_follows_from_others_or_stands", offender="regime_sums.refit",
                        value=names[j], remedy="leave it out",
                    )  # fmt: skip
                low[j][j] = math.sqrt(rest)
            else:
                low[j][k] = rest / low[k][k]
    return scale, low


def _solve(rows: Sequence[Sequence[float]], scale: Sequence[float], low: Sequence[Sequence[float]]) -> list[float]:
    """x of A x = b, with A factored by `_cholesky`."""
    m = len(rows)
    known: list[float] = []
    for j in range(m):
        known.append((rows[j][m] / scale[j] - math.fsum(low[j][i] * known[i] for i in range(j))) / low[j][j])
    for j in reversed(range(m)):
        known[j] = (known[j] - math.fsum(low[i][j] * known[i] for i in range(j + 1, m))) / low[j][j]
    return [x / s for x, s in zip(known, scale, strict=True)]


def _inverse_roots(scale: Sequence[float], low: Sequence[Sequence[float]]) -> list[float]:
    """Roots of the diagonal of the inverse of A, with A factored by `_cholesky`: columns of the inverse factor."""
    roots = []
    for j in range(len(scale)):
        column = [0.0] * j
        for i in range(j, len(scale)):
            rest = math.fsum(low[i][k] * column[k] for k in range(j, i))
            column.append(((1.0 if i == j else 0.0) - rest) / low[i][i])
        roots.append(math.sqrt(math.fsum(x * x for x in column)) / scale[j])
    return roots
