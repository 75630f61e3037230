"""Changes read by the server's `sync`: pages in order of time, deletions included.

What the CRM deletes along with another record moves no time, and `sync` does not tell it either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ..calls.clock import unix_time
from ..calls.operations import Operation, Row
from ..calls.outcome import Again, Fate, outcome_of
from ..calls.plans import Plan, Rows, collect_rows
from ..calls.server import ServerFacts
from ..calls.support import operation_key
from ..conditions.tree import OneOf, Selection
from ..errors import MalformedAnswer, VtigerError
from ..planner import plan_rows
from ..planner.asking import check_ids
from .cursors import Item, Page, Position, in_order, moment_of
from .request import Beginning, FeedRequest, Reading, shown

if TYPE_CHECKING:
    from ..calls.environment import Environment

_SECOND = timedelta(seconds=1)


_SYNC: Final = operation_key(Operation("sync"))


class Refused(Exception):
    """The server said that it has no `sync` for this; nothing was handed out yet."""


def uses_sync(request: FeedRequest, facts: ServerFacts) -> bool:
    """Whether pages come from `sync`, as far as is known.

    A stock webservice.php does not hand the sync type on to its handler: it always answers the
    user's own records.
    """
    if facts.server.capabilities.sync is False or _SYNC in facts.refusals:
        return False
    if facts.dialect == "cloud":
        return True
    return facts.dialect == "webservice" and request.whose == "user" and not facts.php8_names


def by_sync(request: FeedRequest, facts: ServerFacts, env: Environment) -> Reading:
    """Every change behind the position. Raises `Refused` before anything is handed out."""
    beginning = Beginning(request, env.clock)
    position, answer = yield from _begun(request, beginning, facts, env)
    asked = position.time - _SECOND
    while True:
        rows = yield from _whole(request, answer["updated"], env)
        gone = [str(id_) for id_ in answer["deleted"]]
        last = unix_time(answer.get("lastModifiedTime"))
        if last is not None and rows and not gone:
            env.clock.saw_wall(max(str(row.get("modifiedtime")) for row in rows), last)
        position = replace(position.in_zone(env.clock.zone.tz), by_sync=True)
        items = _items(position, rows, gone, last, env)
        latest = max(position.time, last or position.time)
        page = Page(position, items, beginning.settled(last), latest, env.clock.zone.tz)
        yield Rows(shown(page, request, env.clock.zone.tz))
        position = page.position(len(items))
        if not answer.get("more"):
            return position
        if last is None or last <= asked:
            raise MalformedAnswer(
                f"sync of {request.module.name} promises more but does not move on in time."
            )
        asked = last
        answer = yield from _sync(request, asked)


def _items(
    position: Position, rows: list[Row], gone: list[str], last: datetime | None, env: Environment
) -> list[Item]:
    # Deletions first: a feed that is resumed behind them is resumed by the time of a record.
    items: list[Item] = [(id_, None, None) for id_ in gone if not position.knows(id_, None, None)]
    zone = env.clock.zone
    for row in in_order(rows, zone.tz):
        time = moment_of(row, zone.tz)
        if time is not None and last is not None:
            time = min(time, last)  # a wall whose zone is not known may show a time to come
        # The same wall may show an earlier time than was told: what sync answers is new then.
        sure = time if zone.sure and time is not None and time >= position.time else None
        if not position.knows(row["id"], row, sure):
            items.append((row["id"], row, time))
    return items


def _begun(
    request: FeedRequest, beginning: Beginning, facts: ServerFacts, env: Environment
) -> Plan[tuple[Position, Row]]:
    """Where to begin and the first answer, which tells the server's time; where that shows a
    clock that was set back, it is asked again from further back."""
    while True:
        position = beginning.position(env.clock.zone.tz)
        try:
            answer = yield from _sync(request, position.time - _SECOND)
        except VtigerError as error:
            if request.whose == "userandgroup" or not _is_refusal(error):
                raise
            if outcome_of(error).missing:
                facts.refusals.refused(_SYNC)
            # Not offered for custom modules, and for all records only to administrators.
            raise Refused(error) from error
        facts.refusals.worked(_SYNC)
        known = beginning.position(env.clock.zone.tz)
        if known.time >= position.time:
            return known, answer


def _is_refusal(error: VtigerError) -> bool:
    """Whether the CRM itself says that it does not do this. A failure, a limit of calls or an
    outage says nothing about what the server can."""
    outcome = outcome_of(error)
    said = bool(getattr(error, "code", ""))  # not a proxy's refusal
    return outcome.missing or (said and outcome.fate is Fate.REFUSED and outcome.again is Again.NO)


def _sync(request: FeedRequest, since: datetime) -> Plan[Row]:
    params = {
        "modifiedTime": str(max(1, int(since.timestamp()))),
        "elementType": request.module.name,
        "syncType": request.whose,
    }
    answer = yield Operation("sync", params=params)
    if not isinstance(answer, dict):
        raise MalformedAnswer("sync answered without updated and deleted records.")
    for name in ("updated", "deleted"):
        if not isinstance(answer.get(name), list):
            raise MalformedAnswer(
                f"sync of {request.module.name} answered {type(answer.get(name)).__name__} "
                f"instead of a list of what was {name}. No change was passed over: the feed goes "
                "on from its cursor."
            )
    return answer


def _whole(request: FeedRequest, entries: Sequence[Any], env: Environment) -> Plan[list[Row]]:
    """Full records: some servers answer them, others answer only ids."""
    rows = [each for each in entries if isinstance(each, dict)]
    check_ids(rows)
    full = [row for row in rows if len(row) > 2]
    ids = [str(each) for each in entries if not isinstance(each, dict)]
    ids += [str(row["id"]) for row in rows if len(row) <= 2]
    meta = request.module
    found = OneOf(meta.id, tuple(dict.fromkeys(ids)))
    selection = Selection(meta, found, columns=request.needed)
    return [*full, *(yield from collect_rows(plan_rows(selection, env)))]
