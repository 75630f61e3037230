"""Names, ids and values that an application passes on from its own users: what is no name or id
is refused before anything is sent, and a value stays one value of the statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.demo import Accounts, Contacts, connect
from tests.properties.test_literals import any_text
from vtiger_orm import Session, VtigerError
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.engine.literals import literal
from vtiger_orm.emulator.engine.vtql import parse

IDS = [
    *("12x0 or 1", "12x1' or '1'='1", "12x1\\", "12x1;", "12x1 -- ", "12x1/*", "12x1\n", "12x1 "),
    *(" 12x1", "-12x1", "12X1", "12x", "x1", "1", "12x1x2", "12x9999999999999999999999"),
    *("１２x１", "12x٣", "12x1\x00", "12x1\ud800", "12x1,12x2", "(12x1)"),
]
NAMES = [
    *("id or 1", "lastname;", "lastname,firstname", "lastname desc", "lastname--", "*", "count(*)"),
    *("", " ", "lastname ", "LASTNAME", "1", "lastname/*", "lastname\n", "`lastname`", "\ud800"),
    *("Contacts.lastname", "lastname__", "__class__", "_state", "accesskey", "ｌastname"),
]


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm() as own:
        yield own


@pytest.fixture(scope="module")
def session(crm: Crm) -> Iterator[Session]:
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as own:
        own.identify()
        yield own


contacts: Any = Contacts.objects
made_of: Any = Contacts

BY_ID: dict[str, Callable[[str], Any]] = {
    "id": lambda id: list(contacts.filter(id=id)),
    "id in": lambda id: list(contacts.filter(id__in=["12x1", id])),
    "not id": lambda id: contacts.exclude(id=id).count(),
    "greater id": lambda id: contacts.filter(id__gt=id).count(),
    "get": lambda id: contacts.get(id=id),
    "in_bulk": lambda id: contacts.in_bulk([id]),
    "ref": Contacts.ref,
    "reference": lambda id: contacts.filter(account_id=id).count(),
    "reference in": lambda id: contacts.filter(account_id__in=[id]).count(),
    "owner": lambda id: contacts.filter(assigned_user_id=id).count(),
    "construct": lambda id: made_of(id=id),
    "create": lambda id: contacts.create(lastname="x", account_id=id),
    "update": lambda id: contacts.filter(lastname="nobody").update(account_id=id),
    "bulk_delete": lambda id: contacts.bulk_delete([id]).raise_for_errors(),
    "related": lambda id: Accounts(id=Accounts.ref("11x104")).related.contacts.add(cast(Any, id)),
}

BY_NAME: dict[str, Callable[[str], Any]] = {
    "filter": lambda name: list(contacts.filter(**{name: "x"})),
    "lookup": lambda name: list(contacts.filter(**{f"lastname__{name}": "x"})),
    "order_by": lambda name: list(contacts.order_by(name)),
    "descending": lambda name: list(contacts.order_by(f"-{name}")),
    "only": lambda name: list(contacts.only(name)),
    "defer": lambda name: list(contacts.defer(name)),
    "values": lambda name: list(contacts.values(name)),
    "values_list": lambda name: list(contacts.values_list(name, flat=True)),
    "select_related": lambda name: list(contacts.select_related(name)),
    "prefetch_related": lambda name: list(contacts.prefetch_related(name)),
    "create": lambda name: contacts.create(lastname="x", **{name: "x"}),
    "update": lambda name: contacts.update(**{name: "x"}),
    "get_or_create": lambda name: contacts.get_or_create(**{name: "x"}),
    "construct": lambda name: made_of(**{name: "x"}),
}


@pytest.mark.parametrize("way", BY_ID)
def test_what_is_no_id_is_never_sent(crm: Crm, session: Session, way: str) -> None:
    for id in IDS:
        with crm.count_calls() as calls, pytest.raises(VtigerError):
            BY_ID[way](id)
        assert not calls.number, id


@pytest.mark.parametrize("way", BY_NAME)
def test_what_is_no_name_is_never_sent(crm: Crm, session: Session, way: str) -> None:
    for name in NAMES:
        if way == "lookup" and not name.strip():
            continue
        with crm.count_calls() as calls, pytest.raises((VtigerError, TypeError)):
            BY_NAME[way](name)
        assert not calls.number, name


def test_what_is_no_operation_is_never_sent(crm: Crm, session: Session) -> None:
    for name in ("", "../me", "me?x=1", "query#", "a b", "a\nb", "%2e%2e", "quéry"):
        with crm.count_calls() as calls, pytest.raises(VtigerError):
            session.call(name)
        assert not calls.number


@given(
    any_text.filter(lambda text: bool(text.strip(" "))),
    st.sampled_from(["", "__gt", "__startswith", "__contains", "__endswith"]),
)
def test_a_value_stays_one_value(text: str, lookup: str) -> None:
    """From the keyword to the text that is sent, whatever the value holds."""
    queryset = contacts.filter(**{f"lastname{lookup}": text}).only("id")
    for statement in queryset.explain().statements:
        parsed = parse(statement)
        assert (parsed.module, parsed.columns) == ("Contacts", ("id",))
        assert {each.field for each in parsed.conditions} <= {"lastname", "id"}
        if not lookup:
            assert text in [literal(each.values[0]) for each in parsed.conditions]


@given(st.text(st.characters(categories=["Cs"]), min_size=1), st.text(max_size=3))
def test_halves_of_characters_are_refused(half: str, rest: str) -> None:
    text = rest + half
    builds: list[Callable[[], Any]] = [
        lambda: contacts.filter(lastname=text),
        lambda: contacts.filter(lastname__contains=text),
        lambda: contacts.filter(leadsource=text),
        lambda: contacts.filter(lastname__in=[text]),
        lambda: made_of(lastname=text),
        lambda: made_of(leadsource=text),
        lambda: made_of(lastname="x").extra.__setitem__("cf_new", text),
    ]
    for build in builds:
        with pytest.raises(VtigerError, match="half of a character"):
            build()
