"""Drop views that show no building, and score what was dropped against the truth."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from lib.errors import MaterialsError, ParameterError
from lib.materials.scene_filter.network import read_scene_network


@runtime_checkable
class SceneModel(Protocol):
    """What tells building views from others."""

    def told(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], list[str]]:
        """Tell how probably each image shows a building, and what each shows most."""


def scene_filter(images: NDArray[np.uint8], *, model: SceneModel | None = None, least: float = 0.5) -> pd.DataFrame:
    """Tell which street views show the building's wall, and what fills the others.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8
        sRGB, square.
    model : SceneModel, optional
        ``read_places365(...)`` where the weights of VGG16-Places365 are there; by default the small network that comes
        with the library, which has seen simulated street views only. It calls a view usable if a tenth of its pixels is
        bare wall.
    least : float
        Views of at least this probability are kept; 0 to 1.

    Returns
    -------
    DataFrame
        One row an image: ``kept``, ``probability`` and ``reason``, what the image shows most by the model's own words.

    Raises
    ------
    MaterialsError
        If the images are no square 8-bit colour images.
    ParameterError
        If ``least`` is no probability.

    Examples
    --------
    >>> from lib.materials.scene_filter import scene_filter, simulated_views
    >>> from lib.city import make_city
    >>> views = simulated_views(make_city(extent_m=200, n_buildings=10), 3, size_px=64, spoilt=0)
    >>> scene_filter(views.images)["kept"].tolist()
    [True, True, True]
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1] != images.shape[2] or images.shape[3] != 3 or images.dtype != np.uint8:
        value, fix = (images.shape, str(images.dtype)), "give uint8 of shape (n, size, size, 3)"
        raise MaterialsError("no square colour images", where="scene_filter(images)", value=value, fix=fix)
    if not 0 <= least <= 1:
        fix = "give a probability from 0 to 1"
        raise ParameterError("out of range", where="scene_filter(least=...)", value=least, fix=fix)
    probability, reasons = (model or read_scene_network()).told(images)
    reason = pd.Series(reasons, dtype=object)
    return pd.DataFrame({"kept": probability >= least, "probability": probability, "reason": reason})


def filter_scores(kept: ArrayLike, truth: ArrayLike) -> pd.DataFrame:
    """Precision and recall of a filter, with intervals.

    Parameters
    ----------
    kept : array_like, shape (n,), bool
    truth : array_like, shape (n,), bool
        Whether each view is usable.

    Returns
    -------
    DataFrame, indexed by "precision", "recall" and "dropped"
        ``value`` with its 95 % interval ``low`` and ``high`` after Wilson, and the counts ``right`` of ``of``.
        Precision: usable ones among the kept; recall: kept ones among the usable; dropped: dropped ones among the
        unusable. NaN where there is nothing to count.

    Raises
    ------
    MaterialsError
        If the lengths differ.

    Examples
    --------
    >>> filter_scores([True, True, False, False], [True, False, True, False])["value"].tolist()
    [0.5, 0.5, 0.5]
    """
    told, true = np.asarray(kept, dtype=bool), np.asarray(truth, dtype=bool)
    if told.ndim != 1 or told.shape != true.shape:
        fix = "give one truth a view"
        raise MaterialsError("lengths differ", where="filter_scores", value=(told.shape, true.shape), fix=fix)
    counts = {
        "precision": (told & true, told),
        "recall": (told & true, true),
        "dropped": (~told & ~true, ~true),
    }
    rows = {name: _wilson(int(right.sum()), int(of.sum())) for name, (right, of) in counts.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high", "right", "of"])


def _wilson(right: int, of: int) -> tuple[float, float, float, int, int]:
    if of == 0:
        return np.nan, np.nan, np.nan, right, of
    low, high = stats.binomtest(right, of).proportion_ci(method="wilson")
    return right / of, float(low), float(high), right, of
