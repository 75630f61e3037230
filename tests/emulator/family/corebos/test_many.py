"""coreBOS: operations on many records at once, and those that find their record themselves."""

from __future__ import annotations

from ..replay import Recorded, Replay, play


def test_mass_create(replay: Replay, recorded: Recorded) -> None:
    exchanges = recorded("corebos", "masscreate")
    play(replay, exchanges)
    # A query finds nothing any more: one of the records belongs to nobody.
    store = replay.crm.engine.store
    lastnames = [name for (name,) in store.rows('SELECT lastname FROM "m_Contacts"')]
    assert lastnames.count("Mc same") == 1  # rows that were equal in every part
    assert lastnames.count("Mc B") == 1  # a row without owner that matched changed it
    assert "Mc X" not in lastnames  # beside an unknown module nothing is stored
    assert "Mw 4" in lastnames  # rows before a fatal stay


def test_mass_update(replay: Replay, recorded: Recorded) -> None:
    for number, name in ((9179, "A"), (9180, "B"), (9181, "C"), (9182, "D")):
        replay.seed(f"12x{number}", "Contacts", lastname=f"Mu {name}")
    replay.seed("11x9183", "Accounts", accountname="Mu Acc")
    for number, name in ((9184, "B"), (9185, "A"), (9186, "C")):
        replay.seed(f"12x{number}", "Contacts", lastname=f"Mv {name}")
    for number in (10472, 10473, 10474):
        replay.seed(f"12x{number}", "Contacts", lastname=f"Cr {number - 10471}")
    exchanges = recorded("corebos", "massupdate")
    # While 9180 belongs to nobody, changes of it failed for that reason alone.
    play(replay, exchanges[:17], 9, 10)
    replay.crm.call("delete", id=replay.ids["12x9182"])
    play(replay, exchanges[17:])
    stored = replay.crm.backdoor
    assert stored.get(replay.ids["12x9184"], "title") == "z2"
    assert stored.get(replay.ids["12x9184"], "assigned_user_id") == 99


def test_mass_delete(replay: Replay, recorded: Recorded) -> None:
    for number in (9179, 9180, 9181, 9182, 8605, 10472):
        replay.seed(f"12x{number}", "Contacts", lastname=f"Md {number}")
    replay.seed("11x9183", "Accounts", accountname="Md")
    replay.crm.call("delete", id=replay.ids["12x9182"])
    play(replay, recorded("corebos", "massdelete"))


def test_mass_retrieve(replay: Replay, recorded: Recorded) -> None:
    replay.seed("12x9179", "Contacts", lastname="Mu A", phone="2", title="get")
    replay.seed("12x9180", "Contacts", lastname="Mu B", title="t2", birthday="")
    replay.seed("12x9181", "Contacts", lastname="Mu C", title="u3")
    replay.seed("12x9182", "Contacts", lastname="Mu D")
    replay.seed("11x9183", "Accounts", accountname="Mu Acc", phone="1")
    replay.crm.call("delete", id=replay.ids["12x9182"])
    # 3: an account that was stored as a contact; 14, 15: the user of that installation.
    play(replay, recorded("corebos", "massretrieve"), 3, 14, 15)
    answer = replay.crm.call("massretrieve", ids="19x1,19x5")
    assert list(answer) == ["0x1"]
    assert not {"accesskey", "user_password"} & answer["0x1"].keys()


def test_upsert(replay: Replay, recorded: Recorded) -> None:
    first = replay.seed(
        "12x8605",
        "Contacts",
        lastname="O'Neil",
        firstname="x",
        salutationtype="Dr.",
        phone="1",
        mobile="6",
        title="under_lit",
        email="o'n@x.org",
        birthday="2025-06-08",
        donotcall="1",
        mailingcountry="x",
    )
    replay.crm.backdoor.set(first, department="ch1795874223.3048098")
    replay.seed("12x9192", "Contacts", lastname="Up dup", email="dup@example.com")
    replay.seed("12x9193", "Contacts", lastname="Up dup", email="dup@example.com")
    replay.seed("11x9200", "Accounts", accountname="Uk")
    replay.seed(
        "12x9202",
        "Contacts",
        lastname="Uk A",
        phone="+49 1",
        account_id=replay.ids["11x9200"],
        birthday="1990-02-03",
        donotcall="1",
        leadsource="Partner",
        support_start_date="",
    )
    exchanges = recorded("corebos", "upsert")
    stranger = "blank search"
    for position, exchange in enumerate(exchanges):
        if position == 14:
            replay.seed("12x9184", "Contacts", lastname="Mv B", salutationtype="NoSuchValue")
        if position in (5, 6):
            continue  # the first record of that installation without an email
        if position in (10, 12, 14, 26, 28, 31, 32, 33, 35):
            status, answer = replay.ask(exchange["request"])
            assert status == 200
            assert answer["result"]["lastname"] == exchange["answer"]["result"]["lastname"]
            continue
        replay.check(exchange, str(position))
    # Without a search field somebody else's record was changed.
    assert replay.crm.backdoor.get(first, "firstname") == stranger


def test_validation(related: Replay, recorded: Recorded) -> None:
    related.seed("12x10666", "Contacts", lastname="V")
    play(related, recorded("corebos", "validateinformation"))
