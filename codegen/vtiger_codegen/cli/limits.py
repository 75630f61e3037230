"""vtiger-orm limits: how many calls the CRM still allows, and what is left of your own budget."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ..config import load_config
from ..live.credentials import DIALECTS, connecting, open_session
from ..text.terminal import say
from ._limits import in_words


@click.command(short_help="How many calls are left?")
@click.option("--url", help="Address of the CRM.  [VTIGER_URL]")
@click.option("--dialect", type=click.Choice(DIALECTS), help="How the CRM is talked to.")
@click.option("--json", "as_json", is_flag=True, help="An object, for machines.")
@connecting
def limits(url: str | None, dialect: str | None, as_json: bool) -> None:
    """Log in, and tell the limits of calls that the answer announces.

    The Cloud counts the calls of all its users, a minute and a day; stock servers count nothing.
    A budget of your own is set by VTIGER_BUDGET, for example "60/minute, 20000/day,
    file:/var/lib/crm-budget.db", or by Session(budget=...).
    """
    with open_session(url, dialect, load_config()) as session:
        session.identify()
        if as_json:
            click.echo(json.dumps(asdict(session.limits), default=str, indent=1))
            return
        for line in in_words(session.limits):
            say(line)
