"""vtiger-orm whoami: first contact with a CRM: who am I, where, and what can it do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import click

from vtiger_orm import Session
from vtiger_orm.dialects.base import Identity
from vtiger_orm.dialects.restfulapi import RIGHTS

from ...config import load_config
from ...live.credentials import open_session
from ...live.pull import server_of
from ...text.terminal import counted
from .._limits import in_words
from .first_contact import Survey, survey
from .words import abilities, refusals, zone


def whoami(url: str | None, dialect: str | None, as_json: bool) -> None:
    """What the verb does, as its help tells."""
    with (
        open_session(url, dialect, load_config()) as session,
        session.count_calls() as calls,
    ):
        identity = session.identify()
        server, clock = server_of(session), session.clock
        found = session.run(survey(server))
        if as_json:
            click.echo(json.dumps(_facts(session, identity, found), indent=1, default=str))
            return
        release = str(found.server) if identity.version else f"{found.server}, version not told"
        api = f", API {identity.api_version}" if identity.api_version else ""
        _line("server", f"{session.url} ({server.dialect}, {release}{api})")
        _line("user", ", ".join(_user(identity)))
        _line("time zone", zone(clock.zone, identity.facts.get("time_zone"), clock.least_ahead))
        _line("modules", _modules(found))
        if found.blindness:
            _line("but", found.blindness)
        for line in in_words(session.limits):
            _line("limits", line)
        if found.has_restfulapi:
            _line("rights", RIGHTS)
        for line in abilities(found.server, found.proved):
            _line("can", line)
        for line in refusals(found.server):
            _line("not sent", line)
        click.echo(f"Asked in {counted(calls.count, 'call')}. Next: vtiger-orm pull")


def _facts(session: Session, identity: Identity, found: Survey) -> dict[str, object]:
    server = found.server
    return {
        "url": session.url,
        "dialect": session.dialect,
        "family": server.family,
        "version": identity.version,
        "api_version": identity.api_version,
        "user": identity.username,
        "user_id": identity.user_id,
        "administrator": identity.administrator,
        "time_zone": session.clock.zone.written,
        "modules": found.modules,
        "entities": found.entities,
        "but": found.blindness or None,
        "limits": asdict(session.limits),
        "capabilities": server.capabilities.model_dump(mode="json"),
        "proved_here": found.proved.model_dump(mode="json", exclude_defaults=True),
    }


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
