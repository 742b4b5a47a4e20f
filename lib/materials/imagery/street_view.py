"""Facades from Google's Street View Static API: the free metadata first, then at most one paid image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

from lib.errors import MaterialsError
from lib.materials.imagery.answers import (
    BAD_REQUEST,
    FORBIDDEN,
    IMAGE,
    NO_IMAGERY,
    SERVER_ERROR,
    TOO_MANY,
    Answer,
)  # fmt: skip
from lib.materials.imagery.cameras import MOST_OBLIQUE_DEG
from lib.materials.imagery.client import Client
from lib.materials.imagery.keys import GOOGLE, Key, check_address
from lib.materials.imagery.sources import Calls
from lib.materials.imagery.views import FacadeView, View, as_facade

_STATUS = {
    "OK": IMAGE,
    "ZERO_RESULTS": NO_IMAGERY,
    "NOT_FOUND": NO_IMAGERY,
    "OVER_QUERY_LIMIT": TOO_MANY,
    "REQUEST_DENIED": FORBIDDEN,
    "INVALID_REQUEST": BAD_REQUEST,
    "UNKNOWN_ERROR": SERVER_ERROR,
}
LARGEST_PX = 640


@dataclass(frozen=True)
class GoogleStreetView:
    """Street View Static API.

    For each view the metadata call, which is free, tells whether and where there is a panorama. The camera is then
    aimed anew from where the panorama was really taken, and one image is asked for, which is charged. A panorama
    from which the wall is not seen counts as no imagery, and nothing is paid.

    Google's terms limit what may be stored of these images and for how long; to keep to them is up to the user.
    A used-up quota may come as an image of an error text, which nothing tells from a photograph.

    Parameters
    ----------
    size_px : tuple of int
        Width and height of the image, at most 640 each.
    radius_m : int
        How far from the camera's place a panorama may be.
    address : str
        Of the service; https, or on this machine.
    key : Key
        By default the environment variable GOOGLE_MAPS_API_KEY.

    Raises
    ------
    MaterialsError
        If the size is out of range, or the address would show the key to others.

    References
    ----------
    developers.google.com/maps/documentation/streetview/request-streetview: heading 0 to 360 clockwise from north,
    fov horizontal and at most 120, pitch positive upwards, size at most 640 x 640, radius, source, and
    return_error_code, which gives a 404 in place of a grey image.
    developers.google.com/maps/documentation/streetview/metadata: status values; no charge.

    Examples
    --------
    >>> GoogleStreetView().calls(None)
    Calls(free=1, paid=1)
    """

    size_px: tuple[int, int] = (640, 480)
    radius_m: int = 30
    address: str = "https://maps.googleapis.com/maps/api/streetview"
    key: Key = GOOGLE
    name: ClassVar[str] = "google-street-view"
    sees: ClassVar[type] = FacadeView
    keeps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_address(self.address, self.key)
        if not all(16 <= side <= LARGEST_PX for side in self.size_px):
            fix = f"give 16 to {LARGEST_PX} pixels: the service answers larger sizes with {LARGEST_PX}"
            raise MaterialsError("out of range", where="GoogleStreetView.size_px", value=self.size_px, fix=fix)

    def identity(self) -> str:
        """Address, size and radius."""
        return f"{self.address} {self.size_px[0]}x{self.size_px[1]} {self.radius_m}"

    def calls(self, view: View | None) -> Calls:
        """One free call and at most one paid call."""
        return Calls(free=1, paid=1)

    def take(self, view: View, client: Client) -> Answer:
        """Ask for the metadata, aim, ask for the image."""
        wanted = as_facade(view)
        told = self._metadata(wanted, client)
        if told.status != IMAGE:
            return Answer(told.status, detail=told.detail)
        facts = json.loads(told.body)
        real = wanted.seen_from(float(facts["location"]["lng"]), float(facts["location"]["lat"]))
        if not abs(real.oblique_deg) <= MOST_OBLIQUE_DEG:  # also where the place makes no sense
            return Answer(NO_IMAGERY, detail="the wall is not seen from the nearest panorama")
        image = client.get(self.address, self._image_query(real, str(facts["pano_id"])), key=self.key)
        return Answer(
            image.status,
            image.body,
            image.detail,
            panorama_id=str(facts["pano_id"]),
            taken=str(facts.get("date", "")),
            credit=str(facts.get("copyright", "")),
        )

    def _metadata(self, view: FacadeView, client: Client) -> Answer:
        lon, lat = view.lon_lat
        place = {"pano": view.panorama_id} if view.panorama_id else {"location": f"{lat:.7f},{lon:.7f}"}
        query = place | {"radius": str(self.radius_m), "source": "outdoor"}
        return client.get(f"{self.address}/metadata", query, key=self.key, judge=judge_metadata)

    def _image_query(self, view: FacadeView, panorama_id: str) -> dict[str, str]:
        return {
            "pano": panorama_id,
            "size": f"{self.size_px[0]}x{self.size_px[1]}",
            "heading": f"{view.heading_deg:.2f}",
            "fov": f"{view.fov_deg:.2f}",
            "pitch": f"{view.pitch_deg:.2f}",
            "return_error_code": "true",
        }


def judge_metadata(body: bytes) -> tuple[str, str]:
    """Read the status of a metadata answer.

    Parameters
    ----------
    body : bytes
        JSON.

    Returns
    -------
    status : str
        One of ``STATUSES``; IMAGE means that there is a panorama.
    detail : str
        The service's own word, if it is one of the documented ones: its free text may repeat the key.

    Examples
    --------
    >>> judge_metadata(b'{"status": "ZERO_RESULTS"}')
    ('no imagery', 'ZERO_RESULTS')
    """
    try:
        facts = json.loads(body)
        word = str(facts["status"])
        if word == "OK":
            float(facts["location"]["lng"]), float(facts["location"]["lat"]), facts["pano_id"]
    except (ValueError, KeyError, TypeError):
        return SERVER_ERROR, "metadata that cannot be read"
    return _STATUS.get(word, SERVER_ERROR), word if word in _STATUS else "unknown status"
