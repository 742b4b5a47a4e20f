"""Sprites: taking frames apart into a dictionary of recurring patches and the places where they stand."""

from lib.sprites.film import Film, Truth
from lib.sprites.model import SpriteModel

__all__ = ["Film", "SpriteModel", "Truth"]
