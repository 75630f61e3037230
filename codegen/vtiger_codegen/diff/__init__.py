"""How one snapshot differs from another."""
