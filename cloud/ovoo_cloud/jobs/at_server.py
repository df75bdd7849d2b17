"""Who makes a report at the server's own command line: bound by consent as a centre's people are."""

from __future__ import annotations

from ovoo_contract.errors import Forbidden

from ovoo_cloud.access import grants
from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.services import Services

__all__ = ["at_the_server"]


def at_the_server(services: Services, case: Case) -> Scope:
    """The scope of whoever makes a report at the server's command line: a centre's own, under the same consents.

    Raises:
        Forbidden: the installation is a centre's, and no live consent opens these sites for a report.
    """
    with services.database.read() as session:
        consent, now_ns = services.settings.access_consent, services.clock()
        scope = grants.bound(session, Scope.system("cli"), consent, now_ns)
    for site in case.sites:
        if not scope.under(Permission.RUN_REPORT).sees_site(case.enterprise, site.id):
            raise Forbidden(
                "the enterprise has not consented to a report of this site",
                offender=f"{case.enterprise}/{site.id}",
                remedy="it gives a grant with the purpose report, or lead a case",
            )
    return scope
