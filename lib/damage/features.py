"""Features of samples: columns of numbers for estimators that do not read images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lib.damage.far_edge import edge_contrasts
from lib.damage.samples import CHANNELS, Samples
from lib.damage.texture import FEATURES, texture_features
from lib.errors import DamageError

_BLOCK = 256


def sample_features(samples: Samples, name: str) -> NDArray[np.float64]:
    """Compute features of samples.

    The pixels are those that networks see, resized to one size and stretched, not those of the patch as it was cut.

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
