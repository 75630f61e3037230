"""One frozen `Call` per operation of the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import IO, Any, ClassVar, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from .._dataclass import dataclass

T_co = TypeVar("T_co", covariant=True)

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
"""What an answer of the API can be."""

Row: TypeAlias = dict[str, Any]
"""One record as the wire has it: wire name -> text (or, in places, numbers and lists)."""


class Call(Generic[T_co]):
    """One operation of the API; `T_co` is the type of its result."""

    __slots__ = ()
    operation: ClassVar[str]
    writes: ClassVar[bool] = False
    """A call that writes is repeated only where that cannot do it twice."""
    repeatable: ClassVar[bool] = True
    """Whether doing it twice is the same as doing it once."""


def alters(call: Call[object]) -> bool:
    """Whether it may change the CRM. An operation by its name does unless it is known to read,
    whatever its verb: nothing is known of what an extension of a CRM does."""
    return call.operation.lower() not in READING if isinstance(call, Operation) else call.writes


READING: Final = frozenset(
    [
        "decrypt",
        "describe",
        "editionlimits",
        "extendsession",
        "files_retrieve",
        "get_account_hierarchy",
        "listtypes",
        "lookup",
        "me",
        "picklist",
        "picklist_dependency",
        "query",
        "query_related",
        "relatedtypes",
        "retrieve",
        "retrieve_inventory",
        "retrieve_related",
        "sync",
        "tags_retrieve",
    ]
)
"""Operations that change nothing."""


@dataclass(frozen=True, slots=True)
class ListTypes(Call[object]):
    operation: ClassVar[str] = "listtypes"
    field_types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Describe(Call[Row]):
    operation: ClassVar[str] = "describe"
    module: str


@dataclass(frozen=True, slots=True)
class RelatedTypes(Call[Row]):
    operation: ClassVar[str] = "relatedtypes"
    module: str


@dataclass(frozen=True, slots=True)
class Query(Call[Sequence[Row]]):
    """A statement of the query language; `text` comes from the compiler only."""

    operation: ClassVar[str] = "query"
    text: str
    module: str = ""
    spare: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """Columns that may be left out where the CRM refuses them."""
    leave_out: Callable[[frozenset[str]], Query] | None = field(
        default=None, compare=False, repr=False
    )

    def without(self, wires: frozenset[str]) -> Query:
        """The same without these of its spare columns."""
        wires &= self.spare
        return self.leave_out(wires) if wires and self.leave_out is not None else self


class Criterion(NamedTuple):
    """A comparison that the filter of a list is given; the value in wire form."""

    wire: str
    operator: Literal["=", "!=", "<", "<=", ">", ">="]
    value: str


@dataclass(frozen=True, slots=True)
class Listing(Call[list[Row]]):
    """A page of a module's records, of a server that has no query language.

    References in its rows are bare: ``0x407``, whatever module the record is of.
    """

    operation: ClassVar[str] = "list"
    module: str
    criteria: tuple[Criterion, ...] = ()
    """All of them hold."""
    order: tuple[tuple[str, bool], ...] = (("id", False),)
    """Wire names, and whether they descend."""
    start: int = 0
    length: int = 100

    def __str__(self) -> str:
        said = "; ".join(f"{wire} {symbol} {value!r}" for wire, symbol, value in self.criteria)
        order = ", ".join(f"{wire}{' desc' if down else ''}" for wire, down in self.order)
        where = f" with {said}" if said else ""
        return f"list {self.module}{where} by {order}, {self.length} from {self.start}"


@dataclass(frozen=True, slots=True)
class Owners(Call[Row]):
    """The numbers of the CRM's users and groups: ``{"users": {5: "19x5"}, "groups": {...}}``,
    empty where they are not known."""

    operation: ClassVar[str] = "owners"


@dataclass(frozen=True, slots=True)
class QueryRelated(Call[list[Row]]):
    operation: ClassVar[str] = "query_related"
    text: str
    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Retrieve(Call[Row]):
    operation: ClassVar[str] = "retrieve"
    id: str


@dataclass(frozen=True, slots=True)
class RetrieveRelated(Call[list[Row]]):
    operation: ClassVar[str] = "retrieve_related"
    id: str
    label: str
    module: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file to upload: `field` is the name of the form part the server looks for."""

    field: str
    filename: str
    content: bytes | IO[bytes]
    """bytes, or a binary file object that is streamed."""
    content_type: str = "application/octet-stream"

    @property
    def rewindable(self) -> bool:
        """Whether the file can be sent once more."""
        if isinstance(self.content, bytes):
            return True
        seekable = getattr(self.content, "seekable", None)
        return hasattr(self.content, "seek") if seekable is None else bool(seekable())


@dataclass(frozen=True, slots=True)
class Create(Call[Row]):
    operation: ClassVar[str] = "create"
    writes: ClassVar[bool] = True
    repeatable: ClassVar[bool] = False
    module: str
    values: Mapping[str, Any]
    file: FilePart | None = None


@dataclass(frozen=True, slots=True)
class Update(Call[Row]):
    operation: ClassVar[str] = "update"
    writes: ClassVar[bool] = True
    id: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Revise(Call[Row]):
    operation: ClassVar[str] = "revise"
    writes: ClassVar[bool] = True
    id: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delete(Call[Row]):
    operation: ClassVar[str] = "delete"
    writes: ClassVar[bool] = True
    id: str


@dataclass(frozen=True, slots=True)
class Me(Call[Row]):
    operation: ClassVar[str] = "me"


@dataclass(frozen=True, slots=True)
class Operation(Call[Json]):
    """Any other operation by its name; the dialect sends `params` as they are.

    `method` is ``GET`` or ``POST``. Used for the raw escape hatch and for operations whose
    answer needs no decoding of its own.
    """

    name: str
    method: str = "GET"
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operation(self) -> str:  # type: ignore[override]  # a constant of other calls
        return self.name

    @property
    def writes(self) -> bool:  # type: ignore[override]  # a constant of other calls
        return self.method != "GET"

    @property
    def repeatable(self) -> bool:  # type: ignore[override]  # a constant of other calls
        return self.method == "GET"
