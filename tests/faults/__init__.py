"""The fault matrix: every operation, every fault, both drivers, three dialects."""
