"""Very high resolution optical images of the simulated city, as a satellite takes them."""

from lib.city.optical.image import Acquisition, render_optical

__all__ = ["Acquisition", "render_optical"]
