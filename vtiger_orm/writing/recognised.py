"""Which server is written to, known before a write is prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..calls.operations import Me
from ..calls.plans import Plan, perform
from ..calls.server import DEFAULT_FACTS, ServerFacts, server_facts
from ..metadata.server import ServerFamily

if TYPE_CHECKING:
    from ..calls.protocols import Runner


def recognised(runner: Runner | None) -> Plan[ServerFacts]:
    """What is known of the server. Before a login has told which it is, the session logs in: what
    one family or release stores, another is damaged by, and a CRM may have been upgraded since its
    package was generated."""
    facts = server_facts(runner)
    unknown = facts.server.family is ServerFamily.UNKNOWN or not facts.met
    if unknown and facts is not DEFAULT_FACTS and facts.dialect == "webservice":
        yield from perform(Me())
        facts = server_facts(runner)
    return facts
