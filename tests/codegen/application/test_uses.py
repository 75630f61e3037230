"""What a file of an application says of the package, and what it does not."""

from __future__ import annotations

import libcst as cst
import pytest

from tests.codegen.application.snippets import HEAD, told, uses

TIER = {"tier": (("module", "Contacts", "field", "cf_1"),)}
READ = "Contacts.cf_1 read"


def fields(source: str, head: str = HEAD) -> list[str]:
    """The uses beside those of classes and of making, changing and deleting."""
    found = told(uses(source, TIER, head))
    return [each for each in found if "." in each]


@pytest.mark.parametrize(
    "source",
    [
        "def f(c: Contacts): return c.tier",
        'def f(c: "Contacts"): return c.tier',
        "def f(c: Contacts | None): return c and c.tier",
        "def f(c: 'Contacts | None' = None): return c.tier if c else 0",
        "def f(*, c: Contacts): return c.tier",
        "from typing import Optional\ndef f(c: Optional[Contacts]): return c.tier",
        "def f(c: list[Contacts]): return [x.tier for x in c]",
        "def f(c: list[Contacts]): return c[0].tier",
        "def f(c: list[Contacts]): return c[1:][0].tier",
        "def f(c: tuple[Contacts, int]): return c[0].tier + c[1].tier",
        "x: Contacts\nx.tier",
        "Contacts.objects.get(id='1x1').tier",
        "for x in Contacts.objects: x.tier",
        "for x in Contacts.objects.filter(id='1x1').order_by('id'): x.tier",
        "for i, x in enumerate(Contacts.objects): x.tier",
        "for x, y in zip(Contacts.objects, range(3)): x.tier",
        "x = list(Contacts.objects)\nx[0].tier",
        "x = sorted(Contacts.objects.all(), key=str)[0]\nx.tier",
        "x = next(iter(Contacts.objects))\nx.tier",
        "x = Contacts.objects[0]\nx.tier",
        "x = Contacts.objects[:5]\nfor y in x: y.tier",
        "x, made = Contacts.objects.get_or_create(id='1x1')\nx.tier",
        "if x := Contacts.objects.first(): x.tier",
        "x = None\nif x is None: x = Contacts.objects.first()\nx.tier",
        "x = Contacts(id=None)\nx.tier",
        "x = Contacts.objects.first() or Contacts()\nx.tier",
        "def f() -> Contacts: ...\nf().tier",
        "def f() -> list[Contacts]: ...\n[x.tier for x in f()]",
        "def f(c: Contacts): return c.boss_id and c.tier",
        "x = Contacts.ref('12x1').fetch()\nx.tier",
        "async def f(): return (await Contacts.objects.aget(id='1x1')).tier",
        "async def f():\n  async for x in Contacts.objects: x.tier",
        "async def f():\n  for x in await Contacts.objects: x.tier",
        "def f(a: Accounts): return [x.tier for x in a.related.people]",
        "def f(c: Contacts):\n  for x in c.related.friends.filter(id=None): x.tier",
        "class A:\n  def g(self, c: Contacts): self.c = c\n  def f(self): return self.c.tier",
        "class A:\n  c: Contacts\n  def f(self): return self.c.tier",
        "class A(Contacts):\n  def f(self): return self.tier",
        "class A(Contacts): ...\nA().tier",
        "C = Contacts\nC.objects.get(id='1x1').tier",
        "Contacts.tier",
        "for row in Contacts.objects.values('id'): row['tier']",
        "row = Contacts.objects.values('id').first()\nrow.get('tier')",
        "def f(c: Contacts): return getattr(c, 'tier')",
        "Contacts.objects.only('tier')",
        "Contacts.objects.defer('id', 'tier')",
        "Contacts.objects.values('tier')",
        "Contacts.objects.values_list('tier', flat=True)",
        "match object():\n  case Contacts(tier=x): pass",
        "from crm import ContactsRow\ndef f(row: ContactsRow): return row['tier']",
        "from crm import ContactsRow\ndef f(rows: list[ContactsRow]): return rows[0]['tier']",
        "from crm import ContactsRow\nContactsRow(tier=1)",
        "from crm import ContactsCreate\ndef f(body: ContactsCreate): return body.tier",
        "from crm import ContactsUpdate\ndef f(body: ContactsUpdate): return body['tier']",
        "from crm import ContactsUpdate\nContactsUpdate().tier",
        "from crm import ContactsUpdate\nContactsUpdate.model_validate({}).tier",
        "import crm\ncrm.ContactsUpdate().model_copy().tier",
        "def f(c: Contacts): return c.model_dump()['tier']",
        "for row in Contacts.objects.values('tier__year'): pass",
        "for row in Contacts.objects.values(): row['tier__month']",
        "from vtiger_orm import Sum\nContacts.objects.aggregate(n=Sum('tier'))",
        "sorted(Contacts.objects, key=lambda each: each.tier)",
        "x = [*Contacts.objects]\nmax(list(Contacts.objects), key=lambda each: each.tier)",
        "x = list(Contacts.objects)\nx.sort(key=lambda each: each.tier)",
        "list(map(lambda each: each.tier, Contacts.objects))",
        "list(map(lambda n, each: each.tier, [1], Contacts.objects))",
        "for x in filter(None, Contacts.objects): x.tier",
        "for x in filter(lambda each: each.tier, Contacts.objects): x.id",
        "from typing import cast\nx = cast('list[Contacts]', [])\nx[0].tier",
        "x = Contacts.objects.in_bulk([])\nx['12x1'].tier",
        "def f(c: dict[str, Contacts]): return [x.tier for x in c.values()]",
        "def f(c: dict[str, Contacts]):\n  for key, x in c.items(): key, x.tier",
        "def f(c: dict[str, Contacts]): return c.get('x').tier",
        "first, *rest = Contacts.objects\nfirst.tier",
        "class A:\n  @property\n  def c(self) -> Contacts: ...\n  def f(self): return self.c.tier",
        "class A:\n  def c(self) -> Contacts: ...\n  def f(self): return self.c().tier",
        "class A:\n  all = Contacts.objects.all()\n  def f(self): return self.all.first().tier",
        "for row in Contacts.objects.values_list('id', named=True): row.tier",
        "Contacts.objects.only(*['tier', 'id'])",
        "from vtiger_orm import Sum\nContacts.objects.values('id').annotate(n=Sum('tier'))",
    ],
)
def test_reading(source: str) -> None:
    assert READ in fields(source), told(uses(source, TIER))
    assert fields(source).count(READ) == 1


@pytest.mark.parametrize(
    "head",
    [
        "import crm\n",
        "import crm\nimport crm.contacts\n",
        "import src.crm as crm\n",
        "from . import crm\n",
        "from src import crm\n",
        "import crm.contacts\n",
    ],
)
def test_the_package_as_a_module(head: str) -> None:
    assert fields("crm.Contacts.objects.first().tier\n", head) == [READ]
    assert fields("def f(c: crm.Contacts): c.tier\n", head) == [READ]


@pytest.mark.parametrize("head", ["import src.crm\n", "import src.crm.contacts\nimport src\n"])
def test_the_package_in_another_one(head: str) -> None:
    assert fields("src.crm.Contacts.objects.first().tier\n", head) == [READ]
    assert fields("src.crm.contacts.Contacts.objects.first().tier\n", head) == [READ]
    assert fields("def f(c: 'src.crm.Contacts'): c.tier\n", head) == [READ]
    assert fields("def f(src): src.crm.Contacts.objects.first().tier\n", head) == [f"{READ} ?"]


@pytest.mark.parametrize(
    "head",
    [
        "from crm import Contacts as C\n",
        "from src.crm.contacts import Contacts as C\n",
        "from .crm import Contacts as C\n",
        "from crm import contacts; C = contacts.Contacts\n",
        "from crm import *; C = Contacts\n",
        "from .crm.contacts import *; C = Contacts\n",
        "if 1:\n  from other import *\n  from src.crm import *\nC = Contacts\n",
    ],
)
def test_classes_under_another_name(head: str) -> None:
    assert fields("C.objects.first().tier\n", head) == [READ]


def test_star_imports_of_something_else() -> None:
    assert fields("Contacts.objects.first().id\n", "from other import *\n") == []
    assert told(uses("class Contacts: ...\nContacts.tier\n", None, "from crm import *\n")) == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Contacts.objects.filter(tier='x')", ["Contacts.cf_1 filter"]),
        (
            "Contacts.objects.q(tier='x') | ~Contacts.objects.q(id=1)",
            ["Contacts.cf_1 filter", "Contacts.id filter"],
        ),
        ("Contacts.objects.upload('x', filename='y', tier='z')", ["Contacts.cf_1 write"]),
        ("from crm import ContactsCreate\nContactsCreate(tier='z')", ["Contacts.cf_1 write"]),
        ("from crm import ContactsUpdate\nContactsUpdate(tier='z')", ["Contacts.cf_1 write"]),
        (
            "def f(a: Accounts): a.related.people.prefetch_related('friends__account_id')",
            ["Accounts.People read", "Contacts.Friends read", "Contacts.account_id read"],
        ),
        ("Contacts.objects.prefetch_related('account_id')", ["Contacts.account_id read"]),
        ("Accounts.objects.prefetch_related(Prefetch('people'))", ["Accounts.People read"]),
        ("Contacts.objects.exclude(tier__in=['x'])", ["Contacts.cf_1 filter"]),
        ("Contacts.objects.filter(**dict(tier__in=['x']))", ["Contacts.cf_1 filter"]),
        ("find = Contacts.objects.filter\nfind(tier='x')", ["Contacts.cf_1 filter"]),
        (
            "from functools import partial\nf=partial(Contacts.objects.get, tier=1)\nf(id=2).tier",
            ["Contacts.cf_1 filter", "Contacts.id filter", "Contacts.cf_1 read"],
        ),
        ("import functools\nfunctools.partial(Contacts.objects.only, 'tier')", [READ]),
        ("Contacts.objects.filter(**{'tier__in': ['x']})", ["Contacts.cf_1 filter"]),
        ("Contacts.objects.order_by('-tier')", ["Contacts.cf_1 filter"]),
        (
            "from vtiger_orm import Q\nContacts.objects.filter(Q(tier='x'))",
            ["Contacts.cf_1 filter"],
        ),
        (
            "from vtiger_orm import Q\nContacts.objects.exclude(Q(tier='x') | ~Q(id='1x1'))",
            ["Contacts.cf_1 filter", "Contacts.id filter"],
        ),
        ("Contacts.objects.create(tier='x')", ["Contacts.cf_1 write"]),
        ("Contacts(tier='x')", ["Contacts.cf_1 write"]),
        ("Contacts.objects.filter().update(tier='x')", ["Contacts.cf_1 write"]),
        ("Contacts.objects.get_or_create(defaults={'tier': 'x'})", ["Contacts.cf_1 write"]),
        ("def f(c: Contacts): c.tier = 'x'", ["Contacts.cf_1 write"]),
        ("def f(c: Contacts): c.tier += 'x'", ["Contacts.cf_1 write"]),
        ("def f(c: Contacts): c.tier, x = 'x', 1", ["Contacts.cf_1 write"]),
        ("def f(c: Contacts): setattr(c, 'tier', 1)", ["Contacts.cf_1 write"]),
        ("def f(c: Contacts): c.crm.copy(tier='x')", ["Contacts.cf_1 write"]),
        (
            "def f(c: Contacts): c.account_id.loaded.tier",
            ["Contacts.account_id read", "Accounts.cf_7 read"],
        ),
        (
            "Contacts.objects.values('id').order_by('tier')",
            ["Contacts.id read", "Contacts.cf_1 filter"],
        ),
        (
            "Contacts.objects.values_list('id').filter(tier=1)",
            ["Contacts.id read", "Contacts.cf_1 filter"],
        ),
        (
            "Contacts.objects.select_related('account_id')",
            ["Contacts.account_id read"],
        ),
        ("Accounts.objects.prefetch_related('people')", ["Accounts.People read"]),
        ("def f(a: Accounts): a.related.people.count()", ["Accounts.People read"]),
        ("Contacts.Stage", ["Contacts.stage class name"]),
        ("Contacts.Stage.WON", ["Contacts.stage class name", "Contacts.stage.Won name"]),
        ("Contacts.Stage['WON']", ["Contacts.stage class name", "Contacts.stage.Won name"]),
        ("Contacts.Stage('Won')", ["Contacts.stage class name", "Contacts.stage.Won read"]),
        ("S = Contacts.Stage\nS.WON", ["Contacts.stage class name", "Contacts.stage.Won name"]),
        (
            "Contacts.objects.filter(stage__in=['Won', 'x'])",
            ["Contacts.stage filter", "Contacts.stage.Won read"],
        ),
        (
            "def f(c: Contacts): return c.stage == 'Won'",
            ["Contacts.stage read", "Contacts.stage.Won read"],
        ),
        (
            "def f(c: Contacts): c.stage = 'Won'",
            ["Contacts.stage write", "Contacts.stage.Won read"],
        ),
        (
            "def f(s: Contacts.Stage): return s == 'Won'",
            ["Contacts.stage class name", "Contacts.stage.Won read"],
        ),
    ],
)
def test_what_is_done_with_a_thing(source: str, expected: list[str]) -> None:
    assert fields(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n  tier = 1\nA().tier",
        "class A:\n  tier = 1\n  def f(self): return self.tier",
        "def f(a: Accounts): return a.tier",
        "def f(x: str): return x.tier",
        "tier = 1\nprint(tier)",
        "def f(tier): return tier",
        "f(tier=1)",
        "{}.get(tier, 1)",
        "x = 'tiers'",
        "'tier_x'",
    ],
)
def test_equal_names_of_other_things(source: str) -> None:
    assert READ not in fields(source)
    assert f"{READ} ?" not in fields(source)


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): return x.tier",
        "from elsewhere import find\nfind().tier",
        "import elsewhere\nelsewhere.find().tier",
        "x = Contacts.objects.first()\nx = Accounts.objects.first()\nx.tier",
        "def f(c: Contacts): return c.boss_id.loaded.tier",
        "KEYS = ['lastname', 'tier']",
        "ORDER = '-tier'",
        "KEYWORDS = {'tier__in': ['x']}",
        "def f(x): return getattr(x, 'tier')",
        "for x in Contacts.objects.hot(): x.tier",
    ],
)
def test_what_cannot_be_told_is_a_doubt(source: str) -> None:
    assert [each for each in fields(source) if "?" in each] == [f"{READ} ?"]


def test_doubts_about_keywords_are_those_of_querysets() -> None:
    assert fields("def f(q): return q.filter(tier__in=[1])") == ["Contacts.cf_1 filter ?"]
    assert fields("from x import Q\ndef f(q): return Q(tier=1)") == ["Contacts.cf_1 filter ?"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Contacts.objects.create(lastname='x')", {"lastname"}),
        ("Contacts(lastname='x', tier=1)", {"lastname", "cf_1"}),
        ("Contacts.objects.create(**{'lastname': 'x'})", {"lastname"}),
        ("Contacts.objects.create(**values)", None),
        (
            "Contacts.objects.get_or_create(lastname='x', defaults={'tier': 1})",
            {"lastname", "cf_1"},
        ),
        ("Contacts.objects.get_or_create(lastname='x', defaults=values)", None),
        ("Contacts.objects.get_or_create(defaults={**values})", None),
    ],
)
def test_what_is_given_when_a_record_is_made(source: str, expected: set[str] | None) -> None:
    (made,) = (each for each in uses(source) if each.access == "create")
    assert made.given == expected
    assert made.path == ("module", "Contacts")


@pytest.mark.parametrize(
    ("source", "access"),
    [
        ("def f(c: Contacts): c.save()", "update"),
        ("def f(c: Contacts): c.delete()", "delete"),
        ("def f(c: Contacts): c.refresh()", "refresh"),
        ("async def f(c: Contacts): await c.adelete()", "delete"),
        ("Contacts.objects.filter(id=None).delete()", "delete"),
        ("Contacts.objects.update(tier=1)", "update"),
        ("Contacts.objects.bulk_create([])", "create"),
    ],
)
def test_what_needs_a_permission(source: str, access: str) -> None:
    assert f"Contacts {access}" in told(uses(source))


def test_classes_and_files_are_named() -> None:
    source = """\
        from src.crm.contacts import Contacts
        from crm import contacts
        from crm._typing.contacts import ContactsQuerySet
        import crm.contacts
        def f(c: "list[Contacts]", d: ContactsQuerySet) -> "Contacts | None": ...
        """
    found = uses(source, head="")
    spans = [(each.path[-1], each.start, each.end) for each in found]
    assert spans == [
        ("file", 0, 8),
        ("Contacts", 0, 8),
        ("file", 0, 8),
        ("file", 0, 8),
        ("Contacts", 0, 8),
        ("file", 0, 8),
        ("Contacts", 5, 13),
        ("Contacts", 0, 8),
        ("Contacts", 0, 8),
    ]


@pytest.mark.parametrize(
    ("source", "spans"),
    [
        ("def f(q: 'ContactsQuerySet | None', r: 'list[ContactsRow]'): ...", [(0, 8), (5, 13)]),
        ("def f(c: 'crm.contacts.Contacts'): ...", [(4, 12), (13, 21)]),
        ("def f() -> 'dict[str, Contacts]':\n    Contacts = 1", [(10, 18)]),
        ("People: TypeAlias = 'list[Contacts]'", [(5, 13)]),
        ("cast('Contacts', object())", [(0, 8)]),
        ("TypeVar('Contacts', bound='Contacts')", [(0, 8)]),
        ("__all__ = ['Contacts', 'f']", [(0, 8)]),
        ("from shop import Contacts\ndef f(c: 'Contacts'): ...", []),
        ("class Contacts: ...\ndef f(c: 'Contacts | class'): ...", []),
        ("from crm import Accounts as Contacts\ndef f(c: 'Contacts'): ...", []),
        ("x = 'Contacts'", []),
    ],
)
def test_classes_are_named_in_quotes(source: str, spans: list[tuple[int, int]]) -> None:
    head = "import crm\nfrom crm import Contacts, ContactsQuerySet, ContactsRow\n"
    head = "" if "from" in source else "import crm\n" if "class " in source else head
    found = [each for each in uses(source, head=head) if isinstance(each.token, cst.SimpleString)]
    assert [(each.start, each.end) for each in found] == spans


def test_classes_that_come_by_way_of_another_file_are_doubts() -> None:
    contacts = {"Contacts": (("module", "Contacts"),), "tier": TIER["tier"]}
    source = "from shop import Contacts, tier\nimport shop\nshop.Contacts\n'Contacts'\n"
    assert told(uses(source, contacts, "")) == ["Contacts name ?", "Contacts read ?"]


def test_a_file_of_something_else_has_no_uses() -> None:
    source = "from shop import Contacts\nContacts.objects.get(tier=1).tier\n"
    assert told(uses(source, TIER, head="")) == ["Contacts.cf_1 filter ?", f"{READ} ?"]
    assert told(uses(source, head="")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from crm import Accounts as Contacts\nContacts.objects.all()", ["Accounts name"]),
        ("import crm\nclass Contacts(crm.Contacts): ...\nContacts()", ["Contacts name"]),
        (
            "from crm import ContactsQuerySet as AccountsQuerySet\nAccountsQuerySet",
            ["Contacts name"],
        ),
    ],
)
def test_a_class_is_meant_by_what_it_is_and_not_by_what_a_file_calls_it(
    source: str, found: list[str]
) -> None:
    named = [each for each in told(uses(source, {}, "")) if each.endswith(" name")]
    assert named == found


@pytest.mark.parametrize(
    "method",
    [
        "@property\n  def f(self): return self.tier",
        "@classmethod\n  def f(cls): return cls.objects.get(tier=1)",
        "@cached_property\n  def f(self): return self.tier",
    ],
)
def test_decorated_methods_know_their_class(method: str) -> None:
    assert len(fields(f"class A(Contacts):\n  {method}")) == 1
    assert fields("class A(Contacts, ordering=('-tier', 'id')): ...")[0] == "Contacts.cf_1 filter"


SHAPES = """
from typing import TypedDict

class Company(TypedDict):
    accountname: str

class Person(TypedDict):
    tier: str
    tier__year: int
    account: "Company | None"
    other: int

class NoShape(TypedDict):
    tier: str
"""


def test_fields_of_shapes_are_doubts() -> None:
    """Whatever asks them has to be renamed as well."""
    doubtful = {
        **TIER,
        "account_id": (("module", "Contacts", "field", "account_id"),),
        "accountname": (("module", "Accounts", "field", "accountname"),),
    }
    found = [
        "Accounts.accountname read ?",
        "Contacts.cf_1 read ?",
        "Contacts.cf_1 read ?",
        "Contacts.account_id read ?",
    ]
    here = f"{SHAPES}\nfor p in Contacts.objects.into(Person): p"
    assert [each for each in told(uses(here, doubtful)) if "." in each] == found
    assert told(uses(SHAPES, doubtful)) == []
    assert told(uses(SHAPES, doubtful, shapes=frozenset({"Person"}))) == found
    asked = "for p in Contacts.objects.into(Other): p.tier"
    assert fields(asked) == ["Contacts.cf_1 read ?"]
