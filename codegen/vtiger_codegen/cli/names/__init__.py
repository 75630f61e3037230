"""vtiger-orm names: look up, change and accept the names that generated code has."""

from __future__ import annotations

from pathlib import Path

import click

from .._work import Given, do_work

_schema = click.option(
    "--schema",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshot.  [vtiger-schema]",
)
_json = click.option("--json", "as_json", is_flag=True, help="An array, for machines.")


@click.group(short_help="Look up, change and accept the names that generated code has.")
def names() -> None:
    """What everything in the CRM is called in Python, as names.lock keeps it.

    \b
    vtiger-orm names list --odd                          names that read badly
    vtiger-orm names find tier                           by wire name, label or name
    vtiger-orm names set Contacts.cf_852=tier "Contacts.leadsource.Cold Call=CALL"
    vtiger-orm names accept                              choose names for what is new
    """


@names.command(name="list")
@click.argument("modules", nargs=-1)
@click.option("--odd", is_flag=True, help="Only names that read badly, like a_b_3.")
@_schema
@_json
def list_(**given: Given) -> int:
    """What everything in MODULES is called; of all modules when none is named.

    Each line is an address, as `set` takes it, with the name and the CRM's own text.
    """
    return do_work(__name__, given, "list_")


@names.command(name="find")
@click.argument("text")
@_schema
@_json
def find_(**given: Given) -> int:
    """Everything whose wire name, label, value or name in Python holds TEXT."""
    return do_work(__name__, given, "find_")


@names.command(name="set")
@click.argument("pairs", nargs=-1, required=True, metavar="ADDRESS=NAME...")
@_schema
def set_(**given: Given) -> int:
    """Give things other names. ADDRESS is what `list` shows:

    \b
    Contacts                         the class of a module
    file Contacts                    its file
    Contacts.cf_852                  a field
    picklist Contacts.leadsource     the class of a picklist
    Contacts.leadsource.Cold Call    one of its members
    Contacts.related.Deals           a relation

    All or none are changed; other names stay as they are.
    """
    return do_work(__name__, given, "set_")


@names.command()
@_schema
def accept(**given: Given) -> int:
    """Choose names for everything new, as `generate` would, and write only names.lock.

    Tells what does not fit in a lock that was merged or edited by hand.
    """
    return do_work(__name__, given, "accept")
