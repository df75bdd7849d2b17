"""What the other side did with a request for matching since a person last looked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.centre_tables import MatchRequest, MatchStep
from ovoo_cloud.catalogue.register_kind_tables import MatchSeen
from ovoo_cloud.centre.requests import request, requests

__all__ = ["mark_seen", "notices", "unseen"]

_MOST: Final = 200


def notices(
    session: Session, scope: Scope, enterprise: str | None = None, *, most: int = _MOST
) -> Sequence[tuple[MatchStep, MatchRequest]]:
    """Steps of others in requests that the caller sees and has not looked at since, newest first.

    `enterprise`: of this one only; NotFound when it is foreign.
    """
    seen = {row.id: row for row in requests(session, scope, enterprise)}
    query = (
        select(MatchStep)
        .outerjoin(MatchSeen, and_(MatchSeen.request == MatchStep.request, MatchSeen.user == scope.user))
        .where(MatchStep.actor != scope.user, or_(MatchSeen.seq.is_(None), MatchStep.seq > MatchSeen.seq))
        .order_by(MatchStep.at_ns.desc(), MatchStep.request, MatchStep.seq.desc())
    )
    found = [(row, seen[row.request]) for row in session.scalars(query) if row.request in seen]
    return found[:most]


def unseen(session: Session, scope: Scope, row: MatchRequest) -> set[int]:
    """The steps of others in one request that the caller has not marked as read, by their numbers."""
    seen = session.get(MatchSeen, (row.id, scope.user))
    query = select(MatchStep.seq).where(MatchStep.request == row.id, MatchStep.actor != scope.user)
    return set(session.scalars(query.where(MatchStep.seq > (0 if seen is None else seen.seq))))


def mark_seen(session: Session, scope: Scope, enterprise: str, name: str, upto: int | None = None) -> int:
    """Notes that the caller has seen a request as it stands; gives the newest step that counts as seen.

    Args:
        upto: the newest step that was shown; None is the newest there is.
    """
    row = request(session, scope, enterprise, name)
    newest = session.scalar(select(func.max(MatchStep.seq)).where(MatchStep.request == row.id)) or 0
    newest = newest if upto is None else min(newest, upto)
    found = session.get(MatchSeen, (row.id, scope.user))
    if found is None:
        session.add(MatchSeen(request=row.id, user=scope.user, seq=newest))
    else:
        found.seq = max(found.seq, newest)
    session.flush()
    return int(newest)
