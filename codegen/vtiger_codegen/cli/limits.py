"""vtiger-orm limits: how many calls the CRM still allows, and what is left of your own budget."""

from __future__ import annotations

import click

from ..config import load_config
from ..live.credentials import DIALECTS, insecure_http, open_session
from ..text.terminal import say
from ._limits import in_words


@click.command(short_help="How many calls are left?")
@click.option("--url", help="Address of the CRM.  [VTIGER_URL]")
@click.option("--dialect", type=click.Choice(DIALECTS), help="How the CRM is talked to.")
@insecure_http
def limits(url: str | None, dialect: str | None) -> None:
    """Log in, and tell the limits of calls that the answer announces.

    The Cloud counts the calls of all its users, a minute and a day; stock servers count nothing.
    A budget of your own is set by VTIGER_BUDGET, for example "60/minute, 20000/day,
    file:/var/lib/crm-budget.db", or by Session(budget=...).
    """
    with open_session(url, dialect, load_config()) as session:
        session.identify()
        for line in in_words(session.limits):
            say(line)
