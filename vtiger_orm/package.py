"""One generated package at run time: its models, its CRM's facts, and its current session.

The ambient session belongs to the package, so two CRMs in one process never mix.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Unpack, cast
from weakref import WeakSet

from ._lazy import lazy_names
from .errors import ConfigError, InvalidId, NoSession, RegenerateNeeded, SchemaMismatch
from .ids import parse_id

if TYPE_CHECKING:
    from .calls.protocols import Place, Runner
    from .metadata.module import ModuleMeta
    from .metadata.server import Server
    from .models.queryset import QuerySet
    from .models.record import Record
    from .session import Session
    from .session.settings import SessionSettings

FORMAT: Final = 2
"""The format of generated packages that this runtime was built for."""

_COMPANIONS: Final = ("QuerySet", "Row", "Create", "Update")
"""What is put behind the name of a model for the classes beside it that the root exports."""


class Activation:
    """One `with` block of one session; `end` may be called in any task or thread."""

    __slots__ = ("live", "package", "runner")

    def __init__(self, package: Package, runner: Runner) -> None:
        self.package: Package = package
        self.runner: Runner = runner
        self.live: bool = True

    def end(self) -> None:
        """Leave the block.

        Contexts copied while it was open (tasks started inside it) still hold this object;
        they see that it ended and fall back to what lies outside of it.
        """
        self.live = False
        _activations.set(_live())


class _Place:
    """Where a module is found. No named tuple, which takes ten times as long to define."""

    __slots__ = ("attribute", "module", "prefix", "python_module")

    def __init__(
        self, attribute: str, python_module: str, prefix: str, module: str | None = None
    ) -> None:
        self.attribute = attribute
        self.python_module = python_module
        self.prefix = prefix
        self.module = module or attribute


_packages: WeakSet[Package] = WeakSet()


def packages() -> list[Package]:
    """Every generated package that this process has imported."""
    return list(_packages)


_activations: ContextVar[tuple[Activation, ...]] = ContextVar("vtiger_orm_sessions", default=())


def _live() -> tuple[Activation, ...]:
    return tuple(each for each in _activations.get() if each.live)


class Package:
    """What a generated package knows of its CRM.

    `modules` maps each class name to `(python module, id prefix)`, with the CRM's own module
    name as a third item where it differs from the class name. `others` are the id prefixes of
    modules that the CRM has and the package has not (since format 2), by the CRM's own names.
    `capabilities` are the facts of the snapshot that a session needs. `own` are the public names
    of classes that the application wrote, and where they are defined: a file of the package, or
    ``module:name``.

    Raises `RegenerateNeeded` when the package was generated in a format that this runtime does
    not read: it reads its own and the one before.
    """

    def __init__(
        self,
        name: str | None,
        *,
        format: int,
        generator: str,
        dialect: str,
        version: str | None,
        modules: Mapping[str, tuple[str, str] | tuple[str, str, str]],
        others: Mapping[str, str] | None = None,
        capabilities: Mapping[str, Any] | None = None,
        own: Mapping[str, str] | None = None,
    ) -> None:
        self.name: Final = name or "<package>"
        self.format: Final = format
        self.generator: Final = generator
        self.dialect: Final = dialect
        self.version: Final = version
        self.capabilities: Final[Mapping[str, Any]] = MappingProxyType(dict(capabilities or {}))
        self.own: Final[Mapping[str, str]] = MappingProxyType(dict(own or {}))
        _check_format(self.name, format, generator)
        places: list[Place] = [_Place(attribute, *entry) for attribute, entry in modules.items()]
        self.modules: Final[Mapping[str, Place]] = MappingProxyType(
            {place.module: place for place in places}
        )
        """By the CRM's own module name."""
        self.prefixes: Final[Mapping[str, str]] = MappingProxyType(
            {**(others or {}), **{place.module: place.prefix for place in places}}
        )
        """Id prefixes of this CRM by its own module names, also of modules without a class."""
        self._by_name: Final = {
            **{place.attribute: place for place in places},
            **{place.module: place for place in places},
        }
        self._by_prefix: Final = {place.prefix: place for place in places}
        self._companions: Final[dict[str, type[object]]] = {}
        self._default: Session | None = None
        self._kept: Session | None = None
        self._lock: Final = threading.Lock()
        _packages.add(self)

    @property
    def server(self) -> Server:
        """The server that the package was generated from."""
        from .metadata.capabilities import Capabilities
        from .metadata.server import Server, family_of

        family = family_of(self.dialect, self.version, modules=self.modules)
        proved = Capabilities.model_validate(dict(self.capabilities))
        return Server.known(family, self.version, proved)

    def __repr__(self) -> str:
        return f"<Package {self.name}: {len(self.modules)} modules, {self.dialect}>"

    # Models

    def exports(self) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
        """`__getattr__` and `__dir__` of the package's root: each model's module is imported on
        the first use of its name, or of the name of a class beside it."""
        homes = {place.attribute: place.python_module for place in self.modules.values()}
        beside = {
            f"{name}{end}": partial(self._companion, name, end)
            for name in homes
            for end in _COMPANIONS
        }
        return lazy_names(self.name, {**beside, **homes, **self.own})

    def _companion(self, name: str, end: str) -> type[object]:
        """``ContactsCreate`` and its kin; one and the same class, whichever thread was first."""
        from .models.companions import companion

        wanted = f"{name}{end}"
        if wanted not in self._companions:
            made = companion(self.model(name), end, self.name, wanted)
            if made is None:
                raise AttributeError(
                    f"{self.name} has no {wanted}: the CRM does not let the user who pulled "
                    f"{end.lower()} {name}."
                )
            self._companions.setdefault(wanted, made)
        return self._companions[wanted]

    def model(self, module: str) -> type[Record]:
        """The class of a module of the CRM, as the package's root exports it.

        `module` is the CRM's own name or the name of the class, which is what references in
        generated code are written with. Raises `SchemaMismatch` when the package has neither.
        """
        place = self._by_name.get(module)
        if place is None:
            raise SchemaMismatch(
                f"The package {self.name!r} has no module {module!r}: it was left out when the "
                "package was generated, or came to the CRM afterwards. Include it in "
                "[tool.vtiger-orm] if it is left out there, then run: vtiger-orm pull && "
                "vtiger-orm generate"
            )
        return cast("type[Record]", getattr(import_module(self.name), place.attribute))

    def meta(self, module: str) -> ModuleMeta:
        """The facts of a module, by either name; raises `SchemaMismatch` as `model` does."""
        facts: ModuleMeta = self.model(module).meta
        return facts

    def own_model(self, module: str) -> type[Record] | None:
        """The class of a module, where the application wrote it."""
        return cast("type[Record] | None", self._own(module, ""))

    def own_queryset(self, module: str) -> type[QuerySet[Any]] | None:
        """The class of a module's querysets, where the application wrote it."""
        return cast("type[QuerySet[Any]] | None", self._own(module, "QuerySet"))

    def _own(self, module: str, companion: str) -> object:
        place = self._by_name.get(module)
        name = f"{place.attribute}{companion}" if place is not None else ""
        return getattr(import_module(self.name), name) if name in self.own else None

    def module_named(self, name: str) -> str:
        """The CRM's name of a module, from that or from the name of its class."""
        place = self._by_name.get(name)
        return place.module if place is not None else name

    def knows(self, module: str) -> bool:
        """Whether the module is part of the package, by either name."""
        return module in self._by_name

    def place_of(self, id: str) -> Place | None:
        """The module that the id's prefix belongs to; None when the package does not know it."""
        return self._by_prefix.get(parse_id(id).prefix)

    def model_of(self, id: str) -> type[Record]:
        """The class of the record with this id, by the id's prefix.

        Raises `InvalidId` for text that is no id or whose prefix is none of this CRM's, and
        `SchemaMismatch` for the id of a module that was left out.
        """
        return self.model(self.module_of(id))

    def module_of(self, id: str) -> str:
        """The CRM's name of the module that the id's prefix belongs to; raises `InvalidId`."""
        place, prefix = self.place_of(id), parse_id(id).prefix
        others = (name for name, known in self.prefixes.items() if known == prefix)
        module = place.module if place is not None else next(others, None)
        if module is None:
            raise InvalidId(
                id,
                f"no module that the package {self.name!r} knows has the prefix {prefix!r}. Was "
                "the module hidden from the user who pulled, or is the id from another CRM? "
                "Prefixes differ.",
            )
        return module

    def prefix(self, module: str) -> str:
        """The number before the ``x`` of the module's ids on this CRM."""
        prefix = self.prefixes.get(self.module_named(module))
        if prefix is None:
            raise SchemaMismatch(f"The package {self.name!r} knows no module {module!r}.")
        return prefix

    def prefixes_of(self, modules: Iterable[str]) -> tuple[str, ...]:
        """The prefixes of several modules; none at all where one is not known."""
        found = [self.prefixes.get(self.module_named(module)) for module in modules]
        return tuple(each for each in found if each) if None not in found else ()

    # Sessions

    def connect(
        self,
        url: str | None = None,
        username: str | None = None,
        access_key: str | None = None,
        **settings: Unpack[SessionSettings],
    ) -> Session:
        """A session with this package's CRM, for `with`, `async with` or plain use.

        What is left out comes from the environment: VTIGER_URL, VTIGER_USERNAME,
        VTIGER_ACCESS_KEY. `settings` are those of `vtiger_orm.Session` (`timezone`,
        `server_timezone`, `timeout`, `parallel`, ...). Nothing is sent before the first call.

        Raises `ConfigError` when URL, user name or access key are missing.
        """
        from .session import Session

        url = url or os.environ.get("VTIGER_URL", "")
        username = username or os.environ.get("VTIGER_USERNAME", "")
        access_key = access_key or os.environ.get("VTIGER_ACCESS_KEY", "")
        given = {"url": url, "username": username, "access_key": access_key}
        missing = [name for name, value in given.items() if not value]
        if missing:
            raise ConfigError(
                f"connect() lacks {' and '.join(missing)}: give it as an argument, or set "
                f"{' and '.join(f'VTIGER_{name.upper()}' for name in missing)} in the environment."
            )
        settings.setdefault("dialect", cast("Any", self.dialect))
        return Session(url, username, access_key, package=self, **settings)

    def configure(
        self,
        url: str | None = None,
        username: str | None = None,
        access_key: str | None = None,
        *,
        session: Session | None = None,
        **settings: Unpack[SessionSettings],
    ) -> Session:
        """Set the session that the whole process uses where no `with` block is open.

        Takes what `connect` takes, or a `session` made before. Lazily opened; for FastAPI
        lifespans, Celery workers and thread pools. Calling it again closes the former default.
        """
        default = session or self.connect(url, username, access_key, **settings)
        self.check_runner(default)
        with self._lock:
            former, self._default = self._default, default
        if former is not None and former is not default and former is not self._kept:
            former.close()
        return default

    def reset(self) -> None:
        """Close the session that `configure` set, if it did, and forget it."""
        with self._lock:
            former, self._default = self._default, None
        if former is not None:
            former.close()

    @contextmanager
    def keeping_default(self) -> Iterator[None]:
        """For tests: what `configure` sets inside the block is closed at its end, and what was set
        before holds again."""
        with self._lock:
            outer, self._kept = self._kept, self._default
            kept = self._kept
        try:
            yield
        finally:
            with self._lock:
                current, self._default, self._kept = self._default, kept, outer
            if current is not None and current is not kept:
                current.close()

    def activate(self, runner: Runner) -> Activation:
        """Make the session the innermost one of this context until `Activation.end`."""
        self.check_runner(runner)
        activation = Activation(self, runner)
        _activations.set((*_live(), activation))
        return activation

    def runner(self) -> Runner:
        """The session of the innermost `with` block of this context, else the default one.

        Raises `NoSession` when there is neither.
        """
        for activation in reversed(_activations.get()):
            if activation.live and activation.package is self:
                return activation.runner
        if self._default is not None:
            return self._default
        raise NoSession(
            f"No session for {self.name!r} here. Do one of these:\n"
            f"  - open one:  with {self.name}.connect() as crm: ...   (or async with)\n"
            f"  - set a default for the whole process, as threads, Celery workers and web "
            f"applications need:  {self.name}.configure()\n"
            "  - name it:  Model.objects.using(session)"
        )

    def check_runner(self, runner: object) -> None:
        """Refuse a session that belongs to another generated package (`SchemaMismatch`), and a
        name in the place of one (`ConfigError`)."""
        if isinstance(runner, str):
            raise ConfigError(f"{runner!r} is not a session: make one with {self.name}.connect().")
        other = getattr(runner, "package", None)
        if other is not None and other is not self:
            raise SchemaMismatch(
                f"The session belongs to {other.name!r}, the query to {self.name!r}. Ids, fields "
                f"and picklists of two CRMs do not fit; use a session made by "
                f"{self.name}.connect()."
            )


def _check_format(name: str, format: int, generator: str) -> None:
    if max(1, FORMAT - 1) <= format <= FORMAT:
        return
    cure = (
        "Run: vtiger-orm generate"
        if format < FORMAT
        else "Upgrade vtiger-orm, or generate again with this version: vtiger-orm generate"
    )
    raise RegenerateNeeded(
        f"The package {name!r} was generated by vtiger-orm {generator} in format {format}; this "
        f"version reads format {FORMAT}" + (f" and {FORMAT - 1}" if FORMAT > 1 else "") + f". "
        f"{cure}"
    )
