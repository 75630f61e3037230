"""Whom bare numbers mean: users and groups by the CRM's own lists, records by asking for them.

A list tells of a reference only its number, even where the record is deleted. Which records are
there is asked module by module: a page that begins with a number tells of every number up to its
last row, so numbers that lie close together take one call. Where nobody lists users and groups,
whoever has changed a record is a user; an owner of whom that is not known is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Final

from .._dataclass import dataclass
from ..calls.environment import Environment
from ..calls.operations import Criterion, Listing, Owners, Row
from ..calls.outcome import tells_nothing
from ..calls.plans import Plan, perform
from ..conditions.evaluate import record_number
from ..dialects.restfulapi_columns import UNLISTED
from ..dialects.restfulapi_filter import sayable
from ..errors import SchemaMismatch, VtigerError
from ..ids import id_number, parse_id
from ..metadata.kinds import Family, Kind
from ..metadata.module import FieldMeta, ModuleMeta
from .list_pages import Among, page_of

BARE: Final = "0x"
_AUTHORS: Final = ("modifiedby", "creator")
"""Fields in which only users are."""
_USERS: Final = frozenset({"Users", "Groups"})
_TRUSTED: Final = frozenset(UNLISTED) - {"Events", "Emails"}
"""Modules whose records are not asked for: they are hardly ever deleted, and not listed."""


@dataclass(slots=True)
class References:
    """What one stream of rows has found out so far."""

    prefixes: Mapping[str, str]
    """Module -> the number before the ``x`` of its ids."""
    env: Environment
    _owners: Row | None = None
    _there: dict[str, dict[int, bool]] = field(default_factory=dict)
    """Module -> number -> whether there is such a record."""
    _silent: set[str] = field(default_factory=set)
    """Modules that the server does not list to us."""
    _strangers: set[int] = field(default_factory=set)
    """Numbers of owners who are not known to have written anything."""

    @classmethod
    def of(cls, env: Environment) -> References | None:
        """None where the server has a query language, which tells whole ids."""
        return cls(env.lists.prefixes, env) if env.lists is not None else None

    def resolved(
        self, meta: ModuleMeta, rows: Sequence[Row], wires: Iterable[str]
    ) -> Plan[list[Row]]:
        """The rows with ids in place of bare numbers; blank for deleted records. What cannot be
        told is left out of a row."""
        fields = [each for wire in wires if (each := meta.by_wire[wire]).family is Family.REFERENCE]
        found = [dict(row) for row in rows]
        for each in fields:
            told = yield from self._told(meta, each, rows)
            for row in found:
                number = record_number(str(row.get(each.wire) or ""))
                if number:
                    id_ = told.get(number)
                    if id_ is None:
                        del row[each.wire]
                    else:
                        row[each.wire] = id_
        return found

    def _told(
        self, meta: ModuleMeta, each: FieldMeta, rows: Sequence[Row]
    ) -> Plan[Mapping[int, str]]:
        numbers = {record_number(str(row.get(each.wire) or "")) for row in rows}
        wanted = {number for number in numbers if number}
        if not wanted:
            return {}
        targets = ("Users", "Groups") if each.kind is Kind.OWNER else each.targets
        if targets and _USERS.issuperset(targets):
            return (yield from self._people(meta, targets, wanted))
        return (yield from self._records(targets, wanted))

    def _people(
        self, meta: ModuleMeta, targets: Sequence[str], wanted: set[int]
    ) -> Plan[Mapping[int, str]]:
        """A number is a user's or a group's, never both: they are counted together."""
        prefix = self.prefixes.get("Users")
        told: Row = {"users": {}, "groups": {}}
        if prefix is None or "Groups" in targets:
            told = self._owners = self._owners or (yield from perform(Owners()))
        users: Mapping[int, str] = told["users"]
        if prefix is None and users:  # the package was made without them
            prefix = parse_id(next(iter(users.values()))).prefix
        if tuple(targets) == ("Users",):
            return {number: f"{prefix}x{number}" for number in wanted} if prefix else {}
        known: dict[int, str] = {**users, **told["groups"]}
        found = {number: known[number] for number in wanted if number in known}
        for number in sorted(wanted - found.keys()) if prefix else ():
            if (yield from self._is_author(meta, number)):
                found[number] = f"{prefix}x{number}"
        return found

    def _is_author(self, meta: ModuleMeta, number: int) -> Plan[bool]:
        """Whether whoever has this number made or changed a record: groups never do."""
        people = self.env.knowledge
        if people.is_author(number) or number in self._strangers:
            return number not in self._strangers
        for wire in _AUTHORS:
            said = Criterion(wire, "=", f"{BARE}{number}")
            if sayable(meta, said) and (
                yield from self._listed(Listing(meta.name, (said,), length=1))
            ):
                people.learn_author(number)
                return True
        self._strangers.add(number)
        return False

    def _records(self, targets: Sequence[str], wanted: set[int]) -> Plan[Mapping[int, str]]:
        found: dict[int, str] = {}
        unknown = False
        for module in targets:
            prefix = self.prefixes.get(module)
            left = wanted - found.keys()
            if prefix is None:
                unknown = True
            elif not left:
                break
            elif module in _TRUSTED:
                if len(targets) == 1:
                    return {number: f"{prefix}x{number}" for number in wanted}
                unknown = True
            elif module in UNLISTED or not (yield from self._ask(module, left)):
                unknown = True
            else:
                there = self._there[module]
                found |= {number: f"{prefix}x{number}" for number in left if there.get(number)}
        if not unknown:
            found |= dict.fromkeys(wanted - found.keys(), "")
        return found

    def _ask(self, module: str, wanted: set[int]) -> Plan[bool]:
        """Whether the module tells which of the records are there; it is asked for those that are
        not known yet."""
        if module in self._silent:
            return False
        there = self._there.setdefault(module, {})
        asked = Among(sorted(wanted - there.keys()), self.env.page_size)
        while asked.left:
            left = asked.left
            rows = yield from self._listed(Listing(module, asked.criteria, length=asked.length))
            if rows is None:
                self._silent.add(module)
                return False
            numbers = [id_number(str(row["id"])) for row in rows]
            asked.take(numbers, module)
            told = set(left).difference(asked.left)
            there.update((number, number in numbers) for number in told)
        return True

    def _listed(self, page: Listing) -> Plan[list[Row] | None]:
        """The rows, or None where the module is one that is not told."""
        try:
            return (yield from page_of(page, strict=self.env.consistency == "strict"))
        except SchemaMismatch:  # the package does not know it
            return None
        except VtigerError as error:
            if tells_nothing(error):
                raise
            return None
