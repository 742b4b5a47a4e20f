"""How good a registration is where the truth is known: trial after trial, any method."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from joblib import delayed

from lib.city.trials import DATA_SCENES, LOOK, REAL_DEM, SCENES, Trial, make_trial
from lib.errors import CompanionWarning, FetchError, RegistrationError
from lib.manifest import fetch
from lib.parallel import parallel
from lib.radar.look import Look
from lib.registration.paper.engine import PaperParameters
from lib.registration.register import register_footprints

Method = Callable[[gpd.GeoDataFrame, xr.DataArray, Look], pd.DataFrame]
"""Any function of footprints, image and look that returns one row a footprint, in their order, with ``shift_m`` and
``status``; ``confidence`` where it has one."""

OF_METHOD = ("confidence", "residual_m", "support")  # what a method may say of itself
RIGHT_M = 2.0  # the letter's estimate of its largest error, after editing by hand
BERLIN_STD_M = 1.12  # standard deviation after registration that Sun et al. 2020 print in their abstract


def four_looks(incidence_deg: float) -> dict[str, Look]:
    """Make the four looks of a polar orbit: ascending and descending, right and left.

    Parameters
    ----------
    incidence_deg : float

    Returns
    -------
    dict of str to Look
        By heading in degrees and side.

    Examples
    --------
    >>> list(four_looks(43.1))
    ['350 right', '350 left', '190 right', '190 left']
    """
    kinds: list[tuple[int, Literal["right", "left"]]] = [(h, s) for h in (350, 190) for s in ("right", "left")]
    return {f"{heading} {side}": Look.from_heading(heading, side, incidence_deg) for heading, side in kinds}


def as_mapped(footprints: gpd.GeoDataFrame, image: xr.DataArray, look: Look) -> pd.DataFrame:
    """Leave every footprint where it is: what a registration is compared with.

    Parameters
    ----------
    footprints : GeoDataFrame
    image : DataArray
    look : Look

    Returns
    -------
    DataFrame
        ``shift_m`` of 0 and ``status`` ok.
    """
    return pd.DataFrame({"shift_m": np.zeros(len(footprints)), "status": "ok"})


LOOKS = {"as in the letter": LOOK}
METHODS: dict[str, Method] = {
    "mapped": as_mapped,
    "paper": partial(register_footprints, engine="paper"),
    "paper, global step": partial(register_footprints, engine="paper", parameters=PaperParameters(global_step=True)),
    "range": partial(register_footprints, engine="range"),
    "field": partial(register_footprints, engine="field"),
}


def judge(trial: Trial, method: Method) -> pd.DataFrame:
    """Register a trial, and put the truth beside what was found. The method is given no truth.

    Parameters
    ----------
    trial : Trial
    method : callable
        Of footprints, image and look; see Method.

    Returns
    -------
    DataFrame
        One row a building: ``building_id``, ``easting``, ``northing``, ``true_m``, ``shift_m``, ``error_m`` (found
        minus true, along ground range, metres; missing where not placed), ``confidence``, ``residual_m`` and ``support``
        (missing where the method has none), ``damaged``, ``status``. If the method refuses the whole scene, its reason
        is everyone's status.

    Examples
    --------
    >>> from lib.city.trials import make_trial
    >>> judged = judge(make_trial("normal", 1, extent_m=100, n_buildings=10), as_mapped)
    >>> bool((judged["error_m"] == -judged["true_m"]).all())
    True
    """
    try:
        found = method(trial.footprints, trial.image, trial.look)
    except RegistrationError as error:
        found = pd.DataFrame({"shift_m": np.nan, "status": error.what}, index=range(len(trial.footprints)))
    centre = trial.footprints.geometry.centroid
    shift = found["shift_m"].to_numpy(dtype=float)
    columns = {
        "building_id": trial.footprints["building_id"].to_numpy(),
        "easting": centre.x.to_numpy(),
        "northing": centre.y.to_numpy(),
        "true_m": trial.shift_m,
        "shift_m": shift,
        "error_m": shift - trial.shift_m,
        **{name: found[name].to_numpy(dtype=float) if name in found else np.nan for name in OF_METHOD},
        "damaged": trial.damaged,
        "status": found["status"].to_numpy(),
    }
    return pd.DataFrame(columns)


def judge_all(
    scenes: Sequence[str],
    seeds: Sequence[int],
    methods: Mapping[str, Method] = METHODS,
    looks: Mapping[str, Look] = LOOKS,
    *,
    extent_m: float = 700.0,
    n_buildings: int = 800,
    jobs: int = 1,
) -> pd.DataFrame:
    """Judge several methods on several scenes, each seen in several looks.

    Parameters
    ----------
    scenes : sequence of str
    seeds : sequence of int
    methods : mapping of str to callable
        By the name under which they are reported.
    looks : mapping of str to Look
        Likewise.
    extent_m, n_buildings
        As in ``make_trial``.
    jobs : int
        Threads; the result does not depend on it. The kernels release the interpreter, and processes would each take
        the memory of all libraries.

    Returns
    -------
    DataFrame
        The rows of ``judge`` with ``scene``, ``seed``, ``look`` and ``method``.
    """
    names = [(scene, seed, name) for scene in scenes for seed in seeds for name in looks]
    tasks = [
        delayed(_judge_scene)(scene, seed, name, looks[name], dict(methods), extent_m, n_buildings)
        for scene, seed, name in names
    ]
    parts: list[pd.DataFrame] = parallel(jobs, prefer="threads")(tasks)
    return pd.concat(parts, ignore_index=True)


def _judge_scene(
    scene: str, seed: int, name: str, look: Look, methods: dict[str, Method], extent_m: float, n_buildings: int
) -> pd.DataFrame:
    trial = make_trial(scene, seed, look, extent_m=extent_m, n_buildings=n_buildings)
    parts = [judge(trial, method).assign(method=title) for title, method in methods.items()]
    return pd.concat(parts, ignore_index=True).assign(scene=scene, seed=seed, look=name)


def scenes_at_hand() -> tuple[str, ...]:
    """Name the scenes that can be made here: all, but those whose file of the data manifest is nowhere.

    Returns
    -------
    tuple of str

    Warns
    -----
    CompanionWarning
        If the file is missing.
    """
    try:
        fetch(REAL_DEM)
    except FetchError:
        message = f"scene {', '.join(DATA_SCENES)} is left out; 'companion data fetch {REAL_DEM}' says why its file is missing"
        warnings.warn(message, CompanionWarning, stacklevel=2)
        return tuple(SCENES)
    return *SCENES, *DATA_SCENES


def summarise(judged: pd.DataFrame, by: Sequence[str] = ("scene", "method")) -> pd.DataFrame:
    """Sum up errors.

    Parameters
    ----------
    judged : DataFrame
        From ``judge`` or ``judge_all``.
    by : sequence of str
        Columns that make a row of the result.

    Returns
    -------
    DataFrame
        In the order in which the groups first appear: ``buildings``, ``placed``, ``right_percent`` (share of all
        buildings that are placed to better than 2 m), ``mean_m`` and ``std_m`` of the errors, ``median_m`` and ``p95_m`` of
        their absolute values; missing where none was placed.
    """
    groups = judged.groupby(list(by), sort=False)
    rows = [dict(zip(by, name, strict=True)) | _summary(group["error_m"]) for name, group in groups]
    return pd.DataFrame(rows).set_index(list(by))


def most_wrong(judged: pd.DataFrame, count: int = 2) -> list[str]:
    """Name the scenes with most buildings that are wrong by more than 2 m.

    Parameters
    ----------
    judged : DataFrame
        Of one method.
    count : int

    Returns
    -------
    list of str
        The worst first; of equals, the one that appears first.
    """
    wrong = (judged["error_m"].abs() > RIGHT_M).groupby(judged["scene"], sort=False).sum()
    return [str(name) for name in wrong.sort_values(ascending=False, kind="stable").index[:count]]


def in_short(table: pd.DataFrame, **beside: float) -> pd.DataFrame:
    """Round a summary and shorten its headings, for a page as narrow as a phone.

    Parameters
    ----------
    table : DataFrame
        From ``summarise``.
    **beside : float
        One number to stand beside every row, by its heading.

    Returns
    -------
    DataFrame
        Percent and metres, to two decimals.
    """
    names = {"right_percent": "right %", "mean_m": "mean", "std_m": "std", "median_m": "median", "p95_m": "95 %"}
    return table.rename(columns=names).assign(**beside).round(2)


def _summary(error: pd.Series) -> dict[str, object]:
    size = error.abs()
    right = 100 * float((size < RIGHT_M).mean())
    counts = {"buildings": len(error), "placed": int(error.notna().sum()), "right_percent": right}
    spread = {"mean_m": error.mean(), "std_m": error.std(ddof=0)}
    return counts | spread | {"median_m": size.median(), "p95_m": size.quantile(0.95)}


def short(method: str) -> str:
    """Turn a method's name into a part of a number's name.

    Parameters
    ----------
    method : str

    Returns
    -------
    str

    Examples
    --------
    >>> short("paper, global step")
    'paper_global_step'
    """
    return method.replace(", ", "_").replace(" ", "_")


def residuals_in_words(judged: pd.DataFrame, method: str) -> dict[str, str]:
    """Say which residuals a method leaves where it is right to 2 m, and where it is wrong.

    Parameters
    ----------
    judged : DataFrame
        From ``judge_all``.
    method : str

    Returns
    -------
    dict of str to str
        "right" and "wrong": median residual, median error and how many, or none.
    """
    placed = judged[(judged["method"] == method) & judged["shift_m"].notna()]
    good = placed["error_m"].abs() < RIGHT_M
    words = {}
    for name, rows in (("right", placed[good]), ("wrong", placed[~good])):
        middle = [f"{rows[kind].abs().median():.1f} m" for kind in ("residual_m", "error_m")]
        words[name] = f"{middle[0]} with an error of {middle[1]} ({len(rows)})" if len(rows) else "none (0)"
    return words
