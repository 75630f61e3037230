"""A selection made ready for planning: normal form, columns, and what the server cannot decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

from ..calls.environment import Environment
from ..calls.plans import RowStream
from ..conditions.evaluate import as_compared
from ..conditions.quirks import Quirk, quirk_of, several, why_not_selectable
from ..conditions.tree import (
    TRUE,
    And,
    Atom,
    InSelection,
    Node,
    Present,
    Selection,
    all_of,
    atoms,
    check_depth,
    contains,
)
from ..errors import UnsupportedQuery
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, Flaw, ModuleMeta
from .atom_forms import Forms, tidied
from .branches import Branch, Branches, Comparison, has_residual, nulls, sendable
from .normal_form import is_exact, normal_form, simplified, superset
from .packing import Packing
from .plain import plain_branch
from .statement import SelectList, Statement

TEXTS: Final = frozenset({Family.TEXT, Family.CHOICE, Family.CHOICES})

_NONE: Final[frozenset[str]] = frozenset()

RowReader: TypeAlias = Callable[[Selection, Environment], RowStream]
"""How the rows of a selection are read."""


@dataclass(frozen=True)
class Compiled:
    """What is to be read, in the server's terms. Nothing in it depends on data."""

    module: ModuleMeta
    env: Environment
    tree: Node
    branches: Branches
    columns: tuple[str, ...]
    """Wire names the caller wants and one statement can select; `id` first."""
    later: tuple[tuple[str, ...], ...] = ()
    """Columns that did not fit into the statement: read afterwards, by id, group by group."""
    bounds: tuple[Comparison, ...] = ()
    """Conditions that every branch is sent with: ranges of ids, groups of an order."""
    needed: frozenset[str] = frozenset()
    """Wire names of the fields that the selection is ordered by: without them the rows would be
    others."""
    read: RowReader | None = field(default=None, compare=False)
    """How records are read that a condition refers to; None where nothing is read."""

    @property
    def thinned(self) -> bool:
        """Whether pages may lack rows that the user may not see."""
        return self.env.thins(self.module.name)

    @cached_property
    def is_exact(self) -> bool:
        """Whether the server decides all of it."""
        return is_exact(self.branches)

    @cached_property
    def has_residual(self) -> bool:
        """Whether some condition has no form the server could be sent."""
        return any(has_residual(branch) for branch in self.branches)

    @cached_property
    def superset(self) -> Branches:
        """The narrowest condition the server can be sent that holds for all wanted rows."""
        return self.branches if self.is_exact else superset(self.branches)

    @cached_property
    def direct(self) -> Branches:
        """The branches without a NULL in them; local parts left out."""
        return superset(tuple(each for each in self.branches if not nulls(each)))

    @cached_property
    def null_fields(self) -> dict[frozenset[str], list[Branch]]:
        """Branches that need fields to be NULL: by those fields, without them."""
        found: dict[frozenset[str], list[Branch]] = {}
        for branch in self.branches:
            if wires := nulls(branch):
                found.setdefault(wires, []).append(sendable(branch))
        return found

    @cached_property
    def residual(self) -> Node:
        """What of the condition is left to decide on rows of the superset: the parts of an AND
        that hold for all of them are not. The server's verdict counts, it knows more (a
        reference to a deleted record reads as blank, but is still compared by its number)."""
        if self.is_exact:
            return TRUE
        forms = Forms.of(self.module, self.env)
        parts = self.tree.children if isinstance(self.tree, And) else (self.tree,)
        return all_of(*(part for part in parts if not self._holds(normal_form(part, forms))))

    def _holds(self, part: Branches) -> bool:
        """Whether every branch of the superset implies that this holds."""
        if not is_exact(part):
            return False
        single = {branch[0] for branch in part if len(branch) == 1}
        others = [frozenset(branch) for branch in part if len(branch) != 1]
        return all(
            not single.isdisjoint(branch) or any(each.issubset(branch) for each in others)
            for branch in self.superset
        )

    @cached_property
    def verdict_atoms(self) -> tuple[Atom, ...]:
        """Atoms that cannot be evaluated on rows: the server is asked about each page."""
        return tuple(dict.fromkeys(a for a in atoms(self.residual) if needs_verdict(a, self)))

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """The atoms of the condition."""
        return atoms(self.tree)

    @cached_property
    def decided_by(self) -> tuple[str, ...]:
        """Wire names of the fields that local evaluation looks at."""
        asked = set(self.verdict_atoms)
        wires = (atom.field.wire for atom in atoms(self.residual) if atom not in asked)
        inner = (a.field.wire for a in asked if isinstance(a, InSelection))
        return tuple(dict.fromkeys((*wires, *inner)))

    @cached_property
    def joins_in_condition(self) -> bool:
        """Whether a field of the condition joins several rows of one id, all of which count."""
        joins = several(self.module.name)
        return any(atom.field.wire in joins for atom in self.atoms)

    @cached_property
    def joined_columns(self) -> tuple[str, ...]:
        """Columns that join several rows of one id."""
        joins = several(self.module.name)
        return tuple(wire for wire in self.columns if wire in joins) if joins else ()

    @property
    def until_empty(self) -> bool:
        """Whether a short page does not mean the end, only an empty one does."""
        joins = several(self.module.name)
        return bool(joins) and (self.joins_in_condition or bool(self.joined_columns))

    @property
    def continues(self) -> bool:
        """Whether it goes on behind a row: a full page was read before."""
        return bool(self.bounds) and any(part.wire == "id" for part in self.bounds)

    @property
    def packing(self) -> Packing:
        return Packing.of(self.env, self.columns)

    @cached_property
    def groups(self) -> list[Branches]:
        """The branches, statement by statement, where the server decides all of it."""
        return self.packing.packed(self.branches)

    def where(self, node: Node) -> Compiled:
        """The same where this holds as well."""
        tree = all_of(self.tree, node)
        branches = _branches(self.module, self.env, tree, self.columns)
        return replace(self, tree=tree, branches=branches)

    def within(self, *bounds: Comparison) -> Compiled:
        """The same within further bounds."""
        return replace(self, bounds=(*self.bounds, *bounds))

    def reading(self, columns: Iterable[str]) -> Compiled:
        """The same with other columns, none of them later; `id` is added."""
        return replace(self, columns=tuple(dict.fromkeys(("id", *columns))), later=())

    def relearnt(self) -> Compiled:
        """The same with what has been learnt about NULLs since."""
        return replace(self, branches=_branches(self.module, self.env, self.tree, self.columns))

    def statement(
        self,
        branches: Branches,
        more: Iterable[str] = (),
        *,
        bounds: tuple[Comparison, ...] = (),
        order: tuple[str, ...] = ("id",),
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> Statement:
        """A statement over these branches. Fields of the order are selected as well, since the
        server fails silently to sort by a field it does not select. `bounds` lie within those
        of `self`: the place where a page begins."""
        columns, more = self.columns, tuple(more)
        if more or order != ("id",):
            columns = tuple(dict.fromkeys((*columns, *more, *order)))
        if self.bounds:
            nearer = {(part.wire, part.operator) for part in bounds}
            kept = (part for part in self.bounds if (part.wire, part.operator) not in nearer)
            bounds = (*kept, *bounds)
        env = self.env
        return Statement(
            module=self.module.name,
            columns=columns,
            branches=branches,
            bounds=bounds,
            order=order,
            descending=descending,
            limit=env.page_size if limit is None else limit,
            offset=offset,
            quoting="backslash" if env.backslashes else "doubled",
            precedence_known=env.precedence_known,
            spare=self._spare(columns, more, order) if env.knowledge.deferring else _NONE,
        )

    def _spare(
        self, columns: tuple[str, ...], more: tuple[str, ...], order: tuple[str, ...]
    ) -> frozenset[str]:
        """Columns without which the same rows would be found."""
        decided = (atom.field.wire for atom in self.atoms)
        return frozenset(columns) - {"id", *more, *order, *decided} - self.needed


def compiled(selection: Selection, env: Environment, tree: Node | None = None) -> Compiled:
    """The selection's condition in normal form; `tree` in place of its own where querysets in
    it have been answered. Raises `UnsupportedQuery` for columns that cannot be read."""
    tree = selection.where if tree is None else tree
    return _plainly(selection, env, tree) or _in_normal_form(selection, env, tree)


def at_once(selection: Selection, env: Environment) -> Compiled | None:
    """`compiled`; None where querysets in the condition have to be answered first."""
    what = _plainly(selection, env, selection.where)
    if what is None and not contains(selection.where, InSelection):
        return _in_normal_form(selection, env, selection.where)
    return what


def _plainly(selection: Selection, env: Environment, tree: Node) -> Compiled | None:
    # Moments of another zone are compared as the CRM writes them, which they are not yet.
    plain = plain_branch(tree, selection.module, env) if env.zone is UTC else None
    return None if plain is None else _made(selection, env, tree, plain)


def _in_normal_form(selection: Selection, env: Environment, given: Node) -> Compiled:
    check_depth(given)
    module, tree = selection.module, as_compared(given, env)
    plain = plain_branch(tree, module, env) if tree is not given else None
    if plain is None:
        tree = simplified(tree, Forms.of(module, env))
    return _made(selection, env, tree, plain)


def _made(selection: Selection, env: Environment, tree: Node, plain: Branch | None) -> Compiled:
    """The columns, and the branches as far as statements can hold them; `plain` is the only one
    where it is known."""
    module = selection.module
    refused = env.knowledge.refused(module.name)
    columns, later = _select_list(module, selection.columns, refused, env.url_budget // 2)
    whole = _normal(module, env, tree) if plain is None else (plain,)
    branches = Packing.of(env, columns).shortened(whole, tree)
    order = selection.order
    needed = frozenset([each.field.wire for each in order]) if order else _NONE
    what = Compiled(module, env, tree, branches, columns, later, needed=needed)
    if plain is not None and branches is whole:
        vars(what).update(is_exact=True, groups=[whole])  # these properties need not find it out
    return what


def _normal(module: ModuleMeta, env: Environment, tree: Node) -> Branches:
    return tuple(map(tidied, normal_form(tree, Forms.of(module, env))))


def _branches(
    module: ModuleMeta, env: Environment, tree: Node, columns: tuple[str, ...]
) -> Branches:
    """The normal form, as far as statements can hold it."""
    return Packing.of(env, columns).shortened(_normal(module, env, tree), tree)


@lru_cache(maxsize=1024)
def _select_list(
    module: ModuleMeta,
    columns: tuple[FieldMeta, ...] | None,
    refused: frozenset[str],
    most: int,
) -> tuple[SelectList, tuple[tuple[str, ...], ...]]:
    """The select list without columns that are refused, and what is read later of it, cut as
    `_column_groups` does."""
    named = wires(module, columns)
    first, *later = _column_groups(tuple(wire for wire in named if wire not in refused), most)
    return SelectList(first), tuple(later)


def _column_groups(columns: tuple[str, ...], most: int) -> list[tuple[str, ...]]:
    """The select list, cut into pieces of at most so many bytes; `id` begins each."""
    if sum(map(len, columns)) + len(columns) <= most:
        return [columns]
    groups: list[tuple[str, ...]] = []
    size = most + 1
    for wire in columns:
        if size + len(wire) + 1 > most:
            groups.append(("id",) if groups else ())
            size = 0
        groups[-1] = (*groups[-1], wire)
        size += len(wire) + 1
    return groups


def wires(module: ModuleMeta, columns: tuple[FieldMeta, ...] | None) -> tuple[str, ...]:
    """The select list: explicit always, `id` first."""
    if columns is None:
        return _every_wire(module)
    for each in columns:
        reason = why_not_selectable(module.name, each)
        if reason:
            raise UnsupportedQuery(f"{module.name}.{each.name} cannot be read: {reason}.")
    return tuple(dict.fromkeys(("id", *(each.wire for each in columns))))


@lru_cache(maxsize=512)
def _every_wire(module: ModuleMeta) -> tuple[str, ...]:
    every = module.fields.values()
    usable = (each.wire for each in every if not why_not_selectable(module.name, each))
    return tuple(dict.fromkeys(("id", *usable)))


def needs_verdict(atom: Atom, what: Compiled) -> bool:
    """Whether only the server can tell for which rows the atom is true."""
    if isinstance(atom, InSelection) or atom.field.flaw is Flaw.ABSENT:
        return True
    if quirk_of(what.module.name, atom.field.wire) is Quirk.SEVERAL:
        return True
    unknown = what.env.collation == "unknown" and atom.field.family in TEXTS
    return unknown and not isinstance(atom, Present)
