"""One call: who asks, of which CRM, at what time. Operations see the engine through this."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ..profiles import Profile
from . import ids
from .errors import Crash, CrmError, NotMeasured, PlainText, denied, internal_error, invalid_id
from .php import php_json
from .schema import Module, Schema
from .store import BROKEN, DELETED, Store
from .tables import quoted
from .users import User
from .views import View, is_hidden

_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


def _unescaped(text: str) -> str:
    """JSON text with its unicode escapes replaced, whatever stands before them. Halves of a
    character beyond U+FFFF become a question mark each."""
    return _ESCAPE.sub(lambda match: _character(int(match[1], 16)), text)


def _character(code: int) -> str:
    return "?" if 0xD800 <= code <= 0xDFFF else chr(code)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """One file part of a multipart request."""

    part: str
    """Name of the form part (``filename``, ``imagename[]``)."""
    name: str
    content_type: str
    content: bytes


@dataclass(slots=True)
class Answer:
    """What an operation answers."""

    result: Any = None
    """What JSON can say, or the `FoundRows` of a query."""
    success: bool = True
    """False for a result that tells of failures: one family has such answers."""
    moreinfo: Any = None
    """The third part of an answer, on servers that have one."""


@dataclass(slots=True)
class Context:
    """What an operation works with."""

    schema: Schema
    store: Store
    profile: Profile
    user: User
    clock: Callable[[], datetime]
    views: Callable[[User, Module], View]
    params: Mapping[str, Any]
    files: Sequence[UploadedFile] = ()
    answer: Answer = field(default_factory=Answer)
    """What is answered besides the result."""

    def now(self) -> str:
        """The server's clock, in its zone, as datetimes are stored."""
        return self.clock().strftime("%Y-%m-%d %H:%M:%S")

    def text(self, name: str, default: str = "") -> str:
        """A parameter as text."""
        value = self.params.get(name)
        if value is None:
            return default
        return value if isinstance(value, str) else json.dumps(value)

    def document(self, name: str) -> dict[str, Any]:
        """A JSON parameter as an object.

        What PHP cannot read counts as an empty one, a list as an object with numbers for keys;
        a JSON text is a fatal.
        """
        value = self.params.get(name)
        if isinstance(value, str):
            loose = self.profile.escapes_first
            try:
                value = php_json(_unescaped(value) if loose else value, strict=not loose)
            except ValueError:
                if self.profile.bad_element == "internal error" and value:
                    raise internal_error() from None
                return {}
        if isinstance(value, str):
            raise Crash(f"{name}: a text where an array is wanted")
        if isinstance(value, list):
            return {str(position): each for position, each in enumerate(value)}
        return dict(value) if isinstance(value, Mapping) else {}

    def module(self, name: str, *, unnamed: bool = False) -> Module:
        """A module that exists and that the user may see.

        Raises ACCESS_DENIED; with `unnamed`, an unknown module is not named in the message.
        """
        module = self.schema.modules.get(name)
        if module is None and name in self.schema.told:
            raise NotMeasured(self.profile.name, f"the module {name}")
        if module is None or not module.listed:
            raise denied() if unnamed else denied(f" for name : {name}")
        if self.hides(module):
            raise denied()
        seen = self.profile.measured_modules
        if seen and module.is_entity and name not in {*seen, "Users"}:
            raise NotMeasured(self.profile.name, f"the module {name}")
        if module.name in self.store.lost_programs:
            raise PlainText("Sorry! Attempt to access restricted file.")
        return module

    def hides(self, module: Module) -> bool:
        """Whether the user may not know of the module."""
        if is_hidden(module, self.user):
            return True
        sighted = self.user.is_admin or self.user.views_all or not module.is_entity
        return self.profile.blind_users and not sighted

    def view(self, module: Module) -> View:
        """The module as the user sees it."""
        return self.views(self.user, module)

    def wire_id(self, text: object) -> ids.WireId:
        """An id as sent. Raises what the server answers to one whose prefix it does not know."""
        if self.profile.ids_have_a_form:
            ids.check_form(text)
        return ids.parse(self.schema, text)

    def record(self, text: object) -> tuple[Module, int]:
        """The module and number of a live record of the user's.

        Raises what the server answers to unknown, deleted and foreign ids.
        """
        wire = self.wire_id(text)
        module = self.module(wire.module.name)
        if wire.number is None:
            raise denied()
        self.check_exists(module, wire.number)
        self.check_shared(module, wire.number)
        return module, wire.number

    def check_exists(self, module: Module, number: int) -> None:
        """Raises unless the number is a live record of that very module."""
        store = self.store
        if not module.shares_ids:
            found = store.row(f"SELECT 1 FROM {quoted(module.table)} WHERE id = ?", (number,))
            if found is None:
                if module.name == "LineItem":
                    raise CrmError("RECORD_NOT_FOUND", "Record not found")
                raise denied()
            return
        row = store.row("SELECT module, state FROM entity WHERE id = ?", (number,))
        if row is None or row[1] == DELETED:
            raise denied()
        if row[0] != module.name:
            raise invalid_id()
        if row[1] == BROKEN:
            raise Crash("the record was never finished")

    def check_shared(self, module: Module, number: int) -> None:
        """Raises unless the record's owner shares it with the user."""
        view = self.view(module)
        if view.owners is None:
            return
        row = self.store.row(
            f'SELECT "assigned_user_id" FROM {quoted(module.table)} WHERE id = ?', (number,)
        )
        if row is None or row[0] not in view.owners:
            raise CrmError("ACCESS_DENIED", "Permission to read given object is denied")
