"""From light to the eight bits of a product: haze, the optics' blur, gain, gamma and noise."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lib.city.textures import rough_normals

# Pixels of light around an image that its blur needs.
FILM_MARGIN = 2
_SIGMA_PX, _GAIN, _NOISE_DN, _PALE = 0.70, 2.0, 1.4, 0.12
# Light that the air scatters into the view: more of the blue.
_HAZE = np.array([0.010, 0.013, 0.018], dtype=np.float32)
_LEVELS = 4096


def develop(light: NDArray[np.float32], origin: tuple[int, int], key: np.uint64, image: NDArray[np.uint8]) -> None:
    """Turn light into an eight-bit image.

    Parameters
    ----------
    light : ndarray, shape (rows + 2 FILM_MARGIN, cols + 2 FILM_MARGIN, 3), float32
        Linear.
    origin : tuple of int
        Global row and column of the image's first pixel.
    key : numpy.uint64
        Of the noise.
    image : ndarray, shape (3, rows, cols), uint8
        Written.
    """
    taps = np.exp(-0.5 * (np.arange(3) / _SIGMA_PX) ** 2).astype(np.float32)
    taps /= taps[0] + 2 * taps[1:].sum()
    _develop(light, taps, _tone_curve(), origin, key, image)


def _tone_curve() -> NDArray[np.float32]:
    """Level of each of 4096 steps of light: gain, a soft shoulder from two thirds of white on, gamma 2.2."""
    value = np.linspace(0.0, 2.0, _LEVELS)
    value = np.where(value < 0.66, value, 0.66 + 0.34 * np.tanh((value - 0.66) / 0.34))
    return (255 * value ** (1 / 2.2)).astype(np.float32)


@njit(cache=True)
def _develop(light, taps, curve, origin, key, image):  # type: ignore[no-untyped-def]
    n_rows, n_cols = image.shape[1:]
    lines = np.empty((light.shape[1], 3), dtype=np.float32)
    pixel = np.empty(3, dtype=np.float32)
    last = curve.size - 1
    for i in range(n_rows):
        for j in range(light.shape[1]):
            for b in range(3):
                lines[j, b] = (
                    taps[0] * light[i + 2, j, b]
                    + taps[1] * (light[i + 1, j, b] + light[i + 3, j, b])
                    + taps[2] * (light[i, j, b] + light[i + 4, j, b])
                )
        for j in range(n_cols):
            noise = rough_normals(key, i + origin[0], j + origin[1])
            for b in range(3):
                pixel[b] = (
                    taps[0] * lines[j + 2, b]
                    + taps[1] * (lines[j + 1, b] + lines[j + 3, b])
                    + taps[2] * (lines[j, b] + lines[j + 4, b])
                )
            grey = 0.3 * pixel[0] + 0.6 * pixel[1] + 0.1 * pixel[2]
            for b in range(3):
                value = pixel[b] + _PALE * (grey - pixel[b]) + _HAZE[b]
                step = int(value * _GAIN * (last / 2.0))
                level = curve[min(step, last)] + _NOISE_DN * noise[b] + 0.5
                image[b, i, j] = np.uint8(min(max(level, 0.0), 255.0))
