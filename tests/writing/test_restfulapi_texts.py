"""Texts that a list of the RestfulApi module shows otherwise than they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

import pytest

from generated.demo import Leads
from tests.support.restfulapi import open_restfulapi
from vtiger_orm import OutcomeUnknown, Session, VtigerError
from vtiger_orm.emulator import Crm, faults


@pytest.fixture(scope="module")
def crm() -> Iterator[Crm]:
    with Crm(profile="restfulapi") as made:
        yield made


@pytest.fixture(scope="module")
def session(crm: Crm) -> Iterator[Session]:
    with open_restfulapi(crm) as opened:
        yield opened


@contextmanager
def refused_unsent(crm: Crm, why: str) -> Iterator[None]:
    with crm.count_calls() as calls, pytest.raises(VtigerError, match=why):
        yield
    assert not {"create", "revise", "update"} & set(calls.operations)


@pytest.mark.parametrize("text", ["5 &#8364;", "&#0;", "it's &#8364; é", "&apos;", "&#x26;lt;"])
def test_signs_that_are_stored_by_their_number_are_kept(
    crm: Crm, session: Session, text: str
) -> None:
    """The CRM writes none so, hence what is shown is what is stored."""
    record = Leads.objects.using(session).create(lastname="Number", company="x")
    crm.engine.backdoor.set(str(record.id), description=text, company=text)
    record.refresh()
    assert (record.description, record.company) == (text, text)
    record.phone = "1"
    record.save()
    kept = [crm.engine.backdoor.get(str(record.id), each) for each in ("description", "company")]
    assert kept == [text, text]


STORED = ["R&amp;D", "a &lt; b &amp; c", "it's A &amp; B", '"x" &lt;y&gt; caf\xe9', "&amp;lt;",
          "it&#039;s &amp; x", "caf&eacute; it&#039;s", "it's R&D", "Tom & Jerry's",
          "x\r\nit's", "Tom & Jerry\r\n", "a & b\r\n\r\nc: d;", "it's\r\n\tx",
          "one \r\n  two's\r\n", "x\r\nit&#039;s", "it's\r\nR&amp;D", "x\r\n&lt;y", "a &amp; b\n",
          "it's\n\nx: y", "é\n~", "x\né", "x\r\né", "x\n &", "x\r\n '", "Dear X: it's"]  # fmt: skip


@pytest.mark.parametrize("text", STORED)
def test_a_description_stays_as_it_is_stored(crm: Crm, session: Session, text: str) -> None:
    """As the CRM's pages store it, the module itself, and whoever encodes nothing."""
    record = Leads.objects.using(session).create(lastname="Stored", company="x")
    crm.engine.backdoor.set(str(record.id), description=text)
    record.phone = "1"
    record.save()
    assert crm.engine.backdoor.get(str(record.id), "description") == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Tom &amp; Jerry's", "with HTML entities"),
        ("R&amp;D caf&eacute;", "with HTML entities"),
        ("Note: &lt;b&gt;", "with HTML entities"),
        ("Note: a<b>x</b>", "with HTML entities"),
        ("a;b &amp;lt;", "with HTML entities"),
        ("<p class='x'>one</p>\n", "one element of HTML"),
    ],
)
def test_a_description_that_would_not_stay_is_refused_unsent(
    crm: Crm, session: Session, text: str, why: str
) -> None:
    record = Leads.objects.using(session).create(lastname="Stored", company="x")
    crm.engine.backdoor.set(str(record.id), description=text)
    record.phone = "1"
    with refused_unsent(crm, f"description of {record.id} .*{why}"):
        record.save()
    report = Leads.objects.using(session).bulk_update([record])
    assert [str(each.error)[:15] for each in report.failed] == ["the description"]
    assert crm.engine.backdoor.get(str(record.id), "description") == text
    record.description = "anew"
    record.save()
    assert crm.engine.backdoor.get(str(record.id), "description") == "anew"


@pytest.mark.parametrize(
    "text", ["a: b &amp; c", "a: b & c", "a: 1 &lt; 2", "it&#039;s\r\nx", "a: it's\r\nx"]
)
def test_a_description_of_which_the_form_cannot_be_asked_still_means_the_same(
    crm: Crm, session: Session, text: str
) -> None:
    record = Leads.objects.using(session).create(lastname="Stored", company="x")
    crm.engine.backdoor.set(str(record.id), description=text)
    record.phone = "1"
    record.save()
    kept = crm.engine.backdoor.get(str(record.id), "description")
    assert unescape(kept).splitlines() == unescape(text).splitlines()


@pytest.mark.parametrize("text", STORED)
def test_what_is_stored_as_it_was_given_is_not_told_as_another(
    crm: Crm, session: Session, text: str
) -> None:
    """Lists show ``&amp;`` as ``&`` and CR LF as LF; that is no change of what was sent."""
    record = Leads.objects.using(session).create(lastname=f"G {text}", company=text)
    assert (record.crm.adjusted, record.company) == ((), text)
    assert crm.engine.backdoor.get(str(record.id), "company") == text
    record.city = text
    record.save()
    assert record.crm.adjusted == ()


@pytest.mark.parametrize("text", ["R&amp;D", "&#32;x", "x & y", "caf&eacute;"])
def test_a_lost_create_is_found_whatever_signs_it_has(
    crm: Crm, session: Session, text: str
) -> None:
    record = Leads(lastname=f"Lost {text}", company=text, phone=f"{len(text)} 0815")
    crm.faults.next(faults.LostAnswer(), operation="create")
    with pytest.raises(OutcomeUnknown):
        record.save()
    assert record.crm.resolve()
    rows = crm.run("query", query="select lastname,id from Leads order by id desc limit 1;")
    assert [(row["lastname"], row["id"]) for row in rows] == [(f"Lost {text}", str(record.id))]
    record.delete()
