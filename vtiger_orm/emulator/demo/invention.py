"""Likely values for records that nobody entered, the same on every run. Needs Faker."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from faker import Faker

from ..engine import Engine
from ..engine.columns import LINES
from ..engine.schema import Field, Module

_SEED: Final = 20240229
_LOCALES: Final = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "pl_PL", "sv_SE", "tr_TR", "zh_CN")
_AWKWARD: Final = (
    "O'Neil",
    'O\'Brien "Bo"',
    "semi;colon",
    "back\\slash",
    "100% Cotton",
    "under_score",
    "Größe & Söhne",
    "GRÖSSE",
    "<b>Tag</b>",
    "Am & per",
    "&amp; entity",
    "trail space ",
    " leading",
    "question?mark",
    "Nguyễn",
    "İstanbul",
    "Łódź",
    "客户",
    "Ёлкин",
    "line\nbreak",
    "tab\there",
    "--comment",
    "/* c */",
    "''",
    "null",
    "0",
)
_EPOCH: Final = datetime(2024, 1, 8, 8, 0, tzinfo=UTC)


class SteppingClock:
    """Moves forward with each record, so that times differ and repeat as in real life."""

    def __init__(self) -> None:
        self.time = _EPOCH

    def __call__(self) -> datetime:
        return self.time


class Maker:
    """Creates records in one engine, with chance values for what is not given."""

    def __init__(self, engine: Engine, clock: SteppingClock) -> None:
        self.engine = engine
        self.clock = clock
        self.random: random.Random = random.Random(_SEED)
        self.faker: Faker = Faker(list(_LOCALES))
        Faker.seed(_SEED)
        self.ids: dict[str, list[str]] = {}

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def owner(self) -> str:
        return self.random.choice(
            ("19x1", "19x1", "19x5", "19x6", "19x7", "19x7", "20x2", "20x4", "20x8", "20x9")
        )

    def some(self, module: str) -> str:
        return self.random.choice(self.ids[module])

    def name(self, position: int, plain: Callable[[], str]) -> str:
        """Every twentieth name is an awkward one."""
        if position % 20 == 7:
            return _AWKWARD[position // 20 % len(_AWKWARD)]
        return plain()

    def day(self, first: int = 2019, last: int = 2026) -> str:
        start = date(first, 1, 1)
        return (start + timedelta(self.random.randrange(365 * (last - first + 1)))).isoformat()

    def moment(self) -> str:
        seconds = self.random.randrange(86_400)
        clock = (datetime(2000, 1, 1) + timedelta(seconds=seconds)).strftime("%H:%M:%S")
        return f"{self.day()} {clock}"

    def phone(self) -> str:
        return f"+1 555 01{self.random.randrange(100):02} {self.random.randrange(1000):03}"

    def money(self, low: float, high: float) -> str:
        return f"{self.random.uniform(low, high):.2f}"

    def filled(self, module: Module, share: float, skip: Iterable[str] = ()) -> dict[str, Any]:
        """Values for the optional fields of a module, each given with a certain chance."""
        element: dict[str, Any] = {}
        untouched = {*skip, "id", "source", "tags", "starred", "isconvertedfromlead"}
        for field in sorted(module.fields.values(), key=lambda each: each.name):
            custom = field.name.startswith("cf_")
            if field.name in untouched or not field.described:
                continue
            if not field.editable and not custom and field.kind != "datetime":
                continue
            if field.column.table == LINES:
                continue
            if not self.chance(share if not custom else min(1.0, share + 0.3)):
                continue
            value = self.value(field)
            if value is not None:
                element[field.name] = value
        return element

    def value(self, field: Field) -> Any:
        """A likely value for a field, None where there is nothing to say."""
        choices = [each["value"] for each in field.raw["type"].get("picklistValues", ())]
        if field.kind == "picklist":
            return self.random.choice(choices) if choices else None
        if field.kind == "multipicklist":
            count = self.random.randrange(1, 4)
            picked = self.random.sample(choices, min(count, len(choices)))
            return " |##| ".join(picked)
        if field.kind == "reference":
            known = [each for each in field.targets if self.ids.get(each)]
            return self.some(self.random.choice(known)) if known else self._system(field)
        makers: Mapping[str, Callable[[], Any]] = {
            "boolean": lambda: self.random.choice(("0", "1")),
            "integer": lambda: str(self.random.randrange(500)),
            "double": lambda: f"{self.random.uniform(0, 100):.2f}",
            "currency": lambda: self.money(10, 900_000),
            "date": self.day,
            "datetime": self.moment,
            "time": lambda: self.moment()[11:],
            "phone": self.phone,
            "email": lambda: f"{self.faker['en_US'].user_name()}@example.com",
            "url": lambda: f"https://example.com/{self.random.randrange(999)}?a=1&b=2",
            "skype": lambda: f"live.{self.faker['en_US'].user_name()}",
            "owner": self.owner,
            "text": lambda: self.faker["en_US"].sentence(),
            "string": self._line,
        }
        maker = makers.get(field.kind)
        return maker() if maker else None

    def _line(self) -> str:
        return self.random.choice(
            (
                *_AWKWARD[:8],
                self.faker["en_US"].bs(),
                self.faker["de_DE"].city(),
                self.faker["en_US"].word(),
                self.faker["en_US"].word(),
            )
        )

    def _system(self, field: Field) -> str | None:
        if "Users" in field.targets:
            return self.random.choice(("19x1", "19x5", "19x7"))
        if "Currency" in field.targets:
            return "21x1"
        return "22x1" if "DocumentFolders" in field.targets else None

    def add(self, module: str, element: Mapping[str, Any], *, share: float = 0.25) -> str:
        """Create one record: the element, and chance values for other fields."""
        self.clock.time += timedelta(minutes=self.random.choice((0, 3, 17, 45)))
        facts = self.engine.schema.modules[module]
        whole = {**self.filled(facts, share, skip=element), **element}
        user = self.engine.users()[0]
        answer = self.engine.call(user, "create", {"elementType": module, "element": whole})
        self.ids.setdefault(module, []).append(answer["id"])
        return str(answer["id"])
