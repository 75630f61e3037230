"""For the tests of applications: a CRM in the process, a record factory, a recorder.

The pytest plugin comes with the package: the fixtures `vtiger_crm`, `vtiger_session`,
`vtiger_server`, `vtiger_factory` and `vtiger_cassette` are there without an import.
See `vtiger_orm.testing.plugin`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cassette import Cassette, UnexpectedRequest
    from .factory import Factory
    from .recorder import Recorder, Replay, record, replay
    from .scrub import Scrub

__all__ = [
    "Cassette",
    "Factory",
    "Recorder",
    "Replay",
    "Scrub",
    "UnexpectedRequest",
    "record",
    "replay",
]

_HOMES = {
    "Cassette": ".cassette",
    "Factory": ".factory",
    "Recorder": ".recorder",
    "Replay": ".recorder",
    "Scrub": ".scrub",
    "UnexpectedRequest": ".cassette",
    "record": ".recorder",
    "replay": ".recorder",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    return getattr(import_module(home, __name__), name)
