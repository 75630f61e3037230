"""What a user does with a CRM, tried on every server that the embedded CRM plays.

Each feature either works on a server, or is refused before anything is sent, with the reason. What
nobody looked at on a real server is "not measured".
"""

from __future__ import annotations

import atexit
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from vtiger_codegen.generate import generate
from vtiger_codegen.live.pull import server_of
from vtiger_codegen.naming.lock import NamesLock

from tests.codegen.packages import imported
from vtiger_orm import InvalidValue, LineItem, NotSupported, Session, VtigerError
from vtiger_orm.emulator import PROFILES, Crm
from vtiger_orm.errors import UnsupportedQuery
from vtiger_orm.introspection.pull import pull

NOT_PROFILES: Final = frozenset({"restfulapi", "restfulapi-unmended", "stock-8.0-php8", "stock-7"})
"""Another module on the same server, and other names."""
SERVERS: Final = [name for name in PROFILES if name not in NOT_PROFILES]
READING: Final = frozenset(
    {
        *("getchallenge", "login", "logout", "listtypes", "describe", "query", "retrieve", "me"),
        *("relatedtypes", "query_related", "retrieve_related", "sync", "files_retrieve"),
        *("getrelatedrecords", "retrievedocattachment", "retrieve_inventory", "extendsession"),
    }
)


MODULES: Final = (
    *("Accounts", "Contacts", "Documents", "DocumentFolders", "Leads", "Potentials", "Products"),
    *("Quotes", "Users", "Groups", "LineItem", "InventoryDetails", "Currency"),
)


@cache
def _made(name: str) -> tuple[Crm, Any]:
    """A CRM of this kind, and the package that a user of it would generate."""
    crm = Crm(profile=name)
    if not crm.profile.recorded:
        return crm, import_module("generated.demo")
    with (
        Session(
            crm.url, *crm.credentials(), transport=crm.transport(), dialect="webservice"
        ) as session,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        snapshot = session.run(pull(server_of(session), include=MODULES))
    files = generate(snapshot, NamesLock()).files
    stack = ExitStack()
    atexit.register(stack.close)
    folder = Path(stack.enter_context(TemporaryDirectory()))
    return crm, stack.enter_context(imported(folder, files))


def open_world(name: str) -> World:
    """A fresh CRM of this kind, with the demo's records."""
    crm, package = _made(name)
    crm = crm.copy()
    dialect = "cloud" if crm.profile.cloud else "webservice"
    session = package.connect(
        crm.url, *crm.credentials(), dialect=dialect, transport=crm.transport()
    )
    return World(name, crm, session, package)


@dataclass
class World:
    name: str
    crm: Crm
    session: Session
    models: Any
    """The generated package."""

    def contact(self) -> Any:
        """A new contact; its owner is the user."""
        owner = self.models.Users.ref(self.session.identify().user_id)
        return self.models.Contacts.objects.create(lastname="Proof", assigned_user_id=owner)


def _read(world: World) -> None:
    assert len(world.models.Contacts.objects.all()[:5]) == 5


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
    account = world.models.Contacts.objects.exclude(account_id=None)[0].account_id
    assert account is not None
    assert list(account.fetch().related.contacts.all())


def _upload(world: World) -> None:
    made = world.contact()
    world.models.Documents.objects.upload(b"proof", name="proof.txt", attach_to=made)


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


FEATURES: Final[dict[str, Callable[[World], None]]] = {
    "reading": _read,
    "conditions": _condition,
    "blank references": _blank,
    "negated patterns": _negation,
    "count()": _count,
    "orders in two directions": _order,
    "conditions across references": _join,
    "create": _create,
    "save()": _save,
    "save(operation='update')": _update,
    "delete()": _delete,
    r"text with \u00e9 in it": _escaped_text,
    "related records": _relations,
    "upload and attach": _upload,
    "create of a quote": _create_quote,
    "items of a quote": _items,
    "other items in a quote": _replace_items,
    "header of a quote": _quote_header,
    "conversion of a lead": _convert,
    "changes since": _changes,
}


def outcome(name: str, feature: str) -> str:
    """``works``, ``not measured``, or ``refused: ...``; raises whatever else happens."""
    world = open_world(name)
    with world.crm, world.session, warnings.catch_warnings(), world.crm.count_calls() as calls:
        warnings.simplefilter("ignore")
        try:
            FEATURES[feature](world)
        except (VtigerError, AttributeError) as error:  # what a package has not, it has no name for
            return _refusal(error, set(calls.operations) - READING)
    return "works"


def _refusal(error: Exception, sent: set[str]) -> str:
    if "not measured" in str(error):
        return "not measured"
    refusals = (NotSupported, InvalidValue, UnsupportedQuery, AttributeError)
    unsent = isinstance(error, refusals)
    # What is tried here may need a record that was made for it.
    if unsent and not sent - {"create"}:
        return f"refused: {error}"
    raise error
