"""The options of every verb that reaches a CRM, the same for all of them; light to import, so that
help is there at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import click

DIALECTS: Final = ("auto", "webservice", "cloud", "restfulapi")
HTTP, CA, UNCHECKED = (f"vtiger_codegen.{name}" for name in ("http", "ca", "unchecked"))

_C = TypeVar("_C", bound="Callable[..., object] | click.Command")


def connecting(command: _C) -> _C:
    """Arguments `url` and `dialect`, and the options that `open_session` looks up itself."""
    for option in (
        click.option(
            "--insecure-http",
            is_flag=True,
            expose_value=False,
            callback=_kept(HTTP),
            help="Send the access key to an http:// address, too.  [VTIGER_ALLOW_HTTP=1]",
        ),
        click.option(
            "--insecure",
            is_flag=True,
            expose_value=False,
            callback=_kept(UNCHECKED),
            help="Check no certificate: anybody on the way can be the CRM.",
        ),
        click.option(
            "--ca",
            type=click.Path(exists=True, dir_okay=False),
            expose_value=False,
            callback=_kept(CA),
            help="File with the CA that signed the CRM's certificate.",
        ),
        click.option(
            "--dialect",
            type=click.Choice(DIALECTS),
            help="How the CRM is talked to; restfulapi is for records alone, it describes nothing.",
        ),
        click.option("--url", help="Address of the CRM.  [VTIGER_URL]"),
    ):
        command = option(command)
    return command


def given_option(key: str) -> object:
    """What the running verb was given for an option, by its key."""
    context = click.get_current_context(silent=True)
    return context.meta.get(key) if context is not None else None


def _kept(key: str) -> Callable[[click.Context, click.Parameter, object], None]:
    def keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
        context.meta[key] = value

    return keep
