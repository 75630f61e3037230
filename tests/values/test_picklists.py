"""Open enums and several of them."""

from __future__ import annotations

import copy
import json
import operator
import pickle
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from tests.support.hand_made import Contacts
from vtiger_orm.values import picklists
from vtiger_orm.values.picklists import Choices, Picklist

Source = Contacts.LeadSource


def test_members_are_their_stored_text() -> None:
    stored: str = Source.COLD_CALL
    assert stored == "Cold Call"
    assert str(Source.COLD_CALL) == f"{Source.COLD_CALL}" == "Cold Call"
    assert Source("Cold Call") is Source.COLD_CALL
    assert {"Cold Call": 1}[Source.COLD_CALL] == 1
    assert json.dumps(Source.COLD_CALL) == '"Cold Call"'


def test_label_is_the_value_unless_given() -> None:
    assert Source.COLD_CALL.label == "Cold Call"
    assert Source.WEB_SITE.label == "From the web"
    assert Source.WEB_SITE.value == "Web Site"


def test_values_added_later_are_members_in_all_but_the_list() -> None:
    added = Source("Added later")
    assert isinstance(added, Source)
    assert not added.known
    assert Source.COLD_CALL.known
    assert added.label == added.value == added.name == "Added later"
    assert added == "Added later"
    assert hash(added) == hash("Added later")
    assert Source("Added later") is added
    assert added not in list(Source)
    assert "Added later" in repr(added)


def test_values_that_differ_by_case_stay_apart() -> None:
    assert Contacts.Interests("ABC") is Contacts.Interests.ABC
    assert Contacts.Interests("abc") is Contacts.Interests.abc
    assert Contacts.Interests("Abc") not in (Contacts.Interests.ABC, Contacts.Interests.abc)


@pytest.mark.parametrize("value", ["", " ", "   ", None, 5, ["a"]])
def test_there_is_no_member_for_blank_or_for_what_is_no_text(value: Any) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        Source(value)


def test_picklists_of_two_models_convert_by_value() -> None:
    assert Contacts.Interests(Source.COLD_CALL).value == "Cold Call"
    assert type(Contacts.Interests(Source("x"))) is Contacts.Interests


@given(st.text().filter(lambda text: text.strip(" ")))
def test_any_value_survives_pickle_and_copy(value: str) -> None:
    member = Source(value)
    for twin in (pickle.loads(pickle.dumps(member)), copy.copy(member), copy.deepcopy(member)):
        assert twin == member == value
        assert type(twin) is Source
        assert (twin.known, twin.label) == (member.known, member.label)


def test_only_so_many_unknown_values_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    class Small(Picklist):
        ONE = "1"

    monkeypatch.setattr(picklists, "_REMEMBERED", 2)
    values = [Small(f"value {number}") for number in range(5)]
    again = [Small(f"value {number}") for number in range(5)]
    assert values == again
    assert [one is two for one, two in zip(values, again)] == [True, True, False, False, False]


def test_threads_agree_on_an_unknown_value() -> None:
    class Raced(Picklist):
        ONE = "1"

    seen: list[Raced] = []
    barrier = threading.Barrier(8)

    def look() -> None:
        barrier.wait()
        seen.append(Raced("new"))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in seen}) == 1


def test_choices_keep_order_and_equal_as_sets() -> None:
    some = Choices(["b", "a", "b"])
    assert list(some) == ["b", "a"]
    assert len(some) == 2
    assert some[0] == "b"
    assert some == Choices(["a", "b"]) == {"a", "b"}
    assert {"a", "b"} == some
    assert some != Choices(["a"])
    assert hash(some) == hash(Choices(["a", "b"])) == hash(frozenset({"a", "b"}))
    assert some != ["b", "a"]
    assert some != ("b", "a")
    assert repr(some) == "Choices(['b', 'a'])"


def test_choices_are_immutable_and_refuse_bare_text() -> None:
    some: Any = Choices(["a"])
    with pytest.raises(TypeError):
        some[0] = "b"
    with pytest.raises(TypeError, match=r"Choices\(\['abc'\]\)"):
        Choices("abc")


@given(st.lists(st.text()))
def test_choices_survive_pickle_and_copy(values: list[str]) -> None:
    some = Choices(values)
    for twin in (pickle.loads(pickle.dumps(some)), copy.copy(some), copy.deepcopy(some)):
        assert type(twin) is Choices
        assert tuple(twin) == tuple(some)


class Form(BaseModel):
    """Some model that is no record."""

    source: Source | None = None
    interests: Choices[Contacts.Interests] | None = None


def test_they_work_in_any_pydantic_model() -> None:
    form = Form.model_validate_json('{"source": "new", "interests": ["abc", "newer"]}')
    assert form.source == Source("new")
    assert type(form.interests) is Choices
    assert [type(each) for each in form.interests] == [Contacts.Interests] * 2
    assert form.model_dump_json() == '{"source":"new","interests":["abc","newer"]}'
    schema = Form.model_json_schema()["properties"]
    assert schema["source"]["anyOf"][0] == {
        "type": "string",
        "examples": ["Cold Call", "Web Site"],
    }
    assert schema["interests"]["anyOf"][0]["type"] == "array"
    with pytest.raises(ValueError, match="not a valid"):
        TypeAdapter(Source).validate_python(" ")


class Empty(Picklist):
    """A list that the CRM has and nobody has filled, as `region_id` of Quotes."""


def test_a_picklist_without_members_takes_texts_too() -> None:
    new = Empty("North")
    assert Empty(new) is Empty("North") is new
    for wrong in ("", None, 5):
        with pytest.raises(ValueError, match="is not a valid Empty"):
            Empty(wrong)  # type: ignore[arg-type]  # told at run time


def test_a_member_that_is_not_there_is_told_with_what_there_is() -> None:
    with pytest.raises(AttributeError, match="Did you mean COLD_CALL"):
        _ = Source.COLD_CAL  # type: ignore[attr-defined]  # what a user has left over
    with pytest.raises(AttributeError, match="It has COLD_CALL"):
        _ = Source.XYZ_QQQ  # type: ignore[attr-defined]  # what a user has left over
    with pytest.raises(KeyError, match="was not in the CRM's list"):
        operator.getitem(Source, "NOSUCH")
    assert not hasattr(Source, "_missing_member")
