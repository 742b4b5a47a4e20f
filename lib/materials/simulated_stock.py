"""A stock to be estimated whose truth is known: a simulated city, a survey of a part, and simulated classifiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.city import make_city
from lib.errors import MaterialsError
from lib.materials.inventory import make_inventory

PRIORS = ("city", "survey", "uniform")
_SIDE_M = 22.0  # Of the ground that each building has, with its street.


@dataclass(frozen=True)
class StockCase:
    """One simulated case.

    Parameters
    ----------
    known : tuple
        Arguments of ``city_stock``: buildings without a survey, probabilities of walls and of roofs, surveyed buildings
        and their inventory. No class of an unsurveyed building is among them.
    truth_t : Series, indexed by material
        Mass of the unsurveyed buildings, tonnes.
    """

    known: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]
    truth_t: pd.Series


def simulated_views(
    classes: ArrayLike,
    known: tuple[str, ...],
    clearness: float = 3.2,
    seed: int = 0,
    prior: ArrayLike | None = None,
) -> pd.DataFrame:
    """Simulate what a calibrated classifier would say of buildings whose classes are given.

    Each image is worth one noisy number a class: normal with variance 1, around ``clearness`` for the true class and 0 for
    others. The probabilities are Bayes' own. With the town's own class frequencies as prior, they are calibrated by
    construction: the classifier is then given what a real one would have to find out. Images are independent of each
    other given the classes, unlike those of one street, one day or one camera.

    Parameters
    ----------
    classes : array_like of str, shape (n,)
        The truth.
    known : tuple of str
        All classes.
    clearness : float
        0 tells nothing; 2.15 is right for some 79 % of the walls and roofs of simulated cities, 3.2 for some 95 %.
    seed : int
    prior : array_like, shape (len(known),), optional
        Class frequencies that the classifier takes for granted; when not given, those of ``classes``.

    Returns
    -------
    DataFrame, shape (n, len(known))
        Rows add up to 1.

    Raises
    ------
    MaterialsError
        If a class is not known.

    Examples
    --------
    >>> simulated_views(["wood", "brick"], ("brick", "wood"), clearness=50.0).idxmax(axis=1).tolist()
    ['wood', 'brick']
    """
    code = pd.Index(known).get_indexer(pd.Index(np.asarray(classes, dtype=object)))
    if (code < 0).any():
        value = list(np.asarray(classes, dtype=object)[code < 0][:3])
        raise MaterialsError("unknown class", where="simulated_views", value=value, fix=f"use {list(known)}")
    frequency = np.bincount(code, minlength=len(known)) if prior is None else np.asarray(prior, dtype=float)
    seen = np.random.default_rng(seed).normal(size=(code.size, len(known)))
    seen[np.arange(code.size), code] += clearness
    score = clearness * seen + np.log(np.maximum(frequency / frequency.sum(), 1e-12))
    likely = np.exp(score - score.max(axis=1, keepdims=True))
    return pd.DataFrame(likely / likely.sum(axis=1, keepdims=True), columns=list(known))


def simulated_stock_case(
    seed: int = 0, n_buildings: int = 1000, surveyed: int = 400, clearness: float = 3.2, prior: str = "city"
) -> StockCase:
    """Simulate a city, an inventory, a random survey of it, and what classifiers say of all other buildings.

    Parameters
    ----------
    seed : int
        Of everything.
    n_buildings, surveyed : int
        In the city, and in the survey.
    clearness : float
        Of both classifiers, as in ``simulated_views``.
    prior : str
        What class frequencies both take for granted: ``city``, those of the unsurveyed buildings, which nobody knows in
        earnest; ``survey``, those of the surveyed ones, half a building more in each; or ``uniform``, as after calibration
        on as many images of each class.

    Returns
    -------
    StockCase

    Raises
    ------
    MaterialsError
        If the survey would leave no building over, or the prior has another name.

    Examples
    --------
    >>> case = simulated_stock_case(seed=1, n_buildings=60, surveyed=20)
    >>> [len(table) for table in case.known[:4]]
    [40, 40, 40, 20]
    """
    if not 0 < surveyed < n_buildings:
        fix = f"give 1 to {n_buildings - 1}"
        raise MaterialsError("a survey of none or of all", where="simulated_stock_case", value=surveyed, fix=fix)
    if prior not in PRIORS:
        raise MaterialsError("no such prior", where="simulated_stock_case", value=prior, fix=f"use one of {PRIORS}")
    extent_m = max(700.0, _SIDE_M * n_buildings**0.5)
    city = make_city(seed=seed, n_buildings=n_buildings, extent_m=extent_m).buildings.drop(columns="geometry")
    city = pd.DataFrame(city)
    inventory = make_inventory(city, seed)
    chosen = np.zeros(len(city), dtype=bool)
    chosen[np.random.default_rng([seed, 1]).choice(len(city), surveyed, replace=False)] = True
    others = city[~chosen]
    views = []
    for k, (name, known) in enumerate([("wall_material", WALL_MATERIALS), ("roof_material", ROOF_MATERIALS)]):
        granted = _granted(city.loc[chosen, name], known, prior)
        seen = simulated_views(others[name], known, clearness, 2 * seed + k, granted)
        views.append(seen.set_index(pd.Index(others["building_id"])))
    listed = inventory["building_id"].isin(city.loc[chosen, "building_id"])
    truth = inventory[~listed].groupby("material")["mass_kg"].sum() / 1000
    blind = others[["building_id", "floor_area_m2", "construction_year"]]
    return StockCase((blind, views[0], views[1], city[chosen], inventory[listed]), truth.rename("truth_t"))


def _granted(surveyed: pd.Series, known: tuple[str, ...], prior: str) -> NDArray[np.float64] | None:
    if prior == "city":
        return None
    if prior == "uniform":
        return np.ones(len(known))
    met = surveyed.value_counts().reindex(list(known), fill_value=0)
    return np.asarray(met.to_numpy(dtype=float) + 0.5)
