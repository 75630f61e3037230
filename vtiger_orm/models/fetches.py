"""What `select_related` and `prefetch_related` are given, as a checked tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeAlias

from .._dataclass import dataclass
from ..conditions.field_names import readable_field
from ..conditions.lookups import find_field
from ..conditions.tree import Selection
from ..errors import InvalidLookup, suggest
from ..metadata.kinds import Family
from ..metadata.module import ModuleMeta

if TYPE_CHECKING:
    from ..calls.protocols import Package

Fetches: TypeAlias = "tuple[Fetch, ...]"


@dataclass(frozen=True, slots=True)
class Fetch:
    """One step from a record to others, and the steps that follow from there."""

    name: str
    """Attribute of a reference, or name of a relation."""
    relation: bool = False
    """Whether it is a relation (`record.related.<name>`), not a reference."""
    selection: Selection | None = None
    """Condition, order and columns for the records found, from a `Prefetch`."""
    nested: tuple[Fetch, ...] = ()


class Described(Protocol):
    """A queryset: which records, and what to follow from them."""

    @property
    def selection(self) -> Selection: ...
    @property
    def fetches(self) -> Fetches: ...


class Prefetch:
    """A reference or relation to follow, and what to read of the records found.

    ::

        Contacts.objects.prefetch_related(
            Prefetch("account_id", Accounts.objects.only("accountname"))
        )
        Accounts.objects.prefetch_related(
            Prefetch("contacts", Contacts.objects.exclude(email=None).order_by("lastname"))
        )

    Of a reference to several modules, the queryset concerns the records of its own module; the
    others are read whole.
    """

    __slots__ = ("lookup", "queryset")

    def __init__(self, lookup: str, queryset: Described | None = None) -> None:
        self.lookup: str = lookup
        self.queryset: Described | None = queryset

    def __repr__(self) -> str:
        return f"Prefetch({self.lookup!r}, {self.queryset!r})"


def parse_fetches(
    package: Package,
    module: ModuleMeta,
    paths: Iterable[object],
    method: str,
    *,
    relations: bool = False,
) -> Fetches:
    """The tree that names such as ``"account_id"`` and ``"account_id__assigned_user_id"`` make.

    `relations` allows the names of relations as well. Raises `InvalidLookup` for a name that is
    neither, with a suggestion.
    """
    fetches: Fetches = ()
    for each in paths:
        lookup = each.lookup if isinstance(each, Prefetch) else each
        if not isinstance(lookup, str):
            raise InvalidLookup(f"{method}() takes names of references, not {lookup!r}.")
        given = each if isinstance(each, Prefetch) else Prefetch(lookup)
        path = _Path(package, method, given, relations)
        fetches = merge(fetches, (path.fetch([module], lookup.split("__")),))
    return fetches


@dataclass(frozen=True, slots=True)
class _Path:
    """One argument of `prefetch_related` on its way to becoming a `Fetch`."""

    package: Package
    method: str
    given: Prefetch
    relations: bool

    def fetch(self, modules: Sequence[ModuleMeta], names: Sequence[str]) -> Fetch:
        """The step of the first name from any of the modules, with the others nested."""
        name, *rest = names
        targets = self._targets_of_reference(modules, name)
        relation = targets is None
        if targets is None:
            targets = self._targets_of_relation(modules, name)
        if not rest:
            return self._last(name, relation, targets)
        known = [self.package.model(each).meta for each in targets if self.package.knows(each)]
        if not known:
            self._refuse(f"the CRM does not tell what {name} leads to, so nothing follows it")
        return Fetch(name, relation, nested=(self.fetch(known, rest),))

    def _targets_of_reference(
        self, modules: Sequence[ModuleMeta], name: str
    ) -> tuple[str, ...] | None:
        """Where the reference of that name leads; None when no module has such a field."""
        having = [each for each in modules if name in each.fields]
        if not having:
            return None
        field = having[0].fields[name]
        if field.family is not Family.REFERENCE:
            self._refuse(f"{having[0].name}.{name} is a {field.kind} field, not a reference")
        if len(modules) == 1:
            readable_field(modules[0], name, self.method)
        return tuple(dict.fromkeys(to for each in having for to in each.fields[name].targets))

    def _targets_of_relation(self, modules: Sequence[ModuleMeta], name: str) -> tuple[str, ...]:
        found = [each for meta in modules for each in meta.relations if each.name == name]
        if found and self.relations:
            return tuple(dict.fromkeys(each.module for each in found))
        if found:
            self._refuse(
                f"{name} is a relation to many records; use prefetch_related({name!r}) and read "
                f"record.related.{name}"
            )
        names = [each.name for each in modules[0].relations] if self.relations else []
        meant = suggest(name, names)
        if meant and name not in modules[0].by_wire:
            raise InvalidLookup(
                f"{modules[0].name} has neither a field nor a relation {name!r}. "
                f"Did you mean {meant!r}?"
            )
        find_field(modules[0], name)
        raise AssertionError(f"{name} was found after all")

    def _last(self, name: str, relation: bool, targets: Sequence[str]) -> Fetch:
        queryset = self.given.queryset
        if queryset is None:
            return Fetch(name, relation)
        selection = queryset.selection
        modules = [self.package.module_named(each) for each in targets]
        if modules and selection.module.name not in modules:
            self._refuse(
                f"it leads to {' or '.join(modules)}, the queryset reads {selection.module.name}"
            )
        if selection.start or selection.stop is not None:
            self._refuse("its queryset must not be sliced: the slice would cut across records")
        return Fetch(name, relation, selection, queryset.fetches)

    def _refuse(self, reason: str) -> NoReturn:
        raise InvalidLookup(f"{self.method}({self.given.lookup!r}): {reason}.")


def modules_led_to(
    package: Package, modules: Iterable[ModuleMeta], fetches: Fetches
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each step of the tree as ``account_id__assigned_user_id``, with the modules that it may lead
    to; none where the CRM does not tell."""
    having = list(modules)
    for each in fetches:
        if each.relation:
            named = [
                rel.module for meta in having for rel in meta.relations if rel.name == each.name
            ]
        else:
            fields = [meta.fields[each.name] for meta in having if each.name in meta.fields]
            named = [module for field in fields for module in field.targets]
        targets = tuple(dict.fromkeys(named))
        yield each.name, targets
        known = [package.model(module).meta for module in targets if package.knows(module)]
        for name, further in modules_led_to(package, known, each.nested):
            yield f"{each.name}__{name}", further


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
