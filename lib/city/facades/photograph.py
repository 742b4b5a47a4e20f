"""A photograph of a building's street front, as a survey car would take it, with the truth beside it.

A building looks the same in all its photographs: its bricks, windows and cracks depend on the city's seed and
the building alone. The photograph's own seed moves the camera, the weather, the neighbours and what stands in the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from joblib import delayed
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from lib.city.complete import check_complete
from lib.city.facades.camera import develop, expose
from lib.city.facades.design import Building, describe, design_front
from lib.city.facades.records import VIEW, WALL
from lib.city.facades.scene import (
    Viewpoint,
    choose_viewpoint,
    place_obstacles,
    set_camera,
    set_light,
    set_street,
    stand_neighbours,
)  # fmt: skip
from lib.city.model import City
from lib.city.tones import own_number
from lib.errors import CityError
from lib.parallel import parallel


@dataclass(frozen=True)
class Facade:
    """A simulated photograph of a building's front and what is true of it.

    Parameters
    ----------
    image : ndarray, shape (rows, cols, 3), uint8
        sRGB.
    wall_mask : ndarray, shape (rows, cols), bool
        Pixels that mostly show the building's wall material: not its windows, doors, trims and roof, not
        sky, street, neighbours or obstacles.
    label : str
        Wall material, one of ``lib.buildings.WALL_MATERIALS``.
    building_id : str
    parts : ndarray, shape (rows, cols), uint8
        What each pixel mostly shows, as numbered in ``lib.city.facades.records`` (SKY, GROUND, WALL, ...).
    windows : ndarray, shape (rows, cols), int16
        0, or the number of the building's window that is seen there: 1 + 64 floor + bay.
    viewpoint : Viewpoint
        Where the photograph was taken.
    """

    image: NDArray[np.uint8]
    wall_mask: NDArray[np.bool_]
    label: str
    building_id: str
    parts: NDArray[np.uint8]
    windows: NDArray[np.int16]
    viewpoint: Viewpoint

    @property
    def window_count(self) -> int:
        """Number of the building's windows of which at least a pixel is seen."""
        return int(np.count_nonzero(np.unique(self.windows)))


def render_facade(
    city: City,
    building_id: str,
    *,
    width_px: int = 256,
    height_px: int | None = None,
    seed: int = 0,
    viewpoint: Viewpoint | None = None,
) -> Facade:
    """Photograph one building's front.

    Parameters
    ----------
    city : City
    building_id : str
    width_px, height_px : int
        Size of the image, 16 to 4096; square by default.
    seed : int
        Which photograph of the building: 0 or more.
    viewpoint : Viewpoint, optional
        Drawn from the seed if not given.

    Returns
    -------
    Facade

    Raises
    ------
    CityError
        If the building is unknown or lacks an attribute, or the size or seed is impossible.

    Examples
    --------
    >>> from lib.city import make_city
    >>> facade = render_facade(make_city(extent_m=200, n_buildings=20), "b000003", width_px=64)
    >>> facade.image.shape, facade.wall_mask.shape
    ((64, 64, 3), (64, 64))
    """
    return render_facades(city, [building_id], width_px=width_px, height_px=height_px, seed=seed, viewpoint=viewpoint)[
        0
    ]


def render_facades(
    city: City,
    building_ids: Sequence[str] | None = None,
    *,
    width_px: int = 256,
    height_px: int | None = None,
    seed: int = 0,
    viewpoint: Viewpoint | Sequence[Viewpoint] | None = None,
    n_jobs: int = 1,
) -> list[Facade]:
    """Photograph many buildings' fronts; each image equals that of ``render_facade``.

    Parameters
    ----------
    city : City
    building_ids : sequence of str, optional
        All buildings by default; an id may occur twice.
    width_px, height_px, seed
        As in ``render_facade``.
    viewpoint : Viewpoint or sequence of Viewpoint, optional
        One for all, or one for each building; drawn from the seed if not given.
    n_jobs : int
        Threads; the kernels run without Python's lock.

    Returns
    -------
    list of Facade

    Raises
    ------
    CityError
        As in ``render_facade``, or if viewpoints and buildings differ in number.

    Examples
    --------
    >>> from lib.city import make_city
    >>> len(render_facades(make_city(extent_m=200, n_buildings=20), width_px=32))
    20
    """
    size = _checked_size(width_px, height_px)
    if seed < 0:
        raise CityError("negative seed", where="render_facades(seed=...)", value=seed, fix="give 0 or more")
    buildings = _chosen(city, building_ids)
    check_complete(buildings)
    designs = describe(buildings, city.parameters.seed)
    ids = buildings["building_id"].to_numpy()
    places = list(viewpoint) if isinstance(viewpoint, Sequence) else [viewpoint] * len(ids)
    if len(places) != len(ids):
        where, fix = "render_facades(viewpoint=...)", f"give {len(ids)}, one a building, or one for all"
        raise CityError("not one viewpoint for each building", where=where, value=len(places), fix=fix)
    jobs = (
        delayed(_photograph)(name, building, city.parameters.seed, seed, size, at)
        for name, building, at in zip(ids, designs, places, strict=True)
    )
    return list(parallel(n_jobs, prefer="threads")(jobs))


def _checked_size(width_px: int, height_px: int | None) -> tuple[int, int]:
    """Rows and columns."""
    wanted = {"width_px": width_px, "height_px": width_px if height_px is None else height_px}
    for name, value in wanted.items():
        if not 16 <= value <= 4096:
            raise CityError(
                "image size out of range",
                where=f"render_facades({name}=...)",
                value=value,
                fix="give 16 to 4096 pixels",
            )
    return wanted["height_px"], wanted["width_px"]


def _chosen(city: City, building_ids: Sequence[str] | None) -> gpd.GeoDataFrame:
    if building_ids is None:
        return city.buildings
    place = city.buildings.reset_index(drop=True).reset_index().set_index("building_id")["index"]
    unknown = [name for name in building_ids if name not in place.index]
    if unknown:
        raise CityError(
            "no such building", where="render_facades(building_ids=...)", value=unknown[0],
            fix=f"give ids of city.buildings, such as {place.index[0]!r}",
        )  # fmt: skip
    return city.buildings.iloc[place.loc[list(building_ids)].to_numpy()]


def _photograph(
    name: str, building: Building, city_seed: int, seed: int, size: tuple[int, int], viewpoint: Viewpoint | None
) -> Facade:
    own = own_number(name)
    front = design_front(building, default_rng([city_seed, own]))
    fronts, view, obstacles, at = _compose(front, default_rng([city_seed, own, seed]), viewpoint)
    light, image = np.empty((*size, 3)), np.empty((*size, 3), dtype=np.uint8)
    parts, windows = np.empty(size, dtype=np.uint8), np.zeros(size, dtype=np.int16)
    expose(fronts, obstacles, view[0], light, parts, windows)
    develop(light, view[0], image)
    return Facade(image, parts == WALL, building.wall_material, str(name), parts, windows, at)


def _compose(
    front: np.void, rng: Generator, viewpoint: Viewpoint | None
) -> tuple[NDArray[np.void], NDArray[np.void], NDArray[np.void], Viewpoint]:
    """Set up the scene; a given viewpoint leaves light and neighbours as they would be without it."""
    fronts = stand_neighbours(front, rng)
    view = np.zeros(1, dtype=VIEW)
    set_street(view[0], rng)
    set_light(view[0], rng)
    drawn = choose_viewpoint(front, float(view["yard_m"][0] + view["walk_m"][0]), rng)
    at = drawn if viewpoint is None else viewpoint
    set_camera(view[0], at)
    return fronts, view, place_obstacles(front, view[0], at, rng), at
