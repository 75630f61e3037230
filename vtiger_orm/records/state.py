"""What a record remembers beside its values: session, changes, what could not be read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from ..calls.protocols import Runner


class Memory(Protocol):
    """What `record.crm` remembers of a record."""

    def changes(self) -> Mapping[str, FieldChange]:
        """What a save sends besides fields."""
        ...

    def doubt(self) -> Memory | None:
        """What goes with copies and pickles: a create whose answer was lost, so that they are not
        created again."""
        ...


_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class _Unset(Enum):
    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "<unset>"

    def __bool__(self) -> Literal[False]:
        return False


Unset: TypeAlias = "Literal[_Unset.UNSET]"
UNSET: Final = _Unset.UNSET
"""The old value in `record.changes` where there was none: a new record, or a field not read."""


class FieldChange(NamedTuple):
    """One change that a `save` will send."""

    old: object
    """The value as it was read, or `UNSET`."""
    new: object


class RecordState:
    """The part of a record that is no field value. Each record has one of its own."""

    __slots__ = ("extra", "extra_old", "old", "operations", "posted", "raw", "runner")

    runner: Runner | None
    """The session that handed the record out; stays behind when the record is pickled."""
    old: dict[str, object] | None
    """Attribute -> value before the first assignment, for each changed field."""
    raw: dict[str, object] | None
    """Attribute -> wire value that could not be read."""
    extra: dict[str, object] | None
    """Wire name -> wire value of what the generated class does not know."""
    extra_old: dict[str, object] | None
    """As `old`, for `extra`."""
    operations: Memory | None
    """What `record.crm` remembers; none until it is used."""
    posted: bool
    """Whether the id came with data from outside: it says which record is meant, and proves
    nothing about who may write it."""

    def __init__(
        self,
        runner: Runner | None = None,
        old: dict[str, object] | None = None,
        raw: dict[str, object] | None = None,
        extra: dict[str, object] | None = None,
        extra_old: dict[str, object] | None = None,
        operations: Memory | None = None,
    ) -> None:
        self.runner = runner
        self.old = old
        self.raw = raw
        self.extra = extra
        self.extra_old = extra_old
        self.operations = operations
        self.posted = False

    def copy(self) -> RecordState:
        """An independent copy with the same session."""
        old, raw, extra, extra_old = (dict(each) if each else None for each in self._owned())
        twin = RecordState(self.runner, old, raw, extra, extra_old, self._doubt)
        twin.posted = self.posted
        return twin

    def _owned(self) -> tuple[dict[str, object] | None, ...]:
        return self.old, self.raw, self.extra, self.extra_old

    @property
    def _doubt(self) -> Memory | None:
        return None if self.operations is None else self.operations.doubt()

    def pickled(self) -> dict[str, object]:
        """What a pickle holds of it: plain data by names that stay, without the session."""
        old, new = _split(self.old)
        extra_old, extra_new = _split(self.extra_old)
        held = {
            "old": old,
            "new": new,
            "raw": self.raw,
            "extra": self.extra,
            "extra_old": extra_old,
            "extra_new": extra_new,
            "doubt": self._doubt,
            "posted": self.posted,
        }
        return {name: each for name, each in held.items() if each}

    @classmethod
    def restored(cls, held: Mapping[str, Any]) -> RecordState:
        """From what `pickled` made."""
        state = cls(
            None,
            _joined(held.get("old"), held.get("new")),
            held.get("raw"),
            held.get("extra"),
            _joined(held.get("extra_old"), held.get("extra_new")),
            held.get("doubt"),
        )
        state.posted = bool(held.get("posted"))
        return state

    # Changes

    def note(self, name: str, old: object, new: object) -> None:
        """An assignment took place: remember the first old value, forget it when reverted."""
        if self.raw:
            self.raw.pop(name, None)
        if self.old is None:
            self.old = {}
        if name not in self.old:
            if not same(old, new):
                self.old[name] = old
        elif same(self.old[name], new):
            del self.old[name]

    def note_extra(self, name: str, old: object, new: object) -> None:
        """`note` for a field of `extra`."""
        if self.extra_old is None:
            self.extra_old = {}
        if name not in self.extra_old:
            if old != new:
                self.extra_old[name] = old
        elif self.extra_old[name] == new:
            del self.extra_old[name]

    def changes(
        self, names: Collection[str], values: Mapping[str, object]
    ) -> Mapping[str, FieldChange]:
        """What the next save sends of these fields, in their order, fields of `extra` under their
        wire name."""
        old = self.old or _NOTHING
        # A single one, as it nearly always is, is in order.
        few, all_of = (old, names) if len(old) < 2 else (names, old)
        changes = {name: FieldChange(old[name], values[name]) for name in few if name in all_of}
        for name, before in (self.extra_old or _NOTHING).items():
            changes[name] = FieldChange(before, (self.extra or _NOTHING).get(name))
        return MappingProxyType(changes)

    def settle(
        self, runner: Runner | None, raw: dict[str, object] | None, extra: dict[str, object] | None
    ) -> None:
        """An answer of the CRM was taken over: nothing is changed any more."""
        self.runner = runner or self.runner
        self.posted = False
        self.old = self.extra_old = None
        self.raw = raw
        self.extra = {**(self.extra or {}), **(extra or {})} or None

    def forget(self, name: str) -> None:
        """The field counts as neither read nor changed."""
        for kept in (self.old, self.raw):
            if kept:
                kept.pop(name, None)


def _split(old: Mapping[str, object] | None) -> tuple[dict[str, object], list[str]]:
    """Old values, and the names that had none."""
    items = (old or _NOTHING).items()
    return {name: value for name, value in items if value is not UNSET}, [
        name for name, value in items if value is UNSET
    ]


def _joined(
    old: Mapping[str, object] | None, new: Iterable[str] | None
) -> dict[str, object] | None:
    return {**dict.fromkeys(new or (), UNSET), **(old or {})} or None


def same(old: object, new: object) -> bool:
    """Whether an assignment changes nothing on the wire.

    `Choices` in another order are equal, yet another text in the CRM.
    """
    if isinstance(old, tuple) and isinstance(new, tuple):
        return tuple.__eq__(old, new)
    return type(old) is type(new) and old == new
