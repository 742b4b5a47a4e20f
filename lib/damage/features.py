"""Features of samples: columns of numbers for estimators that do not read images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.damage.far_edge import edge_contrasts
from lib.damage.samples import CHANNELS, Samples
from lib.damage.texture import FEATURES, grey_levels, texture_features
from lib.errors import DamageError
from lib.patches import PatchDataset

_BLOCK = 256


def sample_features(samples: Samples, name: str) -> NDArray[np.float64]:
    """Compute features of samples.

    The pixels are those that networks see, resized to one size and stretched; ``native_texture`` takes patches as they
    were cut.

    Parameters
    ----------
    samples : Samples
    name : str
        A key of ``FEATURE_SETS``: ``texture_sar`` and ``texture_optical``, the letter's twelve statistics of the
        footprint's pixels (of the mean of the colours); ``far_edge_sar``, the contrast across near and far walls.

    Returns
    -------
    ndarray, shape (n, features)

    Raises
    ------
    DamageError
        If there is no such set, or the samples lack its sensor.

    Examples
    --------
    >>> from lib.damage.samples import make_samples
    >>> square = np.random.default_rng(0).random((2, 1, 8, 8))
    >>> sample_features(make_samples([0, 1], sar=square, sar_mask=square > 0.5), "texture_sar").shape
    (2, 12)
    """
    if name not in FEATURE_SETS:
        raise DamageError("no such features", where="features", value=name, fix=f"choose from {sorted(FEATURE_SETS)}")
    sensor, compute = name.rsplit("_", 1)[1], FEATURE_SETS[name]
    if sensor not in samples.modalities:
        fix = "give patches of that sensor, or choose other features"
        raise DamageError(f"{name} needs {sensor} patches", where="samples", value=samples.modalities, fix=fix)
    if not len(samples):
        raise DamageError("no samples", where="samples", value=0, fix="give at least one building")
    starts = range(0, len(samples), _BLOCK)
    return np.concatenate([compute(samples[start : start + _BLOCK], sensor) for start in starts])


def native_texture(patches: PatchDataset, sensor: str) -> pd.DataFrame:
    """Compute the letter's twelve statistics on patches as they were cut, before they are resized.

    Parameters
    ----------
    patches : PatchDataset
    sensor : str
        ``sar`` or ``optical``.

    Returns
    -------
    DataFrame, indexed by ``building_id``
        A table for ``FeatureClassifier``; columns as in ``lib.damage.texture.FEATURES``.

    Raises
    ------
    DamageError
        If there is no such sensor, or no patch.
    """
    if sensor not in CHANNELS:
        raise DamageError("no such sensor", where="sensor", value=sensor, fix=f"choose from {sorted(CHANNELS)}")
    if not len(patches):
        raise DamageError("no patches", where="patches", value=0, fix="give at least one building")
    parts = [_native(patches, range(k, min(k + _BLOCK, len(patches))), sensor) for k in range(0, len(patches), _BLOCK)]
    return pd.concat(parts).set_axis(pd.Index(patches.building_ids, name="building_id"))


def table_features(samples: Samples, table: pd.DataFrame) -> NDArray[np.float64]:
    """Look features up in a table.

    Parameters
    ----------
    samples : Samples
    table : DataFrame, indexed by building id
        One row a building, in any order; more of them do no harm.

    Returns
    -------
    ndarray, shape (n, columns)

    Raises
    ------
    DamageError
        If a building is missing or stands twice, or a column holds no numbers.

    Examples
    --------
    >>> from lib.damage.samples import make_samples
    >>> square = np.ones((2, 1, 8, 8))
    >>> samples = make_samples([0, 1], sar=square, sar_mask=square, building_ids=["a", "b"])
    >>> table_features(samples, pd.DataFrame({"height_m": [3.0, 9.0]}, index=["b", "a"])).tolist()
    [[9.0], [3.0]]
    """
    index = table.index.astype(str)
    if index.has_duplicates:
        fix = "give one row for each building"
        raise DamageError("rows twice", where="features", value=index[index.duplicated()][:5].tolist(), fix=fix)
    missing = samples.building_ids[~np.isin(samples.building_ids, index)]
    if len(missing):
        fix = "give a table indexed by building_id, with a row for each building"
        raise DamageError(
            f"{len(missing)} of {len(samples)} buildings without a row",
            where="features",
            value=missing[:5].tolist(),
            fix=fix,
        )
    chosen = table.set_axis(index).loc[samples.building_ids]
    words = [str(name) for name, kind in chosen.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if words:
        fix = "turn these columns into numbers, or leave them out"
        raise DamageError("not numbers", where="features, columns", value=words, fix=fix)
    return chosen.to_numpy(np.float64, na_value=np.nan)


def patches_of(samples: Samples, sensor: str) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Read images and footprints of one sensor.

    Parameters
    ----------
    samples : Samples
    sensor : str
        ``sar`` or ``optical``.

    Returns
    -------
    images : ndarray, shape (n, bands, size, size), uint8
    masks : ndarray, shape (n, size, size), bool
    """
    packed = np.asarray(samples.masks[samples.rows, samples.modalities.index(sensor)])
    masks = np.unpackbits(packed, axis=-1, count=samples.size_px).astype(bool)
    image = np.asarray(samples.image[samples.rows][..., CHANNELS[sensor]])
    return np.ascontiguousarray(image.transpose(0, 3, 1, 2)), masks


def _native(patches: PatchDataset, numbers: range, sensor: str) -> pd.DataFrame:
    cut = [patches.patch(number) for number in numbers]
    levels = [grey_levels(getattr(patch, sensor)) for patch in cut]
    return texture_features(levels, [getattr(patch, f"{sensor}_mask") for patch in cut])[list(FEATURES)]


def _texture(samples: Samples, sensor: str) -> NDArray[np.float64]:
    images, masks = patches_of(samples, sensor)
    levels = images[:, 0] if images.shape[1] == 1 else np.rint(images.mean(axis=1)).astype(np.uint8)
    return texture_features(levels, masks)[list(FEATURES)].to_numpy()


def _far_edge(samples: Samples, sensor: str) -> NDArray[np.float64]:
    images, masks = patches_of(samples, sensor)
    return edge_contrasts(images[:, 0], masks, samples.building_ids)


FEATURE_SETS: dict[str, Callable[[Samples, str], NDArray[np.float64]]] = {
    "texture_sar": _texture,
    "texture_optical": _texture,
    "far_edge_sar": _far_edge,
}
