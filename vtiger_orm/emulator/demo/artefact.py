"""The demo data as text: one JSON line for each table, then one for each of its rows.

Columns that are the same in all rows are told once. Secrets are not in it: access keys and
password hashes of users are put in when it is loaded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from ..engine.accounts import first_key, secrets_of
from ..engine.schema import USERS
from ..engine.store import Store
from ..engine.tables import quoted

_SECRETS: Final = frozenset({"accesskey", "user_password", "confirm_password"})


def dump(store: Store) -> str:
    """Everything in the store as text, in a fixed order."""
    return "\n".join(_lines(store)) + "\n"


def _lines(store: Store) -> Iterator[str]:
    tables = store.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'meta' ORDER BY name"
    )
    for (table,) in tables:
        columns = [row[1] for row in store.rows(f"PRAGMA table_info({quoted(table)})")]
        columns = [name for name in columns if name not in _SECRETS]
        listed = ", ".join(map(quoted, columns))
        rows = store.rows(f"SELECT {listed} FROM {quoted(table)} ORDER BY {listed}")
        if not rows:
            continue
        varying = [
            position
            for position in range(len(columns))
            if any(row[position] != rows[0][position] for row in rows)
        ]
        constant = {
            name: rows[0][position]
            for position, name in enumerate(columns)
            if position not in set(varying)
        }
        yield _json(
            {
                "table": table,
                "rows": len(rows),
                "columns": [columns[position] for position in varying],
                "constant": constant,
            }
        )
        for row in rows:
            yield _json([row[position] for position in varying])


def load(store: Store, text: str, *, partly: bool = False) -> None:
    """Replace what is in the store by the content of a dump; users of the same name keep their
    access key. `partly`: as far as it fits.

    Raises `ValueError` when the store has another schema than the one that was dumped.
    """
    lines = iter(text.rstrip("\n").split("\n"))
    with store.transaction():
        former = {name: key for _, name, key in _users(store)}
        for line in lines:
            head = json.loads(line)
            table, count = head["table"], head["rows"]
            rows = json.loads(f"[{','.join(islice(lines, count))}]")
            names = [*head["columns"], *head["constant"]]
            values = list(head["constant"].values())
            whole = [(*row, *values) for row in rows] if values else rows
            if partly:
                names, whole = _fitting(store, table, names, whole)
                if not names:
                    continue
            _check_fits(store, table, names)
            store.execute(f"DELETE FROM {quoted(table)}")
            store.executemany(
                f"INSERT INTO {quoted(table)}({', '.join(map(quoted, names))}) "
                f"VALUES ({', '.join('?' * len(names))})",
                whole,
            )
        for number, name, _ in _users(store):
            key = former.get(name) or first_key(store, name)
            store.update(store.schema.modules[USERS], number, secrets_of(name, key))


def _users(store: Store) -> list[tuple[Any, ...]]:
    """Number, name and access key."""
    table = quoted(store.schema.modules[USERS].table)
    return store.rows(f"SELECT id, user_name, accesskey FROM {table}")


def _fitting(
    store: Store, table: str, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns that the store has as well, and the rows without the others."""
    present = {row[1] for row in store.rows(f"PRAGMA table_info({quoted(table)})")}
    kept = [position for position, name in enumerate(names) if name in present]
    return [names[each] for each in kept], [tuple(row[each] for each in kept) for row in rows]


def _check_fits(store: Store, table: str, names: Sequence[str]) -> None:
    present = {row[1] for row in store.rows(f"PRAGMA table_info({quoted(table)})")}
    missing = [name for name in names if name not in present]
    if missing:
        raise ValueError(
            f"The demo data fits the demo schema only: {table} has no {missing[0]!r} here. "
            "Start this schema without data."
        )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
