"""`ovoo-cloud init`: settings file, database, certificate authority, report key, first administrator."""

from __future__ import annotations

import argparse
import pathlib
from typing import Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_cloud.access import users
from ovoo_cloud.access.authority import Authority
from ovoo_cloud.access.passwords import one_time_password
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue.tables import User
from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings
from ovoo_cloud.whole_file import place

__all__ = ["add_verbs", "read_password"]

_SAMPLE: Final = pathlib.Path(__file__).with_name("ovoo-cloud.toml")


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `init`."""
    parser = verbs.add_parser(
        "init",
        parents=[shared],
        help="prepare data folder, database, authority, report key and the first administrator",
        description="Prepares an installation. Running it again changes nothing that is there.",
    )
    parser.add_argument("--admin", default="admin", help="name of the first administrator (default: admin)")
    parser.add_argument("--password-file", type=pathlib.Path, help="file with the password; else one is printed once")
    parser.add_argument("--write-config", type=pathlib.Path, metavar="FILE", help="write a sample settings file")
    parser.set_defaults(run=_init)


def _init(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    done: dict[str, Any] = {"data_dir": str(settings.data_dir)}
    lines = [f"data folder       {settings.data_dir}"]
    if parsed.write_config is not None:
        done["config"] = str(_write_sample(parsed.write_config))
        lines.append(f"settings          {parsed.write_config}")
    with build_services(settings) as services:
        authority = Authority(settings.authority_dir)
        authority.create("Ovoo CA", services.clock())
        if not settings.seal_command:  # else that program holds the key
            from ovoo_cloud.reports.signing import create_key  # late: other verbs start without it

            create_key(settings.authority_dir)
        with services.database.write() as session:
            if session.get(User, parsed.admin) is None:
                password = read_password(parsed.password_file)
                users.create_user(
                    session,
                    Scope.system("init"),
                    parsed.admin,
                    password=password or (printed := one_time_password()),
                    role=Role.CENTRE_ADMIN,
                    now_ns=services.clock(),
                )
                done["admin"] = parsed.admin
                lines.append(f"administrator     {parsed.admin}")
                if password is None:
                    done["password"] = printed
                    lines.append(f"password          {printed}   (shown only now)")
    lines.append(f"authority         {settings.authority_dir / 'ca.crt'}")
    done["ca"] = str(settings.authority_dir / "ca.crt")
    output.show(done, "\n".join(lines))
    return 0


def read_password(path: pathlib.Path | None) -> str | None:
    """The first line of a password file; None without one."""
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError) as error:
        raise ConfigError(
            "cannot read it", offender=str(path), remedy="a file with the password in one line"
        ) from error


def _write_sample(path: pathlib.Path) -> pathlib.Path:
    """Writes the sample; one that is there as it was written is of an `init` that came no further."""
    sample = _SAMPLE.read_bytes()
    place(path, sample, 0o644)
    if not path.is_file() or path.read_bytes() != sample:
        raise ConfigError("already there", offender=str(path), remedy="edit it, or name another file")
    return path
