"""Conditions as users write them: keywords and `Q`, resolved against a module's fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Generic, Literal, TypeGuard

from typing_extensions import TypeVar

from ..errors import InvalidLookup
from ..ids import is_id
from ..metadata.module import ModuleMeta
from .arguments import reader
from .tree import (
    FALSE,
    MOST_CONDITIONS,
    MOST_LEVELS,
    TRUE,
    And,
    Atom,
    Compare,
    DayBound,
    Equal,
    Has,
    InMonth,
    InSelection,
    Like,
    Node,
    Not,
    OneOf,
    Or,
    Present,
    all_of,
    any_of,
    atoms,
    negated,
    too_deep,
    too_many,
)

__all__ = [
    "FALSE",
    "TRUE",
    "And",
    "Atom",
    "Compare",
    "DayBound",
    "Equal",
    "Has",
    "InMonth",
    "InSelection",
    "Like",
    "Node",
    "Not",
    "OneOf",
    "Or",
    "Present",
    "Q",
    "all_of",
    "any_of",
    "atoms",
    "negated",
    "resolve",
    "values_of",
]

M = TypeVar("M", default=Any)
"""The model whose records the condition is on; of `Q(...)`, any."""


class Q(Generic[M]):
    """A condition that can be combined: ``Q(city="Rome") | ~Q(email=None)``.

    Field names and values are checked when it is given to a queryset, which knows the module;
    those of ``Contacts.objects.q(...)`` are checked when it is made, by type checkers as well.
    Keywords and arguments of one `Q` must all hold. A `Q` never changes.
    """

    __slots__ = ("_args", "_before", "_connector", "_depth", "_lookups", "_module", "_size")

    def __init__(self, *args: Q[M], **lookups: Any) -> None:
        self._connector: Literal["all", "any", "none"] = "all"
        self._before: Q[M] | None = None
        self._args: tuple[Q[M], ...] = args
        self._module: str | None = _module_of(args)
        self._lookups: Mapping[str, Any] = lookups
        self._depth: int = 1 + max((arg._depth for arg in args if isinstance(arg, Q)), default=0)
        self._size: int = len(lookups) + sum(arg._size for arg in args if isinstance(arg, Q))
        self._check()

    def _check(self) -> None:
        if self._depth > MOST_LEVELS:
            raise too_deep(self._depth)
        if self._size > MOST_CONDITIONS:
            raise too_many(self._size)

    @classmethod
    def _joined(cls, connector: Literal["all", "any", "none"], *parts: Q[M]) -> Q[M]:
        """One level deeper, except for what goes on as it began: ``a | b | c``."""
        first = parts[0]
        goes_on = connector != "none" and first._connector == connector and not first._lookups
        joined = cls(*(parts[1:] if goes_on else parts))
        joined._connector = connector
        if goes_on:
            joined._before = first
            joined._module = _module_of(parts)
            joined._depth = max(first._depth, joined._depth)
            joined._size += first._size
            joined._check()
        return joined

    def _parts(self) -> tuple[Q[M], ...]:
        """What it joins. However many are joined one by one, each is kept once: what was joined
        before stays where it is."""
        joined: list[Q[M]] = [self]
        while (before := joined[-1]._before) is not None:
            joined.append(before)
        return tuple(arg for each in reversed(joined) for arg in each._args)

    def __and__(self, other: Q[M]) -> Q[M]:
        return Q._joined("all", self, other) if isinstance(other, Q) else NotImplemented

    def __or__(self, other: Q[M]) -> Q[M]:
        return Q._joined("any", self, other) if isinstance(other, Q) else NotImplemented

    def __invert__(self) -> Q[M]:
        return Q._joined("none", self)

    def __bool__(self) -> bool:
        raise TypeError(
            "A Q is neither true nor false by itself. Combine with & | ~ instead of and, or, not."
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Q):
            return NotImplemented
        return (self._connector, self._parts(), self._lookups) == (
            other._connector,
            other._parts(),
            other._lookups,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._connector, self._parts(), dict(self._lookups), self._module)

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # compares, so no set may hold it

    def __repr__(self) -> str:
        parts = [repr(arg) for arg in self._parts()]
        parts += [f"{name}={value!r}" for name, value in self._lookups.items()]
        match self._connector:
            case "none":
                return f"~{parts[0]}"
            case "any":
                return f"({' | '.join(parts)})"
            case _:
                return f"Q({', '.join(parts)})"

    def resolve(self, module: ModuleMeta) -> Node:
        """The condition tree for this module; raises `InvalidLookup` as `resolve` does."""
        if self._module not in (None, module.name):
            raise InvalidLookup(
                f"{self!r} was made for {self._module}, so {module.name} cannot be asked for it."
            )
        match self._connector:
            case "any":
                return any_of(*(part.resolve(module) for part in self._parts()))
            case "none":
                return negated(self._args[0].resolve(module))
            case _:
                return resolve(module, self._parts(), self._lookups)


def _restored(
    connector: Literal["all", "any", "none"],
    parts: tuple[Q[Any], ...],
    lookups: dict[str, Any],
    module: str | None,
) -> Q[Any]:
    """A pickled one."""
    q = Q(*parts, **lookups)
    q._connector = connector
    q._module = module
    return q


def values_of(q: Q[Any]) -> Iterator[object]:
    """What the keywords of the condition and of its parts were given."""
    yield from q._lookups.values()
    for part in q._parts():
        if isinstance(part, Q):
            yield from values_of(part)


def condition_on(module: ModuleMeta, args: tuple[Q[M], ...], lookups: Mapping[str, object]) -> Q[M]:
    """A `Q` of this module alone. Raises `InvalidLookup` as `resolve` does."""
    condition = Q(*args, **lookups)
    condition.resolve(module)
    condition._module = module.name
    return condition


def _module_of(parts: Sequence[object]) -> str | None:
    """The one module that some of the conditions were made for."""
    modules = {part._module for part in parts if isinstance(part, Q)} - {None}
    if len(modules) > 1:
        raise InvalidLookup(
            f"Conditions on {' and '.join(sorted(map(str, modules)))} cannot be one: a query asks "
            "for records of one module."
        )
    return next(iter(modules), None)


_NODES: Final = (And, Or, Not, *Atom.__args__)


def _is_node(value: object) -> TypeGuard[Node]:
    return isinstance(value, _NODES)


def resolve(module: ModuleMeta, args: Sequence[object], lookups: Mapping[str, object]) -> Node:
    """What the arguments of `filter` mean: every one of them must hold.

    `args` are `Q` objects (or trees resolved earlier), `lookups` keywords such as
    ``lastname__startswith="Sm"``. Everything is checked here, when the queryset is built: raises
    `InvalidLookup` for an unknown field (with a suggestion), a lookup the field does not have,
    a value of the wrong type, or a field the server cannot filter by.
    """
    nodes: list[Node] = []
    for arg in args:
        if isinstance(arg, Q):
            nodes.append(arg.resolve(module))
        elif _is_node(arg):
            nodes.append(arg)
        elif isinstance(arg, str) and is_id(arg):
            raise InvalidLookup(f"{arg!r} needs its keyword: write id={str(arg)!r}.")
        else:
            raise InvalidLookup(
                f"{arg!r} is not a condition on {module.name}. Write keywords "
                f"(filter(name=value)) or Q objects (filter(Q(name=value) | Q(...)))."
            )
    for keyword, value in lookups.items():
        nodes.append(reader(module, keyword)(value))
    return all_of(*nodes)
