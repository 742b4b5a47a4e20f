"""Sprites: taking frames apart into a dictionary of recurring patches and the places where they stand."""

from lib.sprites.fast import FastSettings
from lib.sprites.film import Film, Truth
from lib.sprites.fitting import fit_sprites
from lib.sprites.model import SpriteModel

__all__ = ["FastSettings", "Film", "SpriteModel", "Truth", "fit_sprites"]
