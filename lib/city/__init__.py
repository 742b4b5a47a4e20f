"""The simulated city: its layout and attributes, and how radar, camera and passer-by see it."""

from lib.city.model import City, CityParameters, make_city

__all__ = ["City", "CityParameters", "make_city"]
