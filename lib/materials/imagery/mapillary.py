"""Facades from Mapillary's open street-level images: the nearest panorama or photograph that looks at the wall."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lib.materials.imagery.answers import CORRUPT, IMAGE, NO_IMAGERY, SERVER_ERROR, Answer, decode, encode
from lib.materials.imagery.cameras import MOST_OBLIQUE_DEG
from lib.materials.imagery.client import Client
from lib.materials.imagery.keys import MAPILLARY, Key, check_address
from lib.materials.imagery.panorama import perspective
from lib.materials.imagery.sources import Calls
from lib.materials.imagery.views import FacadeView, View, as_facade

_FIELDS = (
    "id", "geometry", "computed_geometry", "compass_angle", "computed_compass_angle", "camera_type", "is_pano",
    "captured_at", "thumb_2048_url",
)  # fmt: skip
_ROUND = ("equirectangular", "spherical")
# A degree of latitude, metres.
_DEGREE_M = 111_320.0
CREDIT = "Mapillary contributors, CC BY-SA 4.0"


@dataclass(frozen=True)
class Mapillary:
    """Mapillary API, version 4.

    One search in a small box around the camera, one image. Of what the search finds, panoramas go before flat
    photographs, and within each the widest angle under which the wall is seen decides. A panorama is cut to the
    view; a flat photograph must look within ``off_axis_deg`` of the wall's centre and is kept as it is.

    Parameters
    ----------
    reach_m : float
        Half side of the search box, and greatest distance to the wall.
    off_axis_deg : float
        How far a flat photograph may look past the wall's centre.
    size_px : tuple of int
        Width and height of views cut from panoramas.
    address : str
        Of the service; https, or on this machine.
    key : Key
        By default the environment variable MAPILLARY_ACCESS_TOKEN, sent in the Authorization header.

    Raises
    ------
    MaterialsError
        If the address would show the token to others.

    References
    ----------
    mapillary.com/developer/api-documentation: /images with fields and bbox (left, bottom, right, top, a small
    area only); computed_geometry and computed_compass_angle are those after processing and may be missing; the
    addresses of thumbnails expire, so they are used at once and never stored.

    Examples
    --------
    >>> Mapillary().calls(None)
    Calls(free=2, paid=0)
    """

    reach_m: float = 40.0
    off_axis_deg: float = 30.0
    size_px: tuple[int, int] = (640, 480)
    address: str = "https://graph.mapillary.com"
    key: Key = MAPILLARY
    name: ClassVar[str] = "mapillary"
    sees: ClassVar[type] = FacadeView
    keeps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_address(self.address, self.key)

    def identity(self) -> str:
        """Address, reach, angle and size."""
        return f"{self.address} {self.reach_m:g} {self.off_axis_deg:g} {self.size_px[0]}x{self.size_px[1]}"

    def calls(self, view: View | None) -> Calls:
        """Two free calls: search, image."""
        return Calls(free=2)

    def take(self, view: View, client: Client) -> Answer:
        """Search, choose, get the thumbnail, cut it if it is a panorama."""
        wanted = as_facade(view)
        told = client.get(f"{self.address}/images", self._query(wanted), key=self.key, judge=judge_search)
        if told.status != IMAGE:
            return Answer(told.status, detail=told.detail)
        found = self._choose(wanted, json.loads(told.body)["data"])
        if found is None:
            return Answer(NO_IMAGERY, detail="no image looks at the wall")
        facts, real = found
        # The thumbnail's address is on another host and carries its own permission: it must not see the token.
        image = client.get(str(facts["thumb_2048_url"]))
        body, status = image.body, image.status
        if status == IMAGE and _is_round(facts):
            body, status = self._cut(image.body, facts, real)
        name, taken = str(facts.get("id") or ""), _month(facts.get("captured_at"))
        return Answer(status, body, image.detail, panorama_id=name, taken=taken, credit=CREDIT)

    def _query(self, view: FacadeView) -> dict[str, str]:
        lon, lat = view.lon_lat
        high = self.reach_m / _DEGREE_M
        wide = high / np.cos(np.radians(lat))
        box = (lon - wide, lat - high, lon + wide, lat + high)
        return {"fields": ",".join(_FIELDS), "bbox": ",".join(f"{edge:.7f}" for edge in box), "limit": "100"}

    def _choose(self, view: FacadeView, images: list[dict[str, Any]]) -> tuple[dict[str, Any], FacadeView] | None:
        best: tuple[tuple[bool, float, str], dict[str, Any], FacadeView] | None = None
        for facts in images:
            place, heading = _place(facts), _heading(facts)
            if place is None or heading is None or not isinstance(facts.get("thumb_2048_url"), str):
                continue
            real = view.seen_from(*place)
            if not (0 < real.distance_m <= self.reach_m and abs(real.oblique_deg) <= MOST_OBLIQUE_DEG):
                continue
            off = abs((heading - real.heading_deg + 180) % 360 - 180)
            if not _is_round(facts) and off > self.off_axis_deg:
                continue
            angle = np.cos(np.radians(real.oblique_deg)) / real.distance_m
            rank = (_is_round(facts), float(angle), str(facts.get("id", "")))
            if best is None or rank > best[0]:
                best = (rank, facts, real)
        return None if best is None else best[1:]

    def _cut(self, body: bytes, facts: dict[str, Any], view: FacadeView) -> tuple[bytes, str]:
        panorama, heading = decode(body), _heading(facts)
        if panorama is None or heading is None:
            return body, CORRUPT
        look = {"heading_deg": view.heading_deg, "pitch_deg": view.pitch_deg, "fov_deg": view.fov_deg}
        return encode(perspective(panorama, heading, size_px=self.size_px, **look), "JPEG"), IMAGE


def judge_search(body: bytes) -> tuple[str, str]:
    """Tell whether a search found anything.

    Parameters
    ----------
    body : bytes
        JSON.

    Returns
    -------
    status, detail : str

    Examples
    --------
    >>> judge_search(b'{"data": []}')
    ('no imagery', 'nothing in the box')
    """
    try:
        images = json.loads(body)["data"]
    except (ValueError, KeyError, TypeError):
        return SERVER_ERROR, "search result that cannot be read"
    if not isinstance(images, list) or not all(isinstance(facts, dict) for facts in images):
        return SERVER_ERROR, "search result that cannot be read"
    return (IMAGE, "") if images else (NO_IMAGERY, "nothing in the box")


def _is_round(facts: dict[str, Any]) -> bool:
    return bool(facts.get("is_pano")) or facts.get("camera_type") in _ROUND


def _place(facts: dict[str, Any]) -> tuple[float, float] | None:
    """Longitude and latitude, after processing where known."""
    for name in ("computed_geometry", "geometry"):
        try:
            lon, lat = (float(value) for value in facts[name]["coordinates"][:2])
        except (TypeError, KeyError, ValueError):
            continue
        if abs(lon) <= 180 and abs(lat) <= 90:
            return lon, lat
    return None


def _heading(facts: dict[str, Any]) -> float | None:
    """Degrees from true north, after processing where known."""
    for name in ("computed_compass_angle", "compass_angle"):
        angle = facts.get(name)
        if isinstance(angle, int | float) and np.isfinite(angle):
            return float(angle)
    return None


def _month(moment: Any) -> str:
    """Year and month of milliseconds since 1970, or of a date written out; empty where it is neither."""
    try:
        known = np.datetime64(moment, "ms") if isinstance(moment, int) else np.datetime64(str(moment)[:7])
        return str(known.astype("datetime64[M]"))
    except (ValueError, OverflowError):
        return ""
