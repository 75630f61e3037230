"""A typed ORM for Vtiger CRM, generated from the CRM's own metadata."""
