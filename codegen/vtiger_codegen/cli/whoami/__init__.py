"""vtiger-orm whoami: first contact with a CRM: who am I, where, and what can it do."""

from __future__ import annotations

from collections.abc import Iterator

import click

from vtiger_orm.dialects.base import Identity

from ...config import load_config
from ...live.credentials import DIALECTS, insecure_http, open_session
from ...live.pull import server_of
from .._limits import in_words
from .first_contact import Survey, survey
from .words import abilities, refusals, zone


@click.command(short_help="First contact: who am I on which CRM, and what can it do?")
@click.option("--url", help="Address of the CRM.  [VTIGER_URL]")
@click.option("--dialect", type=click.Choice(DIALECTS), help="How the CRM is talked to.")
@insecure_http
def whoami(url: str | None, dialect: str | None) -> None:
    """Log in and tell who you are on which server, and what it can do.

    A few reading calls; nothing is written anywhere. User name and access key come from
    VTIGER_USERNAME and VTIGER_ACCESS_KEY, or are asked for.
    """
    with open_session(url, dialect, load_config()) as session:
        identity = session.identify()
        server = server_of(session)
        found = session.run(survey(server))
        release = str(found.server) if identity.version else f"{found.server}, version not told"
        api = f", API {identity.api_version}" if identity.api_version else ""
        _line("server", f"{session.url} ({server.dialect}, {release}{api})")
        _line("user", ", ".join(_user(identity)))
        _line("time zone", zone(session.clock.zone, identity.facts.get("time_zone")))
        _line("modules", _modules(found))
        if found.blindness:
            _line("but", found.blindness)
        for line in in_words(session.limits):
            _line("limits", line)
        for line in abilities(found.server, found.proved):
            _line("can", line)
        for line in refusals(found.server):
            _line("not sent", line)


def _line(name: str, text: object) -> None:
    # Names come from the CRM: no control characters reach the terminal.
    clean = "".join(each if each.isprintable() else " " for each in str(text))
    click.echo(click.style(f"{name:<10}", bold=True) + clean)


def _user(identity: Identity) -> Iterator[str]:
    yield f"{identity.username} ({identity.user_id})"
    facts = identity.facts
    full = " ".join(str(facts.get(key) or "") for key in ("first_name", "last_name")).strip()
    if full:
        yield full
    if facts.get("email1"):
        yield str(facts["email1"])
    admin = identity.administrator
    if admin is not None:
        yield "administrator" if admin else "not an administrator"


def _modules(found: Survey) -> str:
    return f"{found.modules} visible, {found.entities} of them hold records"
