"""What the rooms below a session know of it and of the generated package: enough to run plans
and to find models, nothing of how.

`session` implements `Runner` and `Activation`, `package` implements `Package`; nothing below them
imports either.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from ..metadata.module import ModuleMeta
    from ..metadata.server import Server
    from .environment import Environment
    from .operations import Row
    from .plans import Plan, RowStream

T = TypeVar("T")


class Runner(Protocol):
    """Performs plans. A `Session` is one; a test may be another."""

    @property
    def environment(self) -> Environment:
        """Limits, capabilities and settings that plans are made with; opens the session."""
        ...

    def run(self, plan: Plan[T]) -> T:
        """Perform the plan's calls one by one and return its result."""
        ...

    async def arun(self, plan: Plan[T]) -> T: ...

    def stream(self, stream: RowStream) -> Iterator[Sequence[Row]]:
        """Perform the plan and yield what it emits, one page ahead of the consumer."""
        ...

    def astream(self, stream: RowStream) -> AsyncIterator[Sequence[Row]]: ...


PlanFor: TypeAlias = "Callable[[Runner], Plan[T]]"
"""A plan, once it is known which session performs it."""


def environment_of(runner: Runner | None) -> Environment:
    """The runner's environment; careful defaults where there is none."""
    from .environment import Environment

    found = getattr(runner, "environment", None)
    return found if isinstance(found, Environment) else Environment()


class Place(Protocol):
    """Where one module of the CRM is found in a generated package, and the prefix of its ids."""

    @property
    def attribute(self) -> str:
        """Name of the class at the package's root."""
        ...

    @property
    def python_module(self) -> str: ...
    @property
    def prefix(self) -> str: ...

    @property
    def module(self) -> str:
        """The CRM's own name of the module."""
        ...


class Activation(Protocol):
    """One `with` block of one session."""

    def end(self) -> None:
        """Leave the block; may be called in any task or thread."""
        ...


class Package(Protocol):
    """A generated package: models by module and by id, and the session of this context."""

    @property
    def name(self) -> str: ...
    @property
    def dialect(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def modules(self) -> Mapping[str, Place]: ...
    @property
    def prefixes(self) -> Mapping[str, str]: ...
    @property
    def capabilities(self) -> Mapping[str, Any]: ...
    @property
    def server(self) -> Server: ...

    def model(self, module: str) -> type[Any]:
        """The class of a module; raises `SchemaMismatch` when the package has none."""
        ...

    def meta(self, module: str) -> ModuleMeta:
        """The facts of a module; raises `SchemaMismatch` when the package has none."""
        ...

    def module_of(self, id: str) -> str:
        """The CRM's name of an id's module; raises `InvalidId` for an unknown prefix."""
        ...

    def model_of(self, id: str) -> type[Any]:
        """The class of the record with this id; raises `InvalidId` for an unknown prefix, and
        `SchemaMismatch` where the package has no class for its module."""
        ...

    @property
    def own(self) -> Mapping[str, str]:
        """Public names of classes that the application wrote, and where they are defined."""
        ...

    def own_model(self, module: str) -> type[Any] | None:
        """The class of a module, where the application wrote it."""
        ...

    def own_queryset(self, module: str) -> type[Any] | None:
        """The class of a module's querysets, where the application wrote it."""
        ...

    def module_named(self, name: str) -> str: ...
    def knows(self, module: str) -> bool: ...
    def place_of(self, id: str) -> Place | None: ...
    def prefix(self, module: str) -> str: ...
    def prefixes_of(self, modules: Iterable[str]) -> tuple[str, ...]: ...

    def runner(self) -> Runner:
        """The session of this context; raises `NoSession` when there is none."""
        ...

    def check_runner(self, runner: object) -> None:
        """Refuse a session of another package (`SchemaMismatch`)."""
        ...

    def activate(self, runner: Runner) -> Activation:
        """Make the session the innermost one of this context until `Activation.end`."""
        ...
