"""The bridge to the rest of the book: fronts and roofs of the simulated city, where windows, roofs and cars recur."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.city import City, Facade, Viewpoint, make_city, render_facades, render_optical
from lib.city.facades.design import describe
from lib.errors import SpritesError
from lib.sprites.film import Film, Truth
from lib.sprites.frames.pictures import random_crops

PIXEL_M = 0.3
_PLOT_M = 25.0
_DISTANCE_M, _SEEN_M, _EYE_M = 40.0, 13.0, 5.5
_STEP_M = 0.4
_WHOLE = 0.5


def facades(n_facades: int = 60, *, views: int = 1, size: int = 160, seed: int = 0) -> tuple[Film, pd.DataFrame]:
    """Photograph fronts of the simulated city squarely, so that windows recur without perspective.

    Parameters
    ----------
    n_facades : int
    views : int
        Frames of each front; the camera moves on by 0.4 m between them.
    size : int
        Rows and columns of a frame, in pixels; it shows 13 m.
    seed : int
        Of the city.

    Returns
    -------
    film : Film
        Its truth has one class, ``window``.
    counts : DataFrame
        A row a frame: ``frame``, ``building_id``; ``windows``, of which at least a pixel is seen; ``whole_windows``,
        of which at least half of that is seen which the middle one of the front's windows shows.

    Raises
    ------
    SpritesError
        If no fronts or no views are asked for.
    CityError
        If the size is none of a photograph.

    Examples
    --------
    >>> film, counts = facades(1, size=64)
    >>> film.frames.shape, list(counts)
    ((1, 64, 64, 3), ['frame', 'building_id', 'windows', 'whole_windows'])
    """
    if n_facades < 1 or views < 1:
        value, fix = f"{n_facades} fronts, {views} views", "ask for one of each at least"
        raise SpritesError("nothing to photograph", where="facades", value=value, fix=fix)
    city = _town(seed, 5 * n_facades)
    names, places = _stand(city, n_facades, views, seed)
    seen = render_facades(city, names, width_px=size, viewpoint=places, seed=seed)
    labels = np.stack([(one.windows > 0).astype(np.int16) for one in seen])
    film = Film(np.stack([one.image for one in seen]), f"Simulated fronts, seed {seed}", Truth(labels, ("window",)))
    return film, pd.DataFrame(
        [{"frame": i, "building_id": one.building_id, **_count(one)} for i, one in enumerate(seen)]
    )


def nadir_city(n_frames: int = 200, *, size: int = 128, seed: int = 0) -> Film:
    """Cut frames at random out of a picture of the simulated city from straight above.

    Parameters
    ----------
    n_frames : int
    size : int
        Rows and columns of a frame, in pixels of 0.3 m.
    seed : int
        Of the city and of the places.

    Returns
    -------
    Film
        Without truth.

    Raises
    ------
    SpritesError
        If the frames are larger than the picture of 800 x 800 pixels.
    """
    return Film(random_crops(from_above(seed)[1], n_frames, size, seed), f"Simulated city from above, seed {seed}")


def from_above(seed: int = 0) -> tuple[City, NDArray[np.uint8]]:
    """Take one picture of a simulated town, from straight above.

    Parameters
    ----------
    seed : int

    Returns
    -------
    city : City
    image : array of uint8, shape (800, 800, 3)
        North-up, pixels of 0.3 m.
    """
    city = make_city(seed=seed, extent_m=240.0, n_buildings=80, damaged_share=0.0)
    bands = render_optical(city, pixel_m=PIXEL_M, off_nadir_deg=0.0)
    return city, np.ascontiguousarray(bands.to_numpy().transpose(1, 2, 0))


def _town(seed: int, n_buildings: int) -> City:
    enough = max(n_buildings, 40)
    return make_city(seed=seed, extent_m=_PLOT_M * enough**0.5, n_buildings=enough, damaged_share=0.0)


def _stand(city: City, n_facades: int, views: int, seed: int) -> tuple[list[str], list[Viewpoint]]:
    """Choose fronts wide enough to fill a frame, and stand before the middle of each."""
    designs = describe(city.buildings, city.parameters.seed)
    wide = [i for i, one in enumerate(designs) if one.width_m > 8 and one.floors > 1 and one.wall_material != "glass"]
    if len(wide) < n_facades:
        fix = "ask for fewer, or give another seed"
        raise SpritesError("too few wide fronts", where="facades", value=len(wide), fix=fix)
    chosen = np.random.default_rng(seed).permutation(wide)[:n_facades]
    fov = float(np.rad2deg(2 * np.arctan(_SEEN_M / 2 / _DISTANCE_M)))
    names, places = [], []
    for i in chosen:
        for view in range(views):
            aside = (view - (views - 1) / 2) * _STEP_M
            places.append(Viewpoint(_DISTANCE_M, designs[i].width_m / 2 + aside, 0.0, 0.0, fov, _EYE_M))
            names.append(str(city.buildings["building_id"].iloc[i]))
    return names, places


def _count(facade: Facade) -> dict[str, int]:
    pixels = np.unique(facade.windows[facade.windows > 0], return_counts=True)[1]
    whole = int((pixels >= _WHOLE * np.median(pixels)).sum()) if len(pixels) else 0
    return {"windows": facade.window_count, "whole_windows": whole}
