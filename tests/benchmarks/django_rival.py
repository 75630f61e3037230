"""Django's compiler, for a query like ours: ten conditions to SQL and its parameters.

It answers to a database of its own and to columns of its own, so it does other work; both begin
with keywords and end with a text that is ready to be sent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from tests.benchmarks.harness import Work

_SINCE: Final = datetime(2024, 2, 29, 13, 45, tzinfo=UTC)
TEN: Final[dict[str, Any]] = {
    "lastname__startswith": "Sm",
    "firstname": "Ada",
    "leadsource": "Web Site",
    "account_id": 7,
    "createdtime__gte": _SINCE,
    "modifiedtime__lt": _SINCE,
    "email__endswith": "@example.com",
    "donotcall": False,
    "mailingcity__in": ["Berlin", "Springfield"],
    "department__contains": "Sales",
}
"""Ten conditions, as ours are."""


def django_compiling(times: int) -> tuple[Work, ...]:
    """So many times the SQL of one queryset, and of one that is built each time; nothing without
    Django."""
    if find_spec("django") is None:
        return ()
    objects = _contacts()
    queryset = objects.filter(**TEN)

    def compiled() -> None:
        for _ in range(times):
            queryset.query.sql_with_params()

    def built() -> None:
        for _ in range(times):
            objects.filter(**TEN).query.sql_with_params()

    return compiled, built


def _contacts() -> Any:
    """The manager of a model with fields like those of our contacts."""
    settings = import_module("django.conf").settings
    if not settings.configured:
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        settings.configure(DATABASES={"default": database}, USE_TZ=True)
        import_module("django").setup()
    models: Any = import_module("django.db.models")
    common = {"__module__": __name__, "Meta": type("Meta", (), {"app_label": "rival"})}
    account = type("Account", (models.Model,), dict(common))
    texts = ("lastname", "firstname", "leadsource", "email", "mailingcity", "department")
    fields: dict[str, Any] = {name: models.CharField(max_length=80) for name in texts}
    fields["account"] = models.ForeignKey(account, models.CASCADE)
    fields["createdtime"] = models.DateTimeField()
    fields["modifiedtime"] = models.DateTimeField()
    fields["donotcall"] = models.BooleanField()
    contact: Any = type("Contact", (models.Model,), {**common, **fields})
    return contact.objects
