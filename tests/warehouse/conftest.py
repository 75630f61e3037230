"""A CRM and each kind of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.databases import postgres
from tests.support.kinds import KINDS, crm, kind
from vtiger_orm.emulator import Crm

__all__ = ["crm", "kind"]


@pytest.fixture(scope="session")
def templates() -> Iterator[dict[str, Crm]]:
    """Small ones: 40 accounts, 60 contacts and 10 deals that belong to them, 5 vendors."""
    made = {kind: Crm(data=fill, profile=profile) for kind, (profile, _) in KINDS.items()}
    yield made
    for each in made.values():
        each.close()


def fill(crm: Crm) -> None:
    accounts = [
        str(crm.create("Accounts", {"accountname": f"Account {number}"})["id"])
        for number in range(40)
    ]
    for number in range(60):
        person = {"lastname": f"Person {number}", "account_id": accounts[number % 20]}
        crm.create("Contacts", person)
    for number in range(10):
        deal = {
            "potentialname": f"Deal {number}",
            "related_to": accounts[number],
            "closingdate": "2026-05-01",
            "sales_stage": "Prospecting",
        }
        crm.create("Potentials", deal)
    for number in range(5):
        crm.create("Vendors", {"vendorname": f"Vendor {number}"})


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param != "postgres":
        return f"{request.param}:///{tmp_path / 'crm.db'}"
    address = str(request.getfixturevalue("postgres_url"))
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema("public", cascade=True))
        connection.execute(sa.schema.CreateSchema("public"))
    engine.dispose()
    return address


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()
