"""One test a feature and server: it works, or it is refused unsent with its reason."""

from __future__ import annotations

import pytest

from tests.servers.features import FEATURES, outcome
from tests.servers.world import DOORS


@pytest.mark.parametrize("server", DOORS)
@pytest.mark.parametrize("feature", FEATURES)
def test_it_works_or_is_refused_unsent(feature: str, server: str) -> None:
    found = outcome(server, feature)
    assert found in ("works", "not measured") or found.startswith("refused: ")
    if found.startswith("refused"):
        assert len(found) > 40, "a refusal says why"


@pytest.mark.parametrize("feature", FEATURES)
def test_it_works_somewhere(feature: str) -> None:
    """A mistake in the feature itself would be refused everywhere."""
    assert "works" in {outcome(server, feature) for server in ("cloud", "vtiger-7.5")}
