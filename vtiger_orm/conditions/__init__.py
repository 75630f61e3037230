"""The language of conditions: tree, lookups, keywords, `Q`, and what they mean of a record."""
