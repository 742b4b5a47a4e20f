"""Roofs from Google's static map, as a satellite sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lib.errors import MaterialsError
from lib.materials.imagery.answers import CORRUPT, IMAGE, Answer, decode
from lib.materials.imagery.client import Client
from lib.materials.imagery.keys import GOOGLE, Key, check_address
from lib.materials.imagery.mercator import crop_of, window_of
from lib.materials.imagery.sources import Calls
from lib.materials.imagery.views import RoofView, View, as_roof

ASKED_PX = 640
# The logo and the credits lie over the lowest rows.
LOGO_PX = 60


@dataclass(frozen=True)
class GoogleSatellite:
    """Satellite images of Google's Maps Static API; every call may be charged, and there is no metadata to ask first.

    Google's terms limit what may be stored of these images and for how long; to keep to them is up to the user.

    Parameters
    ----------
    size_px : int
        Side of the crops.
    finest_zoom : int
        Zoom level, 0 to 21, beyond which there is no imagery at the place.
    address : str
        Of the service; https, or on this machine.
    key : Key
        By default the environment variable GOOGLE_MAPS_API_KEY.

    Raises
    ------
    MaterialsError
        If the address would show the key to others.

    References
    ----------
    developers.google.com/maps/documentation/maps-static/start: center, zoom, size up to 640 x 640, maptype.

    Examples
    --------
    >>> GoogleSatellite().calls(None)
    Calls(free=0, paid=1)
    """

    size_px: int = 128
    finest_zoom: int = 20
    address: str = "https://maps.googleapis.com/maps/api/staticmap"
    key: Key = GOOGLE
    name: ClassVar[str] = "google-satellite"
    sees: ClassVar[type] = RoofView
    keeps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_address(self.address, self.key)
        if not 0 <= self.finest_zoom <= 21:
            where = "GoogleSatellite.finest_zoom"
            raise MaterialsError("out of range", where=where, value=self.finest_zoom, fix="give 0 to 21")

    def identity(self) -> str:
        """Address, size and finest zoom."""
        return f"{self.address} {self.size_px} {self.finest_zoom}"

    def calls(self, view: View | None) -> Calls:
        """One paid call."""
        return Calls(paid=1)

    def take(self, view: View, client: Client) -> Answer:
        """Ask for the finest image that holds the window, and cut it."""
        roof = as_roof(view)
        lon, lat = roof.lon_lat
        zoom = max(level for level in range(self.finest_zoom + 1) if _fits(roof, level))
        query = {"center": f"{lat:.7f},{lon:.7f}", "zoom": str(zoom), "size": f"{ASKED_PX}x{ASKED_PX}"}
        answer = client.get(self.address, query | {"maptype": "satellite"}, key=self.key)
        pixels = decode(answer.body) if answer.status == IMAGE else None
        if pixels is None:
            return answer
        if pixels.shape[:2] != (ASKED_PX, ASKED_PX):
            return Answer(
                CORRUPT, detail=f"{pixels.shape[1]} x {pixels.shape[0]} pixels in place of {ASKED_PX} x {ASKED_PX}"
            )
        side = window_of(roof, zoom)[2]
        corner = (pixels.shape[1] - side) / 2, (pixels.shape[0] - side) / 2
        return Answer(IMAGE, crop_of(pixels, *corner, side, self.size_px), credit="Google and its imagery providers")


def _fits(view: RoofView, zoom: int) -> bool:
    """Tell whether a window keeps clear of the logo; the whole world always does."""
    return zoom == 0 or window_of(view, zoom)[2] <= ASKED_PX - 2 * LOGO_PX
