"""Facades of the simulated city, photographed from where the cameras stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from lib.city import City, Viewpoint, render_facade
from lib.city.complete import box_sides
from lib.materials.imagery.answers import IMAGE, NO_IMAGERY, Answer, encode
from lib.materials.imagery.client import Client
from lib.materials.imagery.sources import Calls
from lib.materials.imagery.views import FacadeView, View, as_facade


@dataclass(frozen=True)
class SimulatedFacades:
    """The simulated city as a source: no network, no key, the truth known.

    Parameters
    ----------
    city : City
    size_px : int
        Side of the square images, 16 to 4096.
    seed : int
        Which photograph of each building.
    follow_cameras : bool
        Stand and look as the camera does; otherwise each viewpoint is drawn from the seed, as in
        ``lib.city.render_facades``, mostly closer to the wall.

    Examples
    --------
    >>> from lib.city import make_city
    >>> SimulatedFacades(make_city(extent_m=200, n_buildings=3)).calls(None)
    Calls(free=0, paid=0)
    """

    city: City = field(repr=False)
    size_px: int = 256
    seed: int = 0
    follow_cameras: bool = True
    key: ClassVar[None] = None
    name: ClassVar[str] = "simulated-facades"
    sees: ClassVar[type] = FacadeView
    keeps: ClassVar[bool] = True

    def identity(self) -> str:
        """All parameters of city and image."""
        return f"{self.city.parameters} {self.size_px} {self.seed} {self.follow_cameras}"

    def calls(self, view: View | None) -> Calls:
        """No call at all."""
        return Calls()

    def take(self, view: View, client: Client) -> Answer:
        """Photograph the building."""
        wanted = as_facade(view)
        rows = self.city.buildings["building_id"] == wanted.building_id
        if not rows.any():
            return Answer(NO_IMAGERY, detail="not a building of this city")
        side = float(box_sides(self.city.buildings.geometry[rows].to_numpy())[0, 1])
        at = viewpoint(wanted, side) if self.follow_cameras else None
        facade = render_facade(self.city, wanted.building_id, width_px=self.size_px, seed=self.seed, viewpoint=at)
        return Answer(IMAGE, encode(facade.image), credit="simulated")


def viewpoint(view: FacadeView, front_m: float) -> Viewpoint:
    """Stand before a simulated front as a camera stands before the real wall.

    Parameters
    ----------
    view : FacadeView
    front_m : float
        Width of the simulated front, which is the long side of the footprint's oriented box.

    Returns
    -------
    Viewpoint
        Looking at the front's middle; no closer than the 2 m that the simulation allows.

    Examples
    --------
    >>> view = FacadeView("a", (0, -10), (-5, 0), (5, 0), "EPSG:32637", 6.0, 2.5, 0.0, 57.6, 3.0, 10.0, 0.0)
    >>> viewpoint(view, 12.0).distance_m, viewpoint(view, 12.0).aim_m
    (10.0, 6.0)
    """
    away = view.distance_m * np.cos(np.radians(view.oblique_deg))
    return Viewpoint(
        distance_m=float(np.clip(away, 2, 200)),
        aim_m=max(front_m, 3.0) / 2,
        oblique_deg=float(np.clip(view.oblique_deg, -60, 60)),
        pitch_deg=float(np.clip(view.pitch_deg, -30, 45)),
        fov_deg=float(np.clip(view.fov_deg, 10, 120)),
        eye_m=view.eye_m,
    )
