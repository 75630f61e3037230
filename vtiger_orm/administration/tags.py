"""Tags of a record; a Cloud feature."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ..calls.operations import Operation
from ..calls.plans import Plan
from ..calls.server import ServerFacts
from ..calls.support import remembering
from ..errors import InvalidValue, MalformedAnswer
from ..ids import parse_id
from .answers import acknowledged


def add(id_: str, tags: Sequence[str], facts: ServerFacts) -> Plan[None]:
    params = {"id": str(parse_id(id_)), "tags": _list(tags)}
    answer = yield from remembering(Operation("tags_add", "POST", params), facts)
    if not acknowledged(answer):
        there = yield from read(id_, facts)
        _check("tags_add", [each for each in tags if each not in there])


def read(id_: str, facts: ServerFacts) -> Plan[list[str]]:
    call = Operation("tags_retrieve", "GET", {"id": str(parse_id(id_))})
    answer = yield from remembering(call, facts)
    tags = answer.get("tags") if isinstance(answer, dict) else answer
    if not isinstance(tags, list) or not all(isinstance(each, str) for each in tags):
        raise MalformedAnswer("tags_retrieve answered no list of tags.")
    return tags


def remove(
    id_: str, tags: Sequence[str], facts: ServerFacts, *, everywhere: bool = False
) -> Plan[None]:
    """Take tags off the record, or with `everywhere` off every record of the CRM.

    The manuals name the operation ``tags_delete`` and ``tag_delete``; the second is tried where
    the server does not know the first.
    """
    params = {
        "id": str(parse_id(id_)),
        "tags": _list(tags),
        "delete_all": "1" if everywhere else "0",
    }
    answer = yield from remembering(
        Operation("tags_delete", "POST", params), facts, Operation("tag_delete", "POST", params)
    )
    if not acknowledged(answer):
        there = yield from read(id_, facts)
        _check("tags_delete", [each for each in tags if each in there])


def _check(operation: str, undone: Sequence[str]) -> None:
    if undone:
        raise MalformedAnswer(
            f"{operation} was answered without a word of success, and it was not done for: "
            f"{', '.join(undone)}."
        )


def _list(tags: Sequence[str]) -> str:
    if isinstance(tags, str) or not tags or not all(isinstance(tag, str) and tag for tag in tags):
        raise InvalidValue("Tags are one or more texts that are not blank.")
    return json.dumps(list(tags), ensure_ascii=False)
