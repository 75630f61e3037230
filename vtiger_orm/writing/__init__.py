"""From a change to the one call that writes it, and what the CRM made of it."""
