"""The letter's own method, step by step, kept as it is described."""
