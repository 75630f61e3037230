"""Creating and changing records."""

from datetime import date
from typing import assert_type

from generated.demo import Accounts, Contacts, Leads, connect


def write() -> None:
    with connect():
        account = Accounts.objects.create(accountname="Acme")
        assert_type(account, Accounts)
        contact = Contacts.objects.create(
            lastname="Lovelace",
            firstname="Ada",
            account_id=account,
            birthday=date(1815, 12, 10),
            leadsource=Contacts.LeadSource.COLD_CALL,
        )
        contact.department = "Sales"
        contact.account_id = account.id
        contact.account_id = None
        contact.save()
        fresh = Contacts(lastname="Babbage", birthday=date(1791, 12, 26))
        fresh.save()
        lead = Leads(lastname="Turing")
        contact.leadsource = Contacts.LeadSource(lead.leadsource or "Cold Call")
        contact.delete()


async def write_async(contact: Contacts) -> None:
    await contact.asave()
    await contact.arefresh()
    await contact.adelete()
