"""The CRM itself: users, records and operations over one store. No HTTP here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files as package_files
from typing import Any, Self

from ..demo import ARTEFACT
from ..profiles import STOCK_8_0_PHP8, Profile
from . import corebos, operations
from .accounts import Accounts
from .backdoor import Backdoor
from .context import Answer, Context, UploadedFile
from .errors import Crash, NotMeasured, UnknownOperation
from .found import FoundRows
from .schema import USERS, Module, Schema
from .store import Store
from .users import User
from .views import View, make_view


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Engine:
    """One CRM.

    `database` is ``":memory:"`` or a path; `now` gives the server's clock in UTC.
    Safe to call from several threads; calls run one after the other.
    """

    def __init__(
        self,
        schema: Schema,
        database: str = ":memory:",
        *,
        profile: Profile = STOCK_8_0_PHP8,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.schema = schema
        self.profile = profile
        self.store: Store = Store(schema, database)
        try:
            self.accounts: Accounts = Accounts(schema, self.store)
            """Users, groups, profiles and sharing rules."""
        except BaseException:
            self.store.close()
            raise
        clock, zone = now or _utc_now, profile.zone
        self._now = lambda: clock().astimezone(zone)
        self.backdoor: Backdoor = Backdoor(schema, self.store, self._now)
        """Columns as they are stored, for tests."""
        self._views: dict[tuple[User, str], View] = {}

    def call(
        self,
        user: User,
        operation: str,
        params: dict[str, Any],
        files: Sequence[UploadedFile] = (),
    ) -> Any:
        """The JSON `result` of an operation, as `answer` gives it."""
        result = self.answer(user, operation, params, files).result
        return result.rows() if isinstance(result, FoundRows) else result

    def answer(
        self,
        user: User,
        operation: str,
        params: dict[str, Any],
        files: Sequence[UploadedFile] = (),
    ) -> Answer:
        """What an operation answers (its name in any case).

        Parameters are the texts of the request (`element` is JSON text, or a dict).
        Raises `CrmError`, `Crash` (HTTP 500, empty body), `PlainText` (HTTP 200, no JSON) or
        `NotMeasured`.
        `login`, `getchallenge`, `logout` and `extendsession` belong to the HTTP side.
        """
        name = operation.lower()
        handler = self._handler(name)
        context = self.context(user, params, files)
        with self.store.lock:
            writing = corebos if self.profile.operations == "corebos" else operations
            if name not in writing.WRITING:
                context.answer.result = handler(context)
            else:
                with self.store.transaction():
                    context.answer.result = handler(context)
        return context.answer

    def context(
        self, user: User, params: dict[str, Any], files: Sequence[UploadedFile] = ()
    ) -> Context:
        """What an operation of that user works with."""
        return Context(
            self.schema, self.store, self.profile, user, self._now, self._view, params, files
        )

    def _handler(self, name: str) -> operations.Handler:
        profile = self.profile
        if name in profile.crashing:
            raise Crash(f"{name}: the registered parameter names are not the handler's")
        if name in profile.not_measured:
            raise NotMeasured(profile.name, f"the operation {name}")
        if profile.operations == "corebos":
            handler = corebos.OPERATIONS.get(name)
        else:
            handler = None if name in profile.unknown else operations.STOCK.get(name)
        if handler is None and profile.cloud:
            handler = operations.CLOUD.get(name)
        if handler is None:
            raise UnknownOperation(f"there is no operation {name!r}")
        return handler

    def user(self, name: str) -> User | None:
        """The active user of that exact name."""
        return self.accounts.user(name)

    def users(self) -> list[User]:
        """All active users, the administrator first."""
        return self.accounts.users()

    def snapshot(self) -> bytes:
        """The whole store as it is now; a token for `restore`."""
        return self.store.snapshot()

    def restore(self, token: bytes) -> None:
        """Put the store back to what it was at `snapshot`."""
        with self.store.lock:
            self.store.restore(token)
            self.accounts.forget()

    @property
    def is_empty(self) -> bool:
        """Whether it was never filled, and no record was ever made here (users and other basics
        do not count)."""
        filled = "SELECT 1 FROM meta WHERE name = 'filled' UNION ALL SELECT 1 FROM entity LIMIT 1"
        return self.store.row(filled) is None

    @contextmanager
    def filling(self) -> Iterator[bool]:
        """A block that fills the store if it is given True: all of it is kept, or nothing.

        It is given False where the store is not empty (any more): of several processes that open
        a new file one fills it, and the others find what it has made.
        """
        if not self.is_empty:
            yield False
            return
        try:
            with self.store.transaction():
                empty = self.is_empty
                yield empty
                if empty:
                    self.store.execute("INSERT INTO meta VALUES ('filled', 1)")
        except BaseException:
            self.accounts.forget()  # users that were undone
            raise

    def load_demo(self) -> None:
        """Replace what is in the store by the demo data: as far as it fits where the server has
        modules of its own, whole anywhere else (`ValueError` on another schema)."""
        from ..demo.adaptation import adapt
        from ..demo.artefact import load

        text = (
            package_files("vtiger_orm.emulator.demo").joinpath(ARTEFACT).read_text(encoding="utf-8")
        )
        own = bool(self.profile.recorded)
        with self.store.lock, self.store.transaction():
            load(self.store, text, partly=own)
            if own:
                adapt(self.store)
            self.accounts.forget()

    def _view(self, user: User, module: Module) -> View:
        key = (user, module.name)
        view = self._views.get(key)
        if view is None:
            private = module.name in self.accounts.private_modules()
            untold = self.profile.untold_user_fields if module.name == USERS else frozenset()
            view = make_view(self.schema, module, user, private=private, untold=untold)
            if len(self._views) > 4096:
                self._views.clear()
            self._views[key] = view
        return view

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
