"""Querysets are immutable descriptions: what building accepts, refuses and leaves alone."""

from __future__ import annotations

import copy
import pickle
from typing import Any, cast

import pytest

from tests.support.sample_package import Accounts, Contacts, Users
from vtiger_orm import Prefetch, Q
from vtiger_orm.errors import ConfigError, InvalidLookup, UnsupportedQuery
from vtiger_orm.models.queryset import QuerySet


def shown(queryset: Any) -> str:
    return str(queryset.selection)


def test_each_step_makes_a_new_queryset() -> None:
    everyone = Contacts.objects
    smiths = everyone.filter(lastname="Smith")
    ordered = smiths.order_by("-modifiedtime")
    assert shown(everyone) == "Contacts where everything"
    assert shown(smiths) == "Contacts where lastname = 'Smith'"
    assert shown(ordered) == "Contacts where lastname = 'Smith' order by -modifiedtime"


def test_objects_is_fresh_each_time() -> None:
    assert Contacts.objects is not Contacts.objects
    assert Contacts.objects.model is Contacts


def test_filters_add_up_and_exclude_negates_them_together() -> None:
    qs = Contacts.objects.filter(lastname="a").filter(firstname="b")
    assert shown(qs) == "Contacts where lastname = 'a' and firstname = 'b'"
    qs = Contacts.objects.exclude(lastname="a", firstname="b")
    assert shown(qs) == "Contacts where not (lastname = 'a' and firstname = 'b')"


def test_filter_and_exclude_without_conditions_change_nothing() -> None:
    assert shown(Contacts.objects.filter().exclude()) == "Contacts where everything"


def test_q_objects_are_resolved_with_the_module() -> None:
    qs = Contacts.objects.filter(Q(lastname="a") | ~Q(firstname="b"), donotcall=True)
    assert shown(qs) == "Contacts where (lastname = 'a' or not firstname = 'b') and donotcall = '1'"


def test_querysets_combine() -> None:
    a, b = Contacts.objects.filter(lastname="a"), Contacts.objects.filter(firstname="b")
    assert shown(a | b) == "Contacts where lastname = 'a' or firstname = 'b'"
    assert shown(a & b) == "Contacts where lastname = 'a' and firstname = 'b'"
    assert shown(~a) == "Contacts where not lastname = 'a'"
    assert shown(~~a) == shown(a)


def test_the_left_queryset_gives_order_and_columns() -> None:
    left = Contacts.objects.order_by("lastname").only("email")
    right = Contacts.objects.order_by("-firstname").filter(firstname="b")
    both = left | right
    assert [str(each) for each in both.selection.order] == ["lastname"]
    assert [each.name for each in both.selection.columns or ()] == ["id", "email"]


def test_querysets_of_two_modules_do_not_combine() -> None:
    with pytest.raises(UnsupportedQuery, match="only querysets of one module"):
        Contacts.objects | Accounts.objects


def test_a_semi_join_is_made_of_ids_not_of_other_values() -> None:
    inner = Contacts.objects.filter(lastname="a")
    ids = Contacts.objects.filter(id__in=inner.values_list("id", flat=True))
    assert shown(ids) == shown(Contacts.objects.filter(id__in=inner))
    other = inner.values_list("account_id", flat=True)
    refused = pytest.raises(InvalidLookup, match=r"set\(queryset.values_list\('account_id'")
    with refused:
        Contacts.objects.filter(id__in=other)
    with refused:
        Contacts.objects.exclude(Q(account_id__in=other))
    with refused:
        Accounts.objects.filter(id__in=inner.values("id", "account_id"))


def test_an_id_without_its_keyword_is_refused_with_the_keyword() -> None:
    with pytest.raises(InvalidLookup, match="write id='12x3'"):
        Contacts.objects.filter("12x3")


def test_only_sessions_are_used() -> None:
    with pytest.raises(ConfigError, match="'default' is not a session"):
        Contacts.objects.using(cast("Any", "default"))


def test_none_selects_nothing() -> None:
    assert shown(Contacts.objects.none()) == "Contacts where nothing"


def test_order_is_replaced_and_reversed() -> None:
    qs = Contacts.objects.order_by("lastname", "-firstname")
    assert shown(qs.order_by("email")) == "Contacts where everything order by email"
    assert shown(qs.reverse()) == "Contacts where everything order by -lastname, firstname"
    assert shown(Contacts.objects.reverse()) == "Contacts where everything order by -id"
    assert shown(qs.order_by()) == "Contacts where everything"


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (slice(None), (0, None)),
        (slice(10, 60), (10, 60)),
        (slice(5, None), (5, None)),
        (slice(None, 0), (0, 0)),
        (slice(9, 3), (3, 3)),
    ],
)
def test_slices_are_kept_for_later(cut: slice, expected: tuple[int, int | None]) -> None:
    selection = Contacts.objects[cut].selection
    assert (selection.start, selection.stop) == expected


def test_a_slice_of_a_slice_counts_from_its_start() -> None:
    selection = Contacts.objects[10:60][5:10].selection
    assert (selection.start, selection.stop) == (15, 20)
    selection = Contacts.objects[10:20][5:100].selection
    assert (selection.start, selection.stop) == (15, 20)


@pytest.mark.parametrize("cut", [-1, slice(-5, None), slice(None, -1)])
def test_positions_from_the_end_are_refused_with_the_cure(cut: Any) -> None:
    with pytest.raises(UnsupportedQuery, match=r"reverse\(\)"):
        Contacts.objects[cut]


def test_a_step_is_refused() -> None:
    with pytest.raises(UnsupportedQuery, match="no step"):
        Contacts.objects[::2]
    with pytest.raises(TypeError, match="whole numbers"):
        Contacts.objects["3"]  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="whole numbers"):
        Contacts.objects["a":]


@pytest.mark.parametrize(
    "change",
    [
        lambda qs: qs.filter(lastname="a"),
        lambda qs: qs.exclude(lastname="a"),
        lambda qs: qs.order_by("lastname"),
        lambda qs: qs.reverse(),
        lambda qs: ~qs,
        lambda qs: qs | Contacts.objects,
        lambda qs: Contacts.objects | qs,
        lambda qs: qs & Contacts.objects,
        lambda qs: qs.last(),
        lambda qs: qs.partitions(2),
    ],
)
def test_a_slice_comes_last(change: Any) -> None:
    with pytest.raises(UnsupportedQuery, match="slice comes last"):
        change(Contacts.objects[:5])


def test_only_and_defer_choose_columns() -> None:
    def names(queryset: Any) -> list[str]:
        return [each.name for each in queryset.selection.columns]

    qs = Contacts.objects.only("lastname", "email")
    assert names(qs) == ["id", "lastname", "email"]
    assert names(qs.only("firstname", "id")) == ["id", "firstname"]
    assert names(qs.defer("email")) == ["id", "lastname"]
    rest = names(Contacts.objects.defer("email"))
    assert "email" not in rest
    assert "lastname" in rest
    with pytest.raises(InvalidLookup, match="cannot do without its id"):
        Contacts.objects.defer("id")


@pytest.mark.parametrize("method", ["only", "defer", "order_by", "values", "values_list"])
def test_unknown_names_come_with_a_suggestion(method: str) -> None:
    with pytest.raises(InvalidLookup, match="Did you mean 'lastname'"):
        getattr(Contacts.objects, method)("lastnme")


@pytest.mark.parametrize("method", ["only", "values", "values_list"])
def test_reading_across_a_reference_is_refused_with_the_way(method: str) -> None:
    with pytest.raises(InvalidLookup, match=r"record\.account_id\.loaded\.accountname"):
        getattr(Contacts.objects, method)("account_id__accountname")


def test_filtering_across_a_reference_is_refused_with_the_way() -> None:
    with pytest.raises(InvalidLookup, match=r"account_id__in=Accounts\.objects\.filter"):
        Contacts.objects.filter(account_id__industry="Banking")


def test_ordering_across_a_reference_is_refused_with_the_way() -> None:
    with pytest.raises(InvalidLookup, match="sort in Python"):
        Contacts.objects.order_by("account_id__accountname")


def test_random_order_is_refused() -> None:
    with pytest.raises(UnsupportedQuery, match="cannot shuffle"):
        Contacts.objects.order_by("?")


def test_pk_is_called_id() -> None:
    with pytest.raises(InvalidLookup, match="record id is called id"):
        Contacts.objects.filter(pk="12x1")
    with pytest.raises(InvalidLookup, match="record id is called id"):
        Contacts.objects.order_by("-pk")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("annotate", r"values\('sales_stage'\).annotate"),
        ("distinct", "each record comes once"),
        ("union", r"qs \| other"),
        ("latest", "order_by"),
        ("select_for_update", "if_unmodified"),
        ("contains", "exists"),
    ],
)
def test_methods_of_django_that_cannot_exist_name_the_alternative(name: str, hint: str) -> None:
    assert not hasattr(Contacts.objects, name)
    with pytest.raises(UnsupportedQuery, match=hint):
        getattr(Contacts.objects, name)


def test_a_plain_typo_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'fitler'") as caught:
        Contacts.objects.fitler  # type: ignore[attr-defined]  # noqa: B018
    assert not isinstance(caught.value, UnsupportedQuery)


def test_len_bool_and_in_raise_with_the_cure() -> None:
    with pytest.raises(TypeError, match=r"count\(\)"):
        len(Contacts.objects)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedQuery, match=r"exists\(\)"):
        bool(Contacts.objects)
    with pytest.raises(TypeError, match=r"exists\(\)"):
        _ = object() in Contacts.objects


@pytest.mark.parametrize("method", ["only", "order_by", "select_related", "values", "values_list"])
def test_field_lists_take_no_keywords(method: str) -> None:
    with pytest.raises(TypeError):
        getattr(Contacts.objects, method)(lastname="a")


def test_values_list_arguments() -> None:
    with pytest.raises(InvalidLookup, match="exactly one field"):
        Contacts.objects.values_list("lastname", "email", flat=True)
    with pytest.raises(InvalidLookup, match="not both"):
        Contacts.objects.values_list("lastname", flat=True, named=True)


def test_select_related_names_references_only() -> None:
    with pytest.raises(InvalidLookup, match="not a reference"):
        Contacts.objects.select_related("lastname")
    with pytest.raises(InvalidLookup, match="Did you mean 'account_id'"):
        Contacts.objects.select_related("account")
    with pytest.raises(InvalidLookup, match="Accounts has no field"):
        Contacts.objects.select_related("account_id__owner")
    with pytest.raises(InvalidLookup, match="needs the names"):
        Contacts.objects.select_related()


def test_prefetch_checks_its_queryset() -> None:
    with pytest.raises(InvalidLookup, match="leads to Accounts, the queryset reads Users"):
        Contacts.objects.prefetch_related(Prefetch("account_id", Users.objects))
    with pytest.raises(InvalidLookup, match="must not be sliced"):
        Contacts.objects.prefetch_related(Prefetch("account_id", Accounts.objects[:5]))


def test_select_related_adds_the_reference_to_only() -> None:
    qs = Contacts.objects.select_related("account_id").only("lastname")
    assert [each.name for each in qs._state.reading.columns or ()] == [
        "id",
        "lastname",
        "account_id",
    ]
    assert qs.select_related(None).fetches == ()


def test_page_size_and_partitions_are_positive() -> None:
    with pytest.raises(ValueError, match="page_size must be 1 or more"):
        Contacts.objects.iterator(page_size=0)
    with pytest.raises(ValueError, match="must be 1 or more"):
        Contacts.objects.partitions(0)


def test_repr_asks_nobody() -> None:
    assert repr(Contacts.objects.filter(lastname="a")[:5]) == (
        "<QuerySet Contacts where lastname = 'a' [0:5]>"
    )
    assert repr(Contacts.objects.values("lastname")) == "<ValuesQuerySet Contacts where everything>"


def test_pickling_and_copying_keep_the_question() -> None:
    qs = Contacts.objects.filter(lastname__in=["a", "b"]).order_by("-modifiedtime").only("email")
    inner = Accounts.objects.filter(accountname__startswith="A")
    for original in (
        qs,
        qs.values_list("email", flat=True),
        qs.filter(account_id__in=inner)[3:9].select_related("account_id"),
    ):
        for twin in (pickle.loads(pickle.dumps(original)), copy.deepcopy(original)):
            assert type(twin) is type(original)
            assert shown(twin) == shown(original)
            assert twin._state.fetches == original._state.fetches
            assert twin._state.projection == original._state.projection


def test_a_queryset_of_another_model_class() -> None:
    class VipContacts(Contacts):
        pass

    assert QuerySet(VipContacts).filter(lastname="a").model is VipContacts
