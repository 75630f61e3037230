"""`QuerySet`: what `Contacts.objects` is. Immutable, and it keeps no results.

Every method that asks the CRM has an a-twin with the same parameters (`get`/`aget`); `for`,
`async for` and `await` read all rows. Building one sends nothing.

Methods that the generated stubs narrow take exactly ``*args: Any, **kwargs: Any``, or are, for type
checkers, properties whose value is called: these forms alone may be narrowed by a checker's rules.
What is really accepted is checked at run time.
"""

# pyright: reportIncompatibleMethodOverride=false
# (methods of the bases, which stubs narrow, are properties here for type checkers)

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from ..aggregates.groups import GroupKey, group_key
from ..calls.plans import Plan
from ..calls.server import recognised
from ..conditions.field_names import named_field, readable_field
from ..conditions.q import Q, condition_on
from ..errors import InvalidLookup
from ..planner.own_statement import own_rows
from ..records.arguments import a_list
from ..records.handle import package_of
from .fetches import merge, parse_fetches
from .foreign import refuse_foreign
from .own_classes import own_queryset
from .query_state import Projection, QueryState, list_projection, whole_of
from .reading import read_all
from .shaping import shaped
from .values import ValuesQuerySet
from .writing import WritingQuerySet

if TYPE_CHECKING:
    from ..calls.protocols import Runner
    from ..records import BaseRecord
    from ..records.references import Ref
    from ..writing.preview import Preview

M = TypeVar("M", bound="BaseRecord")
V = TypeVar("V")
Awaited: TypeAlias = Coroutine[Any, Any, V]
"""What an async method returns."""
S = TypeVar("S", bound="QuerySet[Any]")
"""As `Steps` of `building`: for completion by jedi."""


class QuerySet(WritingQuerySet[M]):
    """Records of one module under a condition.

    ::

        hot = Contacts.objects.filter(lastname__startswith="Sm").order_by("-modifiedtime")
        for contact in hot[:50]: ...
        async for contact in hot: ...
        contacts = await hot[:50]
    """

    __slots__ = ()

    def __init__(self, model: type[M]) -> None:
        super().__init__(QueryState(model, whole_of(model)))

    @classmethod
    def _of(cls, model: type[Any]) -> type[Any]:
        return queryset_class(model) if cls is QuerySet else cls

    def _kind(self) -> type[Any]:
        own = own_queryset(self._state.model)
        return QuerySet if type(self) is own else type(self)

    if TYPE_CHECKING:

        @property
        def model(self) -> type[M]:
            """The class of the records."""
            ...

        # Stubs narrow these. What several of them take is written once there, as the type of an
        # object that is called, and only a property may become such an object.
        @property
        def get(self) -> Callable[..., M]: ...
        @property
        def aget(self) -> Callable[..., Awaited[M]]: ...
        @property
        def q(self) -> Callable[..., Q[M]]: ...
        @property
        def create(self) -> Callable[..., M]: ...
        @property
        def acreate(self) -> Callable[..., Awaited[M]]: ...
        @property
        def get_or_create(self) -> Callable[..., tuple[M, bool]]: ...
        @property
        def aget_or_create(self) -> Callable[..., Awaited[tuple[M, bool]]]: ...
        @property
        def update_or_create(self) -> Callable[..., tuple[M, bool]]: ...
        @property
        def aupdate_or_create(self) -> Callable[..., Awaited[tuple[M, bool]]]: ...
        @property
        def update(self) -> Callable[..., int]: ...
        @property
        def aupdate(self) -> Callable[..., Awaited[int]]: ...
        @property
        def preview(self) -> Callable[..., Preview]: ...
        @property
        def apreview(self) -> Callable[..., Awaited[Preview]]: ...

    else:

        def q(self, *args: Any, **kwargs: Any) -> Q[M]:
            """A condition on records of this module, as `filter` takes them, by itself:
            ``people.filter(people.q(lastname="x") | ~people.q(email=None))``.

            Checked at once: raises `InvalidLookup` as `filter` does. It goes with conditions and
            querysets of its own module alone.
            """
            module = self._state.selection.module
            refuse_foreign(package_of(self._state.model), args, kwargs.values())
            return condition_on(module, args, kwargs)

    # Which fields

    def only(self, *args: Any, **kwargs: Any) -> Self:
        """Read these fields (and `id`) alone; reading another one raises `NotLoaded`."""
        _no_keywords("only", kwargs)
        module = self._state.selection.module
        fields = [readable_field(module, name, "only") for name in args]
        return self._with(selection=self._state.selection.naming(fields))

    def defer(self, *args: Any, **kwargs: Any) -> Self:
        """Leave these fields out, for example long texts; reading one raises `NotLoaded`."""
        _no_keywords("defer", kwargs)
        selection = self._state.selection
        module = selection.module
        without = {named_field(module, name, "defer") for name in args}
        if module.id in without:
            raise InvalidLookup("defer('id'): a record cannot do without its id.")
        columns = module.columns if selection.columns is None else selection.columns
        kept = [field for field in columns if field not in without]
        return self._with(selection=selection.keeping(kept))

    def values(self, *args: Any, **kwargs: Any) -> ValuesQuerySet[Any]:
        """The records as dicts of these fields, or of all that were asked for before.

        Parts of dates may be among them: ``"closingdate__year"``, ``"closingdate__month"``.
        `annotate` makes groups of it.
        """
        _no_keywords("values", kwargs)
        keys = self._value_keys(args, "values")
        names = tuple(key.name for key in keys)
        return self._project(keys, Projection(names, "dict"), named=bool(args))

    def values_list(self, *args: Any, **kwargs: Any) -> ValuesQuerySet[Any]:
        """The records as tuples of these fields; `flat=True` for the values of one field,
        `named=True` for named tuples."""
        flat, named = bool(kwargs.pop("flat", False)), bool(kwargs.pop("named", False))
        _no_keywords("values_list", kwargs)
        keys = self._value_keys(args, "values_list")
        names = tuple(key.name for key in keys)
        projection = list_projection(names, flat=flat, named=named)
        return self._project(keys, projection, named=bool(args))

    def into(self, shape: type[V]) -> ValuesQuerySet[V]:
        """The records as instances of a class of yours, which says what to read.

        ::

            class Person(TypedDict):
                lastname: str
                birthday: date | None
                account: Company | None          # of account_id; Company is a shape as well

            for person in Contacts.objects.filter(donotcall=False).into(Person): ...

        `shape` is a `TypedDict`, a `NamedTuple`, a dataclass or a pydantic model. Its fields are
        called like those to read; parts of dates (``birthday__year``) may be among them. A field
        whose type is a shape follows a reference, ``list[Shape]`` a relation, in batches as
        `prefetch_related` does. A record that cannot be read is `None` there, or `NotLoaded`
        where the shape has no place for it.

        Raises `InvalidLookup` at once for a name that the module does not have and for a type that
        does not fit: only `id` and mandatory fields can do without ``| None``. One of those that
        is blank all the same raises `Unreadable` when it is met.
        """
        rows = shaped(self._state.model, shape)
        selection = self._state.selection
        return ValuesQuerySet(
            replace(
                self._state,
                selection=selection.naming(rows.fields),
                fetches=rows.fetches,
                projection=rows,
            )
        )

    def _value_keys(self, names: tuple[object, ...], method: str) -> tuple[GroupKey, ...]:
        selection = self._state.selection
        if names:
            return tuple(group_key(selection.module, name, method) for name in names)
        module = selection.module
        fields = module.columns if selection.columns is None else selection.columns
        return tuple(map(GroupKey, fields))

    def _project(
        self, keys: Iterable[GroupKey], projection: Projection, *, named: bool
    ) -> ValuesQuerySet[Any]:
        selection, fields = self._state.selection, [key.field for key in keys]
        chosen = selection.naming(fields) if named else selection.as_table(fields)
        return ValuesQuerySet(
            replace(self._state, selection=chosen, fetches=(), projection=projection)
        )

    # What they refer to

    def select_related(self, *args: Any, **kwargs: Any) -> Self:
        """Read the records that these references point to as well, in batches.

        `contact.account_id.loaded` is then the account, without another call.
        ``"account_id__assigned_user_id"`` follows further. References to several modules and
        owners are followed to whatever they point to. `None` takes back what was named before.

        A record that cannot be read (deleted, hidden from this user) is no error: `loaded` then
        raises `NotLoaded` with the reason.
        """
        return self._follow("select_related", args, kwargs)

    def prefetch_related(self: S, *args: Any, **kwargs: Any) -> S:
        """`select_related`, also for relations to many records, and with `Prefetch` objects that
        say what to read of the records found.

        ``Accounts.objects.prefetch_related("contacts")`` reads the contacts of a whole page of
        accounts together; `account.related.contacts` then iterates over them without a call.
        Relations that no reference field makes (many-to-many) cost one call a record for the
        ids; the CRM offers nothing better.
        """
        return self._follow("prefetch_related", args, kwargs)

    def _follow(self, method: str, args: tuple[object, ...], kwargs: dict[str, object]) -> Self:
        _no_keywords(method, kwargs)
        if args == (None,):
            return self._with(fetches=())
        if not args:
            raise InvalidLookup(
                f"{method}() needs the names of the references to follow: following all of them "
                "would read a great part of the CRM."
            )
        state = self._state
        fetches = parse_fetches(
            package_of(state.model),
            state.selection.module,
            args,
            method,
            relations=method == "prefetch_related",
        )
        return self._with(fetches=merge(state.fetches, fetches))

    # Reading

    def in_bulk(self, ids: Iterable[M | Ref[M]] | None = None) -> dict[Ref[M], M]:
        """The records with these ids (all without `ids`), by id; missing ones are left out."""
        return self._run(self._in_bulk(ids))

    async def ain_bulk(self, ids: Iterable[M | Ref[M]] | None = None) -> dict[Ref[M], M]:
        """`in_bulk`, awaited."""
        return await self._arun(self._in_bulk(ids))

    def _in_bulk(
        self, ids: Iterable[M | Ref[M]] | None
    ) -> Callable[[Runner], Plan[dict[Ref[M], M]]]:
        found, wanted = self, None
        if ids is not None:
            wanted = [str(getattr(each, "id", each)) for each in a_list(ids)]
            found = self.filter(id__in=wanted)

        def plan(runner: Runner) -> Plan[dict[Ref[M], M]]:
            records = yield from read_all(found, runner)
            by_id: dict[str, M] = {record.id: record for record in records}
            order = by_id if wanted is None else dict.fromkeys(wanted)
            return {by_id[id].id: by_id[id] for id in order if id in by_id}

        return plan

    def raw(self, vtql: str) -> list[M]:
        """The rows of a statement of your own, as records.

        The text is sent as it is: at most one page of rows comes back, however many there are
        (a page is what the server hands out, often 100 rows, also for a larger ``limit``), and
        what you paste into it is your responsibility. That there are no rows is proved; raises
        `SilentQueryError` where the statement fails without a word, and `UnsupportedQuery` for one
        to which this kind of server might answer other rows. Everything else of the queryset
        (conditions, order) is left aside.
        """
        return self._run(self._raw(vtql))

    async def araw(self, vtql: str) -> list[M]:
        """`raw`, awaited."""
        return await self._arun(self._raw(vtql))

    def _raw(self, vtql: str) -> Callable[[Runner], Plan[list[M]]]:
        text = vtql.strip() if isinstance(vtql, str) else ""
        if not text.lower().startswith("select"):
            raise InvalidLookup(
                f"raw() takes a statement that begins with select, not {vtql!r:.40}. Some other "
                "texts make the CRM work on them for ever."
            )
        statement = text if text.endswith(";") else f"{text};"

        def plan(runner: Runner) -> Plan[list[M]]:
            module = self._state.selection.module.name
            yield from recognised(runner)
            rows = yield from own_rows(statement, module, runner.environment)
            return self._loader(runner).load(rows)

        return plan


def _no_keywords(method: str, kwargs: dict[str, object]) -> None:
    if kwargs:
        raise TypeError(f"{method}() got an unexpected keyword argument {next(iter(kwargs))!r}.")


def queryset_class(model: type[BaseRecord]) -> type[QuerySet[Any]]:
    """The class of the querysets of a model's module."""
    return own_queryset(model) or QuerySet
