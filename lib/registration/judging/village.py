"""How a registration does where a building has few neighbours, or none."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from joblib import delayed
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from lib.city.trials import Trial
from lib.errors import CompanionWarning
from lib.parallel import parallel
from lib.registration.judging.accuracy import RIGHT_M, Method, judge
from lib.registration.judging.neighbours import around
from lib.registration.judging.reliability import SURE_M


def judge_villages(
    trial: Trial, method: Method, houses: Sequence[int] = (1, 5), count: int = 40, jobs: int = 1
) -> pd.DataFrame:
    """Register buildings with few of those around them, as if the map had no others, and judge the first of each.

    Parameters
    ----------
    trial : Trial
        The image is taken as it is: what the map lacks is still in it.
    method : callable
        Of footprints, image and look.
    houses : sequence of int
        Sizes of the villages.
    count : int
        How many buildings are tried, the same for every size; every building where there are fewer.
    jobs : int
        Threads; the result does not depend on it.

    Returns
    -------
    DataFrame
        The rows of ``judge`` with ``houses``.
    """
    centres = shapely.get_coordinates(shapely.centroid(trial.footprints.geometry.to_numpy()))
    rows = np.unique(np.linspace(0, len(centres) - 1, count).astype(int))
    villages = [(size, around(centres, int(row), size)) for size in houses for row in rows]
    tasks = [delayed(judge)(part_of(trial, group), method) for _, group in villages]
    with warnings.catch_warnings():
        # That a village is doubtful stands in its confidence, which the table reports.
        warnings.simplefilter("ignore", CompanionWarning)
        # A plan of one building may begin at the origin, which rasterio takes for a missing transform.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        judged: list[pd.DataFrame] = parallel(jobs, prefer="threads")(tasks)
    parts = [table.iloc[[0]].assign(houses=size) for table, (size, _) in zip(judged, villages, strict=True)]
    return pd.concat(parts, ignore_index=True)


def part_of(trial: Trial, rows: NDArray[np.int64]) -> Trial:
    """Take some buildings of a trial, with the whole image.

    Parameters
    ----------
    trial : Trial
    rows : ndarray of int

    Returns
    -------
    Trial
        In the order of ``rows``.
    """
    footprints = trial.footprints.iloc[rows].reset_index(drop=True)
    return replace(trial, footprints=footprints, shift_m=trial.shift_m[rows], damaged=trial.damaged[rows])


def stated_and_found(villages: pd.DataFrame) -> pd.DataFrame:
    """Compare what is right in villages with the confidence that was stated.

    Parameters
    ----------
    villages : DataFrame
        From ``judge_villages``.

    Returns
    -------
    DataFrame
        By ``houses``: ``buildings``, ``placed``, ``right_2m_percent`` and ``right_1m_percent`` of all, and ``stated_percent``, the
        mean confidence (of the placed) that a shift is right to 1 m.
    """
    group = villages.assign(size_m=villages["error_m"].abs()).groupby("houses")
    columns = {
        "buildings": group.size(),
        "placed": group["error_m"].count(),
        "right_2m_percent": 100 * group["size_m"].agg(lambda size: (size < RIGHT_M).mean()),
        "right_1m_percent": 100 * group["size_m"].agg(lambda size: (size < SURE_M).mean()),
        "stated_percent": 100 * group["confidence"].mean(),
    }
    return pd.DataFrame(columns)
