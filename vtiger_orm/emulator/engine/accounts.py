"""Users, groups, profiles and sharing rules; what a CRM needs before anybody can log in."""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .casts import number as to_number
from .schema import GROUPS, USERS, Module, Schema
from .store import LIVE, Store
from .tables import own_columns, quoted
from .users import User
from .writing import blank_row

HIDDEN_MODULE: Final = "hidden module"
READONLY_MODULE: Final = "readonly module"
UNDELETABLE_MODULE: Final = "undeletable module"
HIDDEN_FIELD: Final = "hidden field"
READONLY_FIELD: Final = "readonly field"
HIDDEN_VALUE: Final = "hidden value"
VIEW_ALL: Final = "view all"
"""Not a restriction: the right that takes the blindness of `Profile.blind_users` away."""

ADMIN: Final = "admin"

_BASE_ROWS: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "Currency": (
        {
            "currency_name": "USA, Dollars",
            "currency_code": "USD",
            "currency_symbol": "$",
            "conversion_rate": "1.00000",
            "currency_status": "Active",
            "defaultid": "-11",
        },
    ),
    "DocumentFolders": (
        {"foldername": "Default", "description": "This is a Default Folder", "sequence": 1},
    ),
    "Tax": tuple(
        {
            "taxname": f"tax{position}",
            "taxlabel": label,
            "percentage": percentage,
            "method": "Simple",
            "type": "Fixed",
            "compoundon": "[]",
            "regions": "[]",
        }
        for position, (label, percentage) in enumerate(
            (("VAT", "4.500"), ("Sales", "10.000"), ("Service", "12.500")), start=1
        )
    ),
    "CompanyDetails": ({"organizationname": "Example Ltd", "city": "Springfield"},),
}
_KEY_LETTERS: Final = string.ascii_letters + string.digits
_BASE_GROUPS: Final = ("Team Selling", "Marketing Group", "Support Group")


def default_key(name: str) -> str:
    """The access key of a user of a CRM in memory, unless another is given: made from the name,
    so that tests need not ask for it, and good for nothing but that."""
    return hashlib.sha256(f"vtiger-orm emulator, user {name}".encode()).hexdigest()[:16]


def first_key(store: Store, name: str) -> str:
    """The access key of a new user: a file, which others may reach, has keys of its own."""
    return default_key(name) if store.in_memory else fresh_key()


def fresh_key() -> str:
    """A key nobody knows, of the form that the CRM gives its own."""
    return "".join(secrets.choice(_KEY_LETTERS) for _ in range(16))


def secrets_of(name: str, key: str) -> dict[str, str]:
    """The secret fields of a user: the access key, and what looks like the bcrypt hash that a
    real server hands out but opens nothing."""
    fake = f"$2y$10${hashlib.sha256(name.encode()).hexdigest()[:53]}"
    return {"accesskey": key, "user_password": fake, "confirm_password": fake}


class Accounts:
    """Users of one store, read once and again after every change."""

    def __init__(self, schema: Schema, store: Store) -> None:
        self._schema = schema
        self._store = store
        self._users: dict[str, User] | None = None
        self._private: frozenset[str] | None = None
        self._version = -1
        self._seen_version: object = None
        self._seen_stamp: object = None
        with store.transaction():
            if store.row("SELECT 1 FROM owner") is None:
                self._found()

    def _found(self) -> None:
        """The administrator, the three groups and the rows every CRM is born with."""
        self.add_user(
            ADMIN,
            admin=True,
            last_name="Administrator",
            date_format=self._schema.date_format,
        )
        for name in _BASE_GROUPS:
            self.add_group(name)
        for name, rows in _BASE_ROWS.items():
            module = self._schema.modules.get(name)
            if module is None:
                continue
            for row in rows:
                self._insert(module, row)

    def _insert(self, module: Module, values: Mapping[str, Any]) -> int:
        number = self._store.new_number(module)
        self._store.register(module, number)
        self._store.insert(module, number, {**blank_row(module), **values})
        return number

    def add_user(
        self,
        name: str,
        *,
        admin: bool = False,
        access_key: str | None = None,
        groups: Iterable[int] = (),
        **fields: Any,
    ) -> int:
        """A new user; the number of its id. `fields` are fields of the Users module."""
        module = self._schema.modules[USERS]
        values: dict[str, Any] = {
            "user_name": name,
            "is_admin": "on" if admin else "off",
            "last_name": name.capitalize(),
            "email1": f"{name}@example.com",
            "status": "Active",
            **secrets_of(name, access_key or first_key(self._store, name)),
            "time_zone": "UTC",
            "hour_format": "24",
            "date_format": "yyyy-mm-dd",
            "callduration": "5",
            "othereventduration": "5",
            "no_of_currency_decimals": "2",
            "currency_id": 1,
            **fields,
        }
        if "userlabel" in module.fields:
            names = (values.get("first_name", ""), values["last_name"])
            values.setdefault("userlabel", " ".join(filter(None, names)))
        with self._store.transaction():
            number = self._insert(module, values)
            for group in groups:
                self._store.execute("INSERT INTO member VALUES (?, ?)", (number, group))
            self._changed()
        return number

    def add_group(self, name: str, description: str = "") -> int:
        """A new group; the number of its id."""
        with self._store.transaction():
            number = self._insert(
                self._schema.modules[GROUPS], {"groupname": name, "description": description}
            )
            self._changed()
        return number

    def set_key(self, name: str, key: str) -> None:
        """Give a user another access key. Raises `ValueError` for an unknown user and for a key
        that cannot be one: at least 8 letters, digits and signs, no blanks."""
        if len(key) < 8 or not key.isascii() or not key.isprintable() or " " in key:
            raise ValueError(
                "An access key needs at least 8 characters: ASCII letters, digits and signs "
                "without blanks."
            )
        user = self._known(name)
        with self._store.transaction():
            self._store.update(self._schema.modules[USERS], user.number, {"accesskey": key})
            self._changed()

    def renew_default_keys(self) -> None:
        """Give every user who has the key of a CRM in memory a fresh one."""
        with self._store.transaction():
            for user in self.users():
                if user.access_key == default_key(user.name):
                    self.set_key(user.name, fresh_key())

    def restrict(self, name: str, kind: str, module: str, *names: str) -> None:
        """Add to a user's profile: one of the kinds above, for a module (and fields of it).

        For `HIDDEN_VALUE` `module` is the field and `names` are picklist values; for `VIEW_ALL`
        `module` is blank.
        """
        number = self._known(name).number
        with self._store.transaction():
            for each in names or ("",):
                self._store.execute(
                    "INSERT OR IGNORE INTO restriction VALUES (?, ?, ?, ?)",
                    (number, kind, module, each),
                )
            self._changed()

    def set_private(self, module: str, private: bool = True) -> None:
        """Whether users see only their own and their groups' records of a module."""
        with self._store.transaction():
            if private:
                self._store.execute("INSERT OR IGNORE INTO sharing VALUES (?)", (module,))
            else:
                self._store.execute("DELETE FROM sharing WHERE module = ?", (module,))
            self._changed()

    def user(self, name: str) -> User | None:
        """The active user of that exact name."""
        return self._all().get(name)

    def users(self) -> list[User]:
        """All active users, the administrator first."""
        return list(self._all().values())

    def private_modules(self) -> frozenset[str]:
        """Modules whose records are not shared."""
        self._all()
        assert self._private is not None
        return self._private

    def forget(self) -> None:
        """Read everything again at the next question."""
        self._users = self._private = None

    def _known(self, name: str) -> User:
        user = self.user(name)
        if user is None:
            raise ValueError(f"There is no user {name!r}. Users: {', '.join(self._all())}.")
        return user

    def _changed(self) -> None:
        self._store.touch_accounts()

    def _all(self) -> dict[str, User]:
        with self._store.lock:
            elsewhere = self._changed_elsewhere()
            if self._users is None or elsewhere or self._version != self._store.accounts_version:
                self._version = self._store.accounts_version
                self._users, self._private = self._read(), self._read_private()
            return self._users

    def _changed_elsewhere(self) -> bool:
        """Whether another process changed the accounts in a shared file."""
        if self._store.in_memory:
            return False
        version = self._store.row("PRAGMA data_version")
        if version == self._seen_version:
            return False
        self._seen_version = version
        stamp = self._store.row("SELECT value FROM meta WHERE name = 'accounts'")
        changed = stamp != self._seen_stamp
        self._seen_stamp = stamp
        return changed

    def _read_private(self) -> frozenset[str]:
        return frozenset(name for (name,) in self._store.rows("SELECT module FROM sharing"))

    def _read(self) -> dict[str, User]:
        module = self._schema.modules[USERS]
        names = ["id", *(each.name for each in own_columns(module))]
        rows = self._store.rows(
            f"SELECT {', '.join(map(quoted, names))} FROM {quoted(module.table)} "
            f"WHERE _state = {LIVE} ORDER BY id"
        )
        users = {}
        for row in rows:
            values = dict(zip(names, row))
            if values.get("status") not in ("Active", None, ""):
                continue
            users[values["user_name"]] = self._user(module, values)
        return users

    def _user(self, module: Module, values: Mapping[str, Any]) -> User:
        number = values["id"]
        groups = self._store.rows("SELECT grp FROM member WHERE user = ?", (number,))
        profile: dict[str, set[Any]] = {}
        for kind, name, each in self._store.rows(
            "SELECT kind, module, name FROM restriction WHERE user = ?", (number,)
        ):
            profile.setdefault(kind, set()).add((name, each) if each else name)

        def text(name: str, fallback: str = "") -> str:
            return str(values.get(name) or fallback)

        def restricted(kind: str) -> frozenset[Any]:
            return frozenset(profile.get(kind, ()))

        return User(
            number=number,
            name=values["user_name"],
            wire_id=f"{module.prefix}x{number}",
            access_key=text("accesskey"),
            is_admin=values.get("is_admin") == "on",
            first_name=text("first_name"),
            last_name=text("last_name"),
            email=text("email1"),
            time_zone=text("time_zone", "UTC"),
            hour_format=text("hour_format", "24"),
            date_format=text("date_format", "yyyy-mm-dd"),
            call_duration=text("callduration", "5"),
            other_event_duration=text("othereventduration", "5"),
            currency_rate=self._rate(values.get("currency_id")),
            decimal_separator=text("currency_decimal_separator", "."),
            grouping_separator=text("currency_grouping_separator", ","),
            decimals=max(0, min(5, int(to_number(text("no_of_currency_decimals", "2")) or 2))),
            groups=frozenset(each for (each,) in groups),
            views_all=VIEW_ALL in profile,
            hidden_modules=restricted(HIDDEN_MODULE),
            readonly_modules=restricted(READONLY_MODULE),
            undeletable_modules=restricted(UNDELETABLE_MODULE),
            hidden_fields=restricted(HIDDEN_FIELD),
            readonly_fields=restricted(READONLY_FIELD),
            hidden_values=restricted(HIDDEN_VALUE),
        )

    def _rate(self, currency: object) -> float:
        module = self._schema.modules.get("Currency")
        if module is None or "conversion_rate" not in module.fields or not currency:
            return 1.0
        row = self._store.row('SELECT conversion_rate FROM "m_Currency" WHERE id = ?', (currency,))
        return float(row[0]) if row and row[0] else 1.0
