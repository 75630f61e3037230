"""What is done with a CRM that can be reached.

::

    credentials   which one, and as whom
    pull          a live CRM -> a snapshot
"""
