"""A Vtiger as it is installed: its store, its users, who is logged in. No HTTP here.

This is all that a door or a fault needs of a CRM; `Crm` adds the doors.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias
from weakref import WeakKeyDictionary

from .clock import Clock
from .engine import Engine, EngineError, Schema, User
from .engine.family import schema_of
from .engine.store import publish
from .engine.tables import check_keepable
from .limits import RateLimits
from .profiles import Profile, profile_named, profile_of
from .sessions import Sessions, Tokens

if TYPE_CHECKING:
    from ..metadata.capabilities import Capabilities
    from ..metadata.snapshot import Snapshot

Data: TypeAlias = (
    Literal["auto", "demo"]
    | Path
    | Mapping[str, list[dict[str, Any]]]
    | Callable[[Any], object]
    | None
)

_demos: Final[WeakKeyDictionary[Schema, bytes]] = WeakKeyDictionary()
"""Stores with the demo data: filled once, copied for whoever comes next."""


class Installation:
    """Base of `Crm`: what works without a request. Its arguments are explained there."""

    def __init__(
        self,
        schema: str | Path | Snapshot | Schema | None = None,
        *,
        data: Data = "auto",
        database: str | Path = ":memory:",
        profile: str | Profile = "auto",
        clock: Clock | None = None,
        session_idle: float | None = 1800.0,
    ) -> None:
        given = None if schema is None else _schema(schema)
        if isinstance(profile, Profile):
            self.profile: Profile = profile
        elif profile != "auto":
            self.profile = profile_named(profile)
        else:
            self.profile = profile_of((given or Schema.demo()).instance)
        made_of = given if given is not None else schema_of(self.profile)
        self.clock: Clock = clock if clock is not None else Clock()
        self.sessions: Sessions = Sessions(self.clock, idle=session_idle)
        self.tokens: Tokens = Tokens(self.clock)
        self.limits: RateLimits = RateLimits(self.clock)
        self.passwords: dict[str, str] = {}
        """User name -> password of the RestfulApi login; the access key where none is set."""
        self.failing_workflows: set[str] = set()
        """Modules with a workflow that fails. The RestfulApi module then ends a save, when the
        record is stored, with HTTP 500 and nothing else; deleting starts no workflow."""
        if data == "auto":
            data = "demo" if schema is None else None
        check_keepable(made_of)
        self.engine: Engine = self._opened(made_of, str(database), data)

    @property
    def version(self) -> str:
        """Version of Vtiger that this CRM says it is."""
        told = self.engine.schema.instance.version if self.profile.tells_snapshot_version else None
        return told or self.profile.vtiger_version

    @property
    def tells_version(self) -> bool:
        """Whether Cloud's REST API tells the version: not where it did not tell `pull`."""
        schema = self.engine.schema
        return not schema.is_cloud or schema.instance.version is not None

    @property
    def capabilities(self) -> Capabilities:
        """What `pull` would find out here; for a session, where the snapshot was pulled from
        another kind of server than this one."""
        from ..metadata.capabilities import Capabilities

        can = self.profile
        absent = can.crashing | can.unknown
        stored = self.engine.schema.instance.capabilities
        return Capabilities(
            precedence=stored.precedence,
            page_size=stored.page_size,
            url_budget=stored.url_budget,
            collation=stored.collation,
            page_capped=can.page_cap is not None,
            counts=can.counts_records,
            patterns_of_ids=not can.ids_have_a_form,
            sql_errors="told" if can.sql_errors_told else "silent",
            sync="sync" not in absent,
            files_retrieve="files_retrieve" not in absent and can.operations == "vtiger",
            serialised_sessions=not can.cloud,
            thinned_pages=can.thinned_pages,
            thinned=dict.fromkeys(can.thinned_modules, True),
        )

    # -- users -----------------------------------------------------------------------------

    def users(self) -> list[User]:
        """All users, the administrator first."""
        return self.engine.users()

    def user(self, name: str | None = None) -> User:
        """A user by name; the administrator without one. Raises `LookupError`."""
        users = self.users()
        found = next((each for each in users if name is None or each.name == name), None)
        if found is None:
            known = ", ".join(each.name for each in users)
            raise LookupError(f"This CRM has no user {name!r}. Its users: {known}.")
        return found

    def credentials(self, user: str | None = None) -> tuple[str, str]:
        """User name and access key, of the administrator unless named."""
        found = self.user(user)
        return found.name, found.access_key

    def set_key(self, user: str, key: str) -> None:
        """Give a user another access key; a file keeps it. Raises `ValueError` for a name that
        nobody has, and for a key of less than 8 characters or with blanks."""
        self.engine.accounts.set_key(user, key)

    def user_with_password(self, name: str, password: str) -> User | None:
        """The user of that name if the password is right."""
        user = self.engine.user(name)
        if user is None:
            return None
        expected = self.password(user)
        right = expected and hmac.compare_digest(expected.encode(), password.encode())
        return user if right else None

    def password(self, user: User) -> str:
        """The password of a user: the access key where none was set."""
        return self.passwords.get(user.name, user.access_key)

    # -- the store, without HTTP -----------------------------------------------------------

    def run(self, operation: str, *, user: str | None = None, **params: object) -> Any:
        """Perform an operation directly: not counted, not logged, no faults, no session.

        Parameters that are not text are sent as JSON. Raises `CrmError`, `Crash`, `PlainText`.
        """
        texts: dict[str, Any] = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in params.items()
        }
        return self.engine.call(self.user(user), operation, texts)

    def create(self, module: str, element: Mapping[str, object]) -> dict[str, Any]:
        """Create a record directly, as the administrator; returns it. See `run`."""
        values = {"assigned_user_id": self.user().wire_id, **element}
        record: dict[str, Any] = self.run("create", elementType=module, element=values)
        return record

    def snapshot(self) -> bytes:
        """The whole store as it is now; give it to `restore`."""
        return self.engine.snapshot()

    def restore(self, token: bytes) -> None:
        """Put the store back. Sessions stay open; faults stay as they are."""
        self.engine.restore(token)

    @contextmanager
    def rolled_back(self) -> Iterator[Self]:
        """Whatever the block does to the store is undone at its end."""
        token = self.snapshot()
        try:
            yield self
        finally:
            self.restore(token)

    def _opened(self, schema: Schema, database: str, data: Data) -> Engine:
        """The store, filled if it was empty.

        A new file is filled in memory first and appears as a whole, with keys of its own. One
        that exists is filled in one transaction. So a fill that fails leaves nothing behind, and
        of several processes one fills the file.
        """
        if database != ":memory:" and not Path(database).exists():
            with self._filled(schema, ":memory:", data) as new:
                new.accounts.renew_default_keys()
                publish(new.snapshot(), Path(database))
        return self._filled(schema, database, data)

    def _filled(self, schema: Schema, database: str, data: Data) -> Engine:
        self.engine = Engine(schema, database, profile=self.profile, now=self.clock)
        known = database == ":memory:" and data == "demo" and schema is schema_of(self.profile)
        try:
            if known and schema in _demos:
                self.engine.restore(_demos[schema])
            elif data is not None:
                with self.engine.filling() as empty:
                    if empty:
                        self._fill(data)
                if known:
                    _demos[schema] = self.engine.snapshot()
        except BaseException:
            self.engine.close()
            raise
        return self.engine

    def _fill(self, data: Data) -> None:
        if data == "demo":
            if self.engine.schema is not schema_of(self.profile):
                raise ValueError("The demo data fits the demo schema only; give no schema.")
            self.engine.load_demo()
        elif callable(data):
            with _refusal_told("a record that was made up"):
                data(self)
        else:
            for module, number, element in _elements(data):
                with _refusal_told(f"record {number} of {module}"):
                    self.create(module, element)

    def close(self) -> None:
        """Close the store; a file keeps it."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _schema(schema: str | Path | Snapshot | Schema) -> Schema:
    if isinstance(schema, Schema):
        return schema
    if isinstance(schema, str | Path):
        return Schema.load(schema)
    return Schema.of(schema)


def _elements(data: Any) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """The records of a mapping or of a JSON file: module, position from 1, fields."""
    content = data if isinstance(data, Mapping) else _json_file(Path(data))
    if not isinstance(content, Mapping):
        raise ValueError("Data for the CRM must be an object: module -> list of elements.")
    for module, elements in content.items():
        if not isinstance(elements, Iterable):
            raise ValueError(f"Data for the CRM: {module} is no list of records.")
        for number, element in enumerate(elements, start=1):
            if not isinstance(element, Mapping):
                raise ValueError(
                    f"Data for the CRM: record {number} of {module} is no object: field -> value."
                )
            yield module, number, element


def _json_file(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError(f"{path} is nested too deeply.") from None


@contextmanager
def _refusal_told(what: str) -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        raise ValueError(f"The CRM refuses {what}: {error}") from error
