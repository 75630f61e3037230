"""What `record.crm` does not have is told with the reason."""

from __future__ import annotations

import pytest

from tests.support.hand_made import Accounts
from vtiger_orm.models import Record, String, field


class Quotes(Record, package=None, module="Quotes", prefix="13"):
    """Quotes as a user sees them from whom the totals are hidden."""

    subject: String = field("Subject", mandatory=True)
    hdnTaxType: String = field("Tax Mode")
    productid: String = field("Item Name")


def test_a_module_of_another_kind_is_told_where_it_is() -> None:
    record = Accounts(accountname="A")
    with pytest.raises(AttributeError, match="Accounts has no 'items': only records of Quotes and"):
        _ = record.crm.items  # type: ignore[attr-defined]  # accounts have none
    with pytest.raises(AttributeError, match=r"Accounts has no 'nothing'\.$"):
        _ = record.crm.nothing  # type: ignore[attr-defined]  # nor this


def test_items_that_a_hidden_field_takes_away_are_told() -> None:
    with pytest.raises(AttributeError, match=r"knows no hdnGrandTotal of Quotes.*Pull as a user"):
        _ = Quotes(subject="Q").crm.items  # type: ignore[attr-defined]  # for want of a field
