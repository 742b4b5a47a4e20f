"""Drop views that show no building, and score what was dropped against the truth."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lib.errors import MaterialsError, ParameterError
from lib.materials.scene_filter.network import SceneNetwork, read_scene_network
from lib.materials.scene_filter.places365 import Places365, ready_places365
from lib.wilson import wilson

_NAMES: dict[type, str] = {SceneNetwork: "small network, simulated views", Places365: "VGG16-Places365"}


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
        By default VGG16-Places365 where both its files lie in the cache or the mirror (``ready_places365``), else the
        small network that comes with the library, which has seen simulated street views only and calls a view usable if a
        tenth of its pixels is bare wall.
    least : float
        Views of at least this probability are kept; 0 to 1.

    Returns
    -------
    DataFrame
        One row an image: ``kept``, ``probability`` and ``reason``, what the image shows most by the model's own words.
        ``attrs["model"]`` names the model that told.

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
    judge = chosen_model(model)
    probability, reasons = judge.told(images)
    reason = pd.Series(reasons, dtype=object)
    table = pd.DataFrame({"kept": probability >= least, "probability": probability, "reason": reason})
    table.attrs["model"] = _NAMES.get(type(judge), type(judge).__name__)
    return table


def chosen_model(model: SceneModel | None = None) -> SceneModel:
    """Choose what tells building views from others.

    Parameters
    ----------
    model : SceneModel, optional

    Returns
    -------
    SceneModel
        The given one, else VGG16-Places365 where its files are there, else the small network.

    Raises
    ------
    VerificationError, WeightsError
        If a file of VGG16-Places365 is there but wrong.

    Examples
    --------
    >>> chosen_model(read_scene_network()).__class__.__name__
    'SceneNetwork'
    """
    return (ready_places365() or read_scene_network()) if model is None else model


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
    right, of = (np.array([pair[k].sum() for pair in counts.values()]) for k in (0, 1))
    low, high = wilson(right, of)
    value = right / np.where(of, of, np.nan)
    columns = {"value": value, "low": low, "high": high, "right": right, "of": of}
    return pd.DataFrame(columns, index=list(counts))
