"""The few calls that `vtiger-orm whoami` makes besides the login."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vtiger_orm.calls.operations import Describe, ListTypes
from vtiger_orm.calls.outcome import tells_nothing
from vtiger_orm.calls.plans import Plan, perform
from vtiger_orm.errors import ApiError, MalformedAnswer
from vtiger_orm.introspection.abilities import probe_abilities, probe_relations
from vtiger_orm.introspection.probing import probe_module
from vtiger_orm.introspection.pull import PulledServer, blindness
from vtiger_orm.introspection.zone import ZoneProof
from vtiger_orm.metadata import describe as wire
from vtiger_orm.metadata import server as recognised
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.metadata.server import ServerFamily

_LIKELY: Final = ("Contacts", "Accounts", "Leads", "HelpDesk")
"""Modules of which most CRMs have records, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What first contact has shown."""

    modules: int
    entities: int
    """Modules that hold records of their own, as opposed to users, groups, taxes."""
    server: recognised.Server
    """The program, its version, and what it can do."""
    proved: Capabilities
    """What of that was found out here, not known of servers of its kind."""
    blindness: str
    """What is wrong where the user sees no module with records by an error of the server."""
    has_restfulapi: bool = False
    """Whether the RestfulApi module is installed, beside whatever the CRM is asked by."""


def survey(server: PulledServer) -> Plan[Survey]:
    """List the modules and try one of them; `pull` looks at all and so may prove more."""
    listed = wire.ListTypesAnswer.model_validate((yield from perform(ListTypes())))
    entities = [name for name, facts in listed.information.items() if facts.is_entity]
    proof = ZoneProof(server.clock, entities)
    yield from proof.begin()
    describes, probes = [], []
    for name in [each for each in _LIKELY if each in entities] or entities[:1]:
        described = yield from _described(name)
        if described is None:
            continue
        describes.append(described)
        probes.append((yield from probe_module(described, server.url_budget)))
        if (probes[-1].count or 0) > 1:
            break
    if "Documents" in entities and (documents := (yield from _described("Documents"))):
        describes.append(documents)
    family = server.family_with(listed.types, describes)
    proved = yield from probe_abilities(
        probes,
        describes,
        serialised=server.serialised,
        url_budget=server.url_budget,
        provoking=family is not ServerFamily.CLOUD,
        proving_ids=family is ServerFamily.BERLICRM,
        sees_all=server.administrator is True,
    )
    relations = (yield from probe_relations(entities[0])) if entities else None
    zone = yield from proof.end(syncs=proved.sync is True)
    proved = proved.model_copy(update={"zone": zone, "relations": relations})
    return Survey(
        len(listed.types),
        len(entities),
        recognised.Server.known(family, server.version, proved),
        proved,
        blindness(server, family, listed),
        has_restfulapi="RestfulApi" in listed.types,
    )


def _described(module: str) -> Plan[wire.DescribeAnswer | None]:
    """The module's description, or None where it is refused."""
    try:
        return wire.DescribeAnswer.model_validate((yield from perform(Describe(module))))
    except (ApiError, MalformedAnswer) as error:
        if tells_nothing(error):
            raise
        return None
