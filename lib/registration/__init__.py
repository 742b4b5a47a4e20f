"""Footprints brought onto their double-bounce lines in a SAR image."""
