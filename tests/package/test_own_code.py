"""Classes that an application wrote are handed out wherever the CRM's records are."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from pydantic import TypeAdapter, create_model

from tests.codegen.packages import imported
from tests.package.own_code import CONTACTS, OWN, files, package
from vtiger_orm import QuerySet, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import InvalidLookup
from vtiger_orm.models.related_manager import RelatedManager


@pytest.fixture(scope="module")
def crm_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with package(tmp_path_factory.mktemp("own")) as found:
        yield found


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as crm:
        yield crm


@pytest.fixture(scope="module")
def session(crm: Crm, crm_package: Any) -> Iterator[Session]:
    with crm_package.connect(crm.url, *crm.credentials(), transport=crm.transport()) as session:
        yield session


@pytest.mark.usefixtures("session")
class TestHandedOut:
    def test_by_the_package_and_its_querysets(self, crm_package: Any) -> None:
        contacts = crm_package.Contacts
        assert contacts.__module__ == f"{crm_package.__name__}.custom.contacts"
        assert type(contacts.objects) is crm_package.ContactsQuerySet
        hot = contacts.objects.filter(lastname__isnull=False).hot().exclude(email="x").hot()
        assert {type(each) for each in hot} == {contacts}
        assert hot.first().full_name.startswith("Dear ")
        assert hot.get(id=hot.first().id).asked() == 1

    def test_by_references_and_relations(self, crm_package: Any) -> None:
        contacts, accounts = crm_package.Contacts, crm_package.Accounts
        found = contacts.objects.exclude(account_id=None).select_related("account_id")[0]
        account = found.account_id.loaded
        assert type(account) is accounts
        assert type(found.id.fetch()) is contacts
        manager = account.related.contacts
        assert isinstance(manager, RelatedManager)
        assert isinstance(manager, crm_package.ContactsQuerySet)
        assert manager.tag == "none"
        assert {type(each) for each in manager.filter(lastname__isnull=False)} == {contacts}
        assert list(manager.hot()) == list(manager.filter(leadsource="Cold Call"))
        again = accounts.objects.prefetch_related("contacts").get(id=account.id)
        assert {type(each) for each in again.related.contacts.loaded} == {contacts}
        assert [each.id for each in again.related.contacts.loaded] == [each.id for each in manager]

    def test_by_writes_and_the_feed(self, crm_package: Any) -> None:
        contacts = crm_package.Contacts
        record, created = contacts.objects.hot().get_or_create(lastname="Of her own")
        assert created
        assert type(record) is contacts
        assert contacts.objects.get_or_create(lastname="Of her own") == (record, False)
        assert type(contacts.objects.create(lastname="Another").colleagues().model) is type(
            contacts
        )
        feed = contacts.objects.changes()
        assert {type(each.record) for each in feed if each.record is not None} == {contacts}

    def test_by_the_generated_class_too(self, crm_package: Any) -> None:
        base = import_module(f"{crm_package.__name__}.contacts").ContactsBase
        assert type(base.objects) is crm_package.ContactsQuerySet
        assert base.objects.model is crm_package.Contacts

        class Important(crm_package.Contacts):  # type: ignore[misc]  # known at run time only
            pass

        assert type(Important.objects.hot().first()) is Important

    def test_by_bodies_of_requests(self, crm_package: Any) -> None:
        body = crm_package.ContactsCreate(lastname="Of a body")
        made = crm_package.Contacts.objects.create(**body)
        assert type(made) is crm_package.Contacts
        made.crm.apply(crm_package.ContactsUpdate(firstname="x"))
        assert made.full_name == "Dear Of a body"
        assert dict(made.changes).keys() == {"firstname"}

    def test_with_querysets_alone(self, crm_package: Any) -> None:
        accounts = crm_package.Accounts
        assert accounts.__module__ == f"{crm_package.__name__}.accounts"
        assert [each.industry for each in accounts.objects.banks()[:2]] == ["Banking"] * 2
        assert type(crm_package.Potentials.objects) is QuerySet


class TestPickles:
    def test_come_back_as_the_own_classes(self, crm_package: Any, session: Session) -> None:
        contacts = crm_package.Contacts
        record = contacts.objects.exclude(account_id=None).select_related("account_id")[0]
        record.asked()
        manager = record.account_id.loaded.related.contacts.hot().tagged("new")
        for each in (record, contacts.objects.hot().tagged("x"), manager):
            again = pickle.loads(pickle.dumps(each))
            assert type(again) is type(each)
        assert pickle.loads(pickle.dumps(record)).asked() == 2
        assert pickle.loads(pickle.dumps(contacts.objects.hot().tagged("x"))).hot().tag == "x"
        assert pickle.loads(pickle.dumps(manager)).tag == "new"
        assert copy.deepcopy(record).asked() == 2
        value = contacts.LeadSource.COLD_CALL
        assert pickle.loads(pickle.dumps([value, contacts.LeadSource])) == [
            value,
            contacts.LeadSource,
        ]
        assert repr(value) == "<Contacts.LeadSource: 'Cold Call'>"
        error = contacts.DoesNotExist("gone")
        assert type(pickle.loads(pickle.dumps(error))) is contacts.DoesNotExist

    def test_outlive_the_own_classes(self, tmp_path: Any) -> None:
        """What was pickled before customising is of the own class afterwards, and back."""
        with imported(tmp_path, files({})) as plain:
            name = plain.__name__
            before = pickle.dumps(
                [
                    plain.Contacts(lastname="x"),
                    plain.Contacts.objects,
                    plain.Contacts.LeadSource.OTHER,
                ]
            )
        with imported(tmp_path, files(OWN), name=name) as own:
            record, queryset, value = pickle.loads(before)
            assert (type(record), type(queryset)) == (own.Contacts, own.ContactsQuerySet)
            assert value is own.Contacts.LeadSource.OTHER
            after = pickle.dumps([record, queryset, value])
        with imported(tmp_path, files({}), name=name) as plain:
            record, queryset, value = pickle.loads(after)
            assert (type(record), type(queryset)) == (plain.Contacts, QuerySet)
            assert value is plain.Contacts.LeadSource.OTHER


class TestPydantic:
    def test_schemas_and_validation_are_the_own_classes(self, crm_package: Any) -> None:
        contacts = crm_package.Contacts
        record = contacts.model_validate({"lastname": "Lovelace"})
        assert record.full_name == "Dear Lovelace"
        assert contacts.model_validate_json(record.model_dump_json()) == record
        schema = contacts.model_json_schema()
        assert schema["title"] == "Contacts"
        assert "full_name" not in schema["properties"]
        holder_type = create_model("Holder", contact=(contacts, ...))
        holder = holder_type(contact=record)
        assert type(vars(holder.model_copy(deep=True))["contact"]) is contacts
        assert type(TypeAdapter(contacts).validate_python(record)) is contacts


class TestOrdering:
    def test_holds_where_nobody_asks_for_another(self, crm_package: Any, session: Session) -> None:
        contacts = crm_package.Contacts
        assert list(map(str, contacts.objects.selection.order)) == ["-lastname", "firstname"]
        names = [each.lastname for each in contacts.objects.exclude(lastname=None)[:20]]
        assert names == sorted(names, key=str.casefold, reverse=True)
        assert contacts.objects.order_by().selection.order == ()
        assert [str(each) for each in contacts.objects.order_by("id").selection.order] == ["id"]
        assert contacts.objects.count() == contacts.objects.order_by().count()
        account = crm_package.Accounts.objects.first()
        assert account.related.contacts.selection.order == contacts.objects.selection.order

    @pytest.mark.parametrize(
        ("ordering", "error", "told"),
        [
            ('("lastnme",)', InvalidLookup, "lastname"),
            ('"lastname"', TypeError, "takes several fields"),
        ],
    )
    def test_is_checked_when_the_class_is_made(
        self, tmp_path: Any, ordering: str, error: type[Exception], told: str
    ) -> None:
        text = CONTACTS.replace('("-lastname", "firstname")', ordering)
        with (
            package(tmp_path, {**OWN, "custom/contacts.py": text}) as found,
            pytest.raises(error, match=told),
        ):
            found.Contacts  # noqa: B018  it is imported now


class TestFaults:
    @pytest.mark.parametrize(
        "code",
        [
            "@property\n    def email(self) -> str: return ''",
            "def email(self) -> str: return ''",
            "email: str = ''",
        ],
    )
    @pytest.mark.filterwarnings("ignore:Field name:UserWarning")
    def test_hiding_a_field_is_refused(self, tmp_path: Any, code: str) -> None:
        text = (
            f"from ..contacts import ContactsBase\n\n\nclass Contacts(ContactsBase):\n    {code}\n"
        )
        with (
            package(tmp_path, {"custom/contacts.py": text}) as found,
            pytest.raises(TypeError, match="hides the CRM's field email"),
        ):
            found.Contacts  # noqa: B018

    def test_the_import_circle_is_told_with_its_cure(self, tmp_path: Any) -> None:
        text = f"from .. import Contacts as Me\n{CONTACTS}"
        with (
            package(tmp_path, {"custom/contacts.py": text}) as found,
            pytest.raises(ImportError, match="if TYPE_CHECKING"),
        ):
            found.Contacts  # noqa: B018

    def test_two_files_that_import_each_others_models_are_told(self, tmp_path: Any) -> None:
        own = {
            "custom/contacts.py": f"from .. import Accounts as A\n{CONTACTS}",
            "custom/accounts.py": "from .. import Contacts\nfrom ..accounts import AccountsBase\n"
            "class Accounts(AccountsBase): pass\n",
        }
        for first in ("Contacts", "Accounts"):
            with (
                package(tmp_path, own) as found,
                pytest.raises(ImportError, match=r"being imported just now"),
            ):
                getattr(found, first)

    @pytest.mark.parametrize(
        "first", ["contacts", "custom.contacts", "_typing.contacts", "accounts"]
    )
    def test_it_does_not_matter_what_is_imported_first(self, tmp_path: Any, first: str) -> None:
        with package(tmp_path) as found:
            import_module(f"{found.__name__}.{first}")
            own = sys.modules[f"{found.__name__}"].Contacts
            assert type(own.objects.hot().tagged("x")) is found.ContactsQuerySet
