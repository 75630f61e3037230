"""Plausible values for the fields of a CRM, from a seed: the same seed, the same values."""

from __future__ import annotations

import random
import re
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Protocol

from vtiger_orm.emulator.engine.schema import Field


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


_FIRST: Final = _words(
    "Ada Aisha Alejandro Amara Anna Boris Carlos Chloé Daniel Elif Emma Farid Grace Hana Henrik "
    "Ines Jamal James João Julia Kenji Laila Lars Leah Liam Lucía Maya Mehmet Milan Nadia Noah "
    "Olga Omar Priya Rosa Ruth Samuel Sofia Thabo Tomás Wei Yuki Zoë"
)
_LAST: Final = _words(
    "Almeida Andersson Baker Bianchi Brown Chen Costa Díaz Dubois Fischer Fraser García Gupta "
    "Haddad Hansen Hughes Ivanova Jensen Kaya Khan Kim Kowalski Larsen Lefèvre López Martin "
    "Meyer Moreau Müller Nakamura Nguyen Novák O'Brien Okafor Patel Petrov Rossi Santos Schmidt "
    "Silva Smith Svensson Tanaka Walker Yılmaz"
)
_COMPANY: Final = _words(
    "Alder Atlas Bluestone Brightwater Cedar Compass Copperfield Delta Eastgate Evergreen Falcon "
    "Granite Harbour Highland Ironbridge Juniper Kestrel Lakeside Lighthouse Maple Meridian "
    "Northwind Oakfield Orchard Pinnacle Quarry Redwood Ridgeway Silverline Summit Thornton Vale "
    "Westbrook Willow"
)
_TRADE: Final = _words(
    "Analytics Bakery Consulting Electronics Engineering Foods Freight Furniture Instruments "
    "Insurance Interiors Laboratories Logistics Machinery Media Motors Paper Partners Pharma "
    "Plastics Printing Software Solar Systems Textiles Tools Travel Yachts"
)
_FORM: Final = ("GmbH", "Inc.", "Ltd", "LLC", "SARL", "AB", "S.A.", "& Sons")
_PLACES: Final = (
    ("Amsterdam", "Noord-Holland", "1012 AB", "Netherlands"),
    ("Austin", "Texas", "78701", "USA"),
    ("Bangalore", "Karnataka", "560001", "India"),
    ("Berlin", "Berlin", "10115", "Germany"),
    ("Cape Town", "Western Cape", "8001", "South Africa"),
    ("Lisboa", "Lisboa", "1100-148", "Portugal"),
    ("Lyon", "Auvergne-Rhône-Alpes", "69002", "France"),
    ("Manchester", "Greater Manchester", "M1 4BT", "United Kingdom"),
    ("Montréal", "Québec", "H2Y 1C6", "Canada"),
    ("München", "Bayern", "80331", "Germany"),
    ("Osaka", "Osaka", "530-0001", "Japan"),
    ("São Paulo", "São Paulo", "01310-100", "Brazil"),
    ("Stockholm", "Stockholm", "111 29", "Sweden"),
    ("Valencia", "Valencia", "46002", "Spain"),
)
_STREETS: Final = _list(
    "Bridge Street,Station Road,Mill Lane,Market Square,High Street,Park Avenue,Church Road,"
    "Garden Row,Harbour Quay,King Street,Linden Allee,Rue du Port,Via Roma,Calle Mayor"
)
_TITLES: Final = _list(
    "Head of Purchasing,Sales Manager,Chief Engineer,Office Manager,Managing Director,"
    "IT Administrator,Product Owner,Accountant,Operations Lead,Marketing Director"
)
_DEPARTMENTS: Final = _list("Sales,Purchasing,Engineering,Finance,Support,Marketing,Operations")
_THINGS: Final = _list(
    "Desk Lamp,Office Chair,Laser Printer,Label Roll,Network Switch,Steel Bracket,Torque Wrench,"
    "Solar Panel,Water Pump,Coffee Machine,Paper Carton,Safety Helmet,Power Supply,Sensor Kit"
)
_SUBJECTS: Final = _list(
    "Yearly service,Spare parts,New offices,Replacement of the old line,Pilot installation,"
    "Extension of the contract,Training for five people,Second delivery,Migration project"
)
_SENTENCES: Final = (
    "Wants an offer before the end of the quarter.",
    "Asked for a call back on Tuesday morning.",
    "Delivery to the back entrance, ring twice.",
    "Prefers e-mail; the phone is answered by a machine.",
    "Paid the last two invoices early.",
    "Needs the data sheet in French and German.",
    "Introduced by a partner at the spring fair.",
)


class People(Protocol):
    """The part of a ``faker.Faker`` that is used when one is given."""

    def first_name(self) -> str: ...
    def last_name(self) -> str: ...
    def company(self) -> str: ...
    def street_address(self) -> str: ...
    def job(self) -> str: ...
    def phone_number(self) -> str: ...
    def sentence(self) -> str: ...


class BuiltinPeople:
    """Names and companies from short lists; enough for tests, with no package to install."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def first_name(self) -> str:
        return self._chance.choice(_FIRST)

    def last_name(self) -> str:
        return self._chance.choice(_LAST)

    def company(self) -> str:
        pick = self._chance.choice
        return f"{pick(_COMPANY)} {pick(_TRADE)} {pick(_FORM)}"

    def street_address(self) -> str:
        return f"{self._chance.randint(1, 240)} {self._chance.choice(_STREETS)}"

    def job(self) -> str:
        return self._chance.choice(_TITLES)

    def phone_number(self) -> str:
        return f"+1 555 01{self._chance.randint(0, 99):02d} {self._chance.randint(100, 999)}"

    def sentence(self) -> str:
        return self._chance.choice(_SENTENCES)


class SampleValues:
    """Values for one record: its name, e-mail address and city belong together."""

    def __init__(self, chance: random.Random, people: People, today: date) -> None:
        self._chance = chance
        self._people = people
        self._today = today
        self.first_name: str = people.first_name()
        self.last_name: str = people.last_name()
        self.company: str = people.company()
        self._place = chance.choice(_PLACES)
        self.start: date = today + timedelta(days=chance.randint(1, 60))

    @property
    def domain(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", _ascii(self.company).lower()).strip("-") + ".example"

    def email(self) -> str:
        local = f"{_ascii(self.first_name)}.{_ascii(self.last_name)}".lower()
        return re.sub(r"[^a-z0-9.]", "", local) + f"@{self.domain}"

    def of(self, module: str, field: Field) -> str | None:
        """A value for a field in wire form; None where only the factory knows one."""
        kind = field.kind
        if kind == "email":
            return self.email()
        if kind == "phone":
            return self._people.phone_number()
        if kind == "url":
            return f"https://www.{self.domain}"
        if kind == "skype":
            return f"live:{_ascii(self.first_name).lower()}"
        if kind == "boolean":
            return self._chance.choice("01")
        if kind == "integer":
            return str(self._chance.randint(1, 500))
        if kind == "double":
            return f"{self._chance.randint(1, 99)}.{self._chance.choice((0, 25, 5, 75))}"
        if kind == "currency":
            return f"{self._chance.randint(10, 90_000)}.00"
        if kind in {"date", "datetime", "time"}:
            return self._moment(kind, field.name)
        if kind in {"picklist", "multipicklist"}:
            return self._choice(field)
        if kind == "text":
            return self._street(field.name) or self._people.sentence()
        if kind == "string":
            return self._text(module, field.name)
        return None

    def _moment(self, kind: str, name: str) -> str:
        if kind == "time":
            hour = 10 if name == "time_end" else 9
            return time(hour, 30).isoformat()
        if "birth" in name:
            day = date(1950, 1, 1) + timedelta(days=self._chance.randint(0, 20_000))
        elif name in {"due_date", "enddate", "closingdate", "validtill", "duedate"}:
            day = self.start + timedelta(days=self._chance.randint(0, 90))
        elif name in {"date_start", "startdate"}:
            day = self.start
        else:
            day = self._today - timedelta(days=self._chance.randint(0, 700))
        if kind == "date":
            return day.isoformat()
        return datetime.combine(day, time(self._chance.randint(7, 17), 15)).isoformat(" ")

    def _choice(self, field: Field) -> str:
        offered = [
            each["value"]
            for each in field.raw.get("type", {}).get("picklistValues", ())
            if each["value"].strip() and not each["value"].startswith("--")
        ]
        if not offered:
            return "Other"
        if field.kind == "picklist":
            return str(self._chance.choice(offered))
        count = min(len(offered), self._chance.randint(1, 2))
        return " |##| ".join(self._chance.sample(offered, count))

    def _street(self, name: str) -> str | None:
        return self._people.street_address() if "street" in name or name == "lane" else None

    def _text(self, module: str, name: str) -> str:
        city, state, code, country = self._place
        by_name: tuple[tuple[str, Any], ...] = (
            (r"first_?name$", lambda: self.first_name),
            (r"last_?name$", lambda: self.last_name),
            (r"city$", lambda: city),
            (r"state$", lambda: state),
            (r"(zip|code|postalcode)$", lambda: code),
            (r"country$", lambda: country),
            (r"(account|vendor|company|organization)_?(name)?$", lambda: self.company),
            (r"^(product|service|asset)_?name$", lambda: self._chance.choice(_THINGS)),
            (r"salutation", lambda: self._chance.choice(("Mr.", "Ms.", "Dr."))),
            (r"pobox$", lambda: f"P.O. Box {self._chance.randint(10, 9999)}"),
            (r"department", lambda: self._chance.choice(_DEPARTMENTS)),
            (r"^(title|designation)$", self._people.job),
            (r"(serial|_no$|number$)", lambda: f"SN-{self._chance.randint(10_000, 99_999)}"),
            (r"(street|lane|address)", self._people.street_address),
            (r"assistant$", lambda: f"{self._people.first_name()} {self._people.last_name()}"),
            (r"(subject|title|name)", lambda: self._chance.choice(_SUBJECTS)),
        )
        for pattern, make in by_name:
            if re.search(pattern, name):
                return str(make())
        return self._chance.choice(_SUBJECTS)


def _ascii(text: str) -> str:
    import unicodedata

    decomposed = unicodedata.normalize("NFKD", text.replace("ı", "i").replace("ø", "o"))
    return decomposed.encode("ascii", "ignore").decode()
