"""Mistakes in writes, each with what the checkers answer. See test_typing.py."""

from datetime import datetime

from generated.demo import Contacts, Leads

Contacts.objects.create(firstname="x")  # mypy: Missing named argument "lastname"  # pyright: "lastname"
Contacts.objects.create(lastname="x", leadsource=Leads.LeadSource.COLD_CALL)  # mypy: leadsource  # pyright: leadsource
Contacts.objects.create(lastname="x", account_id=Contacts.ref("12x3"))  # mypy: account_id  # pyright: account_id
Contacts.objects.create(lastname="x", createdtime=datetime.now())  # mypy: createdtime  # pyright: createdtime
Contacts(lastnme="x")  # mypy: lastnme  # pyright: lastnme
Contacts(lastname=5)  # mypy: "int"  # pyright: Literal[5]
Contacts.objects.get_or_create(lastname="x", defaults={"firstnme": "y"})  # mypy: firstnme  # pyright: firstnme
contact = Contacts(lastname="x")
contact.birthday = "1815-12-10"  # mypy: "date | None"  # pyright: "date"
contact.leadsource = "Cold Call"  # mypy: LeadSource  # pyright: LeadSource
contact.account_id = Contacts(lastname="x")  # mypy: Contacts  # pyright: Contacts
