"""Applications that use a generated package: read with libcst, never run.

::

    sources      which files, parsed
    vocabulary   what the package lets them say, and what it means
    types        records, querysets, enums: what an expression may be
    bindings     where the names of a file come from
    inference    what each expression of a file is
    uses         where a file says something of the package
    impact       which lines use what changed
    migration    what was renamed, rewritten
    own_code     what of the application's own classes does not fit the package any more
"""
