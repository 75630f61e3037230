"""What a CRM as a whole can do, found with a few reading calls on the records it has.

Nothing is assumed: where the data cannot tell, the answer is "unknown", and the runtime takes
the way that is right either way. No writing operation is ever tried.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeVar

from ..calls.operations import Operation, RelatedTypes
from ..calls.outcome import Fate, outcome_of, tells_nothing
from ..calls.plans import Plan, perform
from ..errors import NotFound, VtigerError
from ..ids import id_number, is_id, parse_id
from ..metadata.capabilities import Capabilities, Collation, ItemsPlace, Precedence
from ..metadata.describe import DescribeAnswer
from ..metadata.kinds import Kind
from ..metadata.module import Flaw
from ..planner.branches import ALWAYS, Branch, Comparison, InList
from ..planner.statement import Statement
from .language import probe_language
from .probing import PAGE, Probe, count, ids, matching, tried

T = TypeVar("T")

_ASKED_ROWS: Final = 200
"""The most that any server is reported to give."""
_FULL_READ_PAGES: Final = 5
_FAR_FUTURE: Final = "2000000000"
"""A `modifiedTime` after which nothing was modified, so that the answer is small."""
_PLAIN_TEXT: Final = re.compile(r"[A-Za-z]+(?: [A-Za-z]+){0,3}", re.ASCII)
_NO_SUCH_FILE: Final = 999_999_999


def probe_abilities(
    probes: Sequence[Probe],
    describes: Sequence[DescribeAnswer],
    *,
    serialised: bool,
    url_budget: int,
    provoking: bool = True,
    proving_ids: bool = False,
    sees_all: bool = False,
) -> Plan[Capabilities]:
    """Ask what the CRM can do. A probe that fails leaves its capability unknown, and no other.

    `provoking` allows statements that the server may refuse; `proving_ids` asks how ids are
    compared, which is known of most kinds of servers; `sees_all` is whether nothing is
    hidden from the user, who then can tell nothing of pages that lack rows.
    """
    known = {probe.module: probe for probe in probes}
    entities = {describe.name for describe in describes if describe.is_entity}
    shared = [probe for probe in probes if probe.module in entities]
    nothing = Capabilities()
    size, capped = (yield from tried(_page_size(probes))) or (nothing.page_size, None)
    precedence = (yield from tried(_precedence(probes))) or nothing.precedence
    collation = (yield from tried(_collation(known, describes))) or nothing.collation
    compared = (yield from tried(_compares_ids(shared, describes))) if proving_ids else None
    language = (yield from tried(probe_language(probes, describes))) if provoking else None
    return Capabilities(
        page_size=size,
        page_capped=capped,
        precedence=precedence,
        collation=collation,
        compares_ids=compared,
        counts=_counts(shared),
        thinned_pages=None if sees_all else (yield from tried(_thinned(shared, size))),
        thinned={} if sees_all else (yield from _thinned_modules(shared)),
        sync=(yield from _sync(describes)),
        files_retrieve=(yield from _files(describes)),
        line_items=_line_items(describes),
        serialised_sessions=serialised,
        url_budget=url_budget,
        **(language or {}),
    )


def probe_relations(module: str) -> Plan[bool | None]:
    """Whether relations are told, by asking for those of one module."""
    try:
        yield from perform(RelatedTypes(module))
    except VtigerError as error:
        if tells_nothing(error):
            raise
        return False if _is_not_there(error) else None
    return True


def _counts(probes: Sequence[Probe]) -> bool | None:
    told = {probe.counts for probe in probes} - {None}
    return None if not told else False not in told


def _line_items(describes: Sequence[DescribeAnswer]) -> ItemsPlace:
    names = {each.name for each in describes}
    return (
        "inside" if "LineItem" in names else "apart" if "InventoryDetails" in names else "unknown"
    )


def _thinned_modules(probes: Sequence[Probe]) -> Plan[dict[str, bool]]:
    """Modules of which a page lacks rows: those that a page shows are not as many as are counted,
    or the last of them has not the place in the whole that it has on the page."""
    found = {}
    for probe in _by_count(probes, 1):
        if (yield from tried(_lacks_rows(probe))):
            found[probe.module] = True
    return found


def _lacks_rows(probe: Probe) -> Plan[bool]:
    rows = yield from perform(ids(probe.module, PAGE).query)
    if probe.counts:
        return len(rows) < min(PAGE, (yield from count(probe.module)) or 0)
    if not rows or len(rows) >= PAGE:
        return False
    last = yield from perform(ids(probe.module, 2, offset=len(rows) - 1).query)
    return [row.get("id") for row in last] != [rows[-1].get("id")]


def _page_size(probes: Sequence[Probe]) -> Plan[tuple[int, bool | None]]:
    """Ask once for more rows than a stock server gives: how many come, and whether there were
    more of them."""
    for probe in _by_count(probes, PAGE):
        if probe.counts is not False and probe.count == PAGE:
            continue
        rows = yield from perform(ids(probe.module, _ASKED_ROWS).query)
        if len(rows) >= _ASKED_ROWS:
            return len(rows), None
        if rows:
            # Fewer rows than a page may be all there are; more prove a larger page.
            behind = yield from perform(ids(probe.module, 1, offset=len(rows)).query)
            return max(len(rows), PAGE), True if behind else None
    return PAGE, None


def _precedence(probes: Sequence[Probe]) -> Plan[Precedence]:
    """Two counts over two records X and Y tell the three readings of AND and OR apart::

                                AND first   left to right   right to left
    X or X and Y                    1             0               1
    X and X or Y                    2             2               1
    """
    for probe in _by_count(probes, 2):
        rows = yield from perform(ids(probe.module, 2).query)
        if len(rows) < 2 or not all(is_id(str(row.get("id"))) for row in rows):
            continue
        x, y = (Comparison("id", "=", str(row["id"])) for row in rows)
        first = yield from matching(probe, ((x,), (x, y)))
        second = yield from matching(probe, ((x, x), (y,)))
        return "sql" if (first, second) == (1, 2) else "unknown"
    return "unknown"


def _compares_ids(
    probes: Sequence[Probe], describes: Sequence[DescribeAnswer]
) -> Plan[bool | None]:
    """Find a record by its own id and owner, alone and in a list, and by no other."""
    owners = {
        describe.name: field.name
        for describe in describes
        for field in describe.fields
        if field.type.name == Kind.OWNER
    }
    for probe in _by_count(probes, 2):
        owner = owners.get(probe.module)
        if owner is None or owner in probe.flaws:
            continue
        two = Statement(probe.module, ("id", owner), ALWAYS, order=("id",), limit=2)
        rows = yield from perform(two.query)
        if len(rows) < 2 or not all(is_id(str(row.get(name))) for row in rows for name in row):
            continue
        (x, its), (y, _) = ((str(row["id"]), str(row[owner])) for row in rows)
        first, last = Comparison("id", "=", x), Comparison("id", "=", y)
        asked: list[tuple[Branch, int]] = [
            ((first,), 1),
            ((InList("id", (x, y)),), 2),
            ((Comparison("id", ">", x), last), 1),
            ((Comparison("id", ">", y), first), 0),
            ((first, Comparison(owner, "=", its)), 1),
            ((first, Comparison(owner, "!=", its)), 0),
        ]
        for branch, wanted in asked:
            if (yield from matching(probe, (branch,))) != wanted:
                return False
        return True
    return None


def _collation(probes: dict[str, Probe], describes: Sequence[DescribeAnswer]) -> Plan[Collation]:
    """Find a record by its own text in other case, with ``ß`` for ``s`` and a blank at the end.

    Only general_ci holds all of that equal: unicode_ci weighs ``ß`` as ``ss``, newer
    collations count trailing blanks, and binary ones see three differences.
    """
    verdicts = []
    for module, name, value in _texts(probes, describes):
        twisted = value.swapcase()
        for letter in "sS":
            twisted = twisted.replace(letter, "ß", 1) if "ß" not in twisted else twisted
        same = Comparison("id", "=", str(probes[module].row["id"]))
        twin = Comparison(name, "=", f"{twisted} ")
        found = yield from matching(probes[module], ((same, twin),))
        verdicts.append(found == 1)
        if len(verdicts) == 2:
            break
    return "general_ci" if verdicts and all(verdicts) else "unknown"


def _texts(
    probes: dict[str, Probe], describes: Sequence[DescribeAnswer]
) -> list[tuple[str, str, str]]:
    """(module, field, value) of plain words with an ``s``, as far as the sampled rows have any."""
    found = []
    for describe in describes:
        probe = probes.get(describe.name)
        if probe is None or not is_id(str(probe.row.get("id"))) or not describe.is_entity:
            continue
        for each in describe.fields:
            value = probe.row.get(each.name)
            usable = each.type.name == Kind.STRING and each.editable
            if not usable or each.name in probe.flaws or not isinstance(value, str):
                continue
            if "s" in value.lower() and len(value) <= 30 and _PLAIN_TEXT.fullmatch(value):
                found.append((describe.name, each.name, value))
                break
    return found


def _thinned(probes: Sequence[Probe], page_size: int) -> Plan[bool | None]:
    """Read a module of a few pages in full: are pages in the middle full, and is all there?"""
    candidates = [
        probe
        for probe in _by_count(probes, page_size + 1)
        if probe.counts is not False
        and (probe.count or 0) <= page_size * _FULL_READ_PAGES
        and Flaw.MULTIPLIES not in probe.flaws.values()
    ]
    # Tickets are what administrators make private first.
    candidates.sort(key=lambda probe: (probe.module != "HelpDesk", probe.count))
    for probe in candidates[:1]:
        if (yield from _reads_in_full(probe.module, page_size)):
            return False
        # Somebody may have written meanwhile.
        return not (yield from _reads_in_full(probe.module, page_size))
    return None


def _reads_in_full(module: str, page_size: int) -> Plan[bool]:
    last, read = "", 0
    while True:
        later = ((Comparison("id", ">", last),),) if last else ALWAYS
        rows = yield from perform(ids(module, page_size, later).query)
        read += len(rows)
        if len(rows) < page_size:
            break
        if last and id_number(rows[-1]["id"]) <= id_number(last):
            return False  # the CRM does not move on: it compares ids otherwise
        last = str(parse_id(rows[-1]["id"]))
    return read == (yield from count(module))


def _sync(describes: Sequence[DescribeAnswer]) -> Plan[bool | None]:
    names = [each.name for each in describes if each.is_entity]
    if not names:
        return None
    module = "Contacts" if "Contacts" in names else names[0]
    parameters = {"modifiedTime": _FAR_FUTURE, "elementType": module, "syncType": "user"}
    try:
        result = yield from perform(Operation("sync", "GET", parameters))
    except VtigerError as error:
        if tells_nothing(error):
            raise
        return False if _is_not_there(error) else None
    return True if isinstance(result, dict) and "updated" in result else None


def _files(describes: Sequence[DescribeAnswer]) -> Plan[bool | None]:
    """A server that has the operation says that there is no such file; a broken one fails."""
    prefix = next((each.id_prefix for each in describes if each.name == "Documents"), None)
    if prefix is None:
        return None
    try:
        yield from perform(Operation("files_retrieve", "GET", {"id": f"{prefix}x{_NO_SUCH_FILE}"}))
    except VtigerError as error:
        if tells_nothing(error):
            raise
        if _is_not_there(error):
            return False
        return True if isinstance(error, NotFound) else None
    return True


def _is_not_there(error: VtigerError) -> bool:
    """Whether the server does not have the operation, or cannot be asked for it at all."""
    outcome = outcome_of(error)
    return outcome.missing or outcome.fate is Fate.NEVER_LEFT


def _by_count(probes: Sequence[Probe], least: int) -> list[Probe]:
    """Modules with so many records that also tell their ids, the smallest first."""
    fitting = [
        probe for probe in probes if (probe.count or 0) >= least and is_id(str(probe.row.get("id")))
    ]
    return sorted(fitting, key=lambda probe: (probe.count, probe.module))
