"""vtiger-orm limits: how many calls the CRM still allows, and what is left of your own budget."""

from __future__ import annotations

import click

from ...live.options import connecting
from .._work import Given, do_work


@click.command(short_help="How many calls are left?")
@click.option("--json", "as_json", is_flag=True, help="An object, for machines.")
@connecting
def limits(**given: Given) -> int:
    """Log in, and tell the limits of calls that the answer announces.

    The Cloud counts the calls of all its users, a minute and a day; stock servers count nothing.
    A budget of your own is set by VTIGER_BUDGET, for example "60/minute, 20000/day,
    file:/var/lib/crm-budget.db", or by Session(budget=...).
    """
    return do_work(__name__, given)
