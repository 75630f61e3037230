"""The random law through the front: querysets of generated models, asked as one user of one server.

Rows, orders, slices, counts, references, related managers and what is read beforehand are compared
with the tables of the embedded CRM, figures and groups with the rows. A refusal is no wrong answer,
but it is counted.

    python -m tests.servers.law --profile corebos --user clerk --querysets 300
"""

from __future__ import annotations

import argparse
import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

from tests.servers.world import SERVERS, World, open_world
from vtiger_orm import Count, Q, Session, UnsupportedQuery
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.evaluate import evaluate
from vtiger_orm.conditions.tree import And, InSelection, Node, Not, Or, RelatedTo, Selection
from vtiger_orm.emulator.engine.accounts import VIEW_ALL
from vtiger_orm.errors import NotSupported
from vtiger_orm.planner.orders import total_key

Row = dict[str, Any]

CLERK: Final = "clerk"
TEXTS: Final = [
    *("a", "A", "ä", "ab ", " x", "O'Neil", "x''y", "'", "a\\b", "50%", "5_0", "l1\nl2", "é"),
    *("a.b@c.de", "(x)", "is null", "客", "&amp;", "R&D", "a,b", "1", "10", "ß", "straße", "", " "),
]
FIELDS: Final = {
    "Contacts": ("lastname", "firstname", "email", "mailingcity"),
    "Accounts": ("accountname", "phone", "bill_city"),
    "Potentials": ("potentialname", "nextstep"),
}
REFERENCES: Final = {"Contacts": "account_id", "Accounts": "account_id", "Potentials": "related_to"}
RELATIONS: Final = {"products": "Products", "documents": "Documents"}
KEPT: Final = {"Accounts": 30, "Potentials": 30, "Products": 20, "Documents": 12}
LOOKUPS: Final = ("", "__contains", "__startswith", "__endswith", "__lt", "__gte", "__in", "__like")


class Law:
    """One CRM with awkward data, one user, and what became of the questions."""

    def __init__(self, server: str, user: str, seed: int) -> None:
        self.server: Final = server
        self.user: Final = user
        self.wrong: Final[list[str]] = []
        self.told: Final[Counter[str]] = Counter()
        self.chance: Final = random.Random(seed)
        self.world: Final[World] = open_world(server)
        self.clerk: Final[int] = self._prepared()
        self._rows: dict[str, list[Row]] = {}

    # -- data ------------------------------------------------------------------------------

    def _prepared(self) -> int:
        engine, chance = self.world.crm.engine, self.chance
        clerk = engine.accounts.add_user(CLERK)
        engine.accounts.restrict(CLERK, VIEW_ALL, "")
        for module, number in KEPT.items():
            engine.backdoor.delete(*engine.backdoor.ids(module)[number:])
        accounts = [int(each.partition("x")[2]) for each in engine.backdoor.ids("Accounts")]
        for module, names in FIELDS.items():
            if self.user == CLERK:
                engine.accounts.set_private(module)
            for id_ in engine.backdoor.ids(module):
                changed: Row = {
                    name: chance.choice(TEXTS) for name in names if chance.random() < 0.5
                }
                if changed.get(names[0], "x").strip() == "":
                    changed[names[0]] = "n"
                if chance.random() < 0.5:
                    changed["assigned_user_id"] = clerk
                changed[REFERENCES[module]] = chance.choice([0, *accounts])
                engine.backdoor.set(id_, changed)
            engine.backdoor.delete(*engine.backdoor.ids(module)[:: chance.randint(6, 12)])
        for id_ in engine.backdoor.ids("Documents"):
            engine.backdoor.set(id_, filestatus=chance.randint(0, 1))
        for id_ in engine.backdoor.ids("Contacts"):
            for module in RELATIONS.values():
                others = engine.backdoor.ids(module)
                for other in chance.sample(others, min(len(others), chance.choice([0, 1, 3]))):
                    engine.backdoor.relate(*chance.sample([id_, other], 2))
        return clerk

    def session(self) -> Session:
        crm = self.world.crm
        opened: Session = self.world.models.connect(
            crm.url,
            *crm.credentials(self.user),
            dialect="cloud" if self.server == "cloud" else "webservice",
            transport=crm.transport(),
            page_size=self.chance.choice([3, 10, 100]),
            server_timezone=str(crm.profile.zone),
        )
        return opened

    # -- truth -----------------------------------------------------------------------------

    def rows(self, module: str) -> list[Row]:
        """What the user sees of a module, by id; references as they are stored."""
        if module not in self._rows:
            self._rows[module] = list(self._read(module))
        return self._rows[module]

    def _read(self, module: str) -> Iterator[Row]:
        crm = self.world.crm
        facts, store = crm.engine.schema.modules[module], crm.engine.store
        for id_ in crm.engine.backdoor.ids(module):
            number = int(id_.partition("x")[2])
            owner, name = crm.engine.backdoor.get(id_, "assigned_user_id"), REFERENCES.get(module)
            if self.user == CLERK and module in FIELDS and owner != self.clerk:
                continue
            row = {key: value or "" for key, value in crm.run("retrieve", id=id_).items()}
            if name is not None:
                stored = store.row(f'SELECT "{name}" FROM "{facts.table}" WHERE id = ?', (number,))
                referred = stored[0] if stored is not None else 0
                row[name] = f"11x{referred}" if referred else ""
            yield row

    def related(self, id_: str, module: str) -> list[str]:
        """The records linked to one, from whichever end, by id."""
        number = int(id_.partition("x")[2])
        store = self.world.crm.engine.store
        there = {b for (b,) in store.rows("SELECT b FROM related WHERE a = ?", (number,))}
        there |= {a for (a,) in store.rows("SELECT a FROM related WHERE b = ?", (number,))}
        found = [row for row in self.rows(module) if int(row["id"].partition("x")[2]) in there]
        if module == "Documents" and not self.world.crm.profile.inactive_documents_related:
            found = [row for row in found if row["filestatus"] == "1"]
        return [row["id"] for row in found]

    def selected(self, selection: Selection, env: Environment) -> list[str]:
        found = [
            row
            for row in self.rows(selection.module.name)
            if self._holds(selection.where, row, env)
        ]
        found.sort(key=total_key(selection.order))
        return [row["id"] for row in found][selection.start : selection.stop]

    def _holds(self, node: Node, row: Row, env: Environment) -> bool:
        match node:
            case And(children):
                return all(self._holds(each, row, env) for each in children)
            case Or(children):
                return any(self._holds(each, row, env) for each in children)
            case Not(child):
                return not self._holds(child, row, env)
            case InSelection(reference, inner):
                numbers = {id_.partition("x")[2] for id_ in self.selected(inner, env)}
                return str(row.get(reference.wire)).partition("x")[2] in numbers
            case RelatedTo(_, side):
                return row["id"] in self.related(side.id, side.target.name)  # type: ignore[attr-defined]
            case _:
                return evaluate(node, row, env)

    # -- questions -------------------------------------------------------------------------

    def _leaf(self, module: str, depth: int) -> Q:
        chance, ids = self.chance, self.world.crm.engine.backdoor.ids
        kind = chance.random()
        if kind < 0.5:
            name, lookup = chance.choice(FIELDS[module]), chance.choice(LOOKUPS)
            text: Any = chance.choice([each for each in TEXTS if each.strip()])
            if lookup == "__in":
                text = chance.sample(TEXTS, 3)
            elif lookup == "__like":
                text = chance.choice(["%a%", "_%", "a_b", "%'%", "%.%"])
            return Q(**{name + lookup: text})
        if kind < 0.65:
            name, some = REFERENCES[module], chance.sample(ids("Accounts"), 3)
            lookups = ({name: None}, {name: some[0]}, {f"{name}__in": some})
            return Q(**chance.choice(lookups))
        if kind < 0.75:
            return Q(assigned_user_id=chance.choice(["19x1", f"19x{self.clerk}"]))
        if kind < 0.85 or depth:
            some = chance.sample(ids(module), 3)
            return Q(**chance.choice(({"id": some[0]}, {"id__gt": some[0]}, {"id__in": some})))
        return Q(**{f"{REFERENCES[module]}__in": self._queryset("Accounts", depth + 1)})

    def _condition(self, module: str, depth: int, levels: int = 2) -> Q:
        chance = self.chance
        if not levels or chance.random() < 0.35:
            condition = self._leaf(module, depth)
        else:
            pair = [self._condition(module, depth, levels - 1) for _ in range(2)]
            condition = pair[0] & pair[1] if chance.random() < 0.5 else pair[0] | pair[1]
        return ~condition if chance.random() < 0.25 else condition

    def _queryset(self, module: str, depth: int = 0) -> Any:
        chance = self.chance
        found = getattr(self.world.models, module).objects.filter(self._condition(module, depth))
        if not depth and chance.random() < 0.6:
            first = FIELDS[module][0]
            found = found.order_by(*chance.choice([("-id",), (first,), (f"-{first}", "id")]))
        if chance.random() < (0.15 if depth else 0.4):
            start = chance.choice([0, 2, 5])
            found = found[start : start + chance.choice([1, 3, 7, 40])]
        return found

    def ask(self, env: Environment) -> None:
        """One random queryset, in several ways."""
        module = self.chance.choice(list(FIELDS))
        queryset = self._queryset(module)
        truth = self.selected(queryset.selection, env)
        shown = str(queryset.selection)
        self._compare(shown, lambda: ids_of(queryset), truth)
        self._compare(f"count of {shown}", queryset.count, len(truth))
        self._compare(f"exists {shown}", queryset.exists, bool(truth))
        self._figures(queryset, module, shown)
        if module != "Contacts" or not truth:
            return
        name, target = self.chance.choice([*RELATIONS.items()])
        beforehand = queryset.prefetch_related(name)
        linked = [(id_, self.related(id_, target)) for id_ in truth]
        self._compare(
            f"{name} of {shown}",
            lambda: [(str(each.id), sorted_ids(each.related[name].loaded)) for each in beforehand],
            [(id_, sorted(ids)) for id_, ids in linked],
        )
        [record] = self.world.models.Contacts.objects.filter(id=truth[0])
        edge = self.rows(target)[len(self.rows(target)) // 2]["id"]
        above = [id_ for id_ in linked[0][1] if int(id_.partition("x")[2]) > number_of(edge)]
        some = record.related[name].filter(id__gt=edge)
        self._compare(f"{name} of {truth[0]} above {edge}", lambda: ids_of(some), above)
        self._compare(f"how many {name}", record.related[name].count, len(linked[0][1]))

    def _figures(self, queryset: Any, module: str, shown: str) -> None:
        """Counts are those of the rows as they read, and groups part them."""
        names = REFERENCES[module], self.chance.choice(FIELDS[module])
        figures = {"all": Count(), **{name: Count(name) for name in names}}
        with suppress(UnsupportedQuery, NotSupported):
            rows = list(queryset.values(*names))
            truth = {name: sum(row[name] is not None for row in rows) for name in names}
            truth["all"] = len(rows)
            self._compare(f"figures of {shown}", lambda: queryset.aggregate(**figures), truth)
            key = self.chance.choice(names)
            groups = queryset.values(key).annotate(
                **{f"n_{n}": each for n, each in figures.items()}
            )
            self._compare(
                f"groups by {key} of {shown}",
                lambda: {n: sum(group[f"n_{n}"] for group in groups) for n in figures},
                truth,
            )

    def _compare(self, shown: str, question: Callable[[], Any], truth: Any) -> None:
        try:
            answer = question()
        except (UnsupportedQuery, NotSupported):
            self.told["refused"] += 1
            return
        self.told["right" if answer == truth else "wrong"] += 1
        if answer != truth:
            self.wrong.append(f"{shown}\n  answered {answer}\n  is {truth}")


def number_of(id_: str) -> int:
    return int(id_.partition("x")[2])


def ids_of(records: Any) -> list[str]:
    return [str(each.id) for each in records]


def sorted_ids(records: Any) -> list[str]:
    return sorted(ids_of(records))


def keep(server: str, user: str, querysets: int, seed: int) -> Law:
    """The law with so many random querysets, all asked."""
    law = Law(server, user, seed)
    with warnings.catch_warnings(), law.session() as session:
        warnings.simplefilter("ignore")
        session.identify()
        for _ in range(querysets):
            law.ask(session.environment)
    law.world.session.close()
    return law


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--profile", choices=SERVERS, required=True)
    reader.add_argument("--user", choices=["admin", CLERK], default="admin")
    reader.add_argument("--querysets", type=int, default=300)
    reader.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    asked = reader.parse_args()
    law = keep(asked.profile, asked.user, asked.querysets, asked.seed)
    for each in law.wrong:
        print(each)
    print(asked.profile, asked.user, f"--seed {asked.seed}:", dict(law.told))
    return 1 if law.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
