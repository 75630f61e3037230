"""Sessions of the RestfulApi dialect with the embedded CRM."""

from __future__ import annotations

from typing import Any

from generated.demo import connect
from vtiger_orm import Session
from vtiger_orm.emulator import Crm


def open_restfulapi(crm: Crm, **settings: Any) -> Session:
    """As the administrator, in memory."""
    transport = crm.transport()
    return connect(
        crm.url, *crm.credentials(), dialect="restfulapi", transport=transport, **settings
    )
