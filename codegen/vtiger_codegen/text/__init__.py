"""Texts of a CRM made harmless, whatever is in them.

::

    literals   in Python and JSON files: literals and docstrings
    terminal   on a terminal: shown, never obeyed
"""
