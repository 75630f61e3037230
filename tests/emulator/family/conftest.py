"""Servers of the family, one engine a profile for all tests, put back before each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.engine.conftest import Server, make
from tests.emulator.http.conftest import Wire
from vtiger_orm.emulator import Crm
from vtiger_orm.emulator.profiles import profile_named

Make = Callable[[str], Server]
Open = Callable[[str], Wire]


@pytest.fixture(scope="session")
def _engines() -> Iterator[dict[str, tuple[Server, bytes]]]:
    made: dict[str, tuple[Server, bytes]] = {}
    yield made
    for server, _ in made.values():
        server.engine.close()


@pytest.fixture
def on(_engines: dict[str, tuple[Server, bytes]]) -> Iterator[Make]:
    """``on("vtiger-8.3")``: an empty CRM of that profile, asked without HTTP."""
    used = []

    def get(name: str) -> Server:
        if name not in _engines:
            server = make(profile_named(name), demo=False)
            _engines[name] = server, server.engine.snapshot()
        used.append(name)
        return _engines[name][0]

    yield get
    for name in used:
        server, state = _engines[name]
        server.engine.restore(state)
        server.clock.time = type(server.clock)().time


@pytest.fixture(scope="session")
def _crms() -> Iterator[dict[str, Crm]]:
    made: dict[str, Crm] = {}
    yield made
    for crm in made.values():
        crm.close()


@pytest.fixture
def wired(_crms: dict[str, Crm]) -> Iterator[Open]:
    """``wired("vtiger-8.3")``: raw requests to an empty CRM of that profile, nobody logged in."""
    copies = []

    def get(name: str) -> Wire:
        if name not in _crms:
            _crms[name] = Crm(data=None, profile=name)
        copies.append(_crms[name].copy())
        return Wire(copies[-1])

    yield get
    for crm in copies:
        crm.close()


class Shop:
    """Goods and an account, and quotes of them."""

    def __init__(self, crm: Server) -> None:
        self.crm = crm
        self.account = crm.create("Accounts", accountname="Acme")["id"]
        self.product = crm.create("Products", productname="Pen", unit_price="10", qtyinstock="50")[
            "id"
        ]

    def element(self, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "subject": "Q",
            "quotestage": "Created",
            "account_id": self.account,
            "bill_street": "b",
            "ship_street": "s",
            "productid": self.product,
            "assigned_user_id": "19x1",
            "hdnTaxType": "group",
            "currency_id": "21x1",
            "conversion_rate": "1",
            "LineItems": list(items),
            **more,
        }

    def item(self, quantity: str = "2", price: str = "10", **more: Any) -> dict[str, Any]:
        return {"productid": self.product, "quantity": quantity, "listprice": price, **more}

    def sell(self, module: str = "Quotes", *items: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A record with these items; one of 2 x 10 where none are given."""
        if module == "Invoice":
            more = {"invoicestatus": "Created", **more}
        elif module == "SalesOrder":
            more = {"sostatus": "Created", "invoicestatus": "Created", **more}
        elif module == "PurchaseOrder":
            vendor = self.crm.create("Vendors", vendorname="V")["id"]
            more = {"postatus": "Created", "vendor_id": vendor, **more}
        element = self.element(*(items or (self.item(),)), **more)
        answer: dict[str, Any] = self.crm.call("create", elementType=module, element=element)
        return answer

    def items(self, record: str) -> list[dict[str, Any]]:
        rows = self.crm.query(f"select * from LineItem where parent_id = '{record}' order by id;")
        assert isinstance(rows, list)
        return rows


RECORDINGS = Path(__file__).parent / "recordings"


@pytest.fixture(scope="session")
def recorded() -> Callable[[str, str], Any]:
    """``recorded("v830", "query-Contacts")``: a raw answer, or a list of exchanges."""

    def read(server: str, name: str) -> Any:
        return json.loads((RECORDINGS / server / f"{name}.json").read_text(encoding="utf-8"))

    return read
