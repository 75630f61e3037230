"""What changed in the CRM since a cursor."""
