"""The documentation of one CRM: a static site made of its snapshot, its names and the guide.

::

    facts       snapshot + names -> what is known of each module
    queries     text such as ``Contacts.objects.filter(...)`` -> a selection, and its plan
    examples    ready queries of a module, in its own names
    diagrams    a module and those around it, and the map of all, as shapes
    markdown    chapters of the guide -> HTML; plans in them are made by the planner
    reference   settings, command line, errors and the API, from the code
    pages       all of it -> the text of every file; templates escape what they print
    publish     stage, rename, remove what the manifest lists and nobody wants any more

Nothing is asked of a CRM, and everything from it is text.
"""
