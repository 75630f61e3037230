"""The generator: from a CRM's describe to a typed package.

::

    snapshot + names.lock
        naming      a name for everything, kept in the lock
        build       facts to print: `ir`, with `types`, `stubs` and `describing`
        render      templates + `layout` -> text of every file
        publish     stage, rename, remove what is no longer wanted
"""

__version__ = "0.1.0"
