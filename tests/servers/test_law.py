"""The random law through the front on every server, as administrator and as a restricted user."""

from __future__ import annotations

import pytest

from tests.servers.law import CLERK, keep
from tests.servers.world import SERVERS


@pytest.mark.programs
@pytest.mark.parametrize("server", [each for each in SERVERS if each != "berlicrm"])
@pytest.mark.parametrize("user", ["admin", CLERK])
def test_querysets_answer_what_is_in_the_tables(server: str, user: str) -> None:
    """Of berliCRM conditions on ids were not measured."""
    law = keep(server, user, querysets=30, seed=len(server) + len(user))
    assert not law.wrong
    assert law.told["right"] > law.told["refused"]
