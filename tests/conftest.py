"""Settings shared by every test."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# The suite runs on two cores and other machines' noise: laws are proved by the number of
# examples, never by a deadline. VTIGER_ORM_EXAMPLES=2000 digs deeper by hand.
settings.register_profile(
    "suite",
    max_examples=int(os.environ.get("VTIGER_ORM_EXAMPLES", "60")),
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("suite")
