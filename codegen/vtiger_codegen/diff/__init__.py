"""How one snapshot differs from another, and what that means for code that uses it. Pure.

::

    differences   two trees, and where they differ
    renames       what was renamed, as somebody told
    evidence      what may have been renamed
    grading       safe, caution or breaking, and why
    compare       all of it: two snapshots -> a `Diff`
    reports       a `Diff` as text, Markdown or JSON
"""
