"""`select_related` and `prefetch_related`: what is loaded, in how many calls, as which objects."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.sample_crm import session_on
from tests.support.sample_package import Accounts, Contacts, Groups, Potentials, Users
from vtiger_orm import Prefetch
from vtiger_orm.emulator import Crm
from vtiger_orm.errors import InvalidLookup, NotLoaded


@pytest.fixture(scope="module")
def large() -> Iterator[Crm]:
    """620 contacts of 310 accounts, the accounts in a tree of parents."""
    with Crm(data=None) as empty_crm:
        accounts: list[str] = []
        for number in range(310):
            parent = accounts[number // 10] if number else ""
            element = {"accountname": f"Account {number}", "account_id": parent}
            accounts.append(empty_crm.create("Accounts", element)["id"])
        for number in range(620):
            element = {"lastname": f"Contact {number}", "account_id": accounts[number % 310]}
            empty_crm.create("Contacts", element)
        yield empty_crm


@pytest.fixture
def session(large: Crm) -> Iterator[Any]:
    with session_on(large) as session:
        session.identify()
        yield session


def test_five_hundred_contacts_with_their_accounts_in_ten_calls(large: Crm, session: Any) -> None:
    with large.count_calls() as calls:
        names = [
            each.account_id.loaded.accountname
            for each in Contacts.objects.select_related("account_id")[:500]
        ]
    assert len(names) == 500
    assert names[309:312] == ["Account 309", "Account 0", "Account 1"]
    assert calls.number <= 10


def test_all_contacts_with_their_accounts_without_n_plus_one(large: Crm, session: Any) -> None:
    with large.count_calls() as calls:
        found = list(Contacts.objects.select_related("account_id"))
    assert len(found) == 620
    assert all(each.account_id.loaded.accountname for each in found)
    # 7 pages of contacts, the last of them short, and at most one call of accounts for each.
    assert calls.number <= 14


async def test_the_same_for_async(large: Crm) -> None:
    async with session_on(large) as session:
        await session.aidentify()
        with large.count_calls() as calls:
            found = await Contacts.objects.select_related("account_id")[:500]
        assert found[310].account_id.loaded is found[0].account_id.loaded
        assert calls.number <= 10
        streamed = [
            each.account_id.loaded.accountname
            async for each in Contacts.objects.select_related("account_id")[:150]
        ]
    assert streamed[0] == "Account 0"
    assert len(streamed) == 150


def test_one_record_is_one_object_as_long_as_it_is_held(session: Any) -> None:
    found = list(Contacts.objects.select_related("account_id"))
    assert found[0].account_id.loaded is found[310].account_id.loaded


def test_records_nobody_holds_are_let_go(session: Any) -> None:
    alive = []
    for number, contact in enumerate(Contacts.objects.select_related("account_id")):
        if number == 450:
            del contact
            gc.collect()
            alive = [each for each in gc.get_objects() if isinstance(each, Contacts | Accounts)]
            break
    assert len(alive) < 450


def test_records_of_the_page_itself_are_found_without_a_call(large: Crm, session: Any) -> None:
    with large.count_calls() as calls:
        tree = list(Accounts.objects.select_related("account_id")[:100])
    by_id = {each.id: each for each in tree}
    assert tree[0].account_id is None
    assert tree[55].account_id.loaded is by_id[tree[55].account_id]
    assert calls.number == 1


def test_following_further(large: Crm, session: Any) -> None:
    with large.count_calls() as calls:
        found = list(Contacts.objects.select_related("account_id__account_id__account_id")[:100])
    account = found[99].account_id.loaded
    assert account.account_id.loaded.accountname == "Account 9"
    assert account.account_id.loaded.account_id.loaded.accountname == "Account 0"
    assert calls.number <= 4


def test_what_is_not_followed_is_not_loaded(session: Any) -> None:
    contact = Contacts.objects.first()
    assert contact is not None
    with pytest.raises(NotLoaded, match="select_related"):
        contact.account_id.loaded  # noqa: B018
    contact = Contacts.objects.select_related("account_id").select_related(None).first()
    assert contact is not None
    with pytest.raises(NotLoaded):
        contact.account_id.loaded  # noqa: B018


def test_terminals_that_read_one_record_follow_as_well(session: Any) -> None:
    followed = Contacts.objects.select_related("account_id")
    found: tuple[Any, ...] = (
        followed.first(),
        followed.last(),
        followed[5],
        followed.get(lastname="Contact 17"),
        next(iter(followed.in_bulk([followed[3]]).values())),
    )
    for contact in found:
        assert contact.account_id.loaded.accountname.startswith("Account")


def test_only_keeps_the_reference(session: Any) -> None:
    contact = Contacts.objects.only("lastname").select_related("account_id").first()
    assert contact is not None
    assert contact.account_id.loaded.accountname == "Account 0"


def test_prefetch_with_few_columns(large: Crm, session: Any) -> None:
    names_only = Prefetch("account_id", Accounts.objects.only("accountname"))
    contact = Contacts.objects.prefetch_related(names_only).first()
    assert contact is not None
    account = contact.account_id.loaded
    assert account.accountname == "Account 0"
    with pytest.raises(NotLoaded):
        account.modifiedtime  # noqa: B018


def test_prefetch_with_a_condition_leaves_records_out_and_says_so(session: Any) -> None:
    some = Prefetch("account_id", Accounts.objects.filter(accountname__in=["Account 0"]))
    first, second = Contacts.objects.prefetch_related(some)[:2]
    assert first.account_id.loaded.accountname == "Account 0"
    with pytest.raises(NotLoaded, match="Prefetch leaves it out"):
        second.account_id.loaded  # noqa: B018


def test_owners_are_users_or_groups(empty_crm: Crm) -> None:
    user, group = empty_crm.user().wire_id, "20x2"
    empty_crm.create("Contacts", {"lastname": "Of a user", "assigned_user_id": user})
    empty_crm.create("Contacts", {"lastname": "Of a group", "assigned_user_id": group})
    with session_on(empty_crm) as session:
        session.identify()
        with empty_crm.count_calls() as calls:
            ours, theirs = Contacts.objects.select_related("assigned_user_id")
    assert isinstance(ours.assigned_user_id.loaded, Users)
    assert isinstance(theirs.assigned_user_id.loaded, Groups)
    assert calls.number == 3
    shown = repr(ours.assigned_user_id.loaded) + str(ours.assigned_user_id.loaded.extra)
    assert "accesskey" not in shown
    assert "user_password" not in shown


def test_no_statement_on_users_names_a_secret(empty_crm: Crm) -> None:
    empty_crm.create("Contacts", {"lastname": "A"})
    sent: list[str] = []
    empty_crm.listeners.append(lambda record: sent.append(record.line()))
    with session_on(empty_crm):
        list(Contacts.objects.select_related("assigned_user_id"))
    statements = [line for line in sent if "from Users" in line]
    assert statements
    for line in statements:
        assert "*" not in line.split("from Users")[0]
        assert "accesskey" not in line
        assert "password" not in line


def test_users_that_may_not_be_read_are_no_error(large: Crm, session: Any) -> None:
    from vtiger_orm.calls.operations import Query
    from vtiger_orm.errors import AccessDenied

    class Forbidding:
        """The session, except that Users are refused as stock servers refuse them."""

        package = session.package
        environment = session.environment

        def stream(self, stream: Any) -> Any:
            return session.stream(stream)

        def run(self, plan: Any) -> Any:
            return session.run(guarded(plan))

    def guarded(plan: Any) -> Any:
        reply: Any = None
        step = next(plan, None)
        while step is not None:
            calls = [step] if isinstance(step, Query) else list(getattr(step, "calls", ()))
            try:
                if any(isinstance(each, Query) and each.module == "Users" for each in calls):
                    error = AccessDenied("no permission for module Users", code="ACCESS_DENIED")
                    step = plan.throw(error)
                else:
                    reply = yield step
                    step = plan.send(reply)
            except StopIteration as done:
                return done.value
        return None

    contact = (
        Contacts.objects.using(Forbidding())  # type: ignore[arg-type]
        .select_related("assigned_user_id")
        .first()
    )
    assert contact is not None
    with pytest.raises(NotLoaded, match=r"Users could not be read.*no permission"):
        contact.assigned_user_id.loaded  # noqa: B018


def test_a_reference_to_a_deleted_record_reads_blank(empty_crm: Crm) -> None:
    account = empty_crm.create("Accounts", {"accountname": "Gone"})["id"]
    empty_crm.create("Contacts", {"lastname": "A", "account_id": account})
    with session_on(empty_crm):
        followed = Contacts.objects.select_related("account_id")
        assert followed.get().account_id.loaded.accountname == "Gone"
        empty_crm.run("delete", id=account)
        assert followed.get().account_id is None


def test_two_references_to_one_module_share_their_calls(empty_crm: Crm) -> None:
    account = empty_crm.create("Accounts", {"accountname": "Both"})["id"]
    contact = empty_crm.create("Contacts", {"lastname": "A", "account_id": account})["id"]
    element = {
        "potentialname": "Deal",
        "closingdate": "2024-01-01",
        "sales_stage": "Prospecting",
        "related_to": account,
        "contact_id": contact,
    }
    empty_crm.create("Potentials", element)
    with session_on(empty_crm) as session:
        session.identify()
        with empty_crm.count_calls() as calls:
            deal = Potentials.objects.select_related("related_to", "contact_id__account_id").get()
    assert deal.related_to.loaded is deal.contact_id.loaded.account_id.loaded
    assert calls.number == 3


def test_records_at_hand_still_know_their_session(session: Any) -> None:
    contact = Contacts.objects.select_related("account_id").get(lastname="Contact 11")
    assert contact.account_id.loaded.account_id.fetch().accountname == "Account 1"


def test_many_ids_are_read_in_full_pages(large: Crm, session: Any) -> None:
    ids = list(Contacts.objects.values_list("id", flat=True)[:250])
    with large.count_calls() as calls:
        assert list(Contacts.objects.in_bulk(ids)) == ids
    assert calls.number == 3


def test_explain_tells_of_the_references_followed() -> None:
    plain, followed = Contacts.objects[:5], Contacts.objects.select_related("account_id")[:5]
    assert (plain.explain().calls, plain.explain().look_ahead) == (2, 1)
    assert followed.explain(of="count").calls == 1
    assert followed.explain(of="exists").calls == 2
    assert followed.explain().calls is None
    assert "account_id leads to" in str(followed.explain())


# Relations to many records


@pytest.fixture(scope="module")
def families() -> Iterator[Crm]:
    """120 accounts with 0 to 4 contacts each; two opportunities linked to contacts."""
    with Crm(data=None) as empty_crm:
        for number in range(120):
            account = empty_crm.create("Accounts", {"accountname": f"Account {number}"})["id"]
            for place in range(number % 5):
                element = {"lastname": f"Contact {number}.{place}", "account_id": account}
                empty_crm.create("Contacts", element)
        yield empty_crm


def test_reverse_relations_come_a_page_at_a_time(families: Crm) -> None:
    with session_on(families) as session:
        session.identify()
        with families.count_calls() as calls:
            accounts = list(Accounts.objects.prefetch_related("contacts"))
            names = [[each.lastname for each in account.related.contacts] for account in accounts]
    assert len(accounts) == 120
    assert names[:3] == [[], ["Contact 1.0"], ["Contact 2.0", "Contact 2.1"]]
    assert sum(map(len, names)) == 240
    # Two pages of accounts and the proof that they end, with 200 and 40 contacts.
    assert calls.number <= 8


def test_related_records_know_where_they_come_from(families: Crm) -> None:
    with session_on(families):
        account = Accounts.objects.prefetch_related("contacts").get(accountname="Account 4")
        contacts = account.related.contacts.loaded
        assert len(contacts) == 4
        assert all(contact.account_id.loaded is account for contact in contacts)


def test_a_prefetched_relation_is_asked_again_once_it_is_narrowed(families: Crm) -> None:
    with session_on(families) as session:
        session.identify()
        account = Accounts.objects.prefetch_related("contacts").get(accountname="Account 4")
        related = account.related.contacts
        with families.count_calls() as calls:
            assert len(list(related)) == len(related.loaded) == 4
        assert calls.number == 0
        assert [each.lastname for each in related.filter(lastname="Contact 4.2")] == ["Contact 4.2"]
        with pytest.raises(NotLoaded, match="prefetch_related"):
            related.filter(lastname="Contact 4.2").loaded  # noqa: B018
        other = Accounts.objects.get(accountname="Account 3")
        with pytest.raises(NotLoaded, match=r"prefetch_related\('contacts'\)"):
            other.related.contacts.loaded  # noqa: B018
        assert len(list(other.related.contacts)) == 3


async def test_prefetched_relations_asynchronously(families: Crm) -> None:
    async with session_on(families):
        account = await Accounts.objects.prefetch_related("contacts").aget(accountname="Account 4")
        assert len(account.related.contacts.loaded) == 4
        assert len(await account.related.contacts) == 4
        assert [each async for each in account.related.contacts] == account.related.contacts.loaded


def test_prefetch_filters_orders_and_thins_a_relation(families: Crm) -> None:
    some = Contacts.objects.exclude(lastname="Contact 4.1").order_by("-lastname").only("lastname")
    with session_on(families):
        followed = Accounts.objects.prefetch_related(Prefetch("contacts", some))
        account = followed.get(accountname="Account 4")
    found = account.related.contacts.loaded
    assert [each.lastname for each in found] == ["Contact 4.3", "Contact 4.2", "Contact 4.0"]
    with pytest.raises(NotLoaded):
        found[0].firstname  # noqa: B018


def test_following_from_a_relation(families: Crm) -> None:
    with session_on(families):
        account = Accounts.objects.prefetch_related("contacts__assigned_user_id").get(
            accountname="Account 2"
        )
    assert account.related.contacts.loaded[0].assigned_user_id.loaded.user_name == "admin"


def test_many_to_many_relations(empty_crm: Crm) -> None:
    campaigns = [
        empty_crm.create("Campaigns", {"campaignname": name, "closingdate": "2024-01-01"})["id"]
        for name in "ABC"
    ]
    for number in range(4):
        contact = empty_crm.create("Contacts", {"lastname": f"Contact {number}"})["id"]
        for campaign in campaigns[:number]:
            empty_crm.run(
                "add_related",
                sourceRecordId=contact,
                relatedRecordId=campaign,
                relationIdLabel="Campaigns",
            )
    with session_on(empty_crm) as session:
        session.identify()
        with empty_crm.count_calls() as calls:
            contacts = list(Contacts.objects.prefetch_related("campaigns"))
    names = [[each.campaignname for each in each.related.campaigns] for each in contacts]
    assert names == [[], ["A"], ["A", "B"], ["A", "B", "C"]]
    assert contacts[1].related.campaigns.loaded[0] is contacts[3].related.campaigns.loaded[0]
    # The contacts, the ids for each of them, a count for the one that has none, the campaigns.
    assert calls.number == 7


def test_relations_are_not_for_select_related() -> None:
    with pytest.raises(InvalidLookup, match=r"use prefetch_related\('contacts'\)"):
        Accounts.objects.select_related("contacts")
    with pytest.raises(InvalidLookup, match="Did you mean 'contacts'"):
        Accounts.objects.prefetch_related("contcats")


def test_a_related_manager_pickles_with_its_conditions(families: Crm) -> None:
    with session_on(families):
        account = Accounts.objects.get(accountname="Account 4")
        some = account.related.contacts.filter(lastname="Contact 4.2")
        again = pickle.loads(pickle.dumps(some))
        assert [each.lastname for each in again] == ["Contact 4.2"]
