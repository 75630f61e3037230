"""The embedded CRM in every dialect, and one of its own for the hand-written package."""

from tests.support.kinds import crm, face, kind, mode, templates
from tests.support.memory import runner_of
from tests.support.sample_crm import demo, empty_crm

__all__ = ["crm", "demo", "empty_crm", "face", "kind", "mode", "runner_of", "templates"]
