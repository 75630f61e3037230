"""Records as pydantic models: dumps, schema, FastAPI, and the internals they lean on."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, PrivateAttr, TypeAdapter, ValidationError

from tests.support import building
from tests.support.hand_made import Accounts, Contacts
from vtiger_orm.errors import NotLoaded
from vtiger_orm.models import Choices, Record, Ref, field
from vtiger_orm.records import internals
from vtiger_orm.records.fields import Column
from vtiger_orm.records.handle import load
from vtiger_orm.records.state import RecordState

ROW = {
    "id": "12x407",
    "account_id": "11x3",
    "amount": "12.50",
    "cf_877": "abc |##| newer",
    "createdtime": "2024-02-29 13:45:00",
    "birthday": "1815-12-10",
    "lastname": "King",
    "leadsource": "Cold Call",
}
JSON = {
    "id": "12x407",
    "account_id": "11x3",
    "amount": "12.50",
    "birthday": "1815-12-10",
    "createdtime": "2024-02-29T13:45:00Z",
    "interests": ["abc", "newer"],
    "lastname": "King",
    "leadsource": "Cold Call",
}


def loaded() -> Contacts:
    return load(Contacts, [ROW], None)[0]


# Dumping


def test_dumps_hold_what_was_read_and_nothing_else() -> None:
    contact = loaded()
    assert contact.model_dump(mode="json") == JSON
    assert contact.model_dump() == {**vars(contact), "interests": ("abc", "newer")}
    assert dict(contact) == vars(contact)
    assert contact.model_dump(exclude_unset=True) == contact.model_dump()
    assert contact.model_dump(include={"lastname", "description"}) == {"lastname": "King"}
    assert Contacts(lastname="x").model_dump(exclude_unset=True) == {"lastname": "x"}
    assert Contacts(lastname="x").model_dump_json(exclude_none=True) == '{"lastname":"x"}'


def test_a_dump_is_read_back() -> None:
    contact = loaded()
    dumped, own = contact.model_dump_json(), {"own_data": True}
    assert Contacts.model_validate_json(dumped, context=own) == contact
    assert Contacts.model_validate(contact.model_dump()) == contact
    assert Contacts(**contact.model_dump()) == contact
    assert Contacts.model_validate(contact) is contact


def test_validation_tells_each_error_with_its_place() -> None:
    with pytest.raises(ValidationError) as caught:
        Contacts.model_validate({"birthday": "tomorrow", "account_id": "12x1", "lastnme": "x"})
    places = {each["loc"]: each["type"] for each in caught.value.errors()}
    assert places == {
        ("birthday",): "value_error",
        ("account_id",): "value_error",
        ("lastnme",): "extra_forbidden",
    }


def test_records_nest_in_other_models() -> None:
    class Visit(BaseModel):
        contact: Contacts
        others: list[Contacts] = []

    visit = Visit(contact=loaded(), others=[Contacts(lastname="x")])
    assert visit.model_dump(mode="json")["contact"] == JSON
    again = Visit.model_validate_json(visit.model_dump_json(), context={"own_data": True})
    assert again.contact == visit.contact
    with pytest.raises(ValidationError) as caught:
        Visit.model_validate({"contact": {"birthday": "x"}})
    assert caught.value.errors()[0]["loc"] == ("contact", "birthday")
    schema = Visit.model_json_schema()
    assert schema["properties"]["contact"] == {"$ref": "#/$defs/Contacts"}


def test_reading_attributes_of_a_record_never_makes_a_blank_of_what_was_not_read() -> None:
    class Out(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        lastname: str | None = None
        description: str | None = None

    class Short(BaseModel):
        model_config = ConfigDict(from_attributes=True)
        lastname: str | None = None

    assert Short.model_validate(loaded()).lastname == "King"
    with pytest.raises((ValidationError, NotLoaded), match="was not read"):
        Out.model_validate(loaded())


def test_model_construct_makes_a_usable_record() -> None:
    contact = Contacts.model_construct(lastname="x")
    assert contact.changes.keys() == {"lastname"}
    assert contact.firstname is None


# JSON schema


def test_json_schema() -> None:
    schema = Contacts.model_json_schema()
    fields = schema["properties"]
    assert schema["additionalProperties"] is False
    assert "required" not in schema
    assert list(fields) == list(Contacts.meta.fields)

    def kind(name: str) -> dict[str, Any]:
        first, null = fields[name]["anyOf"]
        assert null == {"type": "null"}
        return dict(first)

    assert fields["id"]["pattern"] == r"^\d+x\d+$"
    assert fields["id"]["readOnly"] is True
    assert fields["lastname"]["title"] == "Last Name"
    assert kind("firstname") == {"type": "string", "maxLength": 40}
    assert kind("leadsource") == {"type": "string", "examples": ["Cold Call", "Web Site"]}
    assert kind("interests") == {
        "type": "array",
        "uniqueItems": True,
        "items": {"type": "string", "examples": ["ABC", "abc", "2nd place"]},
    }
    assert kind("account_id")["pattern"] == r"^\d+x\d+$"
    assert kind("createdtime") == {"type": "string", "format": "date-time"}
    assert fields["createdtime"]["readOnly"] is True
    assert kind("birthday") == {"type": "string", "format": "date"}
    assert kind("wakes_at") == {"type": "string", "format": "time"}
    assert kind("donotcall") == {"type": "boolean"}
    assert kind("points") == {"type": "integer"}
    assert kind("amount") == {"type": ["number", "string"]}
    output = Contacts.model_json_schema(mode="serialization")["properties"]
    assert output["amount"]["anyOf"][0] == {"type": "string"}


@pytest.mark.parametrize("module", ["Contacts", "Quotes", "Events", "Users"])
def test_json_schema_of_recorded_modules(module: str) -> None:
    model = building.model(module)
    assert list(model.model_json_schema()["properties"]) == list(model.meta.fields)


# FastAPI

app = FastAPI()


class Name(BaseModel):
    lastname: str | None


@app.get("/contact")
def read() -> Contacts:
    return loaded()


@app.get("/name", response_model=Name)
def read_name() -> Any:
    return loaded()


@app.get("/contacts", response_model_exclude_none=True)
def read_several() -> list[Contacts]:
    return [loaded(), Contacts(lastname="x")]


@app.post("/contact")
def write(contact: Contacts) -> dict[str, Any]:
    return {name: str(change.new) for name, change in contact.changes.items()}


@app.get("/choice")
def choose(source: Contacts.LeadSource, account: Annotated[Ref[Accounts], "query"]) -> str:
    return f"{source.label} {account.number}"


async def test_fastapi() -> None:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        assert (await client.get("/contact")).json() == JSON
        assert (await client.get("/name")).json() == {"lastname": "King"}
        assert (await client.get("/contacts")).json() == [JSON, {"lastname": "x"}]
        body = {"lastname": "x", "birthday": "2000-01-01"}
        assert (await client.post("/contact", json=body)).json() == body
        refused = await client.post("/contact", json={"birthday": "tomorrow"})
        assert refused.status_code == 422
        assert refused.json()["detail"][0]["loc"] == ["body", "birthday"]
        chosen = await client.get("/choice", params={"source": "newer", "account": "11x3"})
        assert chosen.json() == "newer 3"
        schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert any(name.startswith("Contacts") for name in schemas)


# The touches of internals, one by one (see `records/internals.py`)


def test_internal_1_an_instance_is_its_dict_and_three_slots() -> None:
    made = internals.new_record(Contacts, {"lastname": "x"}, {"lastname"}, RecordState())
    assert made.lastname == "x"
    assert made.model_fields_set == {"lastname"}
    assert made.model_extra is None
    assert made.model_dump() == {"lastname": "x"}
    internals.replace_values(made, {"firstname": "y"}, {"firstname"})
    assert made.model_dump() == {"firstname": "y"}
    own = set(BaseModel.__slots__)
    assert own == {
        "__dict__",
        "__pydantic_fields_set__",
        "__pydantic_extra__",
        "__pydantic_private__",
    }


def test_internal_1_private_attributes_are_set_on_loaded_records() -> None:
    class WithPrivate(Contacts):
        _seen: list[int] = PrivateAttr(default_factory=list)

    one, two = load(WithPrivate, [{"id": "12x1"}, {"id": "12x2"}], None)
    one._seen.append(1)
    assert two._seen == []


def test_internal_2_validation_does_not_run_the_overridden_init() -> None:
    assert Contacts.__pydantic_custom_init__ is False


def test_internal_3_columns_are_bound_before_the_fields_schemas_are_made() -> None:
    class Bound(Contacts):
        pass

    for model in (Contacts, Bound):
        for name, info in model.model_fields.items():
            (column,) = [each for each in info.metadata if isinstance(each, Column)]
            assert column is model.__mapper__.columns[name]
            assert column.module is model.__mapper__.module
    own = Bound.__mapper__.columns["lastname"]
    assert Contacts.__mapper__.columns["lastname"] is not own
    TypeAdapter(list[Bound])
    assert Bound.__mapper__.columns["lastname"] is own


def test_internal_4_assignment_replaces_the_dict_and_adds_to_the_set() -> None:
    contact = loaded()
    before, given = vars(contact), contact.__pydantic_fields_set__
    contact.lastname = "x"
    assert before["lastname"] == "King"
    assert contact.__pydantic_fields_set__ is given
    contact.description = "y"
    assert contact.__pydantic_fields_set__ is not given
    assert "description" not in given


@pytest.mark.parametrize("type_", [Contacts, Contacts | None, list[Contacts], dict[str, Contacts]])
def test_internal_5_serialisation_leaves_absent_keys_out_without_a_warning(type_: Any) -> None:
    adapter = TypeAdapter(type_)
    contact: Any = loaded()
    several = {list[Contacts]: [contact], dict[str, Contacts]: {"x": contact}}
    dumped = adapter.dump_python(several.get(type_, contact), mode="json")
    assert dumped in (JSON, [JSON], {"x": JSON})


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_internal_5_in_a_union_of_models_pydantic_counts_keys_but_dumps_right() -> None:
    adapter = TypeAdapter[Any](Contacts | Accounts)
    assert adapter.dump_python(loaded(), mode="json") == JSON


# Cost


def test_a_model_is_made_at_once_and_its_schema_is_built() -> None:
    class Late(Record, module="Late", prefix="98"):
        id: Ref[Late] = field("Id", editable=False)

    assert Late.__pydantic_complete__


def test_importing_the_models_needs_pydantic_only() -> None:
    code = (
        "import sys; import vtiger_orm.models; "
        "heavy = {'httpx', 'jinja2', 'black', 'libcst', 'click', 'rich', 'lark', 'sqlite3',"
        " 'vtiger_orm.query', 'vtiger_orm.session', 'vtiger_orm.emulator'}; "
        "print(sorted(heavy & sys.modules.keys()))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_values_of_a_dump_are_plain_json_types() -> None:
    contact = Contacts(
        account_id=Accounts.ref("11x3"),
        interests=Choices([Contacts.Interests.ABC]),
        birthday=date(2000, 1, 1),
        createdtime=datetime(2000, 1, 1, tzinfo=UTC),
    )
    dumped = contact.model_dump(mode="json", exclude_unset=True)
    assert [type(value) for value in dumped.values()] == [str, str, str, list]


def test_internal_6_names_that_a_class_has_not_are_answered_by_the_metaclass() -> None:
    model: Any = Contacts
    with pytest.raises(AttributeError, match=r"^_nothing$"):
        _ = model._nothing
    with pytest.raises(AttributeError, match="Did you mean 'objects'"):
        _ = model.objcts
    assert issubclass(type(Contacts), type(BaseModel))
