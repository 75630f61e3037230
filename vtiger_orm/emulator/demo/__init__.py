"""The demo CRM: a snapshot folder (`instance.json`, `modules/`) and its data (`data.jsonl`).

Both are generated: the snapshot by `snapshot.py` from recorded describe answers, the data by
`data.py`.
"""

from typing import Final

ARTEFACT: Final = "data.jsonl"
"""File name of the demo data."""
