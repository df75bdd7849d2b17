"""One connection to an OPC UA server: channel, session, raw services. asyncua does the protocol, nothing more.

asyncua's own reconnect, watchdog and publish loop are never started (reference: its keep-alive default finds a dead
subscription after an hour, and it keeps one PublishRequest outstanding). Retry policy is the caller's.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import pathlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ovoo_contract.errors import ConnectFailed, OvooError, SourceError, Untrusted

from ovoo_edge.sources.opcua_security import ChannelSecurity, apply_security, find_security, load_user, protect_password
from ovoo_edge.sources.opcua_trust import TrustStore
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import Client, struct_from_binary, ua

__all__ = ["ResumeToken", "UaLink", "UaRefused", "status_name", "translate_errors"]

_CHANNEL_LIFETIME_MS = 3_600_000
_RENEW_AT = 0.75
_REFUSED_IDENTITY = (
    ua.StatusCodes.BadUserAccessDenied,
    ua.StatusCodes.BadIdentityTokenRejected,
    ua.StatusCodes.BadIdentityTokenInvalid,
)


class UaRefused(ConnectFailed):
    """The server answered a request with a fault; `status` is its code."""

    def __init__(self, message: str, *, offender: str, status: int, remedy: str = "") -> None:
        super().__init__(message, offender=offender, value=status_name(status), remedy=remedy)
        self.status = status


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """What activates an existing session again. Secret: never logged, only kept in a file of mode 0600."""

    authentication: str
    nonce: str


class _NoSecrets(logging.Filter):
    """asyncua's debug records print whole requests, passwords and session tokens included."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


_NO_SECRETS = _NoSecrets()
_TALKATIVE = ("asyncua.client.ua_client.UASocketProtocol", "asyncua.client.ua_session.UaSession")


def status_name(status: int) -> str:
    """`BadNodeIdUnknown` and so on, or the number where it has no name."""
    name, _ = ua.status_codes.get_name_and_doc(status & 0xFFFF_0000)
    return str(name)


@contextlib.contextmanager
def translate_errors(endpoint: str) -> Iterator[None]:
    """Turns every failure of socket and library into a SourceError about `endpoint`."""
    try:
        yield
    except OvooError:
        raise
    except ua.UaStatusCodeError as error:
        raise _refusal(endpoint, int(error.code)) from error
    except TimeoutError as error:
        raise ConnectFailed(
            "no answer in time", offender=endpoint, remedy="check address, firewall and server"
        ) from error
    except OSError as error:
        raise ConnectFailed(
            "no connection", offender=endpoint, value=str(error), remedy="check address and server"
        ) from error
    except (ua.UaError, ValueError) as error:
        raise ConnectFailed(
            "unusable answer", offender=endpoint, value=str(error), remedy="check that this is an OPC UA server"
        ) from error


def _refusal(endpoint: str, status: int) -> OvooError:
    if status in _REFUSED_IDENTITY:
        return Untrusted(
            "the server refuses this identity",
            offender=endpoint,
            value=status_name(status),
            remedy="check user, password_file or user_certificate, and the server's user list",
        )
    remedy = (
        "approve this gateway's certificate on the server"
        if "Certificate" in status_name(status)
        else "see the server's log"
    )
    return UaRefused("the server refuses", offender=endpoint, status=status, remedy=remedy)


class UaLink:
    """An open channel with an activated session.

    Args:
        settings: the source's settings.
        trust: the trusted server certificates.
        now_ns: UTC time, for certificate periods.
    """

    def __init__(self, settings: OpcUaSettings, trust: TrustStore, now_ns: int) -> None:
        self._settings = settings
        self._trust = trust
        self._now_ns = now_ns
        self._client = self._new_client()
        self.resumed_session = False
        self.security = ChannelSecurity()
        for name in _TALKATIVE:
            logging.getLogger(name).addFilter(_NO_SECRETS)

    async def open(self, token: ResumeToken | None) -> None:
        """Connects and activates a session: the old one if `token` still opens it, else a new one.

        A next certificate of the gateway is tried before the present one, so that the change-over needs no restart.

        Raises:
            ConnectFailed: nobody answers, or no such endpoint.
            Untrusted: certificate or identity is refused on either side.
        """
        with translate_errors(self._settings.endpoint):
            self.security = await find_security(self._client, self._settings, self._trust, self._now_ns)
        while True:
            try:
                with translate_errors(self._settings.endpoint):
                    await self._open_once(token)
            except SourceError as error:
                if not self.security.fall_back(str(error)):
                    raise
                self._client = self._new_client()
            else:
                return

    def _new_client(self) -> Any:
        client = Client(self._settings.endpoint, timeout=self._settings.request_timeout_s)
        client.name = client.description = "Ovoo gateway"
        client.application_uri = self._settings.application_uri
        client.session_timeout = int(self._settings.lifetime_s * 1000)
        client.secure_channel_timeout = _CHANNEL_LIFETIME_MS
        client.uaclient.send_hello = functools.partial(_hello, client.uaclient, client.uaclient.send_hello)
        return client

    async def _open_once(self, token: ResumeToken | None) -> None:
        await apply_security(self._client, self._settings, self.security)
        await self._prepare_identity()
        await self._client.connect_socket()
        try:
            await self._client.send_hello()
            await self._client.open_secure_channel()
            self.resumed_session = token is not None and await self._resume(token)
            if not self.resumed_session:
                await self._client.create_session()
                await self._activate()
        except BaseException:
            self._client.disconnect_socket()
            raise

    @property
    def token(self) -> ResumeToken:
        """What activates this session again after a restart."""
        nonce: bytes = self._client._server_nonce or b""
        return ResumeToken(self._client.uaclient.session.authentication_token.to_string(), nonce.hex())

    async def keep_channel(self) -> None:
        """Renews the channel's keys at 75 % of their life, for ever."""
        while True:
            await asyncio.sleep(self._client.secure_channel_timeout * _RENEW_AT / 1000)
            with translate_errors(self._settings.endpoint):
                await self._client.open_secure_channel(renew=True)
                self._client.uaclient.revolve_security_token()

    async def call(self, request: Any, response_type: type[Any]) -> Any:
        """Sends a request and returns the response; Any because asyncua's classes are untyped."""
        with translate_errors(self._settings.endpoint):
            body = await self._client.uaclient._send_request(request)
            response = struct_from_binary(response_type, body)
            response.ResponseHeader.ServiceResult.check()
        return response

    async def call_raw(self, request: Any) -> bytes:
        """Sends a request and returns the response body undecoded, faults included."""
        with translate_errors(self._settings.endpoint):
            async with asyncio.timeout(self._settings.request_timeout_s):
                body: Any = await self._protocol()._send_request(request, self._settings.request_timeout_s)
        return bytes(body.read(len(body)))

    def send(self, request: Any) -> asyncio.Future[Any]:
        """Sends a request without time limit; the future holds asyncua's buffer. For PublishRequests."""
        with translate_errors(self._settings.endpoint):
            future: asyncio.Future[Any] = self._protocol()._send_request(request, 0)
        return future

    def drop(self) -> None:
        """Closes the socket and leaves session and subscription alive at the server, to be taken up again."""
        self._client.disconnect_socket()

    async def close(self) -> None:
        """Ends session and channel in order, subscriptions included."""
        with contextlib.suppress(OSError, ua.UaError, TimeoutError):
            await self._client.uaclient.close_session(True)
            await self._client.close_secure_channel()
        self._client.disconnect_socket()

    def _protocol(self) -> Any:
        protocol = self._client.uaclient.protocol
        if protocol is None:
            raise ConnectionError("connection is closed")
        return protocol

    async def _prepare_identity(self) -> None:
        if self._settings.password_file is not None:
            path = _readable(self._settings.password_file, "password_file")
            self._client.set_user(self._settings.user)
            self._client.set_password(path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r"))
        if self._settings.user_certificate is not None:
            self._client.user_certificate, self._client.user_private_key = load_user(self._settings, self._now_ns)

    async def _activate(self) -> None:
        protect_password(self._client, self._settings, self._trust, self._now_ns)
        await self._client.activate_session(
            username=self._client._username,
            password=self._client._password,
            certificate=self._client.user_certificate,
        )

    async def _resume(self, token: ResumeToken) -> bool:
        session = self._client.uaclient.session
        session.restore_authentication_token(ua.NodeId.from_string(token.authentication))
        self._client._server_nonce = bytes.fromhex(token.nonce)
        endpoints = await self._client.get_endpoints()
        own = (self._client.security_policy.URI, self._client.security_policy.Mode)
        for endpoint in endpoints:
            if (endpoint.SecurityPolicyUri, endpoint.SecurityMode) == own:
                self._client._policy_ids = endpoint.UserIdentityTokens
                if self._client.security_policy.peer_certificate is None:
                    # a password is encrypted for the server's certificate even where the channel is not
                    self._client.security_policy.peer_certificate = endpoint.ServerCertificate
        try:
            await self._activate()
        except ua.UaStatusCodeError:
            session.reset_authentication_token()
            self._client._server_nonce = None
            return False
        return True


async def _hello(connection: Any, send: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    """Refuses at once where the server has hung up already: asyncua would wait its whole time limit for an answer."""
    if connection.protocol is None or connection.protocol.transport is None:
        raise ConnectionError("connection lost")
    return await send(*arguments)


def _readable(path: pathlib.Path | None, key: str) -> pathlib.Path:
    if path is None or not path.is_file():
        raise ConnectFailed("file is missing", offender=key, value=str(path), remedy="create it or correct the path")
    return path
