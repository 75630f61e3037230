"""From a snapshot and its names to the facts that are printed: names decided, types resolved.

::

    ir           the facts, as frozen values
    types        Python types as values, with what they import
    docstrings   the sentences
    stubs        what the querysets of a module take
    build        all of it for one package
"""
