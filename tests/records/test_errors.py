"""Errors travel: a pool of processes sends them back pickled."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from generated.demo import Contacts
from vtiger_orm import errors
from vtiger_orm._writes import Adjustment, Problem, Reason, Rule
from vtiger_orm.errors import VtigerError
from vtiger_orm.writing.report import BulkError, BulkReport, Status

MADE: list[VtigerError] = [
    errors.MissingExtra("pull", "codegen"),
    errors.InvalidId("12x"),
    errors.InvalidId(5, "because"),
    errors.InvalidRecord("Contacts", [Problem("lastname", Rule.MANDATORY, "it is missing")]),
    errors.ValuesAdjusted("other values", [Adjustment("amount", "1.5", "2", Reason.ROUNDED)]),
    errors.Timeout("slow", sent=False, status=504),
    errors.DuplicateRecord(
        "twice", code="0", operation="create", module="Contacts", detail={"a": 1}
    ),
    errors.RateLimited("slower", retry_after=3.5, status=429),
    errors.SilentQueryError("nothing", statement="select id from Contacts;"),
    Contacts.DoesNotExist("none"),
]


def every_error(kind: type[VtigerError] = VtigerError) -> Iterator[type[VtigerError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from every_error(each)


def same(error: VtigerError) -> Any:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again).keys() == vars(error).keys()
    return again


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_an_error_comes_back_as_it_was(error: VtigerError) -> None:
    again = same(error)
    assert vars(again) == vars(error)
    assert repr(again) == repr(error)


def test_no_error_of_the_library_refuses_to_travel() -> None:
    kinds = {kind for kind in every_error() if kind.__module__.partition(".")[0] == "vtiger_orm"}
    assert len(kinds) > 30
    for kind in kinds:
        error = kind.__new__(kind, "a message")
        error.args = ("a message",)
        same(error)


def test_what_an_error_is_about_travels_with_it() -> None:
    report: BulkReport[Any] = BulkReport([Contacts(lastname="x")])
    report[0].status, report[0].error = Status.FAILED, errors.InvalidId("x")
    again = same(BulkError(report))
    assert again.report.failed[0].item == Contacts(lastname="x")
    unknown = errors.OutcomeUnknown("lost")
    unknown.record = Contacts(lastname="x")
    assert same(unknown).record == unknown.record


def test_the_name_that_was_meant() -> None:
    names = ["lastname", "firstname", "leadsource"]
    assert errors.suggest("lastnme", names) == "lastname"
    assert errors.suggest("zzz", names) is None
    assert errors.suggest("lastname", iter(())) is None
    assert errors.suggest("la", names) is None
    assert errors.suggest("la", names, cutoff=0.3) == "lastname"
