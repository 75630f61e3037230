"""The generator: from a CRM's describe to a typed package."""
