"""What plans need to know of a session besides its calls: the server's kind and the settings.

A session hands its own out as `session.facts`; a runner without them (a test's) gets defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from .._dataclass import dataclass
from ..metadata.dependencies import Dependency
from ..metadata.server import Server, ServerFamily
from .clock import ServerClock
from .operations import Me
from .plans import Plan, perform
from .refusals import Refusals


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What is known of a session and its server."""

    dialect: str = "webservice"
    """``webservice``, ``cloud`` or ``restfulapi``."""
    server: Server = field(default_factory=Server)
    """Which program the CRM is, in which version, and what it can do."""
    met: bool = True
    """Whether a login has told the server; before it, only the package says which one it is, and
    the CRM may be another since."""
    strict: bool = False
    """Whether an unknown picklist value, and a stored value unlike the sent one, are errors."""
    max_writes: int = 1000
    """Most records that one `update()` or `delete()` of a queryset may write."""
    serialised: bool = True
    """Whether the server works on one call of a login at a time, as stock servers do."""
    parallel: int = 1
    """Calls that the session performs side by side."""
    longest_work: float = 300.0
    """Seconds for which the server may go on working on a request that nobody waits for."""
    external_ids: Mapping[str, str] = field(default_factory=dict)
    """Module -> attribute that holds the caller's own identity of a record."""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Module -> the number before the ``x`` of its ids on this CRM."""
    dependencies: Mapping[str, tuple[Dependency, ...]] = field(default_factory=dict)
    """Module -> picklist dependencies that are validated before a write."""
    clock: ServerClock = field(default_factory=ServerClock, compare=False)
    refusals: Refusals = field(default_factory=Refusals, compare=False)
    """Operations that this server said not to have; kept by a session."""

    @property
    def version(self) -> str | None:
        """Version of the CRM (``8.0.0``), where it tells."""
        return self.server.version

    @property
    def php8_names(self) -> bool:
        """Whether the server breaks on operations whose parameters are registered wrongly.

        Stock Vtiger 8 on PHP 8 answers HTTP 500 to sync, convertlead, files_retrieve,
        retrieve_inventory and logout. One of them that was seen to work shows that PHP is older
        or the program mended; one that fails says nothing of the others.
        """
        can = self.server.capabilities
        if self.dialect != "webservice" or can.sync or can.files_retrieve:
            return False
        release = self.server.release
        stock = self.server.family is ServerFamily.VTIGER
        return stock and release is not None and release[0] == 8


DEFAULT_FACTS: Final = ServerFacts()


def recognised(runner: object) -> Plan[ServerFacts]:
    """The facts once a login has told which server it is: logs in where nobody has yet. How a
    question is put depends on it, what one family or release stores another is damaged by, and a
    CRM may have been upgraded since its package was generated."""
    facts = server_facts(runner)
    if not facts.met and facts.dialect == "webservice":
        yield from perform(Me())
        facts = server_facts(runner)
    return facts


def server_facts(runner: object) -> ServerFacts:
    """The runner's facts, or the defaults where it has none."""
    facts = getattr(runner, "facts", None)
    return facts if isinstance(facts, ServerFacts) else DEFAULT_FACTS
