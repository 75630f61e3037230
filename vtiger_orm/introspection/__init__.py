"""From a live CRM to a snapshot: what it describes, and what it can do."""
