"""`ContactsCreate`, `ContactsUpdate` and the other classes beside a model, at run time."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

import generated.demo
from generated.demo import (
    Accounts,
    AccountsUpdate,
    Contacts,
    ContactsCreate,
    ContactsQuerySet,
    ContactsRow,
    ContactsUpdate,
    Quotes,
    QuotesCreate,
    QuotesUpdate,
    connect,
)
from generated.demo._package import package
from tests.golden.own.expected import package as own
from tests.test_imports import modules_after
from vtiger_orm import LineItem, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import InvalidValue
from vtiger_orm.models.inputs import InputModel
from vtiger_orm.package import Package


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Crm() as crm:
        settings: Any = {"transport": crm.transport()}
        with connect(crm.url, *crm.credentials(), **settings) as session:
            yield session


INPUTS: list[type[InputModel[Any]]] = [ContactsCreate, ContactsUpdate, QuotesCreate, QuotesUpdate]


@pytest.mark.parametrize("kind", INPUTS)
def test_fields_are_those_that_can_be_written(kind: type[InputModel[Any]]) -> None:
    meta = (Contacts if kind.__name__.startswith("Contacts") else Quotes).meta
    editable = {field.name for field in meta.fields.values() if field.editable}
    assert set(kind.model_fields) == editable - {"id"}
    assert "id" not in kind.model_fields


@pytest.mark.parametrize("kind", [ContactsCreate, ContactsUpdate])
@pytest.mark.parametrize("name", ["id", "createdtime", "modifiedby", "lastnme"])
def test_what_is_not_to_be_given_is_refused(kind: type[InputModel[Any]], name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate({"lastname": "x", name: "12x1"})
    assert [(each["loc"], each["type"]) for each in caught.value.errors()] == [
        ((name,), "extra_forbidden")
    ]


@pytest.mark.parametrize("kind", [ContactsCreate, ContactsUpdate])
@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_mandatory_field_takes_no_blank(kind: type[InputModel[Any]], blank: object) -> None:
    with pytest.raises(ValidationError, match=r"lastname .Last Name. is mandatory"):
        kind.model_validate({"lastname": blank})


def test_what_is_mandatory_is_required_of_new_records_alone() -> None:
    with pytest.raises(ValidationError, match="Field required"):
        ContactsCreate.model_validate({"firstname": "x"})
    body = ContactsUpdate()
    assert body.lastname is None
    assert dict(body) == {}
    required = [name for name, each in QuotesCreate.model_fields.items() if each.is_required()]
    assert "subject" in required
    assert not {"assigned_user_id", "productid", "hdnGrandTotal"} & set(required)
    assert not any(each.is_required() for each in QuotesUpdate.model_fields.values())


def test_values_are_converted_as_the_record_does_and_picklists_stay_open() -> None:
    given = {
        "lastname": "x",
        "leadsource": "Word of Whales",
        "account_id": "11x3",
        "birthday": "1815-12-10",
    }
    body = ContactsCreate.model_validate(given)
    record = Contacts.model_validate(given)
    assert dict(body) == {name: getattr(record, name) for name in given}
    assert type(body.account_id) is type(record.account_id)
    assert isinstance(body.leadsource, Contacts.LeadSource)
    with pytest.raises(ValidationError, match="account_id"):
        ContactsCreate.model_validate({**given, "account_id": "12x3"})
    body.firstname = "y"
    with pytest.raises(ValidationError):
        body.lastname = None  # type: ignore[assignment]  # that is what is tried


def test_two_stars_and_dumps_hold_what_was_set() -> None:
    body = ContactsUpdate(lastname="x", firstname=None)
    assert {**body} == dict(body) == {"firstname": None, "lastname": "x"}
    assert body.model_dump(exclude_unset=True) == dict(body)
    assert repr(body) == "ContactsUpdate(firstname=None, lastname='x')"
    assert body["lastname"] == "x"
    with pytest.raises(KeyError):
        _ = body["birthday"]


def test_json_schema_tells_what_is_needed_and_nothing_of_ids() -> None:
    schema = ContactsCreate.model_json_schema()
    assert schema["required"] == ["lastname"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["lastname"] == {"title": "Last Name", "type": "string"}
    told = schema["properties"]["leadsource"]
    assert told["title"] == "Lead Source"
    assert "Cold Call" in told["anyOf"][0]["examples"]
    assert "enum" not in told["anyOf"][0]
    changes = ContactsUpdate.model_json_schema()
    assert "required" not in changes
    assert not any("default" in each for each in changes["properties"].values())
    assert changes["properties"].keys() == schema["properties"].keys()


# Records


@pytest.mark.usefixtures("session")
class TestRecords:
    def test_are_created_of_bodies(self) -> None:
        body = ContactsCreate(lastname="Somerville", leadsource=Contacts.LeadSource.EMPLOYEE)
        for made in (
            Contacts.objects.create(**body),
            Contacts.objects.create(**body.model_dump(exclude_unset=True)),
        ):
            assert (made.lastname, made.leadsource) == ("Somerville", "Employee")
            made.delete()

    async def test_are_created_by_async_code_and_with_line_items(self) -> None:
        account = Accounts.objects.order_by("id")[0]
        product = generated.demo.Products.objects.order_by("id")[0]
        body = QuotesCreate(
            subject="Engine",
            account_id=account.id,
            quotestage=Quotes.QuoteStage("Created"),
            bill_street="x",
            ship_street="y",
        )
        quote = await Quotes.objects.acreate(**body, items=[LineItem(product)])
        assert quote.subject == "Engine"
        assert len(quote.crm.items) == 1
        await quote.adelete()

    def test_take_over_what_is_set_and_send_it_when_saved(self) -> None:
        made = Contacts.objects.create(lastname="Byron", firstname="Ada", department="Sums")
        made.crm.apply(ContactsUpdate(lastname="King", firstname=None))
        assert {name: each.new for name, each in made.changes.items()} == {
            "lastname": "King",
            "firstname": None,
        }
        assert Contacts.objects.get(id=made.id).lastname == "Byron"
        made.save()
        again = Contacts.objects.get(id=made.id)
        assert (again.lastname, again.firstname, again.department) == ("King", None, "Sums")
        again.delete()

    def test_take_no_values_of_other_modules(self) -> None:
        record: Any = Contacts(lastname="Byron")
        for body in (AccountsUpdate(accountname="x"), {"lastname": "x"}, Contacts(lastname="x")):
            with pytest.raises(InvalidValue, match="takes a ContactsUpdate, not"):
                record.crm.apply(body)
        assert record.lastname == "Byron"


async def test_taking_over_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither twin needs a session, which every call does."""

    def runner(self: Package) -> Any:
        raise AssertionError("a session was asked for")

    monkeypatch.setattr(Package, "runner", runner)
    record = Contacts(lastname="Byron")
    record.crm.apply(ContactsUpdate(lastname="King"))
    await record.crm.aapply(ContactsUpdate(firstname="Ada"))
    assert (record.firstname, record.lastname) == ("Ada", "King")


# The classes


def test_a_row_has_the_keys_of_values(session: Session) -> None:
    names: Any = list(ContactsRow.__annotations__)
    (row,) = Contacts.objects.order_by("id").values(*names)[:1]
    assert list(row) == names
    assert dict(TypeAdapter(ContactsRow).validate_python({"lastname": "x"})) == {"lastname": "x"}


def test_querysets_are_of_their_class() -> None:
    assert isinstance(Contacts.objects.filter(lastname="x"), ContactsQuerySet)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_bodies_can_be_pickled(protocol: int) -> None:
    body = ContactsUpdate(lastname="x", firstname=None)
    again = pickle.loads(pickle.dumps(body, protocol))
    assert type(again) is ContactsUpdate
    assert dict(again) == dict(body)


def test_each_class_is_made_once_whoever_asks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "_companions", {})
    getter, lister = package.exports()
    names = ["AccountsCreate", "AccountsUpdate", "AccountsRow"] * 8
    for name in set(names):  # which the package's root remembers
        monkeypatch.setattr(generated.demo, name, None, raising=False)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(getter, names))
    for name in set(names):
        assert len({id(each) for at, each in zip(names, made) if at == name}) == 1
        assert name in lister()


def declared(stub: Path) -> dict[str, dict[str, bool]]:
    """The input models of a stub: their fields, and whether they are required."""
    classes = {
        node.name: {
            ast.unparse(each.target): each.value is None
            for each in node.body
            if isinstance(each, ast.AnnAssign)
        }
        for node in ast.parse(stub.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    }
    inputs = {name: own for name, own in classes.items() if name.endswith(("Create", "Update"))}
    return {name: {**classes["_Input"], **own} for name, own in inputs.items()}


def test_checkers_are_told_what_is_there() -> None:
    told = {
        name: fields
        for stub in (Path(generated.demo.__path__[0]) / "_typing").glob("*.pyi")
        for name, fields in declared(stub).items()
    }
    assert len(told) > 60
    for name, fields in told.items():
        there = getattr(generated.demo, name).model_fields
        assert fields == {field: each.is_required() for field, each in there.items()}, name


def test_what_the_crm_forbids_has_no_class() -> None:
    with pytest.raises(AttributeError, match="does not let the user who pulled create Users"):
        _ = own.UsersCreate  # type: ignore[attr-defined]  # that is what is tried


def test_misspelt_ones_are_told() -> None:
    with pytest.raises(AttributeError, match=r"ContactsCreat'. Did you mean 'ContactsCreate'"):
        _ = generated.demo.ContactsCreat  # type: ignore[attr-defined]  # that is what is tried


def test_a_model_comes_without_them() -> None:
    """They are made of its facts when they are asked for: start-up costs nothing."""
    loaded = modules_after("from generated.demo import Contacts; Contacts.objects")
    assert loaded.isdisjoint({"vtiger_orm.models.inputs", "vtiger_orm.models.companions"})
