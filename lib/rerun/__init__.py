"""Running chapters safely: declared parameters, presets, what depends on what, provenance, recorded results."""
