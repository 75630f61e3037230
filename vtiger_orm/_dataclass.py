"""`dataclass` for classes with slots, whose methods are written when the first of them is called.

The standard library writes and compiles them when the class is defined, half a millisecond for
each: more than half of what the first queryset takes to import, and a program uses a third of
those classes. What is written is what the standard library writes.
"""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from inspect import get_annotations
from typing import TYPE_CHECKING

if not TYPE_CHECKING:
    _METHODS = ("__init__", "__repr__", "__eq__", "__hash__", "__replace__")
    _FACTS = ("__match_args__", "__dataclass_fields__", "__dataclass_params__", "__signature__")
    """There is no signature; `inspect` asks for it before it looks at methods as they lie there."""

    _FROZEN = ("__setattr__", "__delattr__", "__getstate__", "__setstate__")
    _OF_A_CLASS = frozenset({"__dict__", "__weakref__"})
    """What each class that has no slots gets for itself."""

    def dataclass(*, slots, frozen=False, eq=True, **options):
        """As `dataclasses.dataclass`. Mistakes, such as a default that is mutable, are told when
        the methods are written."""
        options.update(slots=slots, frozen=frozen, eq=eq)
        written_later = (*_METHODS, *_FACTS, *(_FROZEN if frozen else ()))

        def made(declared):
            body = _with_slots(declared)
            if eq and not frozen:
                body.setdefault("__hash__", None)
            for name in written_later:
                body.setdefault(name, _Later(name, declared, options))
            return _made_of(declared, body)

        return made

    def _made_of(declared, body):
        kind = type(declared)(declared.__name__, declared.__bases__, body)
        kind.__qualname__ = declared.__qualname__
        return kind

    def _with_slots(declared):
        """What the class is made of, without the defaults: their names are those of slots."""
        own = [
            name
            for name, said in get_annotations(declared).items()
            if not str(said).startswith(("ClassVar", "typing.ClassVar"))
        ]
        left_out = {*own, *_OF_A_CLASS}
        body = {name: held for name, held in vars(declared).items() if name not in left_out}
        inherited = {name for base in declared.__mro__ for name in vars(base).get("__slots__", ())}
        return {**body, "__slots__": tuple(name for name in own if name not in inherited)}

    class _Later:
        """In the place of a method: whoever asks for it gets what is written now."""

        __slots__ = ("declared", "kind", "name", "options")

        def __init__(self, name, declared, options):
            self.name = name
            self.declared = declared
            self.options = options

        def __set_name__(self, kind, name):
            self.kind = kind

        def __get__(self, instance, owner):
            if vars(self.kind).get(self.name) is self:
                _write(self.kind, self.declared, self.options)
            return getattr(owner if instance is None else instance, self.name)

    def _write(kind, declared, options):
        """Give the class what the standard library gives to a copy of what was declared.

        A copy, since it changes what it is given. So threads that meet here, and a process that
        is forked meanwhile, write the same methods once more, and nobody waits.
        """
        body = {name: held for name, held in vars(declared).items() if name not in _OF_A_CLASS}
        written = vars(dataclasses.dataclass(**options)(_made_of(declared, body)))
        for name, held in list(vars(kind).items()):
            if isinstance(held, _Later):
                if name in written:
                    setattr(kind, name, written[name])
                else:
                    with suppress(AttributeError):  # another thread was first
                        delattr(kind, name)
        if kind.__doc__ is None:
            kind.__doc__ = written["__doc__"]

else:  # to all that reads source it is the same thing
    from dataclasses import dataclass as dataclass
