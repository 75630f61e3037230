"""vtiger-orm doctor: what is wrong with this set-up, and what to do about it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from vtiger_orm import Session
from vtiger_orm.calls.operations import Describe, Retrieve
from vtiger_orm.calls.plans import Plan, perform
from vtiger_orm.errors import ApiError, ConfigError, MalformedAnswer, SnapshotError, VtigerError
from vtiger_orm.metadata import describe as wire
from vtiger_orm.metadata.snapshot import Snapshot

from ...config import Config, load_config
from ...live.credentials import address, open_session
from ...live.pull import server_of
from ...text.terminal import counted, escaped
from ..whoami.first_contact import survey
from . import checks
from .finding import Finding, Level, ok, problem
from .refusals import refused

_MARKS: Final = {
    Level.OK: ("ok", "green"),
    Level.NOTE: ("note", "yellow"),
    Level.PROBLEM: ("wrong", "red"),
}
_WRITTEN: Final = ("Contacts", "Accounts", "Leads")
"""Modules of which it is told whether the user may change them."""


def doctor(url: str | None, dialect: str | None, schema: Path | None, as_json: bool) -> int:
    """What the verb does, as its help tells; the exit code."""
    found = list(_examined(url, dialect, schema))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
    else:
        for each in found:
            _print(each)
        click.echo(_last_line(found))
    return 1 if any(each.level is Level.PROBLEM for each in found) else 0


def _print(each: Finding) -> None:
    mark, colour = _MARKS[each.level]
    click.echo(
        f"{click.style(f'{mark:<6}', fg=colour, bold=True)}{each.check:<16} "
        f"{escaped(each.found.replace(chr(10), ' '))}"
    )
    if each.cure:
        click.echo(f"{'':<22} -> {escaped(each.cure)}")


def _last_line(found: list[Finding]) -> str:
    levels = Counter(each.level for each in found)
    wrong, notes = levels[Level.PROBLEM], levels[Level.NOTE]
    return f"{counted(len(found), 'check')}: {counted(wrong, 'problem')}, {counted(notes, 'note')}."


def _examined(url: str | None, dialect: str | None, schema: Path | None) -> Iterator[Finding]:
    yield checks.versions()
    try:
        config = load_config()
    except ConfigError as error:
        yield problem("settings", str(error), "Correct pyproject.toml.")
        return
    try:
        place = address(url, config)
    except ConfigError as error:
        yield problem("address", str(error), "Name the CRM in one of these ways.")
        return
    try:
        session = open_session(url, dialect, config)
    except VtigerError as error:
        yield refused(error)
        return
    with session:
        try:
            identity = session.identify()
        except VtigerError as error:
            yield refused(error)
            return
        yield ok("address", place)
        yield ok("login", f"{identity.username} ({identity.user_id})")
        try:
            yield from _inside(session, config, schema)
        except VtigerError as error:
            yield refused(error)


def _inside(session: Session, config: Config, schema: Path | None) -> Iterator[Finding]:
    identity = session.identify()
    folder = schema or config.schema_folder
    known, trouble = _snapshot(folder)
    found = session.run(survey(server_of(session)))
    described = session.run(_described(_WRITTEN))
    now = {name: answer.id_prefix for name, answer in described.items()}
    other = list(checks.prefixes(known, now, str(folder)))
    yield checks.server(found, session.url, session.dialect or "")
    yield checks.clock(session.clock)
    yield checks.zone(session.clock, identity.facts.get("time_zone"))
    yield checks.number_format(session.run(_user(identity.user_id)) or identity.facts)
    forbidden = [name for name, answer in described.items() if not answer.updateable]
    yield checks.permissions(identity, found, forbidden)
    yield checks.limits(session.limits)
    yield checks.page_size(found.server.capabilities)
    yield checks.text_comparison(found.server.capabilities)
    yield from other or [checks.snapshot(known, trouble, found.server, str(folder))]


def _snapshot(folder: Path) -> tuple[Snapshot | None, str]:
    if not (folder / "instance.json").exists():
        return None, ""
    try:
        return Snapshot.load(folder), ""
    except SnapshotError as error:
        return None, str(error)


def _described(modules: tuple[str, ...]) -> Plan[dict[str, wire.DescribeAnswer]]:
    """Those of these modules that the user sees."""
    found = {}
    for name in modules:
        try:
            answer = yield from perform(Describe(name))
            found[name] = wire.DescribeAnswer.model_validate(answer)
        except (ApiError, MalformedAnswer):
            continue
    return found


def _user(id_: str) -> Plan[Mapping[str, object] | None]:
    """The user's own record, where the CRM shows it."""
    try:
        row = yield from perform(Retrieve(id_))
    except (ApiError, MalformedAnswer):
        return None
    return dict(row) if isinstance(row, Mapping) else None
