"""`select_related` and `prefetch_related`: the records that a page of records refers to.

For each page, the ids that its references name are read in batches of one full page each, one
batch a target module and page at best. A record that is already at hand is not read again, and
one record is one object as long as somebody holds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias
from weakref import WeakValueDictionary

from ..errors import AccessDenied, InvalidLookup, NotLoaded, SchemaMismatch
from ..metadata.kinds import Family
from ..metadata.module import ModuleMeta
from ..operations.calls import Plan, Row, collect_rows
from ..operations.together import together
from ..references import Ref
from .conditions import all_of, resolve
from .fields import readable_field
from .keywords import find_field
from .relating import plan_rows
from .selection import Selection

if TYPE_CHECKING:
    from ..package import Package
    from ..protocols import Runner
    from ..records import Record
    from .base import BaseQuerySet

Fetches: TypeAlias = "tuple[Fetch, ...]"


@dataclass(frozen=True, slots=True)
class Fetch:
    """One reference to follow, and what to follow from the records found there."""

    name: str
    """Attribute of the reference."""
    selection: Selection | None = None
    """Condition and columns for the records found, from a `Prefetch`."""
    nested: tuple[Fetch, ...] = ()


class Prefetch:
    """A reference to follow, and which of the records it points to with which fields.

    ::

        Contacts.objects.prefetch_related(
            Prefetch("account_id", Accounts.objects.only("accountname"))
        )

    Of a reference to several modules, the queryset concerns the records of its own module; the
    others are read whole.
    """

    __slots__ = ("lookup", "queryset")

    def __init__(self, lookup: str, queryset: BaseQuerySet[Any] | None = None) -> None:
        self.lookup = lookup
        self.queryset = queryset

    def __repr__(self) -> str:
        return f"Prefetch({self.lookup!r}, {self.queryset!r})"


def parse_fetches(
    package: Package, module: ModuleMeta, paths: Iterable[object], method: str
) -> Fetches:
    """The tree that names such as ``"account_id"`` and ``"account_id__assigned_user_id"`` make.

    Raises `InvalidLookup` for a name that is no reference of its module.
    """
    fetches: Fetches = ()
    for each in paths:
        given = each if isinstance(each, Prefetch) else Prefetch(each)  # type: ignore[arg-type]
        if not isinstance(given.lookup, str):
            raise InvalidLookup(f"{method}() takes names of references, not {given.lookup!r}.")
        path = _Path(package, method, given)
        fetches = merge(fetches, (path.fetch([module], given.lookup.split("__")),))
    return fetches


@dataclass(frozen=True, slots=True)
class _Path:
    """One argument of `select_related` on its way to becoming a `Fetch`."""

    package: Package
    method: str
    given: Prefetch

    def fetch(self, modules: Sequence[ModuleMeta], names: Sequence[str]) -> Fetch:
        """Each name must be a reference of one of the modules that the one before points to."""
        name, *rest = names
        fields = [each.fields[name] for each in modules if name in each.fields]
        if not fields:
            find_field(modules[0], name)
        field = fields[0]
        if field.family is not Family.REFERENCE:
            self._refuse(f"{modules[0].name}.{name} is a {field.kind} field, not a reference")
        if len(modules) == 1:
            readable_field(modules[0], name, self.method)
        targets = tuple(dict.fromkeys(target for each in fields for target in each.targets))
        if not rest:
            return Fetch(name, self._selection(targets))
        metas = [self.package.model(each).meta for each in targets if each in self.package.modules]
        if not metas:
            self._refuse(f"the CRM does not tell what {name} refers to, so nothing follows it")
        return Fetch(name, nested=(self.fetch(metas, rest),))

    def _selection(self, targets: Sequence[str]) -> Selection | None:
        queryset = self.given.queryset
        if queryset is None:
            return None
        selection = queryset.selection
        if targets and selection.module.name not in targets:
            self._refuse(
                f"it refers to {' or '.join(targets)}, the queryset reads {selection.module.name}"
            )
        if selection.start or selection.stop is not None:
            self._refuse("its queryset must not be sliced: every reference has one record")
        return selection

    def _refuse(self, reason: str) -> NoReturn:
        raise InvalidLookup(f"{self.method}({self.given.lookup!r}): {reason}.")


def merge(fetches: tuple[Fetch, ...], more: Iterable[Fetch]) -> Fetches:
    """Both trees in one; a reference named twice is followed once."""
    merged = {each.name: each for each in fetches}
    for new in more:
        old = merged.get(new.name)
        if old is not None:
            selection = new.selection or old.selection
            new = replace(old, selection=selection, nested=merge(old.nested, new.nested))
        merged[new.name] = new
    return tuple(merged.values())


class IdentityMap:
    """Records at hand, by id: weak, so that streaming through a large module holds no memory."""

    def __init__(self) -> None:
        self._records: WeakValueDictionary[str, Record] = WeakValueDictionary()

    def get(self, id: str) -> Record | None:
        return self._records.get(id)

    def add(self, records: Iterable[Record]) -> None:
        for record in records:
            self._records[str(record.id)] = record


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the records come from that some references of a page name."""

    module: str
    selection: Selection | None


class Loader:
    """Makes records of the rows of one reading, and brings what they refer to."""

    def __init__(
        self, model: type[Record], selection: Selection, fetches: Fetches, runner: Runner
    ) -> None:
        self._model: Final = model
        self._fetches: Final = fetches
        self._runner: Final = runner
        self._package: Final = model._package()
        self._identity: Final = IdentityMap()
        self._complete: Final = selection.columns is None

    def load(self, rows: Sequence[Row]) -> list[Any]:
        """The rows as records of the model."""
        records = self._model._load(rows, self._runner)
        if self._fetches and self._complete:
            self._identity.add(records)
        return list(records)

    def attach(self, records: Sequence[Record]) -> Plan[None]:
        """Read what the fetches name and attach it to the references of these records.

        A reference whose record does not come (deleted, or hidden from this user) stays; its
        `loaded` tells why there is none.
        """
        yield from self._follow(records, self._fetches)

    def _follow(self, records: Sequence[Record], fetches: Fetches) -> Plan[None]:
        refs = {fetch.name: list(references(records, fetch.name)) for fetch in fetches}
        ids: dict[_Source, dict[str, None]] = {}
        for fetch in fetches:
            for ref in refs[fetch.name]:
                source = self._source(ref, fetch)
                if source is not None:
                    ids.setdefault(source, {})[str(ref)] = None
        found = yield from self._find({source: list(each) for source, each in ids.items()})
        for fetch in fetches:
            arrived: dict[str, Record] = {}
            for ref in refs[fetch.name]:
                source = self._source(ref, fetch)
                record = found[source].get(str(ref), GONE) if source is not None else UNKNOWN
                ref._attach(record)
                if not isinstance(record, NotLoaded):
                    arrived[str(ref)] = record
            if fetch.nested:
                yield from self._follow(list(arrived.values()), fetch.nested)

    def _source(self, ref: Ref[Any], fetch: Fetch) -> _Source | None:
        place = self._package.place_of(ref)
        if place is None:
            return None
        given = fetch.selection
        own = given is not None and given.module.name == place.module
        return _Source(place.module, given if own else None)

    def _find(
        self, ids: Mapping[_Source, Sequence[str]]
    ) -> Plan[dict[_Source, dict[str, Record | NotLoaded]]]:
        """The records of each source by id, those at hand and those read now."""
        page = self._runner.environment.page_size
        found: dict[_Source, dict[str, Record | NotLoaded]] = {}
        chunks: list[tuple[_Source, Sequence[str]]] = []
        for source, wanted in ids.items():
            at_hand = self._at_hand(source, wanted)
            found[source] = dict(at_hand)
            missing = [id for id in wanted if id not in at_hand]
            chunks += [(source, missing[at : at + page]) for at in range(0, len(missing), page)]
        pages = yield from together([self._read(source, chunk) for source, chunk in chunks])
        for (source, _), page_found in zip(chunks, pages):
            found[source].update(page_found)
        return found

    def _at_hand(self, source: _Source, ids: Sequence[str]) -> dict[str, Record]:
        if source.selection is not None:
            return {}
        known = ((id, self._identity.get(id)) for id in ids)
        return {id: record for id, record in known if record is not None}

    def _read(self, source: _Source, ids: Sequence[str]) -> Plan[dict[str, Record | NotLoaded]]:
        """One page of records by id; a refusal becomes the reason why they are not there."""
        try:
            model = self._package.model(source.module)
            given = source.selection or Selection(model.meta)
            among = resolve(model.meta, (), {"id__in": list(ids)})
            selection = replace(given, where=all_of(given.where, among), order=())
            rows = yield from collect_rows(plan_rows(selection, self._runner.environment))
        except (AccessDenied, SchemaMismatch) as error:
            reason = NotLoaded(f"{source.module} could not be read: {error}")
            return dict.fromkeys(ids, reason)
        records = model._load(rows, self._runner)
        if source.selection is None:
            self._identity.add(records)
        return {str(record.id): record for record in records}


GONE: Final = NotLoaded(
    "The CRM did not return the record: it was deleted, or the session's user may not see it, or "
    "the queryset of a Prefetch leaves it out."
)
UNKNOWN: Final = NotLoaded(
    "The id belongs to no module of the generated package. Run: vtiger-orm pull && vtiger-orm "
    "generate"
)


def references(records: Iterable[Record], name: str) -> Iterator[Ref[Any]]:
    """The references that the records hold in this attribute; blanks and unread ones have none."""
    for record in records:
        ref = record.__dict__.get(name)
        if isinstance(ref, Ref):
            yield ref
