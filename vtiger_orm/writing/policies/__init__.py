"""What is particular about writing some modules, or to some servers, in small policies."""
