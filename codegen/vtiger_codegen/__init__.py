"""The generator: from a CRM's describe to a typed package.

::

    snapshot + names.lock
        naming      a name for everything, kept in the lock
        building    facts to print
        rendering   templates -> text of every file
        generate    the three of them: everything but the disk
        publish     stage, rename, remove what is no longer wanted

Each imports only what stands above it, and `text`, where texts of a CRM are made harmless. On
top of them: `config` (pyproject.toml), `project` (folders in, folders out), `live` (a CRM that
can be reached), `diff` (two snapshots compared), and `cli` with a file or a folder for each verb.
"""

__version__ = "0.1.0"
