"""Building materials from imagery, and material intensity."""
