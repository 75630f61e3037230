"""Make the demo data: fictitious, the same on every run, stored as `data.jsonl`.

::

    python -m vtiger_orm.emulator.demo.data        # needs Faker

Records are created through the engine's own operations, so that they are what a real server
would have made of them: corrected, numbered, labelled. What operations cannot make (values
that are NULL because the record is older than the field) is set afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from ..engine import Engine, Schema
from ..engine.columns import Storage
from ..engine.schema import Field
from ..engine.tables import own_columns
from . import ARTEFACT
from .artefact import dump
from .invention import Maker, SteppingClock
from .people import add_people


class Builder(Maker):
    """Fills one engine."""

    def build(self) -> None:
        """Everything, in an order in which references find their targets."""
        add_people(self.engine)
        self.ids["Users"] = ["19x1", "19x5", "19x6", "19x7"]
        self.vendors()
        self.products()
        self.organisations()
        self.contacts()
        self.potentials()
        self.tickets()
        self.inventory()
        self.activities()
        self.others()
        self.comments()
        self.dependency()
        self.age()

    def vendors(self) -> None:
        for position in range(20):
            self.add(
                "Vendors",
                {
                    "vendorname": self.name(position, self.faker["en_US"].company),
                    "assigned_user_id": self.owner(),
                    "email": f"vendor{position}@example.com",
                    "city": self.random.choice(("Paris", "New York", "Kraków", "")),
                },
            )
        for position in range(16):
            flags = [position >> bit & 1 for bit in range(4)]
            values = dict(zip(("street", "city", "state", "country"), flags))
            element = {name: f"{name} {flag}" for name, flag in values.items()}
            self.add(
                "Vendors",
                {
                    **element,
                    "vendorname": f"Logic {position:04b}",
                    "assigned_user_id": "19x1",
                    "pobox": "",
                },
                share=0,
            )

    def products(self) -> None:
        for position in range(60):
            self.add(
                "Products",
                {
                    "productname": self.name(position, f"{self._thing()} {position}".strip),
                    "assigned_user_id": "19x1",
                    "discontinued": str(int(self.chance(0.9))),
                    "unit_price": self.money(5, 999),
                    "qtyinstock": str(self.random.randrange(500)),
                    "imagename": "",
                },
            )
        for position in range(25):
            self.add(
                "Services",
                {
                    "servicename": f"{self.faker['en_US'].job()} {position}",
                    "assigned_user_id": "19x1",
                    "discontinued": "1",
                    "unit_price": self.money(20, 200),
                },
            )
        for position in range(3):
            self.add(
                "PriceBooks",
                {
                    "bookname": f"Price list {2023 + position}",
                    "currency_id": f"21x{1 + position % 2}",
                    "active": "1",
                },
            )

    def _thing(self) -> str:
        faker = self.faker["en_US"]
        return f"{faker.color_name()} {faker.word().capitalize()}"

    def organisations(self) -> None:
        seen: set[str] = set()
        for position in range(220):
            name = self.name(position, self.faker.company)[:90]
            while name.strip().casefold() in seen:
                name = f"{name.strip()} {position}"
            seen.add(name.strip().casefold())
            parent = self.some("Accounts") if position > 20 and self.chance(0.15) else ""
            self.add(
                "Accounts",
                {
                    "accountname": name,
                    "account_id": parent,
                    "assigned_user_id": self.owner(),
                    "phone": self.phone() if self.chance(0.6) else "",
                    "email1": f"info{position}@example.com" if self.chance(0.7) else "",
                    "email2": "",
                    "employees": str(self.random.randrange(6000)),
                    "annual_revenue": self.money(10_000, 6_000_000) if self.chance(0.7) else "",
                    "bill_city": self.faker.city() if self.chance(0.6) else "",
                    "isconvertedfromlead": "0",
                },
            )

    def contacts(self) -> None:
        for position in range(1200):
            first = self.faker.first_name() if self.chance(0.92) else ""
            last = self.name(position, self.faker.last_name)
            handle = f"contact{position}"
            reports_to = self.some("Contacts") if position > 50 and self.chance(0.1) else ""
            self.add(
                "Contacts",
                {
                    "firstname": first,
                    "lastname": last,
                    "assigned_user_id": self.owner(),
                    "account_id": self.some("Accounts") if self.chance(0.75) else "",
                    "contact_id": reports_to,
                    "email": f"{handle}@example.com" if self.chance(0.8) else "",
                    "secondaryemail": "",
                    "phone": self.phone() if self.chance(0.7) else "",
                    "birthday": self.day(1950, 2004) if self.chance(0.5) else "",
                    "department": self.random.choice(
                        ("Sales", "sales", "IT", "Größe", "größe", "R&D", "", "", " ", "s")
                    ),
                    "title": self.faker["en_US"].job()[:50] if self.chance(0.5) else "",
                    "description": self._description(position),
                    "imagename": "",
                },
            )

    def _description(self, position: int) -> str:
        if position % 11 == 3:
            return 'R&D <b>"x"</b> é & more'
        return self.faker["en_US"].paragraph() if self.chance(0.4) else ""

    def potentials(self) -> None:
        for position in range(320):
            account = self.some("Accounts")
            self.add(
                "Potentials",
                {
                    "potentialname": self.name(position, f"Deal {position:03}".strip),
                    "closingdate": self.day(2024, 2027),
                    "sales_stage": self.value(self._field("Potentials", "sales_stage")),
                    "assigned_user_id": self.owner(),
                    "related_to": account,
                    "contact_id": self.some("Contacts") if self.chance(0.6) else "",
                    "amount": self.money(100, 700_000) if self.chance(0.9) else "",
                    "probability": str(self.random.randrange(0, 101, 5)),
                },
            )

    def _field(self, module: str, name: str) -> Field:
        return self.engine.schema.modules[module].fields[name]

    def tickets(self) -> None:
        for position in range(220):
            self.add(
                "HelpDesk",
                {
                    "ticket_title": self.name(position, f"Ticket {position}: printer".strip),
                    "assigned_user_id": self.owner(),
                    "ticketpriorities": self.value(self._field("HelpDesk", "ticketpriorities")),
                    "ticketstatus": self.value(self._field("HelpDesk", "ticketstatus")),
                    "parent_id": self.some("Accounts") if self.chance(0.8) else "",
                    "contact_id": self.some("Contacts") if self.chance(0.8) else "",
                    "description": "<p>It does not print.</p>",
                },
            )

    def inventory(self) -> None:
        """Quotes, orders and invoices, each with one to three items."""
        goods = self.ids["Products"] + self.ids["Services"]
        kinds: tuple[tuple[str, int, str], ...] = (
            ("Quotes", 40, "Quote"),
            ("SalesOrder", 25, "Order"),
            ("Invoice", 30, "Invoice"),
            ("PurchaseOrder", 12, "Purchase"),
        )
        for module, count, title in kinds:
            for position in range(count):
                items = [
                    {
                        "productid": self.random.choice(goods),
                        "quantity": str(self.random.choice((1, 2, 3, 1.5, 10))),
                        "listprice": self.money(5, 99),
                        "comment": "c & <x>" if self.chance(0.3) else "",
                        **({"discount_percent": "10"} if self.chance(0.2) else {}),
                        **({"tax1": "4.5"} if self.chance(0.4) else {}),
                    }
                    for _ in range(1 + position % 3)
                ]
                element = self._mandatory(module, position)
                element.update(
                    subject=f"{title} {position}",
                    hdnTaxType="group",
                    currency_id="21x1",
                    conversion_rate="1",
                    productid=items[0]["productid"],
                    bill_street=f"Example Street {position}",
                    ship_street=f"Straße {position}",
                    LineItems=items,
                    hdnDiscountAmount="5" if position % 5 == 0 else "",
                    txtAdjustment="",
                    hdnS_H_Amount="7" if position % 7 == 0 else "",
                    hdnDiscountPercent="",
                    hdnSubTotal="",
                    hdnGrandTotal="",
                    pre_tax_total="",
                    region_id="",
                )
                self.add(module, element)

    def activities(self) -> None:
        for position in range(120):
            day = self.day(2024, 2026)
            number = self.add(
                "Events",
                {
                    "subject": f"Event {position}",
                    "assigned_user_id": self.owner(),
                    "activitytype": self.random.choice(("Call", "Meeting")),
                    "date_start": day,
                    "time_start": f"{self.random.randrange(7, 18):02}:30:00",
                    "due_date": day,
                    "time_end": "19:00:00",
                    "duration_hours": str(self.random.randrange(1, 12)),
                    "duration_minutes": "30",
                    "eventstatus": self.random.choice(("Planned", "Held", "Not Held")),
                    "contact_id": self.some("Contacts"),
                    "parent_id": self.some("Accounts") if self.chance(0.5) else "",
                    "location": "Room & <1>" if self.chance(0.3) else "",
                },
                share=0.1,
            ).split("x")[1]
            if position % 8 == 0:
                for _ in range(3):
                    contact = int(self.some("Contacts").split("x")[1])
                    self.engine.store.execute(
                        "INSERT OR IGNORE INTO activity_contact VALUES (?, ?)",
                        (int(number), contact),
                    )
        for position in range(60):
            day = self.day(2024, 2026)
            self.add(
                "Calendar",
                {
                    "subject": f"Todo {position}",
                    "assigned_user_id": self.owner(),
                    "activitytype": "Task",
                    "date_start": day,
                    "time_start": "07:15:00",
                    "due_date": day,
                    "taskstatus": self.value(self._field("Calendar", "taskstatus")),
                    "contact_id": self.some("Contacts") if self.chance(0.6) else "",
                    "parent_id": self.some("Accounts") if self.chance(0.5) else "",
                    "eventstatus": "",
                    "time_end": "",
                },
                share=0.1,
            )

    def others(self) -> None:
        """A few records of every other module."""
        counts: tuple[tuple[str, int, dict[str, Any]], ...] = (
            ("Leads", 140, {"company": ""}),
            ("Campaigns", 12, {"closingdate": "2026-12-31"}),
            ("Faq", 12, {}),
            ("Documents", 20, {"filelocationtype": "E", "folderid": "22x1", "filestatus": "1"}),
            ("Project", 15, {}),
            ("ProjectMilestone", 10, {}),
            ("ProjectTask", 30, {}),
            ("Assets", 20, {}),
            ("ServiceContracts", 10, {}),
            ("Vehicles", 30, {}),
        )
        for module, count, fixed in counts:
            for position in range(count):
                self.add(module, {**self._mandatory(module, position), **fixed})
        relate = self.engine.store.execute
        for position, vehicle in enumerate(self.ids["Vehicles"]):
            contact = self.ids["Contacts"][position * 7 % 40]
            relate(
                "INSERT OR IGNORE INTO related VALUES (?, ?)",
                (int(contact.split("x")[1]), int(vehicle.split("x")[1])),
            )

    def _mandatory(self, module: str, position: int) -> dict[str, Any]:
        element: dict[str, Any] = {}
        facts = self.engine.schema.modules[module]
        labels = {each.name for each in facts.labels()}
        for field in facts.fields.values():
            if not field.mandatory and field.name not in labels:
                continue
            if field.name in labels and field.kind in ("string", "text"):
                plain = self.faker.last_name if module == "Leads" else None
                numbered = f"{facts.information['singular']} {position}"
                element[field.name] = self.name(position, plain or numbered.strip)
            else:
                element[field.name] = self.value(field)
        if module == "Documents":
            element["filename"] = f"https://example.com/file{position}"
        if module == "Leads":
            element["firstname"] = self.faker.first_name()
            element["email"] = f"lead{position}@example.com"
        return element

    def comments(self) -> None:
        parents: Sequence[str] = self.ids["Contacts"][:40] + self.ids["HelpDesk"][:20]
        for position, parent in enumerate(parents):
            self.add(
                "ModComments",
                {
                    "commentcontent": f"Comment {position} <b>&</b>\nline2",
                    "assigned_user_id": "19x1",
                    "related_to": parent,
                    "filename": "",
                    "parent_comments": "",
                },
                share=0,
            )

    def dependency(self) -> None:
        """One pair of dependent picklists."""
        self.engine.backdoor.depend(
            "HelpDesk",
            "ticketpriorities",
            "ticketseverities",
            {
                "Low": ["Minor", "Feature"],
                "Normal": ["Minor", "Major", "Feature"],
                "High": ["Major", "Critical"],
                "Urgent": ["Critical"],
            },
        )

    def age(self) -> None:
        """Fields that are younger than the oldest records are NULL there, and a few values of
        older imports are NULL as well. Some records were changed later, some deleted."""
        schema, store = self.engine.schema, self.engine.store
        for name in ("Contacts", "Accounts", "Potentials", "HelpDesk", "Leads"):
            module = schema.modules[name]
            ids = [int(each.split("x")[1]) for each in self.ids[name]]
            oldest = ids[: len(ids) // 12]
            custom = [each.name for each in own_columns(module) if each.name.startswith("cf_")]
            for number in oldest:
                store.update(module, number, dict.fromkeys(custom))
        for name, field, step in (
            ("Contacts", "firstname", 97),
            ("Contacts", "assistant", 53),
            ("Accounts", "industry", 11),
            ("HelpDesk", "ticketseverities", 23),
        ):
            module = schema.modules[name]
            assert module.fields[field].storage is Storage.TEXT
            for each in self.ids[name][::step]:
                store.update(module, int(each.split("x")[1]), {field: None})
        user = self.engine.users()[0]
        for position, each in enumerate(self.ids["Contacts"]):
            if position % 5 == 2:
                self.clock.time += timedelta(minutes=self.random.choice((0, 0, 11)))
                self.engine.call(
                    user, "revise", {"element": {"id": each, "assistant": f"A{position % 30}"}}
                )
        for position, each in enumerate(self.ids["Contacts"][600:1200:60]):
            parent = self.ids["Accounts"][position]
            self.engine.call(user, "revise", {"element": {"id": each, "account_id": parent}})
        for name, step in (("Contacts", 101), ("Accounts", 70), ("Potentials", 90)):
            for each in self.ids[name][step::step]:
                self.engine.call(user, "delete", {"id": each})


def build() -> Engine:
    """An engine in memory with the demo data, freshly made."""
    clock = SteppingClock()
    engine = Engine(Schema.demo(), now=clock)
    with engine.store.transaction():
        Builder(engine, clock).build()
    return engine


def main() -> None:
    with build() as engine:
        Path(__file__).with_name(ARTEFACT).write_text(
            dump(engine.store), encoding="utf-8", newline="\n"
        )


if __name__ == "__main__":
    main()
