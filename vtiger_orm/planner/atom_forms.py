"""What the server can be sent for each atom and its negation, by the type of the field.

Each answer is an OR of ANDs. The forms are right for either way a type is stored (a checkbox may
be a number or a text, a time may be a text), because describe does not tell:

=====================  ===============  ========================  ================================
type                   ``= v``          is not blank              is blank
=====================  ===============  ========================  ================================
text, choices          ``f = 'v'``      ``f != ' '``              ``f = ' '`` or NULL
number                 ``f = 'v'``      ``f like '_%'``           NULL (``f = ' '`` finds zeros)
checkbox               ``f = '1'``      ``f != ' '`` or 0         ``f = ' ' and f != '0'`` or NULL
date, datetime         ``f = 'v'``      ``f >= '0001-01-01'``     ``f < '0001-01-01'`` or NULL
time                   ``f = 'v'``      ``f != ' '`` or midnight  ``f = ' '``, not midnight, or NULL
reference              ``f = '11x7'``   ``f > '11x0'``            ``f = '11x0'`` or NULL
=====================  ===============  ========================  ================================

A comparison that an empty text would satisfy is sent with a guard that excludes blanks. ``!=``
and the opposite operators never find NULL, so every negation is "the opposite, or NULL". LIKE
cannot be negated at all. The bound of dates keeps out zero dates, which read as blank too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import ge, gt, le, lt
from typing import Final

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..conditions.collation import compare, like_literal, matches_blank
from ..conditions.evaluate import comparable_of
from ..conditions.quirks import Quirk, quirk_of
from ..conditions.tree import (
    Atom,
    Compare,
    Equal,
    Has,
    InMonth,
    InSelection,
    Like,
    Not,
    OneOf,
    Present,
)
from ..metadata.kinds import Family
from ..metadata.module import FieldMeta, Flaw, ModuleMeta
from ..values import SEPARATOR
from . import coordinates, second_parser
from .branches import SENDABLE, Branch, Branches, Comparison, InList, IsNull, Part, Residual, one_of

MOST_DIFFERENT: Final = 50
"""Beyond so many values a negated list is tested on the rows instead of by a chain of ``!=``."""

_NO_DAY: Final = "0000-00-00"
FIRST_DAY: Final = "0001-01-01"
_TEXTS: Final = frozenset({Family.TEXT, Family.CHOICE, Family.CHOICES})
_NUMBERS: Final = frozenset({Family.INTEGER, Family.DECIMAL})
_DATES: Final = frozenset({Family.DATE, Family.DATETIME})
_ZEROS: Final = {Family.BOOLEAN: "0", Family.TIME: "00:00:00"}
"""What compares like a blank where the column holds numbers or times, and is none."""
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_ORDERED: Final[dict[str, Callable[[int, int], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms for the fields of one module on one server."""

    module: str
    prefix: str
    env: Environment

    @classmethod
    def of(cls, module: ModuleMeta, env: Environment) -> Forms:
        return cls(module.name, module.prefix, env)

    def positive(self, atom: Atom) -> Branches:
        """An OR of ANDs that holds exactly where the atom does."""
        branches = self._positive(atom)
        if coordinates.allows_unset(atom):
            branches = coordinates.without_unset(atom.field.wire, branches)
        return second_parser.tamed(branches, atom, self.env)

    def _positive(self, atom: Atom) -> Branches:
        if isinstance(atom, Equal):
            return self._equal(atom.field, (atom.value,))
        if isinstance(atom, Compare):
            return self._compare(atom)
        if isinstance(atom, Like):
            said = Comparison(atom.field.wire, "like", atom.pattern)
            blanks = matches_blank(atom.pattern)
            return ((said, *self._guard(atom.field)) if blanks else (said,),)
        if isinstance(atom, OneOf):
            return self._equal(atom.field, atom.values)
        if isinstance(atom, Present):
            return self._filled(atom.field)
        if isinstance(atom, Has):
            return _has(atom.field.wire, atom.choice)
        if isinstance(atom, InMonth):
            return self._in_month(atom)
        if isinstance(atom, InSelection):
            return ((*self._guard(atom.field), Residual(atom)),)
        raise TypeError(f"{atom} has to be replaced before a condition is planned")

    def negative(self, atom: Atom) -> Branches:
        """An OR of ANDs that holds exactly where the atom does not; blanks included."""
        field = atom.field
        if field.flaw is Flaw.ABSENT or quirk_of(self.module, field.wire) is Quirk.SEVERAL:
            return ((Residual(Not(atom)),),)
        match atom:
            case Present():
                branches = self._blank(field)
            case Equal(_, value):
                branches = self._different(field, (value,))
            case OneOf(_, values) if len(values) <= MOST_DIFFERENT:
                branches = self._different(field, values)
            case Compare(_, operator, value) if not self._misordered(field):
                branches = self._opposite(field, operator, value)
            case _:
                return ((Residual(Not(atom)),),)
        if coordinates.allows_unset(atom):
            branches = (*coordinates.unset(field.wire), *branches)
        if field.flaw is Flaw.UNSORTABLE and any(IsNull(field.wire) in each for each in branches):
            return ((Residual(Not(atom)),),)
        return second_parser.tamed(branches, Not(atom), self.env)

    # -- blanks --

    def _filled(self, field: FieldMeta) -> Branches:
        """What holds of everything but blanks."""
        guard, zero = self._guard(field), self._zero(field)
        return (guard,) if zero is None else (guard, (zero,))

    def _zero(self, field: FieldMeta) -> Comparison | None:
        """What the guard excludes besides blanks, where it cannot be known how it is stored."""
        zero = _ZEROS.get(field.family)
        if zero is None or quirk_of(self.module, field.wire) is Quirk.STORED_AS_TEXT:
            return None
        return Comparison(field.wire, "=", zero)

    def _guard(self, field: FieldMeta) -> Branch:
        """What excludes blanks; and nothing else but `_zero`."""
        family, wire = field.family, field.wire
        if family is Family.ID:
            return ()
        if family in _DATES:
            return (Comparison(wire, ">=", FIRST_DAY),)
        if family is Family.REFERENCE:
            return (Comparison(wire, ">", f"{self.prefix}x0"),)
        quirk = quirk_of(self.module, wire)
        if family in _NUMBERS and quirk is not Quirk.STORED_AS_TEXT:
            return (Comparison(wire, "like", "_%"),)
        if quirk is Quirk.STORED_AS_INTEGER:
            return (Comparison(wire, "like", "_%"),)
        return (Comparison(wire, "!=", " "),)

    def _blank(self, field: FieldMeta) -> Branches:
        if field.family is Family.ID:
            return ()
        return (*self.empty(field), *self._null(field))

    def empty(self, field: FieldMeta) -> Branches:
        """Blanks other than NULL."""
        family, wire = field.family, field.wire
        quirk = quirk_of(self.module, wire)
        blank = Comparison(wire, "=", " ")
        if family in _DATES:
            return ((Comparison(wire, "<", FIRST_DAY),),)
        if family is Family.REFERENCE:
            return ((Comparison(wire, "=", f"{self.prefix}x0"),),)
        if family is Family.TIME:
            return ((blank, Comparison(wire, "!=", "00:00:00")),)
        if family is Family.BOOLEAN or quirk is Quirk.STORED_AS_TEXT:
            return ((blank, Comparison(wire, "!=", "0")),)
        if family in _TEXTS and quirk is not Quirk.STORED_AS_INTEGER:
            return ((blank,),)
        return ()

    def empty_days(self, field: FieldMeta) -> Branches:
        """Days of the year 0 but for ``0000-00-00``."""
        if field.family not in _DATES:
            return ()
        return ((Comparison(field.wire, ">", _NO_DAY), Comparison(field.wire, "<", FIRST_DAY)),)

    def _null(self, field: FieldMeta) -> Branches:
        if field.family is Family.ID or self._known_null_free(field):
            return ()
        return ((IsNull(field.wire),),)

    def _known_null_free(self, field: FieldMeta) -> bool:
        return (
            self.env.consistency != "strict"
            and self.env.knowledge.null_free(self.module, field.wire) is True
        )

    # -- equality --

    def compared(self, field: FieldMeta) -> Callable[[str], Hashable] | None:
        """What is alike in two values exactly where the server finds them equal (None of a value
        that nothing equals); None where only the server can tell."""
        if field.family in _TEXTS and self.env.collation == "unknown":
            return None
        return None if quirk_of(self.module, field.wire) else comparable_of(field.family)

    def _possible(self, field: FieldMeta, values: tuple[str, ...]) -> tuple[str, ...]:
        """The values that the column can hold. To a column of integers every other text is 0."""
        if quirk_of(self.module, field.wire) is not Quirk.STORED_AS_INTEGER:
            return values
        return tuple(value for value in values if value.isascii() and value.strip().isdecimal())

    def _equal(self, field: FieldMeta, values: tuple[str, ...]) -> Branches:
        possible = self._possible(field, values)
        return ((one_of(field.wire, possible),),) if possible else ()

    def _different(self, field: FieldMeta, values: tuple[str, ...]) -> Branches:
        possible = self._possible(field, values)
        if not possible:
            return ((),)
        unlike = tuple(Comparison(field.wire, "!=", value) for value in possible)
        return (unlike, *self._null(field))

    # -- order --

    def _misordered(self, field: FieldMeta) -> bool:
        """Whether the server compares the field as text although it holds numbers."""
        quirk = quirk_of(self.module, field.wire)
        return field.family in _NUMBERS and quirk is Quirk.STORED_AS_TEXT

    def _compare(self, atom: Compare) -> Branches:
        field = atom.field
        if self._misordered(field):
            return ((*self._guard(field), Residual(atom)),)
        said = Comparison(field.wire, atom.operator, atom.value)
        if not self._finds_blanks(field, atom.operator, atom.value):
            return ((said,),)
        guarded = (said, *self._guard(field))
        zero = self._zero(field)
        if zero is None or (atom.operator == "<" and atom.value == zero.value):
            return (guarded,)
        return (guarded, (zero,))  # midnight is before, or not after, any time

    def _opposite(self, field: FieldMeta, operator: str, value: str) -> Branches:
        opposite: list[Branch] = [(Comparison(field.wire, _OPPOSITE[operator], value),)]
        if self._finds_blanks(field, operator, value):
            opposite.extend(self.empty(field))
        return (*opposite, *self._null(field))

    def _finds_blanks(self, field: FieldMeta, operator: str, value: str) -> bool:
        """Whether an empty text, or a zero date, would satisfy the comparison."""
        if field.family in _TEXTS:
            if self.env.collation == "unknown":
                return True
            return _ORDERED[operator](compare("", value), 0)
        return operator in ("<", "<=") and (field.family in _DATES or field.family is Family.TIME)

    # -- months --

    def _in_month(self, atom: InMonth) -> Branches:
        field, month = atom.field, atom.month
        if field.family is Family.DATE or self.env.one_zone:
            # Days of the year 0, which read as blank, have a month as well.
            set_ = Comparison(field.wire, ">=", FIRST_DAY)
            return ((Comparison(field.wire, "like", f"%-{month:02}-%"), set_),)
        # A month of the zone reaches into the last day of the month before and the first day of
        # the month after, as the server counts.
        before, after = (month - 2) % 12 + 1, month % 12 + 1
        likes = [f"%-{month:02}-%", f"%-{after:02}-01 %"]
        likes += [f"%-{before:02}-{day} %" for day in (28, 29, 30, 31)]
        return tuple((Comparison(field.wire, "like", like), Residual(atom)) for like in likes)


def _has(wire: str, choice: str) -> Branches:
    piece = like_literal(choice)
    parts: list[Part] = [
        Comparison(wire, "=", choice),
        Comparison(wire, "like", f"{piece}{SEPARATOR}%"),
        Comparison(wire, "like", f"%{SEPARATOR}{piece}"),
        Comparison(wire, "like", f"%{SEPARATOR}{piece}{SEPARATOR}%"),
    ]
    return tuple((part,) for part in parts)


def tidied(branch: Branch) -> Branch:
    """The branch without the bounds of dates that another comparison in it implies."""
    needless = [
        part
        for part in branch
        if isinstance(part, Comparison)
        and part.value == FIRST_DAY
        and part.operator == ">="
        and _is_implied(part, branch)
    ]
    return tuple(part for part in branch if part not in needless) if needless else branch


def is_unusual(branches: Branches) -> bool:
    """Whether hardly any record will fulfil them: those with a date that no calendar has."""
    zero_dates = {("<", FIRST_DAY)}
    return all(
        any(isinstance(part, Comparison) and part[1:] in zero_dates for part in branch)
        for branch in branches
    )


def _is_implied(bound: Comparison, branch: Branch) -> bool:
    """Whether another part is about the same field and false of NULL and zero dates."""
    same = [each for each in branch if isinstance(each, SENDABLE) and each.wire == bound.wire]
    return any(
        isinstance(each, InList) or (each is not bound and each.operator in ("=", ">", ">="))
        for each in same
    )
