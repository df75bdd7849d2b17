"""What people say of findings, and what follows for the models of an asset."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, cast, get_args

from ovoo_contract.errors import ArtifactError, ConfigError

__all__ = ["MOST_RELIEF", "RELIEF", "Adjustments", "Opinion", "Verdict", "may_be_muted"]

Opinion = Literal["confirmed", "false", "known"]
RELIEF: Final = 1.25
"""Each `false` raises the limit of that model on that asset by a quarter ..."""
MOST_RELIEF: Final = 2.5
"""... up to this many times the trained limit: people may make a model deafer, never deaf."""
_FORMAT: Final = "ovoo-feedback"
_VERSION: Final = 1
_EMPTY: Final[Mapping[str, float]] = MappingProxyType({})
_NO_DATES: Final[Mapping[str, int]] = MappingProxyType({})


def may_be_muted(code: str) -> bool:
    """Alarm limits of a pack are no matter of opinion: neither relieved nor muted."""
    return not code.startswith("limit.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One opinion on one finding.

    Attributes:
        opinion: `confirmed` (a fault: its rows are no normal work), `false` (nothing was wrong), `known` (people know;
            say nothing more of this code on this asset until `until_ns`).
        asset: full address of the asset.
        code: of the finding.
        model: binding id of the finding.
        start_ns: window of the finding.
        end_ns: window of the finding.
        until_ns: end of a `known`, else 0.
    """

    opinion: Opinion
    asset: str
    code: str
    model: str
    start_ns: int
    end_ns: int
    until_ns: int = 0

    def __post_init__(self) -> None:
        if self.opinion not in get_args(Opinion):
            raise ConfigError(
                "no such opinion", offender="verdict", value=self.opinion, remedy="confirmed, false or known"
            )
        if (self.opinion == "known") != (self.until_ns > 0):
            raise ConfigError("known needs a date, others none", offender="verdict.until_ns", value=self.until_ns)
        if self.opinion != "confirmed" and not may_be_muted(self.code):
            raise ConfigError(
                "an alarm limit cannot be talked away",
                offender="verdict.code",
                value=self.code,
                remedy="change the pack",
            )


@dataclass(frozen=True, slots=True)
class Adjustments:
    """What the verdicts on one asset come to; a function of the set of verdicts, so taking one back undoes it.

    Attributes:
        relief: binding id -> factor on its limit, 1 < factor <= 2.5.
        muted: code -> the moment until which findings of it are notes only.
        left_out: windows of confirmed faults, rows that training leaves out.
    """

    relief: Mapping[str, float] = field(default_factory=lambda: _EMPTY)
    muted: Mapping[str, int] = field(default_factory=lambda: _NO_DATES)
    left_out: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Adjustments:
        """The sum of the verdicts on one asset, in any order."""
        relief: dict[str, int] = {}
        muted: dict[str, int] = {}
        left_out: set[tuple[int, int]] = set()
        for each in verdicts:
            if each.opinion == "false":
                relief[each.model] = relief.get(each.model, 0) + 1
            elif each.opinion == "known":
                muted[each.code] = max(muted.get(each.code, 0), each.until_ns)
            else:
                left_out.add((each.start_ns, each.end_ns))
        factors = {model: min(RELIEF**count, MOST_RELIEF) for model, count in sorted(relief.items())}
        return cls(MappingProxyType(factors), MappingProxyType(muted), tuple(sorted(left_out)))

    def mutes(self, code: str, start_ns: int) -> bool:
        """Whether a finding of that code that starts then is a note only."""
        return start_ns < self.muted.get(code, 0) and may_be_muted(code)

    def card(self) -> dict[str, Any]:
        """For the model card."""
        return {
            "relief": dict(self.relief),
            "muted": dict(self.muted),
            "left_out": [list(each) for each in self.left_out],
        }

    def to_dict(self) -> dict[str, Any]:
        """The document that the cloud gives out and a gateway or a training run reads; times as decimal strings."""
        return {
            "format": _FORMAT,
            "version": _VERSION,
            "relief": dict(self.relief),
            "muted": {code: str(until) for code, until in self.muted.items()},
            "left_out": [[str(start), str(end)] for start, end in self.left_out],
        }

    def to_json(self) -> str:
        """`to_dict` as text."""
        return json.dumps(self.to_dict(), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes, offender: str = "feedback") -> Adjustments:
        """Reads `to_json`; ArtifactError names `offender` for anything else."""
        try:
            body: object = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ArtifactError("not a feedback document", offender=offender, value=str(error)) from error
        return cls.from_dict(body, offender)

    @classmethod
    def from_dict(cls, document: object, offender: str = "feedback") -> Adjustments:
        """Reads `to_dict`; ArtifactError names `offender` for anything else."""
        try:
            body = cast("dict[str, Any]", document)
            if body.get("format") != _FORMAT or body.get("version") != _VERSION:
                raise ArtifactError("not a feedback document of this version", offender=offender)
            relief = {str(model): float(factor) for model, factor in body["relief"].items()}
            muted = {str(code): int(until) for code, until in body["muted"].items()}
            left_out = tuple((int(start), int(end)) for start, end in body["left_out"])
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise ArtifactError("not a feedback document", offender=offender, value=str(error)) from error
        wrong = {model: factor for model, factor in relief.items() if not 1.0 <= factor <= MOST_RELIEF}
        if wrong:
            raise ArtifactError("relief out of bounds", offender=offender, value=wrong, remedy=f"1 to {MOST_RELIEF}")
        return cls(MappingProxyType(relief), MappingProxyType(muted), left_out)
