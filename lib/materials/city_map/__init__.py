"""Materials of every building of a city, from images and classifiers to one file that GIS programs read."""

from lib.materials.city_map.pictures import FetchedPictures, Pictures, TakenPictures
from lib.materials.city_map.predict import predict_city
from lib.materials.city_map.roofs import RoofCrops, RoofFile
from lib.materials.city_map.side import NO_BUILDING, Side

__all__ = [
    "NO_BUILDING", "FetchedPictures", "Pictures", "RoofCrops", "RoofFile", "Side", "TakenPictures", "predict_city",
]  # fmt: skip
