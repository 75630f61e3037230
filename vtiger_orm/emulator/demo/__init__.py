"""The demo CRM: a snapshot folder (`instance.json`, `modules/`) and its data (`data.jsonl`).

Both are generated: the snapshot from recorded describe answers, the data from `data.py`.
"""
