"""What a platform was used for in a window, and how its links to the gateways did: facts, no judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ovoo_cloud.diagnosis.clocks import ClockFacts, OwnClock

__all__ = ["AlarmLife", "AssetRate", "LinkFacts", "Usage"]


@dataclass(frozen=True, slots=True)
class AlarmLife:
    """One alarm raised in the window. `asset` is a full address; times are ns UTC, None where it has not happened.

    `acknowledged_by` tells people apart without naming them; empty where it was not kept. `unread` is no record but a
    judgement (`indicators.attention`): the acknowledgement shows no attention.
    """

    finding: str
    asset: str
    code: str
    severity: str
    raised_ns: int
    acknowledged_ns: int | None = None
    returned_ns: int | None = None
    acknowledged_by: str = ""
    unread: bool = False

    @property
    def closed(self) -> bool:
        """Whether a person has seen it and the condition has ended."""
        return self.acknowledged_ns is not None and self.returned_ns is not None and not self.unread


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """One gateway over the window; None where nobody told.

    Attributes:
        sites: ids of the sites it serves.
        certificate: it has a certificate of its own, and so a TLS link that knows both ends.
        deliveries, late: messages taken, and those of them older than five minutes.
        stored, duplicates, shifted: rows by what became of them.
        expected, lost: samples by the gateway's own account.
        delay_ms: median time from an account's making to its arrival; holds the difference of the two clocks.
        offset_ms: the worst clock of its sources against its own, at the last word.
        clocks: of its sources, hour by hour; own: of the gateway itself against the platform's.
        posture: what the gateway sees of its own network, by fact.
    """

    gateway: str
    sites: tuple[str, ...] = ()
    certificate: bool | None = None
    deliveries: int | None = None
    late: int | None = None
    stored: int | None = None
    duplicates: int | None = None
    shifted: int | None = None
    expected: int | None = None
    lost: int | None = None
    delay_ms: int | None = None
    offset_ms: int | None = None
    clocks: tuple[ClockFacts, ...] = ()
    own: OwnClock | None = None
    posture: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data; what nobody told since it was first kept is absent, as in records from before."""
        plain = {name: getattr(self, name) for name in _COUNTED}
        told: dict[str, Any] = {"gateway": self.gateway, "sites": sorted(self.sites), **plain}
        if self.clocks:
            told["clocks"] = [each.to_json() for each in self.clocks]
        if self.own is not None:
            told["own"] = self.own.to_json()
        if self.posture is not None:
            told["posture"] = dict(self.posture)
        return told

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LinkFacts:
        """Reads `to_json`."""
        own = data.get("own")
        return cls(
            gateway=data["gateway"],
            sites=tuple(data["sites"]),
            **{name: data[name] for name in _COUNTED},
            clocks=tuple(ClockFacts.from_json(each) for each in data.get("clocks", ())),
            own=None if own is None else OwnClock.from_json(own),
            posture=data.get("posture"),
        )


_COUNTED = (
    "certificate", "deliveries", "late", "stored", "duplicates", "shifted", "expected", "lost", "delay_ms", "offset_ms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AssetRate:
    """The ideal rate that the asset catalogue holds of a machine (full address): decimal text in `product_unit`."""

    asset: str
    ideal_rate_per_hour: str
    product_unit: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Facts of use in a window. None where the platform does not count it.

    Attributes:
        alarms: raised in the window, ordered by (asset, time, finding).
        links: by gateway id.
        simulations: finished runs of a model over recorded data.
        forecasts: predictions of a fitted baseline held against what was then measured.
        rates: ideal rates of machines as the asset catalogue holds them, by asset.
    """

    alarms: tuple[AlarmLife, ...] = ()
    links: tuple[LinkFacts, ...] = ()
    simulations: int | None = None
    forecasts: int | None = None
    rates: tuple[AssetRate, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data; nanoseconds are decimal strings. Rates are absent where there are none, as from before them."""
        told: dict[str, Any] = {
            "alarms": [_alarm_json(each) for each in sorted(self.alarms, key=_order)],
            "links": [each.to_json() for each in sorted(self.links, key=_gateway)],
            "simulations": self.simulations,
            "forecasts": self.forecasts,
        }
        if self.rates:
            told["rates"] = [asdict(each) for each in sorted(self.rates, key=_asset)]
        return told

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Usage:
        """Reads `to_json`."""
        return cls(
            alarms=tuple(AlarmLife(**{**each, **_times(each)}) for each in data["alarms"]),
            links=tuple(LinkFacts.from_json(each) for each in data["links"]),
            simulations=data["simulations"],
            forecasts=data["forecasts"],
            rates=tuple(AssetRate(**each) for each in data.get("rates", ())),
        )


_TIMES = ("raised_ns", "acknowledged_ns", "returned_ns")


def _order(life: AlarmLife) -> tuple[str, int, str]:
    return life.asset, life.raised_ns, life.finding


def _gateway(link: LinkFacts) -> str:
    return link.gateway


def _asset(rate: AssetRate) -> str:
    return rate.asset


def _alarm_json(life: AlarmLife) -> dict[str, Any]:
    plain = {name: value for name, value in asdict(life).items() if name != "unread"}
    if not life.acknowledged_by:
        del plain["acknowledged_by"]  # as in records from before it was kept
    return {**plain, **{name: None if plain[name] is None else str(plain[name]) for name in _TIMES}}


def _times(data: Mapping[str, Any]) -> dict[str, int | None]:
    return {name: None if data[name] is None else int(data[name]) for name in _TIMES}
