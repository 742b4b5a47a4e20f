"""Where a radar looks from: look angles, orbits, and the metadata that real products carry."""
