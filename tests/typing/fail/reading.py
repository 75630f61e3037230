"""Mistakes in queries, each with what the checkers answer. See test_typing.py."""

from generated.demo import Accounts, Contacts, Potentials

people = Contacts.objects

people.filter(lastnme="x")  # mypy: did you mean "lastname"  # pyright: "lastnme"
people.exclude(lastnme="x")  # mypy: did you mean "lastname"  # pyright: "lastnme"
people.filter(lastname__startwith="x")  # mypy: lastname__startswith  # pyright: lastname__startwith
people.exclude(lastname__startwith="x")  # mypy: lastname__startswith  # pyright: lastname__startwith
people.filter(lastname=5)  # mypy: expected "str | None"  # pyright: "str | None"
people.exclude(lastname=5)  # mypy: expected "str | None"  # pyright: "str | None"
people.filter(leadsource="Cold Call")  # mypy: expected "LeadSource | None"  # pyright: "LeadSource | None"
people.exclude(leadsource="Cold Call")  # mypy: expected "LeadSource | None"  # pyright: "LeadSource | None"
people.filter(leadsource=Contacts.LeadSource.COLD_CAL)  # mypy: COLD_CAL  # pyright: COLD_CAL
people.exclude(leadsource=Contacts.LeadSource.COLD_CAL)  # mypy: COLD_CAL  # pyright: COLD_CAL
people.filter(createdtime__gte="2026-01-01")  # mypy: expected "datetime | date"  # pyright: "datetime"
people.exclude(createdtime__gte="2026-01-01")  # mypy: expected "datetime | date"  # pyright: "datetime"
people.filter(birthday__contains="1999")  # mypy: birthday__contains  # pyright: birthday__contains
people.exclude(birthday__contains="1999")  # mypy: birthday__contains  # pyright: birthday__contains
people.filter(account_id="11x3")  # mypy: account_id  # pyright: account_id
people.exclude(account_id="11x3")  # mypy: account_id  # pyright: account_id
people.filter(account_id=Contacts.ref("12x3"))  # mypy: Ref[Contacts]  # pyright: Ref[Contacts]
people.exclude(account_id=Contacts.ref("12x3"))  # mypy: Ref[Contacts]  # pyright: Ref[Contacts]
people.filter(account_id__in=Potentials.objects.all())  # mypy: account_id__in  # pyright: account_id__in
people.exclude(account_id__in=Potentials.objects.all())  # mypy: account_id__in  # pyright: account_id__in
people.filter(account_id__industry="Banking")  # mypy: account_id__industry  # pyright: account_id__industry
people.exclude(account_id__industry="Banking")  # mypy: account_id__industry  # pyright: account_id__industry
people.get(lastnme="x")  # mypy: did you mean "lastname"  # pyright: "lastnme"
people.order_by("-modifiedtim")  # mypy: modifiedtim  # pyright: modifiedtim
people.only("lastnme")  # mypy: lastnme  # pyright: lastnme
people.values("lastnme")  # mypy: lastnme  # pyright: lastnme
people.values_list("lastnme")  # mypy: No overload variant of "values_list"  # pyright: lastnme
people.values_list("lastnme", flat=True)  # mypy: No overload variant of "values_list"  # pyright: lastnme

for contact in people.all():
    contact.lastnme  # mypy: maybe "lastname"  # pyright: lastnme
    contact.account_id = contact.id  # mypy: Ref[Contacts]  # pyright: Ref[Contacts]
    contact.account_id.loaded  # mypy: "None"  # pyright: loaded

account: Accounts = people.first()  # mypy: Contacts  # pyright: Contacts
