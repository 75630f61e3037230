"""What is done with a CRM that can be reached.

::

    credentials   which one, and as whom
    pull          a live CRM -> a snapshot
    proofs        what a former pull proved and this one could not
    losses        what a pull would lose because a lesser user pulls
"""
