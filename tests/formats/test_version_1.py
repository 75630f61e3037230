"""Format 1 of packages and snapshots, from copies made when it was the newest.

`v1/package` was generated from `v1/schema` by vtiger-orm 0.1.0, eight modules of it. Neither
is ever generated again: what was committed by an application must go on working.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from importlib import import_module
from pathlib import Path, PurePosixPath

import pytest
from vtiger_codegen.generate import Options, generate
from vtiger_codegen.naming.lock import FILE_NAME, load_lock

from tests.formats.v1 import package as models
from tests.formats.v1.package import Accounts, Contacts, Leads, Products, Quotes, connect
from vtiger_orm import Record, Session
from vtiger_orm.emulator import Crm
from vtiger_orm.metadata.snapshot import Snapshot

V1 = Path(__file__).parent / "v1"
SCHEMA = V1 / "schema"
MODULES = [name for name in models.__all__ if name[0].isupper()]


@pytest.fixture
def crm() -> Iterator[Crm]:
    """The CRM that the snapshot tells of, with a few records."""
    with Crm(SCHEMA) as crm:
        owner = {"assigned_user_id": crm.user().wire_id}
        bank, mill = (
            crm.create("Accounts", {"accountname": name, "industry": industry, **owner})["id"]
            for name, industry in [("Bank", "Banking"), ("Mill", "Apparel")]
        )
        for lastname, account, born in [
            ("Smith", bank, "1815-12-10"),
            ("Sommer", bank, ""),
            ("Schmidt", mill, "1791-12-26"),
            ("Ayrton", bank, ""),
        ]:
            crm.create(
                "Contacts",
                {"lastname": lastname, "account_id": account, "birthday": born, **owner},
            )
        product = crm.create("Products", {"productname": "Engine", "unit_price": "5"})["id"]
        crm.create(
            "Quotes",
            {
                "subject": "An engine",
                "quotestage": "Created",
                "account_id": bank,
                "bill_street": "Street",
                "ship_street": "Street",
                "productid": product,
                "LineItems": [{"productid": product, "quantity": "2", "listprice": "5"}],
                **owner,
            },
        )
        crm.create("Documents", {"notes_title": "Plan", **owner})
        crm.create("Leads", {"lastname": "Babbage", "company": "Engines", **owner})
        yield crm


@pytest.fixture
def session(crm: Crm) -> Iterator[Session]:
    with connect(crm.url, *crm.credentials(), transport=crm.transport()) as session:
        yield session


def model(name: str) -> type[Record]:
    found: type[Record] = getattr(models, name)
    return found


# The package


def test_it_says_what_it_is() -> None:
    assert "    format=1,\n" in (V1 / "package" / "_package.py").read_text(encoding="utf-8")
    assert import_module(f"{models.__name__}._package").package.format == 1


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("name", MODULES)
def test_every_model_is_read(name: str) -> None:
    first = model(name).objects.order_by("id").first()
    assert isinstance(first, model(name))
    assert first.meta.prefix == first.id.prefix


@pytest.mark.usefixtures("session")
def test_conditions() -> None:
    banks = Accounts.objects.filter(industry=Accounts.Industry.BANKING)
    people = Contacts.objects.filter(account_id__in=banks, lastname__startswith="s")
    found = list(people.select_related("account_id").order_by("-lastname"))
    assert [contact.lastname for contact in found] == ["Sommer", "Smith"]
    assert people.count() == 2
    assert found[0].account_id
    assert found[0].account_id.loaded.industry is Accounts.Industry.BANKING
    assert Contacts.objects.filter(birthday=None).count() == 2
    born = Contacts.objects.exclude(birthday=None).filter(birthday__month=12)
    assert list(born.order_by("lastname").values_list("lastname", flat=True)) == [
        "Schmidt",
        "Smith",
    ]


@pytest.mark.usefixtures("session")
def test_writing() -> None:
    ada = Contacts.objects.create(lastname="Lovelace", birthday=date(1815, 12, 10))
    assert ada.assigned_user_id
    ada.firstname = "Ada"
    ada.leadsource = Contacts.LeadSource.COLD_CALL
    assert set(ada.changes) == {"firstname", "leadsource"}
    ada.save()
    again = Contacts.objects.get(id=ada.id)
    assert (again.firstname, again.lastname) == ("Ada", "Lovelace")
    assert again.leadsource is Contacts.LeadSource.COLD_CALL
    assert again.birthday == date(1815, 12, 10)
    again.delete()
    assert not Contacts.objects.filter(id=ada.id).exists()


@pytest.mark.usefixtures("session")
def test_custom_fields_under_the_names_of_the_lock() -> None:
    """Labels in Chinese, a picklist with awkward values, several values in one field."""
    smith = Contacts.objects.get(lastname="Smith")
    smith.ke_hu_lei_xing = Contacts.KeHuLeiXing.KE_HU
    smith.save()
    assert Contacts.objects.get(ke_hu_lei_xing=Contacts.KeHuLeiXing.KE_HU) == smith


@pytest.mark.usefixtures("session")
def test_relations() -> None:
    mill = Accounts.objects.get(accountname="Mill")
    assert [one.lastname for one in mill.related.contacts] == ["Schmidt"]
    schmidt = mill.related.contacts.get()
    assert schmidt.account_id
    assert schmidt.account_id.fetch() == mill
    schmidt.related.products.add(Products.objects.get(productname="Engine"))
    assert [one.productname for one in schmidt.related.products] == ["Engine"]


@pytest.mark.usefixtures("session")
def test_what_hangs_under_a_record() -> None:
    quote = Quotes.objects.get(subject="An engine")
    (item,) = quote.crm.load_items()
    assert (item.product_name, item.quantity) == ("Engine", 2)
    lead = Leads.objects.get(lastname="Babbage")
    lead.company = "Difference Engines"
    assert lead.crm.preview().values == {"company": "Difference Engines"}
    assert "convert" in dir(lead.crm)


async def test_async(crm: Crm) -> None:
    async with connect(crm.url, *crm.credentials(), async_transport=crm.transport()):
        names = [one.lastname async for one in Contacts.objects.order_by("lastname")[:2]]
        assert names == ["Ayrton", "Schmidt"]
        assert await Contacts.objects.acount() == 4


# The snapshot


def test_the_snapshot_is_read() -> None:
    assert '"format": 1' in (SCHEMA / "instance.json").read_text(encoding="utf-8")
    snapshot = Snapshot.load(SCHEMA)
    assert (snapshot.instance.version, snapshot.instance.dialect) == ("8.0.0", "webservice")
    assert snapshot.instance.capabilities.precedence == "sql"
    assert len(snapshot.modules) == 36
    contacts = snapshot.modules["Contacts"]
    assert contacts.describe.id_prefix == "12"
    assert {each.name for each in contacts.describe.fields} > {"lastname", "account_id", "cf_869"}
    assert contacts.relations


def test_no_name_of_yesterday_changes() -> None:
    """What is generated today from the old snapshot and lock has the names of the old package."""
    lock = load_lock(SCHEMA / FILE_NAME)
    options = Options(include=tuple(MODULES))
    output = generate(Snapshot.load(SCHEMA), lock, options, locked=True)
    assert output.lock == lock
    old = {file.relative_to(V1 / "package").as_posix() for file in (V1 / "package").glob("*.py")}
    assert old <= {path.as_posix() for path in output.files}
    for name in MODULES:
        text = output.files[PurePosixPath(f"{name.lower()}.py")]
        tree = next(each for each in ast.parse(text).body if isinstance(each, ast.ClassDef))
        assert tree.name == name
        fields = [each.target for each in tree.body if isinstance(each, ast.AnnAssign)]
        printed = {each.id for each in fields if isinstance(each, ast.Name)}
        assert set(model(name).meta.fields) - {"id"} <= printed
