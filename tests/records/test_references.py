"""`Ref`: text that knows what it refers to."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from tests.support.hand_made import Accounts, Contacts, Groups, Users, package
from tests.support.memory import MemoryRunner
from vtiger_orm.calls.operations import Retrieve
from vtiger_orm.errors import AccessDenied, InvalidId, InvalidValue, NoSession, NotLoaded
from vtiger_orm.models import Record, Ref, field
from vtiger_orm.package import Package
from vtiger_orm.records.handle import load
from vtiger_orm.records.references import attach, origin_of

MakeRunner = Callable[[Callable[[Any], Any]], MemoryRunner]


def place_of(ref: Ref[Any]) -> tuple[object, object]:
    """The package that a reference belongs to, and the session."""
    origin = origin_of(ref)
    assert origin is not None
    return origin.package, origin.runner


def test_a_reference_is_its_text() -> None:
    ref = Accounts.ref("11x104")
    assert ref == "11x104"
    assert (ref.prefix, ref.number) == ("11", 104)
    assert json.dumps([ref]) == '["11x104"]'
    assert "11x104" in {ref}
    assert repr(ref) == "Ref('11x104')"


@pytest.mark.parametrize("text", ["", "11", "11x", "x1", "11x1 ", "11x1' or '1", "١x١", None, 11])
def test_what_is_no_id_is_refused(text: Any) -> None:
    for make in (Ref, Accounts.ref):
        with pytest.raises(InvalidId, match="not a record id"):
            make(text)


def test_the_prefix_of_another_module_is_refused() -> None:
    with pytest.raises(InvalidId, match="begin with '11x' on this CRM"):
        Accounts.ref("12x3")


def test_loaded_never_asks_and_says_what_to_do() -> None:
    with pytest.raises(NotLoaded, match="select_related"):
        _ = Accounts.ref("11x3").loaded


def test_a_record_that_was_assigned_is_loaded() -> None:
    account = Accounts(id=Accounts.ref("11x3"), accountname="Acme")
    contact: Any = Contacts(lastname="x")
    setattr(contact, "account_id", account)  # noqa: B010  checkers would narrow it
    reference: Any = contact.account_id
    assert reference == "11x3"
    assert reference.loaded is account


def answer_account(call: Any) -> Any:
    assert isinstance(call, Retrieve)
    if call.id != "11x3":
        raise AccessDenied("Permission to perform the operation is denied")
    return {"id": "11x3", "accountname": "Acme"}


def test_fetch_reads_by_the_session_that_handed_the_reference_out(runner_of: MakeRunner) -> None:
    ambient = runner_of(lambda call: pytest.fail("the ambient session was asked"))
    own = MemoryRunner(answer_account)
    contact = load(Contacts, [{"id": "12x1", "account_id": "11x3"}], own)[0]
    assert contact.account_id is not None
    account = contact.account_id.fetch()
    assert type(account) is Accounts
    assert account.accountname == "Acme"
    assert contact.account_id.loaded is account
    assert len(own.calls) == 1
    assert ambient.calls == []


async def test_afetch_reads_by_the_current_session_otherwise(runner_of: MakeRunner) -> None:
    runner = runner_of(answer_account)
    account = await Accounts.ref("11x3").afetch()
    assert account.accountname == "Acme"
    assert len(runner.calls) == 1


def test_fetching_what_is_gone_raises_the_models_own_error(runner_of: MakeRunner) -> None:
    runner_of(answer_account)
    with pytest.raises(Accounts.DoesNotExist):
        Accounts.ref("11x4").fetch()


def test_fetch_without_session_or_package_says_how_to_get_one() -> None:
    with pytest.raises(NoSession, match="connect"):
        Accounts.ref("11x3").fetch()
    with pytest.raises(NoSession, match=r"Accounts\.ref"):
        Ref[Accounts]("11x3").fetch()


def test_one_id_on_one_page_is_one_reference() -> None:
    rows = [{"id": f"12x{n}", "assigned_user_id": "19x1"} for n in (1, 2)]
    one, two = load(Contacts, rows, None)
    assert one.assigned_user_id is two.assigned_user_id


def test_assigning_text_checks_the_prefix() -> None:
    contact: Any = Contacts(lastname="x")
    contact.account_id = "11x3"
    assert type(contact.account_id) is Ref
    contact.assigned_user_id = "20x8"
    contact.anything = "99x1"
    contact.account_id = " "
    assert contact.account_id is None
    with pytest.raises(InvalidValue, match="ids of Accounts, which begin with 11x"):
        contact.account_id = "12x3"
    with pytest.raises(InvalidValue, match="19x or 20x"):
        contact.assigned_user_id = "11x3"


def test_a_reference_without_package_gets_the_records_own() -> None:
    contact: Any = Contacts(lastname="x", account_id=Ref("11x3"))
    assert place_of(contact.account_id) == (package, None)


def test_records_and_references_of_another_package_are_refused() -> None:
    other = Package(
        "other",
        format=1,
        generator="0.1.0",
        dialect="webservice",
        version=None,
        modules={"Accounts": ("x", "11")},
    )

    class Foreign(Record, package=other, module="Accounts", prefix="11"):
        id: Ref[Foreign] = field("Id", editable=False)

    contact: Any = Contacts(lastname="x")
    foreign: Any = Foreign(id=Foreign.ref("11x3"))
    for value in (foreign, foreign.id):
        with pytest.raises(InvalidValue, match="package of another CRM"):
            contact.account_id = value


def test_pickle_keeps_the_model_and_drops_the_session(runner_of: MakeRunner) -> None:
    own = MemoryRunner(answer_account)
    contact = load(Contacts, [{"id": "12x1", "account_id": "11x3"}], own)[0]
    assert contact.account_id is not None
    contact.account_id.fetch()
    twin: Any = pickle.loads(pickle.dumps(contact.account_id))
    assert type(twin) is Ref
    assert twin == "11x3"
    assert place_of(twin) == (package, None)
    assert twin.loaded == contact.account_id.loaded
    ambient = runner_of(answer_account)
    assert twin.fetch().accountname == "Acme"
    assert len(ambient.calls) == 1


def test_circles_of_loaded_records_can_be_pickled() -> None:
    account: Any = Accounts(id=Accounts.ref("11x3"))
    user: Any = Users(id=Users.ref("19x1"))
    contact = Contacts(id=Contacts.ref("12x1"), account_id=account, assigned_user_id=user)
    attach(contact.id, contact)
    twin = pickle.loads(pickle.dumps(contact))
    assert twin.id.loaded is twin
    assert twin.account_id.loaded == account
    assert twin.assigned_user_id.loaded == user


def test_copies_are_the_same_reference() -> None:
    ref = Accounts.ref("11x3")
    assert copy.copy(ref) is ref
    assert copy.deepcopy(ref) is ref


class Form(BaseModel):
    account: Ref[Accounts] | None = None
    owner: Ref[Users | Groups] | None = None


def test_it_works_in_any_pydantic_model() -> None:
    form = Form.model_validate_json('{"account": "11x3"}')
    assert type(form.account) is Ref
    assert form.model_dump_json() == '{"account":"11x3","owner":null}'
    assert Form.model_json_schema()["properties"]["account"]["anyOf"][0] == {
        "type": "string",
        "pattern": r"^\d+x\d+$",
        "examples": ["11x3"],
    }
    with pytest.raises(ValueError, match="not a record id"):
        Form(account="Acme")  # type: ignore[arg-type]


def test_run_time_brackets_take_names_classes_and_unions() -> None:
    from typing import get_args

    def modules(annotation: Any) -> tuple[str, ...]:
        found: tuple[str, ...] = get_args(annotation)[1].modules
        return found

    assert modules(Ref["Accounts"]) == ("Accounts",)
    assert modules(Ref["Users | Groups"]) == ("Users", "Groups")
    assert modules(Ref[Accounts]) == ("Accounts",)
    assert modules(Ref[Accounts | Contacts]) == ("Accounts", "Contacts")
    assert modules(Ref["Record"]) == modules(Ref[Record]) == modules(Ref[Any]) == ()


def test_a_field_of_the_record_is_not_one_of_its_reference() -> None:
    ref: Any = Accounts.ref("11x3")
    with pytest.raises(AttributeError, match=r"fetch\(\).accountname.*loaded.accountname after"):
        _ = ref.accountname
    assert not hasattr(ref, "accountname")
    with pytest.raises(AttributeError, match=r"has no attribute '__html__'$"):
        _ = ref.__html__
