"""The CRM as a whole: its user, modules, picklists, tags and limits."""
