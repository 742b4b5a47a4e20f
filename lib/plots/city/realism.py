"""The simulation beside real images: brightness, speckle, and the marks of a single house."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import shapely
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from lib.city import City
from lib.city.realism import PERCENTILES, Speckle
from lib.geocoding.range_profile import range_profile
from lib.geocoding.signature import range_zones
from lib.plots import (
    OURS,
    PUBLISHED,
    TRUTH,
    shown_once,
)  # fmt: skip
from lib.radar.look import Look


def section(image: xr.DataArray, city: City, look: Look) -> tuple[NDArray[Any], NDArray[Any]]:
    """Brightness along ground range through the city's only building.

    Parameters
    ----------
    image : DataArray, dims (y, x)
        dB.
    city : City
        From ``lone_building``.
    look : Look

    Returns
    -------
    range_m, decibels : ndarray
        Metres from the base of the near wall.
    """
    profile = range_profile(image, city.buildings.geometry.iloc[0], look, reach_m=28.0)
    return profile.range_m.to_numpy(), profile.to_numpy()


def marks(city: City, look: Look) -> dict[str, float]:
    """Where the formulas put the marks of the city's only building, metres from the base of its near wall.

    Parameters
    ----------
    city : City
        From ``lone_building``.
    look : Look

    Returns
    -------
    dict of str to float
    """
    corners = shapely.get_coordinates(city.buildings.geometry.iloc[0]) @ look.ground_range
    dh_m = city.parameters.dem_bias_m
    zones = range_zones(0.0, float(np.ptp(corners)), float(city.buildings["height_m"].iloc[0]), look, dh_m)
    return {"layover begins": zones.facade[0], "double bounce": zones.double_bounce_m, "shadow ends": zones.dark[1]}


def realism(
    simulated_db: NDArray[Any], real_db: ArrayLike, speckle: Speckle, real_speckle: Speckle,
    profile: tuple[NDArray[Any], NDArray[Any]], formulas: dict[str, float],
) -> Figure:  # fmt: skip
    """Hold the simulation beside real images: brightness, speckle, and where one building's marks lie.

    Parameters
    ----------
    simulated_db : ndarray, shape (cities, 7)
        dB relative to the median, at PERCENTILES; one row a seed.
    real_db : array_like, shape (7,)
    speckle, real_speckle : Speckle
        Of the simulated and the real image.
    profile : (ndarray, ndarray)
        Metres along ground range from the wall's base, and dB.
    formulas : dict of str to float
        Label and place of each mark, metres.

    Returns
    -------
    Figure
    """
    fig, (tail, grain, section) = plt.subplots(3, 1, figsize=(7, 9.4))
    _compare_percentiles(tail, simulated_db, np.asarray(real_db))
    _compare_looks(grain, speckle, real_speckle)
    section.plot(*profile, color=OURS, lw=1.4)
    top = float(np.max(profile[1]))
    for k, (label, place) in enumerate(formulas.items()):
        section.axvline(place, color=TRUTH, lw=1.2)
        section.annotate(
            label, (place, top + 3 - 7 * (k % 2)), (4, 0), textcoords="offset points", fontsize=9, color=TRUTH
        )
    section.set(xlabel="ground range from the wall's base (m)", ylabel="dB", ylim=(None, top + 8))
    section.set_title("(c) one building: formulas (lines) and image")
    return shown_once(fig)


def _compare_percentiles(ax: Axes, simulated: NDArray[Any], real: NDArray[Any]) -> None:
    place = np.arange(len(real))
    ax.fill_between(place, real - 3, real + 3, color=PUBLISHED, alpha=0.22, lw=0, label="within 3 dB of it")
    ax.plot(place, real, "D", color=PUBLISHED, ms=7, label="real Capella chip")
    for k, row in enumerate(simulated):
        ax.plot(place, row, "_", color=OURS, ms=16, mew=1.6, label=None if k else "simulated cities")
    ax.set_xticks(place, [f"{p:g}" for p in PERCENTILES])
    ax.set(xlabel="percentile", ylabel="dB relative to the median")
    ax.legend(loc="upper left", fontsize=9)
    ax.set_title("(a) brightness of a built-up area at 2.5 m, one look")


def _compare_looks(ax: Axes, speckle: Speckle, real: Speckle) -> None:
    order = np.linspace(0, 100, 201)
    ax.plot(np.percentile(speckle.windows, order), order, color=OURS, label="simulated")
    if real.windows.size:
        ax.plot(np.percentile(real.windows, order), order, color=PUBLISHED, label="real Umbra image")
    else:
        ax.plot(real.looks, (50, 90, 99), "D", color=PUBLISHED, label="real Umbra image (as measured once)")
    ax.set(xlabel="equivalent number of looks", ylabel="windows below (%)", xlim=(0, 7))
    ax.legend(loc="lower right", fontsize=9)
    ax.set_title("(b) speckle in windows without structure, 0.594 m")
