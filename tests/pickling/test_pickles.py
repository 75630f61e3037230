"""Pickles are read by later releases: one of each kind, as it was first written, is kept here.

A new kind is written by ``python -m tests.pickling.test_pickles``; one that is there never is.
"""

from __future__ import annotations

import base64
import copyreg
import io
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from generated.demo import Accounts, Contacts, Users
from vtiger_orm import Prefetch, Q, pickling
from vtiger_orm.errors import NotLoaded, RateLimited, VtigerError
from vtiger_orm.models import Choices, Ref
from vtiger_orm.records.handle import handed_out_by, load, recall, remember
from vtiger_orm.records.references import attach, origin_of
from vtiger_orm.writing.memory import LostCreate, OperationState


@pytest.fixture(autouse=True)
def without_tblib(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `distributed` imports makes all exceptions of the process pickle by tblib, so that
    their tracebacks travel; these pickles are those of a process without it."""
    table = copyreg.dispatch_table
    for kind, reduce in list(table.items()):
        if getattr(reduce, "__module__", "").startswith("tblib"):
            monkeypatch.delitem(table, kind)


GOLDEN = Path(__file__).parent / "golden"

SESSION: Any = lambda: None  # noqa: E731  of all things that cannot be pickled

ROW = {
    "id": "12x407",
    "account_id": "11x3",
    "assigned_user_id": "19x5",
    "birthday": "1815-12-10",
    "cf_855": "12.50",
    "cf_877": "客户 |##| added later",
    "cf_881": "06:18:00",
    "cf_999": "newer than the package",
    "createdtime": "2024-02-29 13:45:00",
    "donotcall": "maybe",
    "firstname": "Ada",
    "isconvertedfromlead": "0",
    "lastname": "Lovelace",
    "leadsource": "Cold Call",
}


def record() -> Any:
    contact: Any
    (contact,) = load(Contacts, [ROW], SESSION)
    (account,) = load(Accounts, [{"id": "11x3", "accountname": "Acme"}], SESSION)
    account.phone = "1"
    attach(contact.account_id, account)
    attach(contact.assigned_user_id, NotLoaded("hidden from this user"))
    attach(contact.id, contact)
    contact.lastname = "King"
    contact.title = "Countess"
    contact.extra["cf_999"] = "changed"
    contact.extra["cf_1000"] = date(2024, 2, 29)
    return contact


def in_doubt() -> Any:
    contact = Contacts(lastname="Lovelace", multi_select=Choices([Contacts.MultiSelect.NEW]))
    state = OperationState()
    state.lost = LostCreate(
        {"lastname": "Lovelace"},
        {"lastname": "Lovelace"},
        datetime(2024, 2, 29, 13, 45, tzinfo=UTC),
        datetime(2024, 2, 29, 13, 50, tzinfo=UTC),
        "Bad Gateway",
    )
    remember(contact, state)
    return contact


def queryset() -> Any:
    """Every kind of condition, an order, a slice, columns, and what to follow."""
    accounts = Accounts.objects.filter(accountname__startswith="A_b").only("accountname")
    either = (
        Q(lastname__in=["Byron", "King"])
        | ~Q(firstname="Ada", leadsource=Contacts.LeadSource.COLD_CALL)
        | Q(account_id__in=accounts.order_by("-accountname")[:9])
    )
    return (
        Contacts.objects.filter(either, email=None, decimal_grosse_m2__gte=Decimal("1.5"))
        .filter(
            birthday__month=12,
            createdtime__lt=date(2024, 2, 29),
            multi_select__has=Contacts.MultiSelect.KE_HU,
        )
        .exclude(donotcall=True)
        .order_by("-modifiedtime", "lastname")
        .only("email", "account_id")
        .prefetch_related(
            "campaigns", Prefetch("account_id", accounts), "account_id__assigned_user_id"
        )
        .using(SESSION)
        .max_writes(5)[3:9]
    )


def related(name: str) -> Any:
    (account,) = load(Accounts, [{"id": "11x3", "accountname": "Acme"}], SESSION)
    return account.related[name]


MADE: dict[str, Callable[[], Any]] = {
    "choices": lambda: Choices([Contacts.MultiSelect.KE_HU, Contacts.MultiSelect("later")]),
    "choices-of-text": lambda: Choices(["a", "b"]),
    "error": lambda: RateLimited("slower", retry_after=3.5, status=429),
    "error-of-a-model": lambda: Contacts.DoesNotExist("No Contacts satisfies: id = '12x1'."),
    "picklist": lambda: Contacts.LeadSource.COLD_CALL,
    "picklist-unknown": lambda: Contacts.LeadSource("added later"),
    "queryset": queryset,
    "queryset-of-values": lambda: Contacts.objects.values_list("lastname", flat=True)[:5],
    "record": record,
    "record-in-doubt": in_doubt,
    "record-unsaved": lambda: Contacts(lastname="Lovelace", birthday=date(1815, 12, 10)),
    "reference": lambda: Accounts.ref("11x3"),
    "reference-of-text": lambda: Ref[Accounts]("11x3"),
    "related-by-reference": lambda: related("contacts").filter(lastname="King")[:5],
    "related-by-relation": lambda: related("campaigns").exclude(campaignname=None),
}
"""One of each kind, and of each form that a kind has."""


def facts(made: Any) -> Any:
    """What is to be the same of two objects, beside what they are equal by."""
    kind = type(made)
    match made:
        case VtigerError():
            return kind, made.args, vars(made)
        case Contacts() | Accounts() | Users():
            state: Any = recall(made)
            beside = made.changes, dict(made.extra), made.raw, made.model_fields_set
            refs = {name: facts(ref) for name, ref in vars(made).items() if isinstance(ref, Ref)}
            return kind, made, beside, refs, state and (state.lost.sent, state.lost.at)
        case Ref():
            origin = origin_of(made)
            return kind, str(made), origin and origin.package, loaded(made)
        case Choices():
            return kind, [*map(facts, made)]
        case str():
            return kind, made, getattr(made, "known", None)
        case _:
            return kind, str(made.selection), made.model, made.fetches, made.__reduce__()


def loaded(ref: Ref[Any]) -> Any:
    try:
        found = ref.loaded
    except NotLoaded as error:
        return str(error)
    return type(found), str(found.id), found.changes


@pytest.mark.parametrize("name", MADE)
def test_what_was_written_once_is_read_for_ever(name: str) -> None:
    text = (GOLDEN / f"{name}.txt").read_text("ascii")
    assert facts(pickle.loads(base64.b64decode(text))) == facts(MADE[name]())


def test_every_golden_pickle_is_read() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(MADE)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", MADE)
def test_what_is_written_now_is_read_again(name: str, protocol: int) -> None:
    made = MADE[name]()
    again = pickle.loads(pickle.dumps(made, protocol))
    assert facts(again) == facts(made)


class Guard(pickle.Unpickler):
    """Notes what a pickle names."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data))
        self.named: set[tuple[str, str]] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.named.add((module, name))
        return super().find_class(module, name)


VALUES = {("decimal", "Decimal")} | {
    ("datetime", kind.__name__) for kind in (date, datetime, time, timezone, timedelta)
}


@pytest.mark.parametrize("name", MADE)
def test_a_pickle_calls_the_door_alone(name: str) -> None:
    guard = Guard(pickle.dumps(MADE[name]()))
    guard.load()
    doors = {("vtiger_orm.pickling", each) for each in pickling.__all__}
    assert guard.named - VALUES <= doors
    assert guard.named & doors


def test_each_function_of_the_door_is_used_and_found_there() -> None:
    used: set[tuple[str, str]] = set()
    for make in MADE.values():
        guard = Guard(pickle.dumps(make()))
        guard.load()
        used |= guard.named
    assert used - VALUES == {("vtiger_orm.pickling", each) for each in pickling.__all__}
    for name in pickling.__all__:
        function = getattr(pickling, name)
        assert (function.__module__, function.__qualname__) == ("vtiger_orm.pickling", name)
    with pytest.raises(AttributeError, match="restore_nothing"):
        pickling.restore_nothing  # type: ignore[attr-defined]  # noqa: B018


def test_no_session_travels() -> None:
    for name, make in MADE.items():
        again = pickle.loads(pickle.dumps(make()))
        if isinstance(again, Contacts):
            assert handed_out_by(again) is None, name
            for ref in vars(again).values():
                origin = origin_of(ref) if isinstance(ref, Ref) else None
                assert origin is None or origin.runner is None, name


def test_a_class_is_named_as_its_package_hands_it_out() -> None:
    for name in ("record", "picklist", "queryset", "error-of-a-model"):
        data = pickle.dumps(MADE[name]())
        assert b"generated.demo" in data
        assert b"generated.demo.contacts" not in data


def test_a_field_that_the_class_has_no_more_is_left_behind() -> None:
    contact: Any = Contacts(lastname="x")
    restore, names, state = contact.__reduce__()
    state = {**state, "values": {**state["values"], "gone": 1}, "fields_set": ["gone", "lastname"]}
    again = restore(*names)
    again.__setstate__(state)
    assert again == contact
    assert again.model_fields_set == {"lastname"}


def test_a_class_of_another_kind_is_refused() -> None:
    with pytest.raises(pickle.UnpicklingError, match=r"generated\.demo\.Nothing is no BaseRecord"):
        pickling.restore_record("generated.demo", "Nothing")
    with pytest.raises(pickle.UnpicklingError, match="is no Picklist"):
        pickling.restore_picklist("os", "system", "true")
    with pytest.raises(pickle.UnpicklingError, match="is no VtigerError"):
        pickling.restore_error("builtins", "ValueError", ())


if __name__ == "__main__":
    for name, make in MADE.items():
        path = GOLDEN / f"{name}.txt"
        if not path.exists():
            text = base64.encodebytes(pickle.dumps(make(), protocol=4)).decode("ascii")
            path.write_text(text, "ascii")
