"""Owners are looked up before they are sent, where the server stores one that does not exist.

Of coreBOS and berliCRM every later read that meets the record fails; the RestfulApi module takes
any number, where users and groups are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .._writes import Problem, Rule
from ..calls.operations import Me, Owners
from ..calls.plans import Plan, perform
from ..calls.protocols import environment_of
from ..calls.server import server_facts
from ..errors import AccessDenied, InvalidRecord
from ..ids import is_id, parse_id
from ..metadata.kinds import Kind
from ..metadata.module import ModuleMeta
from ..metadata.server import ServerFamily
from ..planner.asking import answer
from ..planner.branches import Comparison
from ..planner.statement import Statement
from .prepare import Prepared

if TYPE_CHECKING:
    from ..calls.protocols import Runner

_FRAGILE: Final = frozenset({ServerFamily.COREBOS, ServerFamily.BERLICRM})
_OWNERS: Final = ("Users", "Groups")


GivenOwner: TypeAlias = tuple[str, str, str]
"""Module, attribute and id of an owner that is about to be sent."""


def prove_owners(writes: Iterable[Prepared], runner: Runner | None) -> Plan[None]:
    """Make sure that every owner exists; one read for each, remembered by the session.

    Raises `InvalidRecord` for one that is nobody the session's user can see.
    """
    found = [
        (each.meta.name, name, value)
        for each in writes
        for name, value in owners_in(each.meta, each.call.values)
    ]
    if found:
        yield from prove(found, runner)


def prove(owners: Iterable[GivenOwner], runner: Runner | None) -> Plan[None]:
    """The same of owners that are sent otherwise."""
    facts = server_facts(runner)
    if facts.dialect == "restfulapi":
        yield from _prove_numbers(owners)
        return
    if facts.server.family not in _FRAGILE:
        return
    env = environment_of(runner)
    for module, name, value in owners:
        known = ("owner", value)
        if env.knowledge.is_verified(known):
            continue
        if not (yield from _exists(value, runner)):
            problem = Problem(
                name,
                Rule.REFERENCE,
                f"{name}: there is no user or group {value} that this session's user can see. "
                f"{facts.server} would store it all the same, and every query that meets the "
                "record would fail. Nothing was sent.",
            )
            raise InvalidRecord(module, [problem])
        env.knowledge.verify(known)


def _prove_numbers(owners: Iterable[GivenOwner]) -> Plan[None]:
    """By the lists of users and groups that the login has brought; without them nothing is known,
    as every CRM has groups."""
    given = list(owners)
    if not given:
        return
    told = yield from perform(Owners())
    if not told["groups"]:
        return
    known = {*told["users"].values(), *told["groups"].values()}
    for module, name, value in given:
        if value not in known:
            problem = Problem(
                name,
                Rule.REFERENCE,
                f"{name}: there is no user or group {value}, and the RestfulApi module would store "
                "its number all the same. Nothing was sent.",
            )
            raise InvalidRecord(module, [problem])


def owners_in(meta: ModuleMeta, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Attribute and id of the owners among wire values."""
    return [
        (field.name, str(value))
        for name, value in values.items()
        if (field := meta.by_wire.get(name)) is not None
        and field.kind is Kind.OWNER
        and is_id(str(value))
    ]


def _exists(id_: str, runner: Runner | None) -> Plan[bool]:
    facts, env = server_facts(runner), environment_of(runner)
    me = yield from perform(Me())
    if me.get("id") == id_:
        return True
    names = {facts.prefixes.get(module): module for module in _OWNERS}
    modules = [names[found]] if (found := parse_id(id_).prefix) in names else list(_OWNERS)
    for module in modules:
        same = ((Comparison("id", "=", id_),),)
        try:
            rows = yield from answer(Statement(module, ("id",), same, limit=1), env)
        except AccessDenied:
            continue
        if any(row["id"] == id_ for row in rows):
            return True
    return False
