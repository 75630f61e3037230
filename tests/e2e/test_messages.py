"""Messages that people meet in the first hour: each says what to do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any, assert_type

import httpx
import pytest
from fastapi import FastAPI, Path
from vtiger_codegen.cli.whoami.first_contact import survey
from vtiger_codegen.live.pull import pull_snapshot, server_of

from generated.demo import Accounts, Contacts, Invoice, Quotes, connect
from vtiger_orm import Ref, Session
from vtiger_orm.dialects.base import HttpRequest
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import InvalidId, InvalidLookup, InvalidRecord, InvalidValue
from vtiger_orm.feed.changes import ChangeKind, Deleted
from vtiger_orm.metadata.capabilities import Capabilities
from vtiger_orm.session.exchange import Exchange
from vtiger_orm.session.failures import failure_of
from vtiger_orm.values import convert, decode


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with (
        Crm() as crm,
        connect(crm.url, *crm.credentials(), transport=crm.transport()) as session,
    ):
        yield session


def test_a_member_that_is_gone_tells_the_near_ones_and_why() -> None:
    with pytest.raises(AttributeError, match=r"COLD_CAL: the value was not .* mean COLD_CALL\?"):
        Contacts.LeadSource.COLD_CAL  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(KeyError, match="generated last"):
        Contacts.LeadSource["COLD_CAL"]
    assert not hasattr(Contacts.LeadSource, "_never")
    assert Contacts.LeadSource["COLD_CALL"] is Contacts.LeadSource.COLD_CALL


def by(**keywords: Any) -> Any:
    """Keywords that no checker lets through."""
    return keywords


@pytest.mark.parametrize(
    "use",
    [
        lambda: Contacts.objects.filter(**by(id="abc")),
        lambda: Contacts.objects.filter(**by(id__in=["12x1", "abc"])),
        lambda: Contacts.objects.filter(**by(account_id="abc")),
        lambda: Contacts.objects.exclude(**by(account_id__in=["abc"])),
        lambda: Contacts.objects.filter(**by(id__gt="abc")),
        lambda: Contacts(lastname="Smith", account_id="abc"),  # type: ignore[arg-type]
        lambda: setattr(Contacts(lastname="Smith"), "account_id", "abc"),
        lambda: Contacts.ref("abc"),
        lambda: Ref("abc"),
    ],
)
def test_a_malformed_id_is_an_invalid_id_at_every_door(use: Callable[[], object]) -> None:
    with pytest.raises(InvalidId, match="two numbers joined by 'x'") as raised:
        use()
    assert isinstance(raised.value, (InvalidValue, InvalidLookup, ValueError))


async def test_a_malformed_id_in_the_path_of_an_application_is_its_callers_fault() -> None:
    app = FastAPI()

    @app.get("/contacts/{id}")
    def read(id: Annotated[Ref[Contacts], Path()]) -> str:
        return str(id)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        assert (await client.get("/contacts/12x7")).json() == "12x7"
        assert (await client.get("/contacts/abc")).status_code == 422
        other = await client.get("/contacts/11x7")  # well-formed, and of another module
        assert other.status_code == 422
        assert "ids of Contacts begin with '12x'" in other.text


@pytest.mark.parametrize("text", ["0.00000000", "0.000", "0", "-0.00", " 0.0000 ", 0, 0.0])
def test_zero_is_printed_as_zero(text: object) -> None:
    field = Quotes.meta.fields["hdnGrandTotal"]
    assert str(decode(field, text)) == "0.00"
    if isinstance(text, str):
        assert str(convert(field, text)) == "0.00"


def test_other_amounts_keep_the_decimals_they_have() -> None:
    assert decode(Quotes.meta.fields["hdnGrandTotal"], "82.76000000") == Decimal("82.76000000")


def test_a_certificate_that_is_not_trusted_names_what_the_caller_can_do() -> None:
    request = HttpRequest("POST", "https://crm.test/webservice.php", "login")
    error = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    told = str(failure_of(error, request, Exchange("login", 10.0), None))
    assert all(each in told for each in ("verify='ca.pem'", "--ca ca.pem", "SSL_CERT_FILE"))


@pytest.mark.parametrize("profile", ["stock-8.0-php8", "stock-7"])
def test_whoami_and_pull_agree_on_what_they_find(profile: str) -> None:
    with (
        Crm(profile=profile) as crm,
        Session(crm.url, *crm.credentials(), transport=crm.transport()) as session,
    ):
        first = session.run(survey(server_of(session)))
        pulled = pull_snapshot(session)
    unknown = Capabilities().model_dump()
    found, whole = first.proved.model_dump(), pulled.instance.capabilities.model_dump()
    told = {name: value for name, value in found.items() if value != unknown[name]}
    assert {name: whole[name] for name in told if name != "thinned"} == {
        name: value for name, value in told.items() if name != "thinned"
    }
    assert pulled.instance.capabilities.collation == "general_ci"  # the demo's examples need it
    assert first.modules == len(pulled.modules) + len(pulled.instance.skipped)


def test_get_or_create_by_a_condition_says_where_conditions_go(session: Session) -> None:
    with pytest.raises(InvalidLookup, match=r"\.filter\(accountname__startswith=\.\.\.\)"):
        Accounts.objects.get_or_create(accountname__startswith="Ana")  # type: ignore[call-arg]


def test_an_invoice_without_items_asks_for_items_and_not_for_a_field(session: Session) -> None:
    with pytest.raises(InvalidRecord, match="at least one line item") as raised:
        Invoice(subject="Without items").save()
    assert "productid" not in str(raised.value)


def test_changes_tell_of_changed_items(session: Session) -> None:
    quote = Quotes.objects.order_by("id")[0]
    quote.crm.load_items()
    assert not quote.changes
    quote.crm.items[0].quantity = Decimal(3)
    change = quote.changes["LineItems"]
    assert isinstance(change.old, list)
    assert isinstance(change.new, list)
    assert change.old[0].quantity != change.new[0].quantity == 3
    quote.save()
    assert not quote.changes


def test_the_kind_of_a_change_narrows_its_record(session: Session) -> None:
    names = []
    for change in Contacts.objects.changes():
        if change.kind is ChangeKind.DELETED:
            assert_type(change, Deleted[Contacts])
        else:
            assert_type(change.record, Contacts)
            names.append(change.record.lastname)
        if len(names) > 2:
            break
    assert len(names) == 3


def test_calls_are_logged_with_fields_for_structured_handlers(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="vtiger_orm.calls"):
        Contacts.objects.count()
    told = [vars(each) for each in caplog.records if each.name == "vtiger_orm.calls"]
    assert told[0]["vtiger_operation"] == "query"
    assert told[0]["vtiger_status"] == 200
    assert told[0]["vtiger_milliseconds"] >= 0
