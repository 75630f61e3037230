"""The kinds of fields, rule by rule: what is sent, and that it is right for either way a type is
stored (proved on the embedded CRM in tests/properties)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.planned import KINDS, described
from vtiger_orm.calls.environment import Environment
from vtiger_orm.conditions.q import Q, resolve
from vtiger_orm.conditions.tree import Selection
from vtiger_orm.metadata.interpret import module_meta
from vtiger_orm.metadata.module import Flaw
from vtiger_orm.planner.compiled import compiled
from vtiger_orm.planner.reasons import branch_text

META = module_meta(described("Things", "40", KINDS))
NOON = datetime(2024, 2, 29, 12, 0, tzinfo=UTC)


def branches(*args: Q, module: Any = META, env: Environment | None = None, **lookups: Any) -> str:
    node = resolve(module, args, lookups)
    what = compiled(Selection(module, node, columns=()), env or Environment())
    return " | ".join(map(branch_text, what.branches)) or "nothing"


@pytest.mark.parametrize(
    ("keywords", "positive", "negative"),
    [
        # exact
        ({"name": "x"}, "name = 'x'", "name != 'x' | name is NULL"),
        ({"stage": "x"}, "stage = 'x'", "stage != 'x' | stage is NULL"),
        ({"whole": 5}, "whole = '5'", "whole != '5' | whole is NULL"),
        ({"amount": Decimal("12.50")}, "amount = '12.50'", "amount != '12.50' | amount is NULL"),
        ({"flag": True}, "flag = '1'", "flag != '1' | flag is NULL"),
        ({"flag": False}, "flag = '0'", "flag != '0' | flag is NULL"),
        ({"day": date(2024, 2, 29)}, "day = '2024-02-29'", "day != '2024-02-29' | day is NULL"),
        (
            {"moment": NOON},
            "moment = '2024-02-29 12:00:00'",
            "moment != '2024-02-29 12:00:00' | moment is NULL",
        ),
        ({"hour": time(6, 18)}, "hour = '06:18:00'", "hour != '06:18:00' | hour is NULL"),
        ({"parent": "41x7"}, "parent = '41x7'", "parent != '41x7' | parent is NULL"),
        ({"id": "40x7"}, "id = '40x7'", "id != '40x7'"),
        # blank
        ({"name": None}, "name = ' ' | name is NULL", "name != ' '"),
        ({"name": ""}, "name = ' ' | name is NULL", "name != ' '"),
        ({"tags_": None}, "tags_ = ' ' | tags_ is NULL", "tags_ != ' '"),
        ({"whole": None}, "whole is NULL", "whole like '_%'"),
        ({"money": None}, "money is NULL", "money like '_%'"),
        ({"flag": None}, "flag = ' ' and flag != '0' | flag is NULL", "flag != ' ' | flag = '0'"),
        ({"day": None}, "day < '0001-01-01' | day is NULL", "day >= '0001-01-01'"),
        ({"moment": None}, "moment < '0001-01-01' | moment is NULL", "moment >= '0001-01-01'"),
        (
            {"hour": None},
            "hour = ' ' and hour != '00:00:00' | hour is NULL",
            "hour != ' ' | hour = '00:00:00'",
        ),
        ({"parent": None}, "parent = '40x0' | parent is NULL", "parent > '40x0'"),
        (
            {"assigned_user_id__isnull": True},
            "assigned_user_id = '40x0' | assigned_user_id is NULL",
            "assigned_user_id > '40x0'",
        ),
        ({"name__isnull": False}, "name != ' '", "name = ' ' | name is NULL"),
        ({"id": None}, "nothing", "always"),
        # in
        (
            {"name__in": ["a", "b", "a"]},
            "name in ('a','b')",
            "name != 'a' and name != 'b' | name is NULL",
        ),
        ({"name__in": ["a"]}, "name = 'a'", "name != 'a' | name is NULL"),
        ({"name__in": []}, "nothing", "always"),
        (
            {"name__in": ["a", None]},
            "name = 'a' | name = ' ' | name is NULL",
            "name != ' ' and name != 'a'",
        ),
        # order, with the guard where an empty text would satisfy it
        (
            {"name__lt": "m"},
            "name < 'm' and name != ' '",
            "name >= 'm' | name = ' ' | name is NULL",
        ),
        (
            {"name__lte": "m"},
            "name <= 'm' and name != ' '",
            "name > 'm' | name = ' ' | name is NULL",
        ),
        ({"name__gt": "m"}, "name > 'm'", "name <= 'm' | name is NULL"),
        (
            {"name__gt": "\t"},
            "name > '\t' and name != ' '",
            "name <= '\t' | name = ' ' | name is NULL",
        ),
        ({"whole__lt": 5}, "whole < '5'", "whole >= '5' | whole is NULL"),
        (
            {"day__lt": date(2024, 1, 1)},
            "day < '2024-01-01' and day >= '0001-01-01'",
            "day >= '2024-01-01' | day < '0001-01-01' | day is NULL",
        ),
        ({"day__gte": date(2024, 1, 1)}, "day >= '2024-01-01'", "day < '2024-01-01' | day is NULL"),
        (
            {"hour__lte": time(6)},
            "hour <= '06:00:00' and hour != ' ' | hour = '00:00:00'",
            "hour > '06:00:00' | hour = ' ' and hour != '00:00:00' | hour is NULL",
        ),
        (
            {"whole__range": (1, 5)},
            "whole >= '1' and whole <= '5'",
            "whole < '1' | whole is NULL | whole > '5'",
        ),
        # like: no negation
        ({"name__contains": "x"}, "name like '%x%'", "(not name like '%x%')"),
        ({"name__startswith": "50%"}, "name like '50\\\\%%'", "(not name like '50\\\\%%')"),
        ({"name__endswith": "\\"}, "name like '%\\\\\\\\'", "(not name like '%\\\\\\\\')"),
        ({"name__like": "a_%"}, "name like 'a_%'", "(not name like 'a_%')"),
        ({"name__like": "%"}, "name like '%' and name != ' '", "(not name like '%')"),
        ({"name__contains": " "}, "name like '% %' and name != ' '", "(not name like '% %')"),
        ({"name__contains": ""}, "name != ' '", "name = ' ' | name is NULL"),
        ({"name__like": ""}, "nothing", "always"),
        # days
        ({"day__year": 2024}, "day >= '2024-01-01' and day <= '2024-12-31'", None),
        ({"day__month": 2}, "day like '%-02-%' and day >= '0001-01-01'", "(not month of day = 2)"),
        (
            {"moment__date": date(2024, 2, 29)},
            "moment >= '2024-02-29 00:00:00' and moment < '2024-03-01 00:00:00'",
            None,
        ),
        ({"moment__lte": date(9999, 12, 31)}, "moment >= '0001-01-01'", None),
        ({"moment__gt": date(9999, 12, 31)}, "nothing", "always"),
        ({"moment": NOON.replace(microsecond=1)}, "nothing", "always"),
        ({"moment__gte": NOON.replace(microsecond=1)}, "moment > '2024-02-29 12:00:00'", None),
        # multi-select
        (
            {"tags___has": "a"},
            "tags_ = 'a' | tags_ like 'a |##| %' | tags_ like '% |##| a' | "
            "tags_ like '% |##| a |##| %'",
            "(not tags_ has 'a')",
        ),
        ({"tags_": ["a", "b"]}, "tags_ in ('a |##| b','b |##| a')", None),
        ({"tags_": ["a"]}, "tags_ = 'a'", None),
        ({"tags___has_any": []}, "nothing", "always"),
        ({"tags___has_all": []}, "always", "nothing"),
    ],
)
def test_the_kind_table(keywords: dict[str, Any], positive: str, negative: str | None) -> None:
    shown = {"env": Environment(precedence_known=True)}
    assert branches(**keywords, **shown).replace("\\\\", "\\") == positive.replace("\\\\", "\\")
    if negative is not None:
        found = branches(~Q(**keywords), **shown)
        assert found.replace("\\\\", "\\") == negative.replace("\\\\", "\\")


def test_naive_days_begin_in_the_zone_of_the_session() -> None:
    env = Environment(timezone=ZoneInfo("Asia/Kolkata"))
    assert branches(moment__gte=date(2024, 1, 1), env=env) == "moment >= '2023-12-31 18:30:00'"
    assert branches(moment=date(2024, 1, 1), env=env).startswith(
        "moment >= '2023-12-31 18:30:00' and moment < '2024-01-01 18:30:00'"
    )
    assert "moment like '%-02-%' and (month of moment = 2)" in branches(moment__month=2, env=env)


def test_a_field_known_to_hold_no_null_needs_no_branch_for_it() -> None:
    env = Environment()
    env.knowledge.learn_null_free("Things", "name", True)
    assert branches(~Q(name="x"), env=env) == "name != 'x'"
    strict = Environment(consistency="strict", knowledge=env.knowledge)
    assert branches(~Q(name="x"), env=strict) == "name != 'x' | name is NULL"


def test_a_long_negated_list_is_decided_on_the_rows() -> None:
    """Never a chain of hundreds of ``!=``."""
    many = [f"41x{number}" for number in range(1, 61)]
    assert branches(~Q(parent__in=many)).startswith("(not parent in ('41x1'")


def test_contradictions_and_redundant_branches_disappear() -> None:
    assert branches(~Q(name="a") & ~Q(name="b")) == "name != 'a' and name != 'b' | name is NULL"
    assert branches(~Q(name="a") & Q(name="b")) == "name = 'b' and name != 'a'"
    assert branches(Q(name="a") | Q(name="a") & Q(whole=1)) == "name = 'a'"


def test_a_product_that_explodes_is_cut_to_a_superset() -> None:
    """At most 48 branches; the rest is evaluated on the rows."""
    several = [Q(name=f"a{n}") | Q(note=f"b{n}") | Q(mail=f"c{n}") for n in range(6)]
    tree = several[0]
    for each in several[1:]:
        tree &= each
    text = branches(tree)
    assert 1 < len(text.split(" | ")) <= 24
    assert "(name = 'a5' or note = 'b5' or mail = 'c5')" in text


# -- columns that are not what describe says


def test_numbers_stored_as_text_are_compared_on_the_rows() -> None:
    """Events.duration_hours: the server finds '10' < '9'."""
    events = module_meta(described("Events", "18", {"duration_hours": "integer"}))
    assert branches(module=events, duration_hours__lt=10) == (
        "duration_hours != ' ' and (duration_hours < '10')"
    )
    assert branches(~Q(duration_hours__lt=10), module=events) == "(not duration_hours < '10')"
    assert branches(module=events, duration_hours=None) == (
        "duration_hours = ' ' and duration_hours != '0' | duration_hours is NULL"
    )
    assert branches(module=events, duration_hours=5) == "duration_hours = '5'"


def test_a_picklist_stored_as_number_has_no_blank_literal() -> None:
    """region_id of the inventory modules: ``= ' '`` would find the zeros."""
    quotes = module_meta(described("Quotes", "4", {"region_id": "picklist"}))
    assert branches(module=quotes, region_id=None) == "region_id is NULL"
    assert branches(module=quotes, region_id__isnull=False) == "region_id like '_%'"
    assert branches(module=quotes, region_id="Rome") == "nothing"
    assert branches(~Q(region_id="Rome"), module=quotes) == "always"
    unlike = branches(~Q(region_id="5"), module=quotes)
    assert branches(~Q(region_id__in=["5", "Rome", "٥"]), module=quotes) == unlike


def test_fields_that_never_come_back_are_not_tested_on_rows() -> None:
    """A column with an upper-case letter filters, but is in no row."""
    module = module_meta(described("Odd", "50", {"Big": "string"}, flaws={"Big": Flaw.ABSENT}))
    assert branches(module=module, Big="x") == "Big = 'x'"
    what = compiled(
        Selection(module, resolve(module, [~Q(Big="x")], {}), columns=()), Environment()
    )
    assert what.verdict_atoms
    assert "Big" not in what.decided_by
