"""A posted id never overwrites a record: ids of outside data say which record is meant, no more."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from generated.demo import Contacts, connect
from vtiger_orm import Session
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import InvalidValue

MADE: dict[str, Callable[[dict[str, Any]], Contacts]] = {
    "dict": Contacts.model_validate,
    "json": lambda data: Contacts.model_validate_json(json.dumps(data)),
    "keywords": lambda data: Contacts(**data),
    "copied": lambda data: copy.deepcopy(Contacts.model_validate(data)),
    "model_copy": lambda data: Contacts.model_validate(data).model_copy(),
    "pickled": lambda data: pickle.loads(pickle.dumps(Contacts.model_validate(data))),
}
WAYS: dict[str, Callable[[Contacts], object]] = {
    "save": lambda contact: contact.save(),
    "assigned and saved": lambda contact: _assigned(contact).save(),
    "delete": lambda contact: contact.delete(),
    "bulk_update": lambda contact: _raised(Contacts.objects.bulk_update([contact])),
    "bulk_delete": lambda contact: _raised(Contacts.objects.bulk_delete([contact])),
}


def _assigned(contact: Contacts) -> Contacts:
    contact.title = "x"
    return contact


def _raised(report: Any) -> None:
    for each in report:
        if each.error is not None:
            raise each.error


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Crm() as crm, connect(crm.url, *crm.credentials(), transport=crm.transport()) as session:
        yield session


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", MADE)
def test_a_posted_id_is_not_written(session: Session, made: str, way: str) -> None:
    there = Contacts.objects[0]
    data = {"id": str(there.id), "lastname": "Mallory", "assigned_user_id": "19x1"}
    with session.count_calls() as calls, pytest.raises(InvalidValue, match="from the data it was"):
        WAYS[way](MADE[made](data))
    assert not {"revise", "update", "delete"} & set(calls.operations)
    assert Contacts.objects.get(id=there.id).lastname == there.lastname


def test_without_an_id_it_is_a_new_record(session: Session) -> None:
    made = Contacts.model_validate({"lastname": "New", "assigned_user_id": "19x1"})
    made.save()
    made.department = "IT"
    made.save()
    made.delete()


def test_a_programs_own_word_and_the_crms_answer_count(session: Session) -> None:
    there = Contacts.objects[0]
    Contacts(id=Contacts.ref(there.id), department="by ref").save()
    posted = Contacts.model_validate({"id": str(there.id)})
    posted.refresh()
    posted.department = "read first"
    posted.save()
    assert Contacts.objects.get(id=there.id).department == "read first"
    again = pickle.loads(pickle.dumps(there))
    again.department = "from a pickle"
    again.save()
