"""How querysets are put together: conditions, order, slices. Nothing here asks the CRM."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import index
from typing import TYPE_CHECKING, Any, NoReturn, Self, SupportsIndex, TypeVar, cast

from .._pickled import class_named, public_name, restores
from ..conditions.field_names import parse_order
from ..conditions.q import resolve
from ..conditions.tree import (
    FALSE,
    And,
    Node,
    Not,
    Or,
    Order,
    Selection,
    all_of,
    any_of,
    check_depth,
    negated,
)
from ..errors import InvalidValue, UnsupportedQuery
from ..records import BaseRecord
from ..records.handle import package_of
from . import portable
from .django_names import missing_attribute
from .fetches import Fetches
from .foreign import refuse_foreign
from .query_state import QueryState

if TYPE_CHECKING:
    from ..calls.protocols import Runner


Steps = TypeVar("Steps", bound="BuildingQuerySet")
"""For steps that the stubs of a module do not repeat: completion by jedi follows a type variable
to the module's own queryset, where it loses `Self`."""


class SizeUnknown(UnsupportedQuery, TypeError):
    """`len(qs)` or `bool(qs)`. A `TypeError` too, so that `list(qs)` is not misled."""


class BuildingQuerySet:
    """The half of a queryset that describes records: immutable, each step makes a new one."""

    __slots__ = ("_state",)

    def __init__(self, state: QueryState) -> None:
        self._state = state

    @property
    def model(self) -> type[Any]:
        """The class of the records."""
        return self._state.model

    @property
    def selection(self) -> Selection:
        """The condition, order, slice and columns, as the planner takes them."""
        return self._state.selection

    @property
    def fetches(self) -> Fetches:
        """The references and relations to follow, as `select_related` and `prefetch_related`
        were told."""
        return self._state.fetches

    @property
    def value_names(self) -> tuple[str, ...]:
        """The fields that `values` hands out; none where whole records come out."""
        projection = self._state.projection
        return projection.names if projection is not None else ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._state.selection}>"

    # Steps

    def filter(self, *args: Any, **kwargs: Any) -> Self:
        """Only records that satisfy all of the conditions as well.

        Text compares as the CRM compares it: without regard to case, accents and trailing
        blanks. `None` means blank. A reference to a record that was deleted since reads `None`,
        yet conditions see the id that the CRM still stores: it is not blank to them.

        A `date` given to a field of date and time is the whole day, in the session's `timezone`:
        ``modifiedtime=day`` and ``__date=day`` mean on this day, ``__lt`` before it begins,
        ``__gt`` after it has ended, ``__lte``, ``__gte`` and ``__range`` with it included. Dates
        and moments are values of their type, never text: `InvalidLookup` names the cure.
        """
        return self._where(args, kwargs, "filter", wanted=True)

    if TYPE_CHECKING:
        exclude = filter
    else:

        def exclude(self, *args: Any, **kwargs: Any) -> Self:
            """Only records that do not satisfy the conditions taken together.

            Records in which the field is blank are kept, as Python would keep them.
            """
            return self._where(args, kwargs, "exclude", wanted=False)

    def _where(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], method: str, *, wanted: bool
    ) -> Self:
        selection = self._state.selection
        self._refuse_if_sliced(method)
        if not args and not kwargs:
            return self
        refuse_foreign(package_of(self._state.model), args, kwargs.values())
        condition = resolve(selection.module, args, kwargs)
        if not wanted:
            condition = negated(condition)
        check_depth(condition)  # the whole was checked when it was made, and is when it is planned
        return self._twin(self._state.under(all_of(selection.where, condition)))

    def order_by(self, *args: Any, **kwargs: Any) -> Self:
        """Order by these fields, ``"-name"`` for descending; replaces an earlier order.

        Without arguments the order is the default one, by id. References sort by the number
        of the record, not by its label; blanks come first ascending and last descending.
        """
        if kwargs:
            raise TypeError("order_by() takes field names, not keywords.")
        self._refuse_if_sliced("order_by")
        module = self._state.selection.module
        return self._select(order=tuple(parse_order(module, name) for name in args))

    def reverse(self: Steps) -> Steps:
        """The opposite order."""
        self._refuse_if_sliced("reverse")
        selection = self._state.selection
        order = selection.order or (Order(selection.module.id, descending=False),)
        turned = (replace(each, descending=not each.descending) for each in order)
        return self._select(order=tuple(turned))

    def all(self: Steps) -> Steps:
        """The same records; querysets are immutable, so there is nothing to copy."""
        return self

    def none(self: Steps) -> Steps:
        """No record at all; asking it sends nothing."""
        return self._select(where=FALSE)

    def using(self: Steps, session: Runner) -> Steps:
        """Ask this session instead of the one found in the context.

        Raises `SchemaMismatch` when it belongs to another generated package.
        """
        package_of(self._state.model).check_runner(session)
        return self._with(session=session)

    def __or__(self, other: Self) -> Self:
        """Records of either queryset; order, columns and session are those of the left one."""
        return self._combine(other, any_of, "|")

    def __and__(self, other: Self) -> Self:
        """Records of both querysets; order, columns and session are those of the left one."""
        return self._combine(other, all_of, "&")

    def __invert__(self) -> Self:
        """Every record of the module that is not among these."""
        self._refuse_if_sliced("~")
        return self._limited(negated(self._state.selection.where))

    def _combine(self, other: Self, join: Callable[..., Node], sign: str) -> Self:
        if not isinstance(other, BuildingQuerySet):
            return cast(Self, NotImplemented)
        refuse_foreign(package_of(self._state.model), (), (other,))
        mine, theirs = self._state.selection, other._state.selection
        if mine.module.name != theirs.module.name:
            raise UnsupportedQuery(
                f"{mine.module.name} {sign} {theirs.module.name}: only querysets of one module "
                "can be combined. Iterate one after the other (itertools.chain)."
            )
        self._refuse_if_sliced(sign)
        other._refuse_if_sliced(sign)
        where = join(mine.where, theirs.where)
        if not _goes_on(mine.where, where):
            return self._limited(where)
        flat = type(theirs.where) is type(where)
        check_depth(theirs.where if flat else Not(theirs.where))  # else it is one level deeper
        return self._select(where=where)

    def _limited(self: Steps, where: Node) -> Steps:
        """The records of a condition, if it is one that can be worked on."""
        check_depth(where)
        return self._select(where=where)

    def _slice(self, key: slice) -> Self:
        if key.step is not None and key.step != 1:
            raise UnsupportedQuery(
                "A slice of a queryset has no step: read qs[a:b] and take list(...)[::step]."
            )
        low, high = (None if each is None else _whole(each) for each in (key.start, key.stop))
        for bound in (low, high):
            if bound is not None:
                refuse_negative(bound)
        selection = self._state.selection
        start = selection.start + (low or 0)
        stop = selection.stop
        if high is not None:
            end = selection.start + high
            stop = end if stop is None else min(stop, end)
        if stop is not None:
            start = min(start, stop)
        return self._select(start=start, stop=stop)

    # What does not exist

    if not TYPE_CHECKING:

        def __len__(self) -> int:
            raise SizeUnknown(
                "A queryset has no len(): it would read every record. Use count() (or await "
                "acount()), or len(list(queryset))."
            )

        def __bool__(self) -> bool:
            raise SizeUnknown(
                "A queryset is neither true nor false: use exists() (or await aexists()), or "
                "'is not None' if that was meant."
            )

        def __contains__(self, record: object) -> bool:
            raise SizeUnknown(
                "'in' would read every record: use queryset.filter(id=record.id).exists()."
            )

        def __getattr__(self, name: str) -> NoReturn:
            raise missing_attribute(self, name)

    # Inside

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        """The question alone: a session belongs to its process."""
        state = self._state
        names = (public_name(self._kind()), public_name(state.model))
        return restore_queryset, (*names, portable.dumped(state)), self._own_attributes()

    def _kind(self) -> type[Any]:
        """What a pickle names; `_of` tells what that is of a model, whose application may have
        a class of its own by then, or none any more."""
        return type(self)

    @classmethod
    def _of(cls, model: type[Any]) -> type[Any]:
        return cls

    def _own_attributes(self) -> dict[str, Any] | None:
        """What an own class keeps beside the question."""
        return (vars(self) or None) if type(self).__dictoffset__ else None

    def _with(self, **changes: Any) -> Self:
        return self._twin(replace(self._state, **changes))

    def _twin(self, state: QueryState) -> Self:
        """Another queryset of this class."""
        twin = object.__new__(type(self))
        if type(self).__dictoffset__:  # an own class, with attributes of its own
            vars(twin).update(vars(self))
        twin._state = state
        return twin

    def _select(self, **changes: Any) -> Self:
        return self._with(selection=replace(self._state.selection, **changes))

    def _in_any_order(self) -> Self:
        """The same records; what is sliced keeps its order, which decides which they are."""
        selection = self._state.selection
        sliced = selection.start or selection.stop is not None
        return self._select(order=()) if selection.order and not sliced else self

    def _refuse_if_sliced(self, method: str) -> None:
        selection = self._state.selection
        if selection.start or selection.stop is not None:
            raise UnsupportedQuery(
                f"{method} after a slice: a slice comes last. Filter and order first, then take "
                "qs[a:b]."
            )


@restores
def restore_queryset(
    kind: tuple[str, str], model: tuple[str, str], plain: portable.Plain
) -> BuildingQuerySet:
    """A queryset of that class, of that model, from what `portable.dumped` made."""
    records = class_named(*model, BaseRecord)
    twin: BuildingQuerySet = object.__new__(class_named(*kind, BuildingQuerySet)._of(records))
    twin._state = portable.restored(records, plain)
    return twin


def check_count(name: str, number: int) -> None:
    """Raises `InvalidValue` for anything but a whole number above 0."""
    if not hasattr(number, "__index__") or index(number) < 1:
        raise InvalidValue(f"{name} must be 1 or more, a whole number, not {number!r:.40}.")


def _whole(bound: SupportsIndex) -> int:
    try:
        return index(bound)
    except TypeError:
        raise TypeError(f"A slice of a queryset takes whole numbers, not {bound!r}.") from None


def _goes_on(before: Node, whole: Node) -> bool:
    """Whether a condition that was checked before has only grown at its end, and not doubled since
    it was: a long chain of joins would be walked along at every step."""
    match before, whole:
        case (And(old), And(new)) | (Or(old), Or(new)):
            return len(old) > 1 and len(old).bit_length() == len(new).bit_length()
        case _:
            return False


def refuse_negative(position: int) -> None:
    if position < 0:
        raise UnsupportedQuery(
            f"Position {position}: a queryset is not counted from its end. Turn it round first: "
            "queryset.reverse()[:n], or last() for the last record."
        )
