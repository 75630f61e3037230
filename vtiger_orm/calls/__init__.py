"""What the API can be asked, and what plans are made of: frozen calls; nobody performs them."""
