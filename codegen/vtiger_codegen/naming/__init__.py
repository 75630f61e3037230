"""From what the CRM calls things to Python names, and the lock that keeps them.

::

    words      text in any script -> plain words
    wanted     the name a thing would like to have: rules of attribute, class, member, file
    reserved   names that nothing generated may take
    resolver   one namespace: who gets the name, who takes a trailing underscore
    things     what of a module gets a name beside its fields
    lock       names.lock: what was decided before
    renamed    the lock with what the CRM renamed moved
    assignment all names of a snapshot, from the lock where it has them
"""
