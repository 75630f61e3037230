"""Which CRM, and as whom: for every verb of the command line that reaches one.

The access key never comes from the command line, where other users of the machine and the
shell's history would see it.
"""

from __future__ import annotations

import os
import sys
from typing import Final, Literal, TypeAlias, cast

import click

from vtiger_orm import Package, Session
from vtiger_orm.errors import ConfigError
from vtiger_orm.session import Wait

from ..config import Config
from ..text.terminal import say

DialectSetting: TypeAlias = Literal["auto", "webservice", "cloud"]
DIALECTS: Final = ("auto", "webservice", "cloud")


def ask() -> tuple[str, str]:
    """User name and access key: from VTIGER_USERNAME and VTIGER_ACCESS_KEY, else asked for at a
    terminal. Raises `ConfigError` when there is no terminal."""
    username = os.environ.get("VTIGER_USERNAME") or ""
    access_key = os.environ.get("VTIGER_ACCESS_KEY") or ""
    missing = [
        name
        for name, value in (("VTIGER_USERNAME", username), ("VTIGER_ACCESS_KEY", access_key))
        if not value
    ]
    if missing and not sys.stdin.isatty():
        raise ConfigError(
            f"Set {' and '.join(missing)} in the environment (the access key is shown under My "
            "Preferences in the CRM), or run this at a terminal to be asked."
        )
    username = username or click.prompt("User name", err=True).strip()
    access_key = access_key or click.prompt("Access key", hide_input=True, err=True).strip()
    return username, access_key


_FIRST_ATTEMPTS: Final = 3
"""Attempts to log in; a verb that is logged in has the session's patience."""
_INSECURE: Final = "vtiger_codegen.insecure_http"


def _allow(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.meta[_INSECURE] = value


insecure_http: Final = click.option(
    "--insecure-http",
    is_flag=True,
    expose_value=False,
    callback=_allow,
    help="Send the access key to an http:// address, too.  [VTIGER_ALLOW_HTTP=1]",
)
"""For every verb that opens a session; `open_session` knows what was given."""


def address(given: str | None, config: Config) -> str:
    """The CRM's address: --url, else VTIGER_URL, else the project's. Raises `ConfigError`."""
    url = given or os.environ.get("VTIGER_URL") or config.url
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
    """A session for a verb, which writes nothing to the CRM unless it says so; nothing is sent
    yet.

    `package` tells what is known of the CRM: its dialect and abilities, and what to refuse
    another CRM by.
    """
    place = address(url, config)
    known = package.dialect if package is not None and config.dialect == "auto" else None
    username, access_key = ask()
    return Session(
        place,
        username,
        access_key,
        dialect=cast("DialectSetting", dialect or known or config.dialect),
        timezone=config.timezone,
        allow_http=_insecure() or None,
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


def _insecure() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_INSECURE))
