"""Which operation works on which dialect: one table for the run time, the guide and the tests.

`require` refuses what a dialect has not, with reason and alternative, before anything is sent.
`remembering` does the same for an operation that only the first call can tell about.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from ..errors import NotSupported, VtigerError
from .operations import Operation
from .outcome import outcome_of
from .plans import Plan, perform
from .server import ServerFacts

DIALECTS: Final = ("cloud", "webservice", "restfulapi")


class Support(StrEnum):
    """How an operation of the API is offered on a dialect."""

    YES = "supported"
    PROBED = "where the server has it"
    """Some servers of the dialect break on it: the snapshot or the first call tells."""
    FALLBACK = "fallback"
    REFUSED = "refused"


class Cell(NamedTuple):
    support: Support
    note: str = ""
    """The fallback taken, or the reason of a refusal and the alternative."""


class Entry(NamedTuple):
    """One operation of the manuals: how Python reaches it, and its cell for each dialect."""

    operation: str
    python: str
    cloud: Cell
    webservice: Cell
    restfulapi: Cell

    def cell(self, dialect: str) -> Cell:
        match dialect:
            case "cloud":
                return self.cloud
            case "webservice":
                return self.webservice
            case _:
                return self.restfulapi


YES: Final = Cell(Support.YES)


def _fallback(note: str) -> Cell:
    return Cell(Support.FALLBACK, note)


def _no(reason: str) -> Cell:
    return Cell(Support.REFUSED, reason)


def _probed(note: str) -> Cell:
    return Cell(Support.PROBED, note)


_CLOUD_ONLY: Final = _no("only the Cloud API has this operation")
_NOT_IN_MODULE: Final = _no(
    "the RestfulApi module has no such operation; use the server's webservice.php"
)
_PHP8: Final = "Vtiger 8 on PHP 8 answers HTTP 500 to it, whatever is sent"
_TRIED: Final = "the server failed when it was tried"
_CUSTOM_API: Final = (
    "not offered by this endpoint: it belongs to custom APIs made in the vendor's API Designer; "
    "use bulk_create, bulk_update and bulk_delete"
)


def _entry(
    operation: str,
    python: str,
    cloud: Cell = YES,
    webservice: Cell = YES,
    restfulapi: Cell = _NOT_IN_MODULE,
) -> Entry:
    return Entry(operation, python, cloud, webservice, restfulapi)


def _cloud_only(operation: str, python: str, webservice: Cell = _CLOUD_ONLY) -> Entry:
    return _entry(operation, python, webservice=webservice)


_ENTRIES: Final = (
    _entry(
        "getchallenge, login",
        "connect(...)",
        cloud=_fallback("HTTP Basic authentication; there is no session to open"),
        restfulapi=_fallback("a token of one hour, renewed when it is refused"),
    ),
    _entry(
        "logout",
        "session.close()",
        cloud=_fallback("nothing to close"),
        webservice=_fallback("the session is dropped where PHP 8 breaks logout"),
        restfulapi=_fallback("the token is dropped"),
    ),
    _entry(
        "extendsession",
        "session.extend()",
        cloud=_fallback("nothing to extend"),
        restfulapi=_fallback("each call extends the token"),
    ),
    _entry(
        "me",
        "session.me",
        webservice=_fallback("the login's answer"),
        restfulapi=_fallback("the module's own list of tokens"),
    ),
    _entry(
        "listtypes",
        "session.modules()",
        restfulapi=_no("metadata comes from a snapshot pulled over webservice.php"),
    ),
    _entry(
        "describe",
        "session.describe(module)",
        restfulapi=_no("metadata comes from a snapshot pulled over webservice.php"),
    ),
    _entry("create", "Model.objects.create(...), record.save()", restfulapi=YES),
    _entry(
        "create with a file",
        "Documents.objects.upload(path, ...), Contacts.objects.upload(image, ...)",
    ),
    _entry(
        "retrieve",
        "record.refresh(), Ref.fetch()",
        restfulapi=_fallback("its list; what the record refers to is asked for"),
    ),
    _entry("update", "record.save(operation='update')"),
    _entry(
        "revise",
        "record.save()",
        restfulapi=_fallback("its PUT, told to keep line items; the description is sent along"),
    ),
    _entry("delete", "record.delete()", restfulapi=YES),
    _entry(
        "query",
        "Model.objects.filter(...)",
        restfulapi=_fallback(
            "lists that criteria narrow; the condition is decided on the rows, within max_scan_rows"
        ),
    ),
    _entry(
        "query: count(*)",
        "queryset.count()",
        restfulapi=_fallback("by reading the rows, within max_scan_rows"),
    ),
    _entry(
        "sync",
        "Model.objects.changes(since=...)",
        webservice=_probed(f"{_PHP8}: then by modifiedtime and id, deletions by comparison"),
        restfulapi=_fallback("by modifiedtime and id, deletions by comparison"),
    ),
    _entry("relatedtypes", "Model.meta.relations"),
    _entry(
        "retrieve_related",
        "session.call('retrieve_related', ...)",
        cloud=_fallback("query_related, which is not cut off after 100 records"),
        webservice=_fallback("query_related, which is not cut off after 100 records"),
    ),
    _entry(
        "query_related",
        "record.related.<name>.filter(...)",
        webservice=_probed("of documents it lists the active ones"),
    ),
    _entry("add_related", "record.related.<name>.add(...)"),
    _cloud_only(
        "delete_related",
        "record.related.<name>.remove(...)",
        _fallback("a blank reference field where the relation is one; refused otherwise"),
    ),
    _entry(
        "convertlead",
        "lead.crm.convert(...)",
        webservice=_probed(_PHP8),
    ),
    _entry(
        "files_retrieve",
        "record.crm.download(path)",
        webservice=_probed(_PHP8),
    ),
    _entry(
        "retrieve_inventory",
        "record.crm.items",
        cloud=_fallback("retrieve"),
        webservice=_fallback("retrieve, which has the same items"),
        restfulapi=_fallback("its list, which has a row for each item"),
    ),
    _cloud_only("reopen", "record.crm.reopen()"),
    _cloud_only("decrypt", "record.crm.decrypt(field)"),
    _cloud_only("tags_add", "record.crm.tags.add(...)"),
    _cloud_only("tags_retrieve", "record.crm.tags.all()"),
    _cloud_only("tags_delete", "record.crm.tags.remove(...), session.delete_tag(tag, on=record)"),
    _cloud_only("lookup", "session.lookup(...)"),
    _cloud_only("get_account_hierarchy", "account.crm.hierarchy()"),
    _entry(
        "picklist_dependency",
        "session.picklist_dependency(...)",
        webservice=_CLOUD_ONLY,
        restfulapi=_fallback("its picklist answer with dependencies"),
    ),
    _cloud_only("add_picklist", "session.add_picklist_values(...)"),
    _cloud_only("edit_picklist", "session.rename_picklist_value(...)"),
    _cloud_only("delete_picklist", "session.delete_picklist_values(...)"),
    _cloud_only("editionLimits", "session.edition_limit(...)"),
    _entry("create multiple records", "-", *[_no(_CUSTOM_API)] * 3),
    _entry("sub-request", "-", *[_no(_CUSTOM_API)] * 3),
)

OPERATIONS: Final[Mapping[str, Entry]] = {entry.operation: entry for entry in _ENTRIES}
"""By the manuals' name of the operation."""

_NAMES: Final = {"cloud": "Cloud", "webservice": "webservice.php", "restfulapi": "RestfulApi"}


def require(operation: str, facts: ServerFacts, *, first: bool = True) -> None:
    """Raise `NotSupported`, with the reason, where this server cannot do the operation. `first`
    says that nothing was sent before."""
    cell = OPERATIONS[operation].cell(facts.dialect)
    if cell.support is Support.REFUSED:
        # A server that tells no open source version may be the Cloud behind webservice.php.
        if cell is _CLOUD_ONLY and not facts.version:
            return
        reason = cell.note
    elif broken := _broken(operation, facts):
        reason = broken
    else:
        return
    where = _NAMES.get(facts.dialect, facts.dialect) + (
        f" of {facts.server}" if facts.version else ""
    )
    raise NotSupported(
        f"{operation} is not possible on {where}: {reason}."
        + (" Nothing was sent." if first else "")
    )


_BROKEN_BY_PHP8: Final = frozenset({"sync", "convertlead", "files_retrieve"})


def _broken(operation: str, facts: ServerFacts) -> str | None:
    """Why the operation cannot work on this server. Of one that writes only family and version
    tell; one that reads may have been tried."""
    if facts.dialect == "webservice" and facts.server.lacks(operation):
        return "it does not know the operation"
    if operation in _BROKEN_BY_PHP8 and facts.php8_names:
        return _PHP8
    can = facts.server.capabilities
    tried = {"sync": can.sync, "files_retrieve": can.files_retrieve}
    return _TRIED if facts.dialect == "webservice" and tried.get(operation) is False else None


def remembering(
    call: Operation, facts: ServerFacts, *others: Operation, first: bool = True
) -> Plan[object]:
    """Perform a call of an operation that the server may not have, and remember it if so.

    `others` are other spellings of the same operation, tried in turn where the server does not
    know the first. Raises `NotSupported` when it knows none; without asking once the server has
    said so at two times (`refusals`).
    """
    require(call.name, facts, first=first)
    refusal: VtigerError | None = None
    refused: list[str] = []
    for each in (call, *others):
        key = operation_key(each)
        if key in facts.refusals:
            continue
        try:
            answer = yield from perform(each)
        except VtigerError as error:
            if not outcome_of(error).missing:
                raise
            facts.refusals.refused(key)
            refused.append(key)
            refusal = error
        else:
            facts.refusals.worked(key, refused)
            return answer
    raise NotSupported(
        f"The server has no usable operation {call.name!r}"
        + (f" ({refusal})." if refusal else ".")
        + ("" if refused else " It said so more than once and is not asked again in this session.")
    ) from refusal


def operation_key(call: Operation) -> str:
    """What is remembered of an operation: a raw call by the wrong verb tells nothing of the
    operation called properly."""
    return f"{call.method} {call.name}"


def table() -> str:
    """The operation x dialect table of the guide, as Markdown."""
    lines = [
        "| operation | Python | Cloud | webservice.php | RestfulApi |",
        "| --- | --- | --- | --- | --- |",
    ]
    for entry in _ENTRIES:
        python = "-" if entry.python == "-" else f"`{entry.python}`".replace("|", "\\|")
        cells = " | ".join(_shown(entry.cell(dialect)) for dialect in DIALECTS)
        lines.append(f"| {entry.operation} | {python} | {cells} |")
    return "\n".join(lines) + "\n"


def _shown(cell: Cell) -> str:
    return f"{cell.support}: {cell.note}" if cell.note else str(cell.support)
