"""Cheap noise and stripes for pictures of surfaces, averaged over the pixel that looks at them.

A joint narrower than a pixel must not flicker: stripes are integrated over the pixel exactly, and tones that
differ from unit to unit fade as units become smaller than pixels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_ROW, _MIX_1, _MIX_2 = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_S32, _S29, _S40 = (np.uint64(n) for n in (32, 29, 40))
# Whole numbers are taken modulo 2**31, so that negative ones are places like all others.
_LOW = 0x7FFFFFFF


@njit(cache=True)
def _lattice(key, row, col):  # type: ignore[no-untyped-def]
    """Hash of a whole-numbered place, 0 to 1: two rounds, half the price of ``lib.city.noise.uniform``.

    Textures take a dozen of these a ray, and no statistics are ever drawn from them.
    """
    value = (np.uint64(row & _LOW) * _ROW + np.uint64(col & _LOW)) * _MIX_1 ^ key
    value = (value ^ (value >> _S32)) * _MIX_2
    return float(np.int64((value ^ (value >> _S29)) >> _S40)) * 2.0**-24


@njit(cache=True)
def grain(key, row, col):  # type: ignore[no-untyped-def]
    """Hash of a unit's number, between -0.5 and 0.5."""
    return _lattice(key, row, col) - 0.5


@njit(cache=True)
def cloud(key, row, col):  # type: ignore[no-untyped-def]
    """Smooth noise of about unit variance and unit correlation length."""
    r, c = int(np.floor(row)), int(np.floor(col))
    fr, fc = row - r, col - c
    fr, fc = fr * fr * (3 - 2 * fr), fc * fc * (3 - 2 * fc)
    upper = _lattice(key, r, c) * (1 - fc) + _lattice(key, r, c + 1) * fc
    lower = _lattice(key, r + 1, c) * (1 - fc) + _lattice(key, r + 1, c + 1) * fc
    return (upper * (1 - fr) + lower * fr - 0.5) * 4.66


@njit(cache=True)
def near(distance, reach):  # type: ignore[no-untyped-def]
    """One at distance 0, falling smoothly to zero at the reach."""
    left = max(1.0 - distance / reach, 0.0)
    return left * left


@njit(cache=True)
def stripe(x, period, width, f):  # type: ignore[no-untyped-def]
    """Share of the pixel [x - f/2, x + f/2] that lies in stripes [k period, k period + width]."""
    share, size = width / period, max(f, 1e-4) / period
    a, b = x / period - size / 2, x / period + size / 2
    fa, fb = np.floor(a), np.floor(b)
    return (fb * share + min(b - fb, share) - fa * share - min(a - fa, share)) / size


@njit(cache=True)
def fade(f, unit):  # type: ignore[no-untyped-def]
    """How much of a unit's own tone is left when a pixel of size f looks at units of that size."""
    return 1.0 / (1.0 + (f / unit) ** 2)


@njit(cache=True)
def rough_normals(key, row, col):  # type: ignore[no-untyped-def]
    """Three nearly normal numbers of unit variance at a place, each a sum of four pieces of one hash.

    Returns
    -------
    first, second, third : float
    """
    value = (np.uint64(row & _LOW) * _ROW + np.uint64(col & _LOW)) * _MIX_1 ^ key
    value = (value ^ (value >> _S32)) * _MIX_2
    value = np.int64((value ^ (value >> _S29)) >> np.uint64(4))
    first = (value & 31) + ((value >> 5) & 31) + ((value >> 10) & 31) + ((value >> 15) & 31)
    second = ((value >> 20) & 31) + ((value >> 25) & 31) + ((value >> 30) & 31) + ((value >> 35) & 31)
    third = ((value >> 40) & 31) + ((value >> 45) & 31) + ((value >> 50) & 31) + ((value >> 55) & 31)
    # Four uniform integers from 0 to 31: mean 62, variance 341.
    return (first - 62.0) * 0.054153, (second - 62.0) * 0.054153, (third - 62.0) * 0.054153
