"""Figures by group for a quick look: how many records there are, and sums of their fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vtiger_orm.aggregates.functions import Count, Figure, Sum, figures_of, order_key_of
from vtiger_orm.aggregates.groups import GroupKey, group_key, part_of
from vtiger_orm.aggregates.plan import Group, explain_groups, plan_groups
from vtiger_orm.calls.environment import Environment
from vtiger_orm.calls.operations import Row
from vtiger_orm.calls.plans import Plan
from vtiger_orm.columns import ColumnReader
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.errors import InvalidLookup, suggest
from vtiger_orm.metadata.kinds import Kind
from vtiger_orm.metadata.module import FieldMeta, ModuleMeta
from vtiger_orm.planner import Explanation
from vtiger_orm.values.writing import plain


@dataclass(frozen=True, slots=True)
class Groups:
    """What ``--group-by`` and ``--sum`` ask for."""

    keys: tuple[GroupKey, ...]
    figures: tuple[Figure, ...]

    @classmethod
    def of(cls, meta: ModuleMeta, by: Sequence[str], sums: Sequence[str]) -> Groups:
        """Raises `InvalidLookup` for a field that there is no group or sum of."""
        keys = tuple(group_key(meta, name, "--group-by") for name in by)
        return cls(keys, figures_of(meta, (Count(), *map(Sum, sums)), {}, "--sum"))

    @property
    def columns(self) -> list[FieldMeta]:
        """The columns of a row, as if they were fields."""
        return [*map(_key_column, self.keys), *map(_figure_column, self.figures)]

    def explain(self, selection: Selection, env: Environment) -> Explanation:
        return explain_groups(selection, self.keys, self.figures, env)

    def rows(self, selection: Selection, order: Sequence[str], env: Environment) -> Plan[list[Row]]:
        """The groups in this order of columns, else in that of the keys, blanks first."""
        columns = {each.name: each for each in self.columns}
        wanted = [_ordered(name, columns) for name in order]
        groups = yield from plan_groups(selection, self.keys, self.figures, env)
        rows = [self._values(group, env) for group in groups]
        for field, descending in reversed(wanted or [(each, False) for each in columns.values()]):
            key = order_key_of(field, env)

            def sort(row: dict[str, Any], name: str = field.name, of: Any = key) -> tuple[Any, ...]:
                return (0,) if row[name] is None else (1, of(row[name]))

            rows.sort(key=sort, reverse=descending)
        return [{name: _text(value) for name, value in row.items()} for row in rows]

    def _values(self, group: Group, env: Environment) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in self.keys:
            (column,) = ColumnReader((key.field,), env.zone).read([{"id": "", **group.row}])
            value = column[0] if column else None
            found[key.name] = None if value is None else part_of(key, env)(value)
        return found | group.figures


def _key_column(key: GroupKey) -> FieldMeta:
    if key.part is None:
        kind = key.field.kind
    else:
        kind = Kind.DATE if key.part == "date" else Kind.INTEGER
    return FieldMeta(key.name, key.name, key.field.label, kind)


def _figure_column(figure: Figure) -> FieldMeta:
    kind = Kind.INTEGER if isinstance(figure.aggregate, Count) else Kind.DOUBLE
    return FieldMeta(figure.name, figure.name, figure.name, kind)


def _ordered(name: str, columns: dict[str, FieldMeta]) -> tuple[FieldMeta, bool]:
    plainly = name.removeprefix("-")
    if plainly not in columns:
        close = suggest(plainly, columns)
        hint = f" Did you mean {close}?" if close else ""
        raise InvalidLookup(f"--order {name}: the columns are {', '.join(columns)}.{hint}")
    return columns[plainly], name.startswith("-")


def _text(value: object) -> str:
    return "" if value is None else plain(value)
