"""A posted id never overwrites a record: ids of outside data say which record is meant, no more."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from generated.demo import Accounts, Contacts, Documents, Leads, connect
from tests.writing.test_door import NO_WRITE, methods_of, ways
from vtiger_orm import Session
from vtiger_orm.calls.operations import Operation, alters
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import InvalidValue
from vtiger_orm.models.crm import Tags

MADE: dict[str, Callable[[type[Any], dict[str, Any]], Any]] = {
    "keywords": lambda model, data: model(**data),
    "copied": lambda model, data: copy.deepcopy(model(**data)),
    "model_copy": lambda model, data: model(**data).model_copy(),
    "pickled": lambda model, data: pickle.loads(pickle.dumps(model(**data))),
}


def _assigned(contact: Contacts) -> Contacts:
    contact.title = "x"
    return contact


def _raised(report: Any) -> None:
    for each in report:
        if each.error is not None:
            raise each.error


def _contacts_of_an_account() -> Any:
    return Accounts.objects[0].related.contacts


def _a_document() -> Any:
    return Documents.ref(Documents.objects[0].id)


WAYS: dict[str, tuple[type[Any], Callable[[Any], object]]] = {
    "save": (Contacts, lambda it: it.save()),
    "save, assigned": (Contacts, lambda it: _assigned(it).save()),
    "delete": (Contacts, lambda it: it.delete()),
    "bulk_create": (Contacts, lambda it: _raised(Contacts.objects.bulk_create([it]))),
    "bulk_update": (Contacts, lambda it: _raised(Contacts.objects.bulk_update([it]))),
    "bulk_delete": (Contacts, lambda it: _raised(Contacts.objects.bulk_delete([it]))),
    "related.add": (Contacts, lambda it: _contacts_of_an_account().add(it)),
    "related.add, linked": (Documents, lambda it: Contacts.objects[0].related.documents.add(it)),
    "related.add, to it": (Contacts, lambda it: it.related.documents.add(_a_document())),
    "related.remove": (Contacts, lambda it: _contacts_of_an_account().remove(it)),
    "related.remove, from it": (Contacts, lambda it: it.related.documents.remove(_a_document())),
    "related.create, linked": (Contacts, lambda it: it.related.documents.create(notes_title="x")),
    "related.bulk_create": (
        Contacts,
        lambda it: _raised(_contacts_of_an_account().bulk_create([it])),
    ),
    "upload": (
        Contacts,
        lambda it: Documents.objects.upload(b"x", filename="x.txt", attach_to=[it]),
    ),
    "related.upload": (
        Contacts,
        lambda it: it.related.documents.upload(b"x", filename="x.txt"),
    ),
    "attach_to": (Documents, lambda it: it.crm.attach_to(Contacts.objects[0])),
    "attach_to, it": (Contacts, lambda it: Documents.objects[0].crm.attach_to(it)),
    "convert": (Leads, lambda it: it.crm.convert(account=True)),
    "reopen": (Contacts, lambda it: it.crm.reopen()),
    "tags.add": (Contacts, lambda it: it.crm.tags.add("x")),
    "tags.remove": (Contacts, lambda it: it.crm.tags.remove("x")),
}

WITHOUT_A_RECORD = {
    *("create", "get_or_create", "update_or_create", "bulk_update_or_create", "update"),
    "preview",
}
"""Ways that are given no record: they write what they read, or make, themselves."""


def test_every_way_has_a_case() -> None:
    tried = {way.partition(",")[0].rpartition(".")[2] for way in WAYS}
    tags = {name for name in methods_of(Tags) if name != "all"}
    assert tried | WITHOUT_A_RECORD == (ways() - NO_WRITE) | tags


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Crm() as crm, connect(crm.url, *crm.credentials(), transport=crm.transport()) as session:
        Documents.objects.create(notes_title="There")
        yield session


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", MADE)
def test_a_posted_id_is_not_written(session: Session, made: str, way: str) -> None:
    model, write = WAYS[way]
    there = model.objects.get(id=model.objects[0].id)
    names = {"Contacts": "lastname", "Leads": "lastname", "Documents": "notes_title"}
    data = {"id": str(there.id), names[model.meta.name]: "Mallory", "assigned_user_id": "19x1"}
    with session.count_calls() as calls, pytest.raises(InvalidValue, match="from the data it was"):
        write(MADE[made](model, data))
    assert not {name for name in calls.operations if alters(Operation(name))}
    assert model.objects.get(id=there.id) == there


@pytest.mark.parametrize(
    "read",
    [
        Contacts.model_validate,
        lambda data: Contacts.model_validate_json(json.dumps(data)),
        Contacts.model_validate_strings,
        lambda data: TypeAdapter(list[Contacts]).validate_python([data]),
        lambda data: TypeAdapter(dict[str, Contacts | None]).validate_json(json.dumps({"a": data})),
        lambda data: Contacts.model_validate(data, context={"own_data": "yes"}),
        lambda data: Contacts.model_validate(data, context="own_data"),
    ],
)
@pytest.mark.parametrize("id", ["12x1", "11x1", "", "x"])
def test_an_id_in_data_is_refused(read: Callable[[dict[str, str]], object], id: str) -> None:
    with pytest.raises(ValidationError, match="data that others may send cannot choose the record"):
        read({"id": id, "lastname": "Mallory"})


def test_data_of_the_programs_own_is_read_back_and_written(session: Session) -> None:
    there = Contacts.objects[0]
    stored, own = there.model_dump_json(), {"own_data": True}
    again = Contacts.model_validate_json(stored, context=own)
    assert again == there
    Contacts.model_validate({"id": str(there.id), "title": "own"}, context=own).save()
    Contacts.model_validate({"id": there.id, "department": "own"}).save()
    there.refresh()
    assert (there.title, there.department) == ("own", "own")
    with pytest.raises(ValidationError, match="11x1"):
        Contacts.model_validate({"id": "11x1"}, context=own)


def test_a_reference_to_it_is_a_value_like_any_other(session: Session) -> None:
    """What is written then is the other record."""
    text: Any = str(Accounts.objects[0].id)
    account = Accounts(id=text)
    made = Contacts.objects.create(lastname="Of a posted account", account_id=account)
    again = account.related.contacts.create(lastname="Another")
    assert made.account_id == again.account_id == account.id
    account.related.contacts.remove(made)
    made.refresh()
    assert made.account_id is None


def test_without_an_id_it_is_a_new_record(session: Session) -> None:
    made = Contacts.model_validate({"lastname": "New", "assigned_user_id": "19x1"})
    made.save()
    made.department = "IT"
    made.save()
    made.delete()


def test_a_programs_own_word_and_the_crms_answer_count(session: Session) -> None:
    there = Contacts.objects[0]
    Contacts(id=Contacts.ref(there.id), department="by ref").save()
    text: Any = str(there.id)
    posted = Contacts(id=text)
    posted.refresh()
    posted.department = "read first"
    posted.save()
    assert Contacts.objects.get(id=there.id).department == "read first"
    again = pickle.loads(pickle.dumps(there))
    again.department = "from a pickle"
    again.save()
