"""Which CRM, and as whom: for every verb of the command line that reaches one.

The access key comes from the environment, the system's keyring, or somebody at a terminal; never
from the command line, where other users of the machine and the shell's history would see it.
With a profile its own variables are read, VTIGER_ACCESS_KEY_STAGING, and no others: a key is not
shown to another CRM.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Final, Literal, TypeAlias, cast

import click

from vtiger_orm import Package, Session
from vtiger_orm.errors import ConfigError
from vtiger_orm.session import Wait

from ..config import Config
from ..text.terminal import say
from .options import CA, HTTP, UNCHECKED, given_option

DialectSetting: TypeAlias = Literal["auto", "webservice", "cloud", "restfulapi"]


def ask(config: Config | None = None) -> tuple[str, str]:
    """User name and access key: from the environment, the settings and their keyring, else asked
    for at a terminal. Raises `ConfigError` when there is no terminal."""
    config = config or Config()
    user, key = (_variable(name, config) for name in ("VTIGER_USERNAME", "VTIGER_ACCESS_KEY"))
    username = os.environ.get(user) or config.username or ""
    access_key = os.environ.get(key) or (f"keyring:{config.keyring}" if config.keyring else "")
    missing = [name for name, value in ((user, username), (key, access_key)) if not value]
    if missing and not sys.stdin.isatty():
        raise ConfigError(
            f"Set {' and '.join(missing)} in the environment (the access key is shown under My "
            "Preferences in the CRM), or run this at a terminal to be asked."
        )
    username = username or click.prompt("User name", err=True).strip()
    access_key = access_key or click.prompt("Access key", hide_input=True, err=True).strip()
    return username, access_key


def _variable(name: str, config: Config) -> str:
    """The environment variable of the chosen profile."""
    return f"{name}_{re.sub('[^A-Z0-9]', '_', config.profile.upper())}" if config.profile else name


_FIRST_ATTEMPTS: Final = 3
"""Attempts to log in; a verb that is logged in has the session's patience."""
_LOUD: Final = (
    "--insecure: certificates are not checked. Whoever is between here and the CRM can read and "
    "change everything, the access key included. Give --ca FILE instead."
)


def address(given: str | None, config: Config) -> str:
    """The CRM's address: --url, else that of the profile, VTIGER_URL, or the project's. Raises
    `ConfigError`."""
    profiles = config.url if config.profile else None
    url = given or profiles or os.environ.get("VTIGER_URL") or config.url
    if not url:
        raise ConfigError(
            'Which CRM? Give --url URL, set VTIGER_URL, or write url = "..." into '
            "[tool.vtiger-orm] of pyproject.toml."
        )
    return url


def open_session(
    url: str | None,
    dialect: str | None,
    config: Config,
    *,
    package: Package | None = None,
    read_only: bool = True,
    dry_run: bool = False,
) -> Session:
    """A session for a verb; nothing is sent yet, and nothing written to the CRM unless it is told.

    `package` tells what is known of the CRM: its dialect and abilities, and what to refuse
    another CRM by.
    """
    place = address(url, config)
    known: str = config.dialect
    if package is None and known == "restfulapi":
        known = "auto"  # that module describes nothing
    elif package is not None and known == "auto":
        known = package.dialect
    username, access_key = ask(config)
    return Session(
        place,
        username,
        access_key,
        dialect=cast("DialectSetting", dialect or known),
        timezone=config.timezone,
        allow_http=bool(given_option(HTTP)) or None,
        verify=_verify(),
        read_only=read_only,
        dry_run=dry_run,
        on_wait=_tell,
        package=package,
    )


def _tell(wait: Wait) -> None:
    """People at a terminal see why nothing happens, and a wrong address soon."""
    if wait.operation == "login" and wait.attempt >= _FIRST_ATTEMPTS and wait.error is not None:
        raise wait.error
    say(f"Waiting {wait.seconds:.1f} s: {wait.reason}", err=True, fg="yellow")


def _verify() -> bool | str:
    ca = given_option(CA)
    if ca:
        return str(ca)
    if not given_option(UNCHECKED):
        return True
    say(_LOUD, err=True, fg="red", bold=True)
    return False
