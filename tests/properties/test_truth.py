"""The law of truth: a planned query returns exactly the rows for which its condition holds.

The server is the embedded CRM, which parses the statements with a parser of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.strategies import DELETED, OWNER_NUMBERS, conditions, datasets, orders
from tests.support.planned import Server, careful, server, things
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Row
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.tree import Node, Order, Selection, atoms
from vtiger_orm.emulator.profiles import STOCK_8_0_PHP8, Profile
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.server import Server as Known
from vtiger_orm.metadata.server import ServerFamily
from vtiger_orm.planner.orders import total_key

META = module_meta(things())
TREES = conditions(META)
STOCK = Known.known(ServerFamily.VTIGER, STOCK_8_0_PHP8.vtiger_version)


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    """How the CRM compares text, and which server it is, as far as a session knows.

    Where neither is known some texts are refused, see below."""
    collation = draw(st.sampled_from(["general_ci", "general_ci", "unknown"]))
    servers = [STOCK] if collation == "unknown" else [STOCK, Known()]
    return {"collation": collation, "server": draw(st.sampled_from(servers))}


@st.composite
def environments(draw: st.DrawFn) -> Environment:
    return careful(
        page_size=draw(st.sampled_from([2, 3, 5, 100])),
        precedence_known=draw(st.booleans()),
        **draw(comparisons()),
        consistency=draw(st.sampled_from(["normal", "strict"])),
        timezone=ZoneInfo(draw(st.sampled_from(["UTC", "Asia/Kolkata", "America/New_York"]))),
        url_budget=draw(st.sampled_from([8000, 900])),
    )


def filled(
    rows: list[dict[str, Any]], env: Environment, profile: Profile = STOCK_8_0_PHP8
) -> Server:
    """A CRM with these rows; ids are not in the order of insertion."""
    crm = server(page_cap=env.page_size, profile=profile)
    for number in OWNER_NUMBERS:
        crm.insert("Owners", number, title=f"t{number}", rank=number)
    for index, row in enumerate(rows):
        crm.insert("Things", 10 + (index * 7) % 101, **row)
    return crm


def stored(crm: Server) -> list[Row]:
    """All rows with their references as they are stored, also those to deleted records."""
    known = dict(crm.engine.store.rows('SELECT id, parent FROM "m_Things"'))
    return [
        {**row, "parent": f"41x{number}" if (number := known[int(row["id"][3:])]) else ""}
        for row in crm.everything("Things")
    ]


def expected(crm: Server, node: Node, env: Environment) -> list[str]:
    return [row["id"] for row in stored(crm) if evaluate(node, row, env)]


@given(rows=datasets(), nodes=st.lists(TREES, min_size=1, max_size=4), env=environments())
def test_rows_count_and_exists_agree_with_evaluation(
    rows: list[dict[str, Any]], nodes: list[Node], env: Environment
) -> None:
    crm = filled(rows, env)
    for node in nodes:
        selection = Selection(META, node)
        truth = expected(crm, node, env)
        assert crm.ids(selection, env) == truth
        assert crm.count(selection, env) == len(truth)
        assert crm.exists(selection, env) == bool(truth)


@given(rows=datasets(), node=conditions(META, depth=3), env=environments())
def test_where_neither_server_nor_collation_is_known(
    rows: list[dict[str, Any]], node: Node, env: Environment
) -> None:
    """The right rows, or a refusal of texts that coreBOS misreads."""
    env = replace(env, collation="unknown", server=Known())
    crm = filled(rows, env)
    truth = expected(crm, node, env)
    try:
        assert crm.ids(Selection(META, node), env) == truth
        assert crm.count(Selection(META, node), env) == len(truth)
    except UnsupportedQuery:
        said = [getattr(atom, name, "") for atom in atoms(node) for name in ("value", "pattern")]
        said += [text for atom in atoms(node) for text in getattr(atom, "values", ())]
        said += [getattr(atom, "choice", "") for atom in atoms(node)]
        assert any("'" in str(text) or "\n" in str(text) for text in said)


@given(
    rows=datasets(),
    node=conditions(META, depth=2),
    order=orders(META),
    env=environments(),
    start=st.integers(0, 8),
    size=st.one_of(st.none(), st.integers(0, 12)),
)
def test_orders_and_slices(
    rows: list[dict[str, Any]],
    node: Node,
    order: tuple[Order, ...],
    env: Environment,
    start: int,
    size: int | None,
) -> None:
    """Blanks are one group, ties have their place, and a slice is a slice of the whole."""
    if any(each.field.wire == "parent" for each in order):
        # Rows that are sorted here do not show the number of a deleted record.
        rows = [{**row, "parent": 8 if row["parent"] == DELETED else row["parent"]} for row in rows]
    crm = filled(rows, env)
    truth = [row for row in stored(crm) if evaluate(node, row, env)]
    whole = [row["id"] for row in sorted(truth, key=total_key(order))]
    assert crm.ids(Selection(META, node, order), env) == whole
    stop = None if size is None else start + size
    part = Selection(META, node, order, start, stop)
    assert crm.ids(part, env) == whole[start:stop]
    assert crm.count(part, env) == len(whole[start:stop])
