"""`_repr_html_`: what people see in a notebook."""

from __future__ import annotations

from contextvars import Context
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated.demo import Accounts, Contacts, connect
from vtiger_orm import Count, Q, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import Html


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)


OURS = {"table", "thead", "tbody", "tr", "th", "td", "p", "pre", "b", "i", "code"}


def html(shown: object) -> str:
    text: str = shown._repr_html_()  # type: ignore[attr-defined]
    assert set(_Tags(text).found) <= OURS
    return text


def test_a_queryset_is_its_first_rows_and_its_plan_by_one_call(session: Session) -> None:
    with session.count_calls() as calls:
        text = html(Contacts.objects.filter(lastname__startswith="S"))
    assert calls.count == 1
    assert text.count("<tr>") == 11
    assert "where lastname like &#x27;S%&#x27;" in text


@pytest.mark.parametrize(
    "queryset",
    [
        lambda: Contacts.objects.all(),
        lambda: Contacts.objects.order_by("lastname")[5:8],
        lambda: Contacts.objects.exclude(lastname__contains="a").filter(email=None),
        lambda: Contacts.objects.filter(Q(lastname="a") | ~Q(email__endswith="b")),
        lambda: Contacts.objects.filter(account_id__in=Accounts.objects.filter(accountname="x")),
        lambda: Contacts.objects.values("lastname", "email"),
        lambda: Contacts.objects.filter(lastname="nobody at all"),
        lambda: Contacts.objects.filter(id__in=[]),
        lambda: Contacts.objects.values("leadsource").annotate(number=Count("id")),
    ],
)
def test_it_never_asks_twice_and_never_raises(session: Session, queryset: object) -> None:
    with session.count_calls() as calls:
        text = html(queryset())  # type: ignore[operator]
    assert calls.count <= 1
    assert text.count("<tr>") <= 11


def test_what_takes_more_calls_is_not_asked(session: Session) -> None:
    inner = Accounts.objects.filter(accountname__startswith="A")
    with session.count_calls() as calls:
        text = html(Contacts.objects.filter(account_id__in=inner))
    assert calls.count == 0
    assert "more than one call" in text
    assert "<pre" in text


def test_without_a_session_there_is_the_plan_alone() -> None:
    text = Context().run(html, Contacts.objects.filter(lastname="Smith"))
    assert "No session is open" in text
    assert "lastname = &#x27;Smith&#x27;" in text


async def test_inside_async_with_there_is_the_plan_alone(crm: Crm) -> None:
    async with connect(crm.url, *crm.credentials(), async_transport=crm.transport()) as session:
        with session.count_calls() as calls:
            text = html(Contacts.objects.filter(lastname="Smith"))
        assert calls.count == 0
        assert "<pre" in text


def test_a_crm_that_fails_is_told_in_the_page(crm: Crm, session: Session) -> None:
    crm.faults.always(Html())
    try:
        text = html(Contacts.objects.filter(lastname="Smith"))
    finally:
        crm.faults.clear()
    assert "<pre" in text
    assert "HTTP" in text


def test_a_record_is_what_was_read_and_asks_nothing(session: Session) -> None:
    record = Contacts.objects.only("lastname", "email")[0]
    with session.count_calls() as calls:
        text = html(record)
    assert calls.count == 0
    assert "Last Name" in text
    assert str(record.id) in text
    assert "birthday" not in text
    assert "not saved" in html(Contacts(lastname="New"))


@given(st.text())
def test_text_of_the_crm_is_never_markup(text: str) -> None:
    record = Contacts(lastname="x")
    vars(record)["lastname"] = f"<script>alert(1)</script>{text}'\"<img onerror=x>"
    assert "<script" not in html(record)
