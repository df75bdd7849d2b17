"""The OPC UA servers of other makers that the driver is proved against, and what each of them offers.

The interoperation tests hold every entry to its word, and the page `docs/reference/interoperation.md` is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ALL_POLICIES", "SERVERS", "InteropServer"]

ALL_POLICIES = ("Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss")


@dataclass(frozen=True, slots=True)
class InteropServer:
    """A server program.

    Attributes:
        name: folder below this one.
        title: what its makers call it.
        version: pinned version.
        language: what it is written in.
        licence: of the server library; it is a tool of the tests and not part of the product.
        policies: security policies besides None, each with Sign and SignAndEncrypt.
        has_users: user name and password are checked.
        resumes: after a cut connection the old subscription goes on and nothing is lost; None = cannot be tried here.
        keeps_server_time: the server time that was written arrives; else the server puts its own.
        names_types: the data type of a variable can be read.
        notes: what a reader should know.
    """

    name: str
    title: str
    version: str
    language: str
    licence: str
    policies: tuple[str, ...] = ALL_POLICIES
    has_users: bool = True
    resumes: bool | None = True
    keeps_server_time: bool = True
    names_types: bool = True
    notes: str = ""


SERVERS = {
    server.name: server
    for server in (
        InteropServer("python_asyncua", "asyncua", "2.1.0", "Python", "LGPL-3.0"),
        InteropServer("node_opcua", "node-opcua", "2.186.4", "JavaScript", "MIT"),
        InteropServer(
            "gopcua",
            "gopcua/opcua",
            "0.8.0",
            "Go",
            "MIT",
            policies=(),
            has_users=False,
            resumes=None,
            names_types=False,
            notes=(
                "its server says of itself that security and users are not implemented yet; it opens no session "
                "through the proxy that cuts connections, because the proxy's address is not its own"
            ),
        ),
        InteropServer("milo", "Eclipse Milo", "1.1.2", "Java", "EPL-2.0", keeps_server_time=False),
    )
}
