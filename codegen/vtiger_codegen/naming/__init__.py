"""From what the CRM calls things to Python names, and the lock that keeps them.

::

    words      text in any script -> plain words
    wanted     the name a thing would like to have: rules of attribute, class, member, file
    reserved   names that nothing generated may take
    resolver   one namespace: who gets the name, who takes a trailing underscore
    lock       names.lock: what was decided before
    plan       all names of a snapshot, from the lock where it has them
"""
