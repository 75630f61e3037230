"""Making records, reading and assigning their fields, and what is remembered of it."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.support.hand_made import Accounts, Contacts, Groups, Users
from vtiger_orm.errors import InvalidValue, NotLoaded, Unreadable
from vtiger_orm.records import UNSET, FieldChange
from vtiger_orm.records.handle import handed_out_by, load, outgoing, settle

MOMENT = datetime(2024, 2, 29, 13, 45, tzinfo=UTC)


def loaded(**row: Any) -> Any:
    """A contact as a query hands it out."""
    full = {"id": "12x407", "firstname": "Ada", "lastname": "Lovelace", "birthday": "1815-12-10"}
    return load(Contacts, [{**full, **row}], None)[0]


# Making


def test_values_are_checked_and_converted() -> None:
    given: Any = {
        "account_id": "11x3",
        "birthday": "1815-12-10",
        "createdtime": MOMENT,
        "donotcall": "1",
        "interests": ["abc", "added later"],
        "leadsource": "Cold Call",
        "points": "5",
        "amount": 0.1,
        "lastname": " ",
    }
    contact = Contacts(**given)
    assert contact.account_id == Accounts.ref("11x3")
    assert contact.birthday == date(1815, 12, 10)
    assert contact.createdtime == MOMENT
    assert contact.donotcall is True
    assert contact.interests == {Contacts.Interests.abc, Contacts.Interests("added later")}
    assert contact.leadsource is Contacts.LeadSource.COLD_CALL
    assert contact.points == 5
    assert contact.amount == Decimal("0.1")
    assert contact.lastname is None


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidValue) as caught:
        Contacts(birthday="tomorrow", account_id="12x3", lastname="x")  # type: ignore[arg-type]
    text = str(caught.value)
    assert "'birthday'" in text
    assert "'account_id'" in text
    assert "lastname" not in text


def test_unknown_names_are_refused_with_a_suggestion() -> None:
    with pytest.raises(InvalidValue, match="Did you mean 'lastname'"):
        Contacts(lastnme="x")  # type: ignore[call-arg]
    with pytest.raises(InvalidValue, match="Did you mean 'interests'"):
        Contacts(cf_877=["abc"])  # type: ignore[call-arg]
    with pytest.raises(InvalidValue, match=r"record\.extra\['zzzzz'\]"):
        Contacts(zzzzz=1)  # type: ignore[call-arg]


def test_a_new_record_has_blanks_and_no_id() -> None:
    contact = Contacts(lastname="x")
    assert contact.firstname is None
    assert contact.model_fields_set == {"lastname"}
    with pytest.raises(NotLoaded, match="not saved yet"):
        _ = contact.id
    assert contact == Contacts(lastname="x", id=None)  # type: ignore[arg-type]


def test_a_record_known_by_id_alone_knows_nothing_else() -> None:
    contact = Contacts(id=Contacts.ref("12x407"), firstname="Ada")
    assert contact.firstname == "Ada"
    with pytest.raises(NotLoaded, match=r"Contacts\.lastname of 12x407 was not read"):
        _ = contact.lastname
    assert outgoing(contact) == {"firstname": "Ada"}


def test_the_id_must_be_one_of_this_module() -> None:
    with pytest.raises(InvalidValue, match="ids of Contacts, which begin with 12x"):
        Contacts(id="11x3")  # type: ignore[arg-type]


# Reading what is not there


def test_reading_what_was_not_read_is_no_attribute_error() -> None:
    contact = loaded()
    with pytest.raises(NotLoaded, match=r"only\(\.\.\.\).*record\.refresh\(\)"):
        _ = contact.description
    with pytest.raises(NotLoaded):
        getattr(contact, "description", None)
    with pytest.raises(NotLoaded):
        hasattr(contact, "description")


def test_a_field_that_queries_never_answer_says_so() -> None:
    with pytest.raises(NotLoaded, match="queries of this CRM never answer it"):
        _ = loaded().imagename


def test_misspelt_attributes_are_attribute_errors_with_a_suggestion() -> None:
    contact = loaded()
    with pytest.raises(AttributeError, match="Did you mean 'lastname'"):
        _ = contact.lastnme
    assert not hasattr(contact, "nothing_like_it")
    assert not hasattr(contact, "_private")


# Assigning


def test_assignment_checks_and_converts() -> None:
    contact = loaded()
    contact.leadsource = "Added later"
    assert contact.leadsource == Contacts.LeadSource("Added later")
    contact.birthday = "1852-11-27"
    assert contact.birthday == date(1852, 11, 27)
    with pytest.raises(InvalidValue, match="give a date"):
        contact.birthday = "tomorrow"
    assert contact.birthday == date(1852, 11, 27)
    with pytest.raises(InvalidValue, match="Did you mean 'lastname'"):
        contact.lastnme = "x"


def test_read_only_fields_of_a_saved_record_are_refused() -> None:
    with pytest.raises(InvalidValue, match="createdtime is read-only"):
        loaded().createdtime = MOMENT
    with pytest.raises(InvalidValue, match="given by the CRM"):
        loaded().id = "12x1"
    new: Any = Contacts(createdtime=MOMENT)
    new.createdtime = None
    with pytest.raises(InvalidValue, match="given by the CRM"):
        new.id = "12x1"


def test_methods_and_class_attributes_cannot_be_assigned() -> None:
    contact = loaded()
    for name in ("meta", "save", "changes", "objects"):
        with pytest.raises((AttributeError, ValueError)):
            setattr(contact, name, None)


def test_changes_show_old_and_new() -> None:
    contact = loaded()
    assert contact.changes == {}
    contact.lastname = "Byron"
    contact.description = "new"
    assert contact.changes == {
        "lastname": FieldChange("Lovelace", "Byron"),
        "description": FieldChange(UNSET, "new"),
    }
    assert contact.changes["lastname"].old == "Lovelace"
    with pytest.raises(TypeError):
        contact.changes["lastname"] = None
    assert repr(UNSET) == "<unset>"
    assert not UNSET


def test_an_equal_value_or_going_back_is_no_change() -> None:
    contact = loaded(donotcall="0", cf_877="ABC |##| abc", amount="1.50")
    contact.lastname = "Lovelace"
    contact.birthday = "1815-12-10"
    contact.donotcall = False
    contact.amount = Decimal("1.5")
    assert contact.changes == {}
    contact.lastname = "Byron"
    contact.lastname = "King"
    assert contact.changes == {"lastname": FieldChange("Lovelace", "King")}
    contact.lastname = "Lovelace"
    assert contact.changes == {}
    contact.interests = ["abc", "ABC"]
    assert contact.changes, "another order is another text in the CRM, though equal as a set"


def test_assigning_marks_the_field_as_set_on_this_record_alone() -> None:
    rows = [{"id": "12x1", "lastname": "a"}, {"id": "12x2", "lastname": "b"}]
    one, two = load(Contacts, rows, None)
    one.firstname = "x"
    assert one.model_fields_set == {"id", "lastname", "firstname"}
    assert two.model_fields_set == {"id", "lastname"}
    with pytest.raises(InvalidValue):
        two.birthday = "tomorrow"  # type: ignore[assignment]
    assert two.model_fields_set == {"id", "lastname"}
    with pytest.raises(NotLoaded):
        _ = two.birthday


def test_deleting_an_attribute_forgets_value_and_change() -> None:
    contact = loaded()
    contact.description = "x"
    del contact.description
    assert contact.changes == {}
    with pytest.raises(NotLoaded):
        _ = contact.description
    new = Contacts(lastname="x", firstname="y")
    del new.firstname
    assert new.firstname is None
    assert set(new.changes) == {"lastname"}
    with pytest.raises(InvalidValue, match="given by the CRM"):
        del contact.id


def test_everything_given_to_a_new_record_is_a_change() -> None:
    contact = Contacts(lastname="x", firstname=None)
    contact.birthday = date(2000, 1, 1)
    assert contact.changes == {
        "lastname": FieldChange(UNSET, "x"),
        "firstname": FieldChange(UNSET, None),
        "birthday": FieldChange(UNSET, date(2000, 1, 1)),
    }
    assert list(contact.changes) == ["birthday", "firstname", "lastname"], "in the class's order"


def test_read_only_fields_of_a_known_record_are_not_sent() -> None:
    given = Contacts(id=Contacts.ref("12x1"), createdtime=MOMENT, lastname="x")
    assert outgoing(given) == {"lastname": "x"}


# Fields newer than the package, and unreadable ones


def test_extra_holds_what_the_class_does_not_know() -> None:
    contact = loaded(cf_999="new", label="Ada Lovelace")
    assert dict(contact.extra) == {"cf_999": "new", "label": "Ada Lovelace"}
    assert len(contact.extra) == 2
    assert "cf_999" in repr(contact.extra)
    with pytest.raises(KeyError):
        contact.extra["cf_1000"]


def test_extra_is_written_in_wire_form_and_tracked() -> None:
    contact = loaded(cf_999="new")
    contact.extra["cf_999"] = date(2024, 2, 29)
    contact.extra["cf_1000"] = None
    contact.extra["cf_1001"] = ["a", "b"]
    contact.lastname = "Byron"
    assert contact.changes == {
        "lastname": FieldChange("Lovelace", "Byron"),
        "cf_999": FieldChange("new", "2024-02-29"),
        "cf_1000": FieldChange(UNSET, ""),
        "cf_1001": FieldChange(UNSET, "a |##| b"),
    }
    contact.extra["cf_999"] = "new"
    del contact.extra["cf_1000"]
    assert set(outgoing(contact)) == {"lastname", "cf_1001"}


def test_extra_refuses_fields_of_the_class_secrets_and_objects() -> None:
    contact = loaded()
    with pytest.raises(InvalidValue, match="assign to the attribute 'interests'"):
        contact.extra["cf_877"] = "abc"
    with pytest.raises(InvalidValue, match="secret"):
        contact.extra["accesskey"] = "x"
    with pytest.raises(InvalidValue, match="dict has no wire form"):
        contact.extra["cf_999"] = {}
    with pytest.raises(KeyError):
        del contact.extra["cf_999"]
    assert contact.changes == {}


def test_a_new_record_has_extra_too() -> None:
    contact = Contacts(lastname="x")
    contact.extra["cf_999"] = True
    assert outgoing(contact) == {"lastname": "x", "cf_999": "1"}


def test_unreadable_values_stay_in_raw() -> None:
    contact = loaded(birthday="10.12.1815")
    assert contact.raw == {"birthday": "10.12.1815"}
    assert contact.lastname == "Lovelace"
    with pytest.raises(Unreadable, match=r"'10\.12\.1815'"):
        _ = contact.birthday
    with pytest.raises(Unreadable):
        getattr(contact, "birthday", None)
    assert "birthday" not in contact.model_dump()
    contact.birthday = date(1815, 12, 10)
    assert contact.raw == {}
    assert contact.changes == {"birthday": FieldChange(UNSET, date(1815, 12, 10))}


# Identity


def test_equality_is_by_model_and_values() -> None:
    assert loaded() == loaded()
    assert loaded() != loaded(lastname="Byron")
    assert loaded() != loaded(cf_999="new")
    assert loaded(birthday="x") != loaded(birthday="y")
    changed = loaded(lastname="Byron")
    changed.lastname = "Lovelace"
    assert changed == loaded()
    assert Users(id=Users.ref("19x1")) != Groups(id=Groups.ref("20x1"))
    assert loaded() != "12x407"


def test_hash_is_by_id_once_saved() -> None:
    contact = loaded()
    contact.lastname = "Byron"
    assert len({contact, loaded(), loaded()}) == 2
    assert hash(contact) == hash(loaded())
    with pytest.raises(TypeError, match="not saved yet"):
        hash(Contacts(lastname="x"))


def test_repr_is_short_and_str_is_the_label() -> None:
    assert repr(loaded()) == "<Contacts 12x407 'Ada Lovelace'>"
    assert str(loaded()) == "Ada Lovelace"
    assert repr(Contacts(lastname="x")) == "<Contacts unsaved 'x'>"
    assert repr(Contacts(id=Contacts.ref("12x1"))) == "<Contacts 12x1>"
    assert str(Contacts(id=Contacts.ref("12x1"))) == "<Contacts 12x1>"
    assert len(repr(loaded(lastname="x" * 1000))) < 100
    assert "1815" not in f"{list(loaded().__repr_args__())}"


# Copies


def test_copies_keep_the_session_and_go_their_own_way() -> None:
    runner: Any = object()
    (contact,) = load(Contacts, [{"id": "12x1", "lastname": "a", "cf_9": ["x"]}], runner)
    contact.lastname = "b"
    for twin in (copy.copy(contact), copy.deepcopy(contact), contact.model_copy()):
        assert twin == contact
        assert handed_out_by(twin) is runner
        assert twin.changes == contact.changes
        twin.lastname = "c"
        twin.extra["cf_10"] = "y"
        assert contact.lastname == "b"
        assert "cf_10" not in contact.extra
        with pytest.raises(NotLoaded):
            _ = twin.firstname
    deep = contact.model_copy(deep=True)
    deep.extra["cf_9"].append("z")
    assert contact.extra["cf_9"] == ["x"]


def test_copies_know_what_could_not_be_read_and_what_changed_beside_the_fields() -> None:
    contact = loaded(birthday="x", cf_999="a")
    contact.extra["cf_999"] = "b"
    for twin in (copy.copy(contact), copy.deepcopy(contact), contact.model_copy()):
        assert twin.raw == {"birthday": "x"}
        assert twin.changes == contact.changes == {"cf_999": FieldChange("a", "b")}
        del twin.lastname  # the one is forgotten, the other is not touched
        assert twin.raw == {"birthday": "x"}


def test_an_answer_may_hold_what_cannot_be_read() -> None:
    contact = loaded()
    settle(contact, {"lastname": "Byron", "birthday": "x"}, None)
    assert contact.raw == {"birthday": "x"}
    assert contact.changes == {}


def test_choices_that_take_the_place_of_none_are_a_change() -> None:
    contact = loaded(cf_877="")
    contact.interests = ["a"]
    assert contact.changes["interests"].old is None
    contact.interests = None
    assert contact.changes == {}


def test_model_copy_checks_and_notes_its_update() -> None:
    twin = loaded().model_copy(update={"lastname": "Byron"})
    assert twin.changes == {"lastname": FieldChange("Lovelace", "Byron")}
    with pytest.raises(InvalidValue):
        loaded().model_copy(update={"birthday": "x"})


def test_pickle_drops_the_session_and_keeps_the_rest() -> None:
    runner: Any = lambda: None  # noqa: E731  cannot be pickled
    rows = [{"id": "12x1", "lastname": "a", "birthday": "x", "cf_9": "9"}, {"id": "12x2"}]
    records = load(Contacts, rows, runner)
    records[0].lastname = "b"
    records[0].extra["cf_9"] = "10"
    twins = pickle.loads(pickle.dumps(records))
    assert twins == records
    assert handed_out_by(twins[0]) is None
    assert twins[0].changes == records[0].changes
    assert twins[0].raw == {"birthday": "x"}
    assert pickle.loads(pickle.dumps(Contacts(lastname="x"))) == Contacts(lastname="x")
