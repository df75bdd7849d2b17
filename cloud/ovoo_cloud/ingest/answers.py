"""Answers to gateways, grouped: one ack per gateway and epoch, one request per missing catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ovoo_contract import topics
from ovoo_contract.delivery import Ack, Rejection, Request
from ovoo_contract.ranges import SeqRanges

__all__ = ["Answers"]

_Key = tuple[str, int]


class Answers:
    """Collects what a group of messages is answered."""

    def __init__(self) -> None:
        self._accepted: dict[_Key, SeqRanges] = {}
        self._rejected: dict[_Key, dict[int, Rejection]] = {}
        self._wanted: set[tuple[str, str]] = set()

    @property
    def rejected(self) -> Mapping[_Key, Mapping[int, Rejection]]:
        """Refused spool rows by (gateway, epoch)."""
        return self._rejected

    def accept(self, gateway: str, epoch: int, seqs: SeqRanges) -> None:
        """These spool rows are stored."""
        key = (gateway, epoch)
        self._accepted[key] = self._accepted.get(key, SeqRanges()).union(seqs)

    def reject(self, gateway: str, epoch: int, refused: Iterable[Rejection]) -> None:
        """These spool rows will never be taken."""
        self._rejected.setdefault((gateway, epoch), {}).update((item.seq, item) for item in refused)

    def ask_catalogue(self, gateway: str, catalogue_id: str) -> None:
        """The gateway shall publish this catalogue again."""
        self._wanted.add((gateway, catalogue_id))

    def messages(self) -> Iterator[tuple[str, bytes]]:
        """Topic and payload of every answer."""
        for gateway, catalogue_id in sorted(self._wanted):
            yield topics.request(gateway), Request("catalog", {"catalogue_id": catalogue_id}).to_json()
        for key in sorted(self._accepted.keys() | self._rejected.keys()):
            gateway, epoch = key
            refused = tuple(item for _, item in sorted(self._rejected.get(key, {}).items()))
            yield topics.ack(gateway), Ack(epoch, self._accepted.get(key, SeqRanges()), refused).to_json()
