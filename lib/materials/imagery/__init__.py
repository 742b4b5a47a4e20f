"""One facade view and one roof crop a building: cameras, sources, and fetching with a cache."""

from lib.materials.imagery.answers import STATUSES, Answer
from lib.materials.imagery.cameras import facade_cameras
from lib.materials.imagery.client import Client, Manners
from lib.materials.imagery.fetch import fetch_images
from lib.materials.imagery.keys import Key
from lib.materials.imagery.mapillary import Mapillary
from lib.materials.imagery.orthophoto import Orthophoto, RoofsFrom
from lib.materials.imagery.own import ImageFolder
from lib.materials.imagery.roofs import roof_windows
from lib.materials.imagery.satellite import GoogleSatellite
from lib.materials.imagery.simulated import SimulatedFacades
from lib.materials.imagery.sources import Calls, ImageSource
from lib.materials.imagery.street_view import GoogleStreetView
from lib.materials.imagery.tiles import WebTiles
from lib.materials.imagery.views import FacadeView, RoofView, views_of

__all__ = [
    "STATUSES", "Answer", "Calls", "Client", "FacadeView", "GoogleSatellite", "GoogleStreetView", "ImageFolder",
    "ImageSource", "Key", "Manners", "Mapillary", "Orthophoto", "RoofView", "RoofsFrom", "SimulatedFacades",
    "WebTiles", "facade_cameras", "fetch_images", "roof_windows", "views_of",
]  # fmt: skip
