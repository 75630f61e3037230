"""Law: whatever one call of a reading comes to, the answer is right, or an error of the library's.

An SQL error that the server swallows (success, and no rows), an answer that is none, pages that are
smaller than was believed: never a shortened result, and never a write that was told otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.faults import Exchange
from vtiger_orm.emulator.http import Response, json_response

from .faults import Instead, Named, answering
from .matrix import OPERATIONS, Case, Matrix, Where
from .world import DRIVERS

OTHERS = {
    *("me", "modules", "describe", "lookup", "upload", "link", "tag", "bulk_create", "tags"),
    *("hierarchy", "edition_limit", "picklist_dependency", "add_picklist_values", "convert"),
    *("fetch_file", "unlink", "download", "attach_to", "delete_tag", "extend"),
}
"""Operations that read no records."""


@dataclass(frozen=True)
class Capped:
    """Pages of so many rows at most."""

    most: int

    def apply(self, exchange: Exchange) -> Response:
        response = exchange.proceed()
        if exchange.call.operation not in ("query", "query_related"):
            return response
        answer: Any = json.loads(response.body)
        if isinstance(answer.get("result"), list):
            answer["result"] = answer["result"][: self.most]
        return replace(response, body=json.dumps(answer).encode())


WRONG = (
    Named("no rows", answering([])),
    Named("no rows, and done", replace(answering([]), done=True)),
    Named("null", answering(None)),
    Named("{}", answering({})),
    Named("no result", Instead(json_response({"success": True}))),
)
SMALL = tuple(Named(f"pages of {most}", Capped(most)) for most in (2, 3, 4))


def fill(crm: Crm) -> None:
    """Products of accounts, and quotes with items, beside what there is."""
    accounts = crm.run("query", query="select id from Accounts order by id limit 13;")
    products = [crm.create("Products", {"productname": f"Product {n:02}"})["id"] for n in range(12)]
    for id_ in products:
        crm.run(
            "add_related",
            sourceRecordId=accounts[0]["id"],
            relatedRecordId=id_,
            relationIdLabel="Products",
        )
    for n in range(7):
        quote = {
            "subject": f"Quote {n}",
            "quotestage": "Created",
            "account_id": accounts[n]["id"],
            "hdnTaxType": "group",
            "currency_id": "21x1",
            "productid": products[n],
            "bill_street": "a",
            "ship_street": "b",
            "LineItems": [
                {"productid": products[n], "quantity": str(1 + place), "listprice": "2"}
                for place in range(3)
            ],
        }
        crm.create("Quotes", quote)


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    matrix = Matrix(fill)
    yield matrix
    matrix.close()


ASKED = [each for each in OPERATIONS if each.name not in OTHERS]


@pytest.mark.filterwarnings("ignore")
@given(
    dialect=st.sampled_from(["webservice", "cloud"]),
    driver=st.sampled_from(DRIVERS),
    operation=st.sampled_from(ASKED),
    fault=st.one_of(
        st.tuples(st.sampled_from(WRONG), st.integers(0, 14)),
        st.tuples(st.sampled_from(SMALL), st.just(Where.ALWAYS)),
    ),
)
@settings(examples(60), suppress_health_check=list(HealthCheck))
def test_law_nothing_is_shortened(
    matrix: Matrix, dialect: str, driver: str, operation: Any, fault: tuple[Named, Any]
) -> None:
    # raw() says that it answers one page at most, however long the server makes it.
    assume(operation.name != "raw" or fault[0] not in SMALL)
    finding = matrix.judge(dialect, driver, Case(operation, *fault))
    assert finding is None or finding.verdict.good, str(finding)
