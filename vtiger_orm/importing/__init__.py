"""Rows of a file into the CRM: CSV, JSON lines or Parquet, found by a key, resumable.

::

    from vtiger_orm.importing import import_file

    done = import_file("people.csv", Contacts.objects, key="email", report="people.report")
    for row in done.failed:
        print(row.line, row.error)
"""

from .file_report import ImportedRow
from .rows import Imported, import_file

__all__ = ["Imported", "ImportedRow", "import_file"]
