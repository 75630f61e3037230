"""Places of an application that name a thing of the package, and how they are collected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import libcst as cst

from ..diff.differences import Path
from .methods import Access
from .trees import Token, text


@dataclass(frozen=True, slots=True)
class Use:
    """One place in which a thing of the package is named."""

    path: Path
    """Of the thing in a diff; a Python file is ``module Contacts file``, the class of a picklist
    ``module Contacts field leadsource class``."""
    access: Access
    token: Token
    start: int = 0
    """Where in the token the name begins; the quotes of a string do not count."""
    end: int = 0
    sure: bool = True
    """Whether it is known that the thing is meant, and not another one of the same name."""
    given: frozenset[str] | None = None
    """Which fields creating gives, by wire name; None where that cannot be told."""


Doubtful: TypeAlias = Mapping[str, tuple[Path, ...]]
"""Names that are looked for on objects of unknown type as well, with what they may mean."""


class Places(cst.CSTVisitor):
    """Those that a visitor finds."""

    def __init__(self, doubtful: Doubtful) -> None:
        super().__init__()
        self.uses: list[Use] = []
        self._doubtful = doubtful
        self._strings: list[cst.SimpleString] = []
        self._data: set[int] = set()
        """Strings that are values, hence no names."""

    def _add(
        self,
        path: Path | None,
        access: Access,
        token: Token,
        span: tuple[int, int] | None = None,
        **more: object,
    ) -> None:
        if path is not None:
            start, end = span or (0, len(text(token)))
            self.uses.append(Use(path, access, token, start, end, **more))  # type: ignore[arg-type]  # its fields

    def _doubt(
        self, token: Token, access: Access, span: tuple[int, int] | None = None, said: str = ""
    ) -> None:
        """A name on something unknown. Texts and what is imported from elsewhere are either names
        of classes or of nothing else."""
        start, end = span or (0, len(text(token)))
        for path in self._doubtful.get(said or text(token)[start:end], ()):
            is_class = len(path) == 2
            if is_class is (access is Access.NAME) or (is_class and isinstance(token, cst.Name)):
                self._add(path, access, token, (start, end), sure=False)

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        self._strings.append(node)

    def doubt_strings(self) -> None:
        """Names in strings that nothing is known of: keys of dictionaries, lists of fields."""
        known = {id(each.token) for each in self.uses} | self._data
        for each in self._strings:
            if id(each) not in known:
                start = int(text(each).startswith("-"))
                name = text(each)[start:].partition("__")[0]
                self._doubt(each, Access.READ, (start, start + len(name)))
