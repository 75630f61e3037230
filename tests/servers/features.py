"""What a user does with a CRM, tried on every server that the embedded CRM plays.

Each feature either works on a server, or is refused before anything is sent, with the reason. What
nobody looked at on a real server is "not measured".
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, Final
from unittest.mock import patch

from tests.servers.world import CONTACTS, World, open_world
from vtiger_orm import Count, LineItem, NotSupported, VtigerError
from vtiger_orm._writes import Rule
from vtiger_orm.dialects.restfulapi import RestfulApi
from vtiger_orm.errors import InvalidRecord, UnsupportedQuery

READING: Final = frozenset(
    {
        *("getchallenge", "login", "logout", "listtypes", "describe", "query", "retrieve", "me"),
        *("relatedtypes", "query_related", "retrieve_related", "sync", "files_retrieve"),
        *("getrelatedrecords", "retrievedocattachment", "retrieve_inventory", "extendsession"),
    }
)
PREPARING: Final = frozenset({"create", "add_related"})
"""What is tried may need a record that was made for it, or related."""


def _read(world: World) -> None:
    assert len(list(world.models.Contacts.objects.all())) == CONTACTS


def _condition(world: World) -> None:
    every = list(world.models.Contacts.objects.all())
    one = next(each for each in every if each.lastname)
    found = {each.id for each in world.models.Contacts.objects.filter(lastname=one.lastname)}
    assert one.id in found
    assert len(found) < len(every)


def _blank(world: World) -> None:
    blank = {each.id for each in world.models.Contacts.objects.filter(account_id=None)}
    every = list(world.models.Contacts.objects.all())
    assert blank == {each.id for each in every if each.account_id is None}


def _negation(world: World) -> None:
    without = world.models.Contacts.objects.exclude(lastname__contains="a").count()
    assert without + world.models.Contacts.objects.filter(lastname__contains="a").count() == len(
        list(world.models.Contacts.objects.all())
    )


def _count(world: World) -> None:
    assert world.models.Contacts.objects.count() == len(list(world.models.Contacts.objects.all()))


def _order(world: World) -> None:
    ids = [each.id for each in world.models.Contacts.objects.order_by("-modifiedtime", "lastname")]
    assert len(ids) == len(set(ids)) == world.models.Contacts.objects.count()


def _join(world: World) -> None:
    accounts = {each.id for each in world.models.Accounts.objects.filter(accountname__contains="a")}
    inner = world.models.Accounts.objects.filter(accountname__contains="a")
    found = list(world.models.Contacts.objects.filter(account_id__in=inner))
    assert {each.account_id for each in found} <= accounts
    assert found


def _create(world: World) -> None:
    made = world.contact()
    assert world.models.Contacts.objects.get(id=made.id).lastname == "Proof"


def _save(world: World) -> None:
    made = world.contact()
    made.department = "O'Neil & \\ sons"
    made.save()
    assert world.models.Contacts.objects.get(id=made.id).department == "O'Neil & \\ sons"


def _update(world: World) -> None:
    made = world.contact()
    made.title = "Dr"
    made.save(operation="update")
    assert world.models.Contacts.objects.get(id=made.id).lastname == "Proof"


def _delete(world: World) -> None:
    made = world.contact()
    made.delete()
    assert not world.models.Contacts.objects.filter(id=made.id).exists()


def _escaped_text(world: World) -> None:
    made = world.contact()
    made.department = r"C:\u00e9"
    made.save()
    assert world.models.Contacts.objects.get(id=made.id).department == r"C:\u00e9"


def _relations(world: World) -> None:
    contact, product = world.contact(), world.models.Products.objects.all()[0]
    assert list(contact.related.products.all()) == []
    world.crm.engine.backdoor.relate(contact.id, product.id)
    assert list(contact.related.products.all()) == [product]


def _upload(world: World) -> None:
    made = world.contact()
    world.models.Documents.objects.upload(b"proof", filename="proof.txt", attach_to=[made])


def _quote_elements(world: World) -> dict[str, Any]:
    product = world.models.Products.objects.all()[0]
    return {
        "subject": "Proof",
        "quotestage": "Created",
        "account_id": world.models.Accounts.objects.all()[0],
        "bill_street": "a",
        "ship_street": "b",
        "items": [LineItem(product, quantity=2, price=10)],
    }


def _create_quote(world: World) -> None:
    made = world.models.Quotes.objects.create(**_quote_elements(world))
    assert len(made.crm.items) == 1


def _quote(world: World) -> Any:
    """A quote that has items, which are read."""
    for each in world.models.Quotes.objects.all():
        each.crm.load_items()
        if each.crm.items:
            return each
    raise AssertionError("no quote has items")


def _items(world: World) -> None:
    assert list(_quote(world).crm.items)


def _replace_items(world: World) -> None:
    quote = _quote(world)
    quote.crm.items[0].quantity = 7
    quote.save()
    quote.refresh()
    assert quote.crm.items[0].quantity == 7


def _quote_header(world: World) -> None:
    quote = _quote(world)
    number = len(quote.crm.items)
    quote.quotestage = "Delivered"
    quote.save()
    quote.refresh()
    assert len(quote.crm.items) == number > 0


def _convert(world: World) -> None:
    owner = world.models.Users.ref(world.session.identify().user_id)
    made = {"lastname": "Proof", "company": "Proof Ltd", "assigned_user_id": owner}
    lead = world.models.Leads.objects.create(**made)
    converted = lead.crm.convert(account=True, contact=True)
    assert converted.contact is not None


def _changes(world: World) -> None:
    from datetime import UTC, datetime

    made = world.contact()
    feed = world.models.Contacts.objects.changes(since=datetime(2020, 1, 1, tzinfo=UTC))
    assert made.id in {each.id for each in feed}


def _slice(world: World) -> None:
    contacts = world.models.Contacts.objects.order_by("lastname")
    every = [each.id for each in contacts]
    assert [each.id for each in contacts[3:17]] == every[3:17]


def _in_bulk(world: World) -> None:
    ids = [each.id for each in world.models.Contacts.objects.all()][::4]
    assert {*world.models.Contacts.objects.in_bulk(ids)} == {*ids}


def _groups(world: World) -> None:
    contacts = world.models.Contacts.objects
    groups = contacts.values("leadsource").annotate(number=Count())
    assert sum(each["number"] for each in groups) == contacts.count()


def _select_related(world: World) -> None:
    contacts = world.models.Contacts.objects.exclude(account_id=None)
    for each in contacts.select_related("account_id")[:3]:
        assert each.account_id.loaded.accountname


def _owners(world: World) -> None:
    for each in world.models.Contacts.objects.select_related("assigned_user_id")[:3]:
        assert each.assigned_user_id.loaded


def _prefetch(world: World) -> None:
    contact, product = world.contact(), world.models.Products.objects.all()[0]
    contact.related.products.add(product)
    found = world.models.Contacts.objects.filter(id=contact.id).prefetch_related("products")[0]
    assert [each.id for each in found.related.products.loaded] == [product.id]


def _link(world: World) -> None:
    contact, product = world.contact(), world.models.Products.objects.all()[0]
    contact.related.products.add(product)
    assert [each.id for each in contact.related.products] == [product.id]


def _unlink(world: World) -> None:
    contact, product = world.contact(), world.models.Products.objects.all()[0]
    contact.related.products.add(product)
    contact.related.products.remove(product)
    assert list(contact.related.products) == []


def _file(world: World) -> None:
    made = world.models.Documents.objects.upload(b"proof", filename="proof.txt")
    assert made.crm.fetch_file().content == b"proof"


def _new(world: World, name: str) -> Any:
    owner = world.models.Users.ref(world.session.identify().user_id)
    return world.models.Contacts(lastname=name, assigned_user_id=owner)


def _bulk_create(world: World) -> None:
    made = [_new(world, f"Bulk {number}") for number in range(3)]
    assert world.models.Contacts.objects.bulk_create(made).ok
    assert world.models.Contacts.objects.filter(lastname__startswith="Bulk ").count() == 3


def _bulk_change(world: World) -> None:
    made = world.contact()
    assert world.models.Contacts.objects.filter(id=made.id).update(title="Dr") == 1
    assert world.models.Contacts.objects.filter(id=made.id, title="Dr").delete() == 1


def _get_or_create(world: World) -> None:
    owner = {"assigned_user_id": world.models.Users.ref(world.session.identify().user_id)}
    contacts = world.models.Contacts.objects
    one, made = contacts.get_or_create(lastname="Only", defaults=owner)
    other, again = contacts.get_or_create(lastname="Only", defaults=owner)
    assert (one.id, made, again) == (other.id, True, False)


ODD: Final = "l1\nl2 'it' \\ \"q\" <b> é"


def _odd_text(world: World) -> None:
    made = world.contact()
    made.description = ODD + " a&amp;b"
    made.save()
    assert world.crm.run("retrieve", id=str(made.id))["description"] == made.description


def _odd_text_found(world: World) -> None:
    owner = world.models.Users.ref(world.session.identify().user_id)
    contacts = world.models.Contacts.objects
    made = contacts.create(lastname="Proof", description=ODD, assigned_user_id=owner)
    assert [each.id for each in contacts.filter(lastname="Proof", description=ODD)] == [made.id]


def _entity_found(world: World) -> None:
    owner = world.models.Users.ref(world.session.identify().user_id)
    contacts = world.models.Contacts.objects
    made = contacts.create(lastname="Proof", description="a&amp;b", assigned_user_id=owner)
    assert [each.id for each in contacts.filter(description="a&amp;b")] == [made.id]


def _many_items(world: World) -> None:
    quotes = list(world.models.Quotes.objects.all()[:5])
    world.session.load_items(quotes)
    assert sum(len(each.crm.items) for each in quotes)


def _tags(world: World) -> None:
    made = world.contact()
    made.crm.tags.add("proof")
    assert made.crm.tags.all() == ["proof"]


def _lookup(world: World) -> None:
    world.session.lookup("phone", "1", [world.models.Accounts])


def _hierarchy(world: World) -> None:
    assert world.models.Accounts.objects.all()[0].crm.hierarchy()


def _describe(world: World) -> None:
    assert world.session.describe("Contacts").name == "Contacts"
    assert world.session.me.name


FEATURES: Final[dict[str, Callable[[World], None]]] = {
    "reading": _read,
    "conditions": _condition,
    "blank references": _blank,
    "negated patterns": _negation,
    "count()": _count,
    "slices": _slice,
    "in_bulk()": _in_bulk,
    "groups": _groups,
    "orders in two directions": _order,
    "conditions across references": _join,
    "select_related()": _select_related,
    "select_related() of owners": _owners,
    "prefetch_related()": _prefetch,
    "create": _create,
    "save()": _save,
    "save(operation='update')": _update,
    "delete()": _delete,
    r"text with \u00e9 in it": _escaped_text,
    "odd text": _odd_text,
    "odd text in conditions": _odd_text_found,
    "entities in conditions": _entity_found,
    "bulk_create()": _bulk_create,
    "update() and delete() of querysets": _bulk_change,
    "get_or_create()": _get_or_create,
    "related records": _relations,
    "linking": _link,
    "unlinking": _unlink,
    "upload and attach": _upload,
    "file of a document": _file,
    "create of a quote": _create_quote,
    "items of a quote": _items,
    "items of many quotes": _many_items,
    "other items in a quote": _replace_items,
    "header of a quote": _quote_header,
    "conversion of a lead": _convert,
    "changes since": _changes,
    "description of a module": _describe,
    "tags": _tags,
    "lookup": _lookup,
    "hierarchy of an organization": _hierarchy,
}


@cache
def outcome(name: str, feature: str) -> str:
    """``works``, ``not measured``, or ``refused: ...``; raises whatever else happens."""
    # A session a second there; here each feature has a server of its own.
    with patch.object(RestfulApi, "login_spacing", 0.0):
        return _outcome(open_world(name), feature)


def _outcome(world: World, feature: str) -> str:
    with world.crm, world.session, warnings.catch_warnings(), world.crm.count_calls() as calls:
        warnings.simplefilter("ignore")
        try:
            FEATURES[feature](world)
        except (VtigerError, AttributeError) as error:  # what a package has not, it has no name for
            return _refusal(error, {*calls.operations} - READING)
    return "works"


def _refusal(error: Exception, sent: set[str]) -> str:
    if "not measured" in str(error):
        return "not measured"
    unsent = isinstance(error, NotSupported | UnsupportedQuery | AttributeError) or (
        isinstance(error, InvalidRecord)
        and all(each.rule is Rule.SERVER for each in error.problems)
    )
    if unsent and sent <= PREPARING:
        return f"refused: {error}"
    raise error
