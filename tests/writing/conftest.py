"""The embedded CRM in every dialect."""

from tests.support.kinds import crm, face, kind, mode, templates

__all__ = ["crm", "face", "kind", "mode", "templates"]
