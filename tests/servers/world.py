"""A CRM of each kind that the embedded one plays, and the package that its user would generate."""

from __future__ import annotations

import atexit
import warnings
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
from vtiger_orm import Session
from vtiger_orm.emulator import PROFILES, Crm
from vtiger_orm.introspection.pull import pull

OTHER_NAMES: Final = frozenset({"restfulapi-unmended", "stock-8.0-php8", "stock-7"})
"""A module that does not work, and other names."""
DOORS: Final = [name for name in PROFILES if name not in OTHER_NAMES]
SERVERS: Final = [name for name in DOORS if name != "restfulapi"]
"""Without the module that is another door of the same server."""

MODULES: Final = (
    *("Accounts", "Contacts", "Documents", "DocumentFolders", "Leads", "Potentials", "Products"),
    *("Quotes", "Users", "Groups", "LineItem", "InventoryDetails", "Currency"),
)


CONTACTS: Final = 25
"""How many are left of the demo's; sessions read pages of ten."""


@cache
def _made(name: str) -> tuple[Crm, Any]:
    """A CRM of this kind, and the package that a user of it would generate."""
    crm = Crm(profile=name)
    store = crm.engine.store
    kept = f"(SELECT id FROM entity WHERE module = 'Contacts' ORDER BY id LIMIT {CONTACTS})"
    store.execute(f'DELETE FROM "m_Contacts" WHERE id NOT IN {kept}')
    store.execute(f"DELETE FROM entity WHERE module = 'Contacts' AND id NOT IN {kept}")
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
    dialect = name if name in ("cloud", "restfulapi") else "webservice"
    session = package.connect(
        crm.url, *crm.credentials(), dialect=dialect, transport=crm.transport(), page_size=10
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
