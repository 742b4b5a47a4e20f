"""SAR and optical rasters with CRS, units and nodata."""

from lib.rasters.reading import Units, look_of, read_optical, read_sar, sar_encoding, to_decibels
from lib.rasters.writing import write_sar

__all__ = ["Units", "look_of", "read_optical", "read_sar", "sar_encoding", "to_decibels", "write_sar"]
