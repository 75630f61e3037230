"""Make the demo snapshot from recorded answers of a real server.

::

    python -m vtiger_orm.emulator.demo.snapshot RECORDINGS [FOLDER]

RECORDINGS holds `listtypes.json`, `describe/*.json` and `relatedtypes/*.json` as a stock
Vtiger CRM 8.0.0 answered them; FOLDER defaults to this package.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ...metadata.describe import ListTypesAnswer
from ...metadata.module import Flaw
from ...metadata.snapshot import Instance, ModuleSnapshot, Snapshot

_INVENTORY: Final = frozenset({"Quotes", "SalesOrder", "Invoice", "PurchaseOrder"})
_LINE_FIELDS: Final = frozenset(
    {
        *("productid", "quantity", "listprice", "comment", "discount_amount"),
        *("discount_percent", "hdnDiscountPercent", "hdnDiscountAmount"),
    }
)

_CAPABILITIES: Final[Mapping[str, Any]] = {
    "precedence": "sql",
    "page_size": 100,
    "page_capped": True,
    "collation": "general_ci",
    "escaping": "doubled",
    "counts": True,
    "proves": True,
    "patterns_of_ids": True,
    "sql_errors": "silent",
    "statuses": False,
    "brackets": False,
    "is_null": False,
    "not_in": False,
    "not_like": False,
    "relations": True,
    "line_items": "inside",
    "sync": False,
    "files_retrieve": False,
}
"""What was measured on that server, in the words of the snapshot's format: written down here, so
that what the runtime knows of servers is not checked by itself."""


def demo_snapshot(recordings: Path) -> Snapshot:
    """The snapshot of the recorded server. Raises `OSError` or `KeyError` on a wrong folder."""
    types = ListTypesAnswer.model_validate(_answer(recordings / "listtypes.json"))
    modules = {}
    for name in types.types:
        describe = _answer(recordings / "describe" / f"{name}.json")
        if describe is None:
            raise KeyError(f"describe/{name}.json holds no answer")
        related = _answer(recordings / "relatedtypes" / f"{name}.json") or {}
        information = related.get("information") or {}
        modules[name] = ModuleSnapshot.model_validate(
            {
                "describe": describe,
                "relations": list(information.values()),
                "flaws": _flaws(describe),
            }
        )
    instance = Instance.model_validate(
        {
            "dialect": "webservice",
            "family": "vtiger",
            "version": "8.0.0",
            "api_version": "0.22",
            "prefixes": {name: each.describe.id_prefix for name, each in modules.items()},
            "capabilities": _CAPABILITIES,
            "types": types.information,
        }
    )
    return Snapshot(instance=instance, modules=modules)


def _flaws(describe: Mapping[str, Any]) -> dict[str, Flaw]:
    """What `pull` finds out by asking: the same verdict for all fields of the recorded server."""
    module = describe["name"]
    flaws = {}
    for field in describe["fields"]:
        flaw = _flaw(module, field["name"])
        if flaw is not None:
            flaws[field["name"]] = flaw
    if module == "ProductTaxes":
        flaws["id"] = Flaw.DENIED  # not described, but the server adds it to every select
    return flaws


def _flaw(module: str, field: str) -> Flaw | None:
    if not field.replace("_", "a").isalnum():
        return Flaw.UNSAYABLE
    if module == "ProductTaxes":
        return Flaw.DENIED
    if module in ("Products", "Services") and _numbered(field, "tax", "currency"):
        return Flaw.DENIED
    if (module, field) == ("Emails", "filename"):
        return Flaw.DENIED
    if (module, field) == ("Vehicles", "None"):
        return Flaw.ABSENT
    if module in _INVENTORY and (field in _LINE_FIELDS or _numbered(field, "tax")):
        return Flaw.MULTIPLIES
    if module in ("Events", "Calendar") and field == "contact_id":
        return Flaw.MULTIPLIES
    return None


def _numbered(name: str, *stems: str) -> bool:
    return any(name.startswith(stem) and name[len(stem) :].isdecimal() for stem in stems)


def _answer(file: Path) -> Any:
    """The result of a recorded answer; None where the server answered HTTP 500."""
    return json.loads(file.read_text(encoding="utf-8")).get("result")


def main(arguments: list[str]) -> None:
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(__file__).parent
    demo_snapshot(Path(arguments[0])).save(folder)


if __name__ == "__main__":
    main(sys.argv[1:])
