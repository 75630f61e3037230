"""The RestfulApi module as it really is, on a Vtiger 8.0: one for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.http.test_restfulapi import Api
from vtiger_orm.emulator import Crm


@pytest.fixture(scope="session")
def _template() -> Iterator[Crm]:
    with Crm(data=None, profile="restfulapi") as crm:
        yield crm


@pytest.fixture
def crm(_template: Crm) -> Iterator[Crm]:
    with _template.copy() as crm:
        crm.clock.freeze()
        yield crm


@pytest.fixture
def api(crm: Crm) -> Api:
    return Api(crm).login()


def number(record: dict[str, Any]) -> str:
    return str(record["id"]).partition("x")[2]


def quote(crm: Crm, items: int) -> str:
    account = crm.create("Accounts", {"accountname": f"Acme {items}"})["id"]
    product = crm.create("Products", {"productname": "Pen"})["id"]
    item = {"productid": product, "quantity": "1", "listprice": "10"}
    element = {
        "subject": f"Q{items}",
        "quotestage": "Created",
        "account_id": account,
        "bill_street": "b",
        "ship_street": "s",
        "productid": product,
        "hdnTaxType": "group",
        "LineItems": [item] * items,
    }
    return number(crm.create("Quotes", element))
