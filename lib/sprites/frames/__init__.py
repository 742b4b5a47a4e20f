"""Where frames come from: games that are played here, pictures, videos, and the simulated city."""

from lib.sprites.frames.platform import TRAINING_LEVELS, UNSEEN_LEVELS, human_priors_game
from lib.sprites.frames.town import sprite_game

__all__ = ["TRAINING_LEVELS", "UNSEEN_LEVELS", "human_priors_game", "sprite_game"]
