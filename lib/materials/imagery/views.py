"""What a source is asked for: one view of a facade or of a roof, read from a table's row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely

from lib.errors import MaterialsError
from lib.materials.imagery.aiming import aim, from_true_north, to_grid, to_lon_lat

Place = tuple[float, float]


@dataclass(frozen=True)
class FacadeView:
    """A camera on the street and the wall that it looks at.

    Parameters
    ----------
    building_id : str
    eye, left, right : tuple of float
        Camera, and ends of the wall as seen from it: easting and northing, metres.
    crs : str
        Their projected CRS.
    height_m, eye_m : float
        Heights of the wall and of the camera above the ground.
    heading_deg, fov_deg, pitch_deg : float
        Heading from true north, horizontal field of view, upward tilt.
    distance_m, oblique_deg : float
        To the wall's centre; heading off the wall's inward normal, positive to the right.
    panorama_id : str
        Empty where the source shall look for one.
    """

    building_id: str
    eye: Place
    left: Place
    right: Place
    crs: str
    height_m: float
    eye_m: float
    heading_deg: float
    fov_deg: float
    pitch_deg: float
    distance_m: float
    oblique_deg: float
    panorama_id: str = ""

    @property
    def lon_lat(self) -> Place:
        """Longitude and latitude of the camera, WGS 84."""
        lon, lat = to_lon_lat([self.eye[0]], [self.eye[1]], self.crs)
        return float(lon[0]), float(lat[0])

    def identity(self) -> str:
        """Say what an image of this view depends on."""
        lon, lat = self.lon_lat
        look = f"{self.heading_deg:.2f} {self.fov_deg:.2f} {self.pitch_deg:.2f}"
        return f"facade {self.building_id} {lon:.7f} {lat:.7f} {look} {self.panorama_id}"

    def seen_from(self, lon: float, lat: float) -> FacadeView:
        """Aim at the same wall from another place, such as where a panorama really was taken."""
        east, north = to_grid([lon], [lat], self.crs)
        eye = (float(east[0]), float(north[0]))
        look = aim([eye], [self.left], [self.right], [self.height_m], self.eye_m)
        heading = from_true_north(look.heading_deg, east, north, self.crs)
        return replace(
            self,
            eye=eye,
            heading_deg=float(heading[0]),
            fov_deg=float(look.fov_deg[0]),
            pitch_deg=float(look.pitch_deg[0]),
            distance_m=float(look.distance_m[0]),
            oblique_deg=float(look.oblique_deg[0]),
        )


@dataclass(frozen=True)
class RoofView:
    """A square window on the ground that holds a roof.

    Parameters
    ----------
    building_id : str
    bounds : tuple of float
        West, south, east, north, metres.
    crs : str
        Their projected CRS.
    """

    building_id: str
    bounds: tuple[float, float, float, float]
    crs: str

    @property
    def centre(self) -> Place:
        """Easting and northing of the middle, metres."""
        west, south, east, north = self.bounds
        return (west + east) / 2, (south + north) / 2

    @property
    def lon_lat(self) -> Place:
        """Longitude and latitude of the middle, WGS 84."""
        lon, lat = to_lon_lat([self.centre[0]], [self.centre[1]], self.crs)
        return float(lon[0]), float(lat[0])

    @property
    def side_m(self) -> float:
        """Length of a side, metres."""
        return self.bounds[2] - self.bounds[0]

    def identity(self) -> str:
        """Say what an image of this view depends on."""
        lon, lat = self.lon_lat
        return f"roof {self.building_id} {lon:.7f} {lat:.7f} {self.side_m:.2f}"


View = FacadeView | RoofView


def views_of(table: gpd.GeoDataFrame) -> list[View | None]:
    """Read views from a table of cameras or of roof windows.

    Parameters
    ----------
    table : GeoDataFrame
        From ``facade_cameras`` or ``roof_windows``.

    Returns
    -------
    list of FacadeView, RoofView or None
        One a row; None where a building has no camera or no footprint.

    Raises
    ------
    MaterialsError
        If it is neither table, or an id is missing or occurs twice.

    Examples
    --------
    >>> windows = gpd.GeoDataFrame({"building_id": ["a"]}, geometry=[shapely.box(0, 0, 9, 9)], crs=32637)
    >>> views_of(windows)[0].side_m
    9.0
    """
    if "building_id" not in table or not isinstance(table, gpd.GeoDataFrame) or table.crs is None:
        fix = "give what facade_cameras or roof_windows returned"
        raise MaterialsError("not a table of views", where="fetch_images(cameras=...)", value=type(table), fix=fix)
    twice = table["building_id"][table["building_id"].duplicated()]
    if len(twice):
        where = "fetch_images(cameras=...)"
        raise MaterialsError("duplicate building_id", where=where, value=list(twice[:5]), fix="keep one row a building")
    if table["building_id"].isna().any():
        where, value = "fetch_images(cameras=...)", int(table["building_id"].isna().sum())
        raise MaterialsError("rows without building_id", where=where, value=value, fix="name every building")
    crs = table.crs.to_wkt()
    if "heading_deg" in table:
        return [_facade(row, crs) for row in table.itertuples(index=False)]
    bounds = shapely.bounds(table.geometry.to_numpy()).tolist()
    return [
        RoofView(str(name), tuple(box), crs) if np.isfinite(box).all() else None
        for name, box in zip(table["building_id"], bounds, strict=True)
    ]


def as_facade(view: View) -> FacadeView:
    """Refuse a view that is no facade.

    Parameters
    ----------
    view : FacadeView or RoofView

    Returns
    -------
    FacadeView

    Raises
    ------
    MaterialsError
        If it is a roof.

    Examples
    --------
    >>> as_facade(RoofView("a", (0, 0, 9, 9), "EPSG:32637"))
    Traceback (most recent call last):
        ...
    lib.errors.MaterialsError: view: not a facade (got 'RoofView'). Fix: give rows of facade_cameras(...).
    """
    if not isinstance(view, FacadeView):
        fix = "give rows of facade_cameras(...)"
        raise MaterialsError("not a facade", where="view", value=type(view).__name__, fix=fix)
    return view


def as_roof(view: View) -> RoofView:
    """Refuse a view that is no roof.

    Parameters
    ----------
    view : FacadeView or RoofView

    Returns
    -------
    RoofView

    Raises
    ------
    MaterialsError
        If it is a facade.

    Examples
    --------
    >>> as_roof(RoofView("a", (0, 0, 9, 9), "EPSG:32637")).side_m
    9
    """
    if not isinstance(view, RoofView):
        fix = "give rows of roof_windows(...)"
        raise MaterialsError("not a roof", where="view", value=type(view).__name__, fix=fix)
    return view


def _facade(row: object, crs: str) -> FacadeView | None:
    at = row.geometry  # type: ignore[attr-defined]
    if at is None or at.is_empty:
        return None
    numbers = ("height_m", "eye_m", "heading_deg", "fov_deg", "pitch_deg", "distance_m", "oblique_deg")
    (left, right) = (tuple(end) for end in np.asarray(row.facade.coords).tolist())  # type: ignore[attr-defined]
    known = getattr(row, "panorama_id", None)
    return FacadeView(
        building_id=str(row.building_id),  # type: ignore[attr-defined]
        eye=(at.x, at.y),
        left=left,
        right=right,
        crs=crs,
        panorama_id=known if isinstance(known, str) else "",
        **{name: float(getattr(row, name)) for name in numbers},
    )
