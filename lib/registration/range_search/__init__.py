"""The range engine: footprints slide along ground range over a distance map of bright points."""
