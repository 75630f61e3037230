"""Changes read by modifiedtime, window by window, where the server has no usable `sync`.

It cannot tell deletions. Nor can it tell what moves no time: what the CRM changes along with
another record (children that a deletion empties, records deleted with their account).
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final, NamedTuple

from ..calls.operations import Me, Row
from ..calls.plans import Plan, Rows, collect_rows, perform
from ..conditions.tree import TRUE, Compare, Equal, Node, Order, Selection, all_of
from ..conditions.wall import Wall
from ..errors import MalformedAnswer, NotSupported
from ..planner import plan_counted_rows, plan_rows
from ..values.zones import to_wall
from .cursors import Item, Page, Position, in_order, moment_of
from .request import Beginning, FeedRequest, Reading, shown

if TYPE_CHECKING:
    from ..calls.environment import Environment


MOST_WINDOW: Final = 8
"""How many times as large as the first one a window becomes in a long reading."""


class _Edge(NamedTuple):
    """Where a window ends."""

    time: datetime
    number: int | None
    """How many changes it has, where that is known."""


def by_time(request: FeedRequest, env: Environment) -> Reading:
    """Every change behind the position, in order of time and id.

    A window ends with a whole second that is settled: whatever changes while it is read leaves it
    towards the future. The call that finds its end tells how many changes it has, and windows grow,
    so a long reading takes hardly more calls than it has pages. What is not settled yet comes last,
    is read once and remembered.
    """
    stamp, zone = request.module.by_wire["modifiedtime"], env.zone
    whose = yield from _ownership(request)
    beginning = Beginning(request, env.clock)
    position, edge = yield from _begun(request, beginning, whose, env)
    lower: Node = Compare(stamp, ">=", _wall(position.time, zone))
    if edge is not None:
        newest = yield from _newest(request, all_of(lower, whose), env)
        settled = beginning.settled(newest)
        size = request.window
        while edge is not None and edge.time <= settled:
            bounds = all_of(lower, Compare(stamp, "<=", _wall(edge.time, zone)), whose)
            items, _ = yield from _window(request, position, bounds, env, edge.number)
            page = Page(position, items, edge.time, edge.time, zone)
            if items:
                yield Rows(shown(page, request, zone))
                position = page.position(len(items))
            lower = Compare(stamp, ">", _wall(edge.time, zone))
            size = min(2 * size, MOST_WINDOW * request.window)
            edge = yield from _edge(request, all_of(lower, whose), size, env)
    items, newest = yield from _window(request, position, all_of(lower, whose), env)
    latest = newest or position.time
    page = Page(position, items, beginning.settled(newest), latest, zone)
    if items:
        yield Rows(shown(page, request, zone))
        position = page.position(len(items))
    return position


def _begun(
    request: FeedRequest, beginning: Beginning, whose: Node, env: Environment
) -> Plan[tuple[Position, _Edge | None]]:
    """Where to begin and the end of the first window. The answer tells the server's time; where
    that shows a clock that was set back, it is asked again from further back."""
    stamp = request.module.by_wire["modifiedtime"]
    while True:
        position = beginning.position(env.zone)
        lower = Compare(stamp, ">=", _wall(position.time, env.zone))
        edge = yield from _edge(request, all_of(lower, whose), request.window, env)
        known = beginning.position(env.zone)
        if known.time >= position.time:
            return known, edge


def _window(
    request: FeedRequest,
    position: Position,
    where: Node,
    env: Environment,
    number: int | None = None,
) -> Plan[tuple[list[Item], datetime | None]]:
    """What was not handed out yet, in order, and the time of the last change of all; `number` is
    how many changes there are."""
    selection = Selection(request.module, where, columns=request.needed)
    found = yield from collect_rows(plan_counted_rows(selection, number, env))
    rows = in_order(found, env.zone)
    timed = [(row["id"], row, moment_of(row, env.zone)) for row in rows]
    return [each for each in timed if not position.knows(*each)], timed[-1][2] if timed else None


def _edge(request: FeedRequest, where: Node, number: int, env: Environment) -> Plan[_Edge | None]:
    """The time of about this number of changes, oldest first; None where there are fewer."""
    if number % env.page_size == 0:
        number = max(number - 1, 1)  # the last page of the window has room for one more
    one = _in_time(request, where, number - 1, env.page_size)
    rows = yield from collect_rows(plan_rows(one, env))
    if not rows:
        return None
    times = [_timed(row, env.zone) for row in rows]
    alike = next((at for at, time in enumerate(times) if time != times[0]), None)
    return _Edge(times[0], None if alike is None else number - 1 + alike)


def _newest(request: FeedRequest, where: Node, env: Environment) -> Plan[datetime | None]:
    rows = yield from collect_rows(plan_rows(_in_time(request, where, 0, 1, newest=True), env))
    return max((_timed(row, env.zone) for row in rows), default=None)


def _in_time(
    request: FeedRequest, where: Node, start: int, number: int, *, newest: bool = False
) -> Selection:
    """So many changes, oldest or newest first, with nothing but their times."""
    stamp = request.module.by_wire["modifiedtime"]
    return Selection(
        request.module,
        where,
        order=(Order(stamp, newest),),
        start=start,
        stop=start + number,
        columns=(request.module.id, stamp),
    )


def _timed(row: Row, zone: tzinfo) -> datetime:
    time = moment_of(row, zone)
    if time is None:
        raise MalformedAnswer(
            f"The CRM answered {row['id']} in order of modifiedtime, but with the modifiedtime "
            f"{row.get('modifiedtime')!r:.60}, which is no time. No change was passed over: the "
            "feed goes on from its cursor."
        )
    return time


def _ownership(request: FeedRequest) -> Plan[Node]:
    if request.whose == "application":
        return TRUE
    owner = request.module.by_wire.get("assigned_user_id")
    if request.whose == "userandgroup" or owner is None:
        raise NotSupported(
            f"This server has no usable sync, and without it changes of {request.module.name} "
            f"cannot be narrowed to {request.whose!r}. Use 'application' (all visible records) "
            "or 'user', and filter what comes."
        )
    me = yield from perform(Me())
    return Equal(owner, str(me["id"]))


def _wall(moment: datetime, zone: tzinfo) -> Wall:
    """The moment as the CRM's wall shows it: windows are cut there, where every change has one
    place."""
    return Wall(to_wall(moment.strftime("%Y-%m-%d %H:%M:%S"), zone))
