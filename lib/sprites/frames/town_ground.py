"""What lies behind the town game: a plain colour, or hills and streets of texture, wider than a frame where it scrolls."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d

STREETS = (0.42, 0.69, 0.95)
PLAIN = (146, 190, 178)
_SKY_TOP, _SKY_LOW = np.array([126, 172, 214]), np.array([226, 222, 204])
_HILLS = np.array([[150, 178, 128], [128, 164, 112], [112, 152, 104]])
_ROAD, _KERB, _MARK = np.array([112, 108, 116]), np.array([176, 168, 156]), np.array([222, 214, 190])
_GRAIN = 6.0


def paint_ground(rows: int, cols: int, seed: int) -> NDArray[np.uint8]:
    """Paint a sky, and before it three hills, each with a street along its foot.

    Parameters
    ----------
    rows, cols : int
    seed : int
        Of hills and grain; another seed is another town.

    Returns
    -------
    array of uint8, shape (rows, cols, 3)
        The left and right edges fit together.

    Examples
    --------
    >>> paint_ground(60, 80, seed=1).shape
    (60, 80, 3)
    """
    rng = np.random.default_rng([seed, 77])
    down = np.linspace(0, 1, rows)[:, None, None]
    picture = np.broadcast_to(_SKY_TOP + (_SKY_LOW - _SKY_TOP) * down / STREETS[0], (rows, cols, 3)).copy()
    row = np.arange(rows)[:, None]
    for street, colour in zip(STREETS, _HILLS, strict=True):
        crest = (street - 0.13) * rows + _waves(cols, rng) * 0.035 * rows
        picture = np.where(
            (row >= crest)[..., None], colour * (0.86 + 0.2 * _mottled(rows, cols, rng))[..., None], picture
        )
        _lay_street(picture, int(street * rows))
    picture += rng.normal(0, _GRAIN, (rows, cols, 1))
    return np.rint(picture).clip(0, 255).astype(np.uint8)


def _lay_street(picture: NDArray[np.float64], foot: int) -> None:
    """Draw a kerb, a road, and dashes along its middle."""
    picture[foot - 2 : foot] = _KERB
    picture[foot : foot + 9] = _ROAD
    dashes = np.arange(picture.shape[1]) % 16 < 9
    picture[foot + 4 : foot + 5, dashes] = _MARK


def _waves(cols: int, rng: Generator) -> NDArray[np.float64]:
    wave = gaussian_filter1d(rng.normal(size=cols), 14, mode="wrap")
    return wave / wave.std()


def _mottled(rows: int, cols: int, rng: Generator) -> NDArray[np.float64]:
    """Soft patches between 0 and 1."""
    field = gaussian_filter(rng.normal(size=(rows, cols)), 2.5, mode="wrap")
    return (field / (4 * field.std()) + 0.5).clip(0, 1)
