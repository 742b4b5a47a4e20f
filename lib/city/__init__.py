"""The simulated city: its layout and attributes, and how radar, camera and passer-by see it."""

from lib.city.facades import Facade, Viewpoint, render_facade, render_facades
from lib.city.model import City, CityParameters, make_city
from lib.city.optical import render_optical
from lib.city.sar import SarParameters, simulate_sar

__all__ = [
    "City", "CityParameters", "Facade", "SarParameters", "Viewpoint",
    "make_city", "render_facade", "render_facades", "render_optical", "simulate_sar",
]  # fmt: skip
