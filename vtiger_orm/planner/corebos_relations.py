"""Related records of coreBOS: an operation of its own, asked for ids alone.

Its rows have columns of the database for names, and some references are bare numbers; ids are
right in every relation but that of offers and their goods.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from ..calls.operations import Operation
from ..calls.plans import Plan, perform
from ..calls.server import ServerFacts
from ..errors import MalformedAnswer, NotSupported
from ..ids import id_number, parse_id
from ..metadata.module import ModuleMeta, Relation
from ..metadata.server import ServerFamily
from .asking import check_ids

_GOODS = frozenset({"Products", "Services"})
_TOTAL = "hdnGrandTotal"


class RelationOf(Protocol):
    """One relation as seen from one record."""

    @property
    def id(self) -> str: ...
    @property
    def source(self) -> ModuleMeta: ...
    @property
    def relation(self) -> Relation: ...
    @property
    def target(self) -> ModuleMeta: ...


def has_relations(facts: ServerFacts) -> bool:
    """Whether the server has these operations in place of Vtiger's."""
    return facts.dialect == "webservice" and facts.server.family is ServerFamily.COREBOS


def related_ids(side: RelationOf) -> Plan[list[str]]:
    """The ids of all related records, in order. There is no limit to what is answered.

    Raises `NotSupported` for the goods of an offer: their rows carry wrong ids.
    """
    if side.target.name in _GOODS and _TOTAL in side.source.by_wire:
        raise NotSupported(
            f"{side}: coreBOS answers the items of the record, under ids of other records. Read "
            f"InventoryDetails with related_to={side.id!r}. Nothing was sent."
        )
    asked = {"columns": "id"}
    same = [each for each in side.source.relations if each.module == side.target.name]
    if len(same) > 1:
        asked["relationtouse"] = side.relation.label
    params = {
        "id": str(parse_id(side.id)),
        "module": side.source.name,
        "relatedModule": side.target.name,
        "queryParameters": json.dumps(asked),
    }
    answer = yield from perform(Operation("getRelatedRecords", "GET", params))
    records = answer.get("records") if isinstance(answer, Mapping) else None
    listed = records if isinstance(records, list) else [None]
    rows = [row for row in listed if isinstance(row, dict)]
    if len(rows) != len(listed):
        raise MalformedAnswer(f"{side}: getRelatedRecords answered no list of records.")
    check_ids(rows)
    return sorted({str(row["id"]) for row in rows}, key=id_number)


def linking(id_: str, ids: list[str], *, linked: bool) -> Operation:
    """The call that relates records, or takes them apart. Its answer proves nothing."""
    name, first = ("SetRelation", "relate") if linked else ("UnsetRelation", "unrelate")
    listed = json.dumps([str(parse_id(each)) for each in ids])
    return Operation(
        name, "POST", {f"{first}_this_id": str(parse_id(id_)), "with_these_ids": listed}
    )
