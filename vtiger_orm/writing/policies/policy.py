"""What a policy is: what is particular about writing some modules, or to some servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from typing import Any, Final, TypeAlias

from ..._dataclass import dataclass
from ..._writes import Problem
from ...calls.operations import Create, Revise, Update
from ...calls.server import ServerFacts
from ...metadata.module import ModuleMeta
from ..changeset import Changeset

UNSENT: Final = object()
"""In `spelt`: what is not sent under this name."""

Wire: TypeAlias = Mapping[str, Any]
"""Wire name -> wire value."""

Check: TypeAlias = Callable[[Changeset, Wire, ServerFacts], Iterator[Problem]]
"""One rule: the problems of a write, given its wire values."""


def _nothing(*_: object) -> Wire:
    return {}


def _none(*_: object) -> frozenset[str]:
    return frozenset()


def is_foreign_nowhere(wire: str) -> bool:
    """Of records whose answers hold nothing but the record."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is particular about writing records of one family of modules."""

    family: str
    covers: Callable[[ModuleMeta], bool]
    checks: tuple[Check, ...] = ()
    read_only: Callable[[str], str | None] = lambda wire: None
    """Wire name -> why the CRM takes nothing for this field, though it says that it does."""
    given: Callable[[Changeset, ServerFacts], Wire] = _nothing
    """What is asked for beside the changed fields."""
    fills: Callable[[Changeset, Wire, ServerFacts], Wire] = _nothing
    """What a new record gets where nothing was given."""
    defaults: frozenset[str] = frozenset()
    """Fields that the CRM itself gives a value in a new record, which its answer may not show."""
    needs: Callable[[Changeset, ServerFacts], tuple[str, ...]] = lambda change, facts: ()
    """Stored values that a change has to know."""
    fresh: Callable[[Changeset, ServerFacts], tuple[str, ...]] = lambda change, facts: ()
    """Stored texts that a change sends again, hence has to know as they are stored now."""
    along: Callable[[Changeset, Wire, ServerFacts], Wire] = _nothing
    """Stored values that a change has to send again, or the CRM drops them."""
    replaces: Callable[[ServerFacts], bool] = lambda facts: False
    """Whether a change empties what it does not send: the record is read and sent whole."""
    spelt: Callable[[Wire, ServerFacts], Wire] = _nothing
    """Values that are sent in another form than the CRM answers them in."""
    shown: Callable[[Changeset, Wire, ServerFacts], Wire] = _nothing
    """Values, sent or read before, that answers show otherwise, though they are stored so."""
    unproved: Callable[[Changeset, Create | Revise | Update], frozenset[str]] = _none
    """Wire names that the answer has wrong, or merely repeats."""
    foreign: Callable[[str], bool] = is_foreign_nowhere
    """Whether a name in answers belongs to something else than the record."""
    computed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Field that the CRM computes -> the fields it follows."""
    loose: frozenset[str] = frozenset()
    """Fields that queries tell otherwise than the answers of writes do."""
    zero_is_blank: frozenset[str] = frozenset()
    """Fields of which 0 and a blank say the same."""
    wanted: frozenset[str] = frozenset()
    """Fields that a new record is broken without, though the CRM does not ask for them."""
