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
    """What is known of the server. Where nothing has told its family yet, the session logs in
    first: what one family stores, another is damaged by."""
    facts = server_facts(runner)
    unknown = facts.server.family is ServerFamily.UNKNOWN
    if unknown and facts is not DEFAULT_FACTS and facts.dialect == "webservice":
        yield from perform(Me())
        facts = server_facts(runner)
    return facts
