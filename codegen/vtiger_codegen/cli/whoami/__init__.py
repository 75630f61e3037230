"""vtiger-orm whoami: first contact with a CRM: who am I, where, and what can it do."""

from __future__ import annotations

import click

from ...live.options import connecting
from .._work import Given, do_work


@click.command(short_help="First contact: who am I on which CRM, and what can it do?")
@click.option("--json", "as_json", is_flag=True, help="An object, for machines.")
@connecting
def whoami(**given: Given) -> int:
    """Log in and tell who you are on which server, and what it can do.

    A few reading calls; nothing is written anywhere. User name and access key come from
    VTIGER_USERNAME and VTIGER_ACCESS_KEY, or are asked for.
    """
    return do_work(__name__, given)
