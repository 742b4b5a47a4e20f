"""The simulated city: its layout and attributes, and how radar, camera and passer-by see it."""

from lib.city.model import City, CityParameters, make_city
from lib.city.sar import SarParameters, simulate_sar

__all__ = ["City", "CityParameters", "SarParameters", "make_city", "simulate_sar"]
