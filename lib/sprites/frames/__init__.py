"""Where frames come from: games that are played here, pictures, videos, and the simulated city."""

from lib.sprites.frames.atari import space_invaders
from lib.sprites.frames.city_views import facades, from_above, nadir_city
from lib.sprites.frames.flight import city_flight
from lib.sprites.frames.folder import from_folder
from lib.sprites.frames.pictures import photograph, random_crops, scanned_text, whole_photograph
from lib.sprites.frames.platform import TRAINING_LEVELS, UNSEEN_LEVELS, human_priors_game
from lib.sprites.frames.town import sprite_game
from lib.sprites.frames.video import from_video

__all__ = [
    "TRAINING_LEVELS", "UNSEEN_LEVELS",
    "city_flight", "facades", "from_above", "from_folder", "from_video", "human_priors_game", "nadir_city", "photograph",
    "random_crops", "scanned_text", "space_invaders", "sprite_game", "whole_photograph",
]  # fmt: skip
