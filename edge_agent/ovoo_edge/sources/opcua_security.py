"""How a channel is secured: the server's endpoint and certificate are judged, ours are chosen, passwords protected."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from ovoo_contract.errors import ConnectFailed, Untrusted

from ovoo_edge.sources.opcua_certificates import application_uris, host_names, matches_host
from ovoo_edge.sources.opcua_own import OwnIdentity, OwnPaths, load_pair, usable
from ovoo_edge.sources.opcua_trust import TrustStore
from ovoo_edge.sources.settings_opcua import NameCheck, OpcUaSettings
from ovoo_edge.sources.ua_api import POLICIES, ua

__all__ = ["ChannelSecurity", "apply_security", "find_security", "load_user", "own_paths", "protect_password"]

_LOG = logging.getLogger(__name__)
_NONE_URI = str(POLICIES["None"].URI)


@dataclass(slots=True)
class ChannelSecurity:
    """What a connection uses; empty with the policy None.

    Attributes:
        server: the server's certificate, trusted.
        identities: our certificates still to try, the one in use first.
        refused: why the server did not take our next certificate, or "".
        warnings: what a person should look at although the connection stands.
    """

    server: x509.Certificate | None = None
    identities: list[OwnIdentity] = field(default_factory=list)
    refused: str = ""
    warnings: list[str] = field(default_factory=list)

    @property
    def own(self) -> OwnIdentity | None:
        """The certificate in use."""
        return self.identities[0] if self.identities else None

    def fall_back(self, reason: str) -> bool:
        """Goes on to the certificate used so far; False when there is no other."""
        if len(self.identities) < 2:
            return False
        _LOG.info("event=next_certificate_refused error=%r", reason)
        self.refused = reason
        del self.identities[0]
        return True


def own_paths(settings: OpcUaSettings) -> OwnPaths:
    """Files of the gateway's certificate; raises Untrusted where the settings name none."""
    if settings.certificate is None or settings.private_key is None:
        raise Untrusted("no own certificate is named", offender=settings.name, remedy="set certificate and private_key")
    return OwnPaths(settings.certificate, settings.private_key)


async def find_security(client: Any, settings: OpcUaSettings, trust: TrustStore, now_ns: int) -> ChannelSecurity:
    """Asks the server for its endpoints and decides about certificates.

    Raises:
        ConnectFailed: the server has no such endpoint.
        Untrusted: its certificate or ours is not to be used.
    """
    if settings.security_policy == "None":
        return ChannelSecurity()
    identities = usable(own_paths(settings), settings.application_uri, now_ns)
    endpoint = _choose(await client.connect_and_get_server_endpoints(), settings)
    server = trust.check(endpoint.ServerCertificate or b"", settings.endpoint, now_ns)
    security = ChannelSecurity(server, identities)
    _check_names(server, str(endpoint.Server.ApplicationUri), settings, security.warnings)
    return security


def _choose(endpoints: Any, settings: OpcUaSettings) -> Any:
    wanted = (POLICIES[settings.security_policy].URI, ua.MessageSecurityMode[settings.security_mode])
    offered = [(item.SecurityPolicyUri, item.SecurityMode) for item in endpoints]
    if wanted in offered:
        return endpoints[offered.index(wanted)]
    names = sorted({f"{str(uri).rpartition('#')[2]}/{item.name.rstrip('_')}" for uri, item in offered})
    raise ConnectFailed(
        f"the server has no endpoint {settings.security_policy}/{settings.security_mode}",
        offender=settings.endpoint,
        value=names,
        remedy="set security_policy and security_mode to one of them, or enable it on the server",
    )


def _check_names(
    certificate: x509.Certificate, application_uri: str, settings: OpcUaSettings, warnings: list[str]
) -> None:
    uris = application_uris(certificate)
    if application_uri not in uris:
        _object(
            settings.check_application_uri,
            Untrusted(
                "server certificate has another application URI than the server",
                offender=settings.endpoint,
                value=f"certificate {uris}, server {application_uri!r}",
                remedy='make a new one on the server, or set check_application_uri = "warn"',
            ),
            warnings,
        )
    host = urlsplit(settings.endpoint).hostname or ""
    if not matches_host(certificate, host):
        _object(
            settings.check_host_name,
            Untrusted(
                "server certificate does not name this host",
                offender=settings.endpoint,
                value=host_names(certificate),
                remedy='use a name of the certificate in endpoint, or set check_host_name = "off"',
            ),
            warnings,
        )


def _object(check: NameCheck, objection: Untrusted, warnings: list[str]) -> None:
    if check == "refuse":
        raise objection
    if check == "warn":
        warnings.append(str(objection))


async def apply_security(client: Any, settings: OpcUaSettings, security: ChannelSecurity) -> None:
    """Puts policy, keys and the judged server certificate into a client that is not connected yet."""
    own = security.own
    if own is None or security.server is None:
        return
    policy = POLICIES[settings.security_policy](
        security.server,
        own.certificate,
        own.private_key,
        ua.MessageSecurityMode[settings.security_mode],
        host_cert_chain=list(own.chain),
    )
    client.security_policy = policy
    client.uaclient.set_security(policy)


def load_user(settings: OpcUaSettings, now_ns: int) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    """Certificate and key of the user; raises Untrusted when they are of no use."""
    if settings.user_certificate is None or settings.user_private_key is None:
        raise Untrusted("no user certificate is named", offender=settings.name, remedy="set user_certificate")
    pair = load_pair(OwnPaths(settings.user_certificate, settings.user_private_key), "user", now_ns)
    return pair.certificate, pair.private_key


def protect_password(client: Any, settings: OpcUaSettings, trust: TrustStore, now_ns: int) -> None:
    """Makes sure that a password leaves only encrypted, and only for a server that is trusted.

    asyncua sends it in the clear where the token names no policy of its own; the standard wants the channel's then.

    Raises:
        Untrusted: it would go in the clear, by a withdrawn policy, or to an unknown server.
    """
    channel_uri = str(client.security_policy.URI)
    for token in client._policy_ids:
        if token.TokenType != ua.UserTokenType.Anonymous and not token.SecurityPolicyUri:
            token.SecurityPolicyUri = channel_uri
    if not settings.user:
        return
    policy = str(client.server_policy(ua.UserTokenType.UserName).SecurityPolicyUri)
    if policy == _NONE_URI:
        if settings.security_mode != "SignAndEncrypt" and not settings.allow_plain_password:
            raise Untrusted(
                "the password would cross the network unencrypted",
                offender=settings.endpoint,
                remedy='set security_mode = "SignAndEncrypt", or allow_plain_password = true where the cable is safe',
            )
    elif policy not in {str(item.URI) for item in POLICIES.values()}:
        raise Untrusted(
            "the server wants passwords by a withdrawn policy",
            offender=settings.endpoint,
            value=policy.rpartition("#")[2],
            remedy="enable Basic256Sha256 for user tokens on the server",
        )
    elif channel_uri == _NONE_URI:
        trust.check(client.security_policy.peer_certificate or b"", settings.endpoint, now_ns)
