"""The camera: one ray a pixel and four where neighbours differ, then exposure, white balance, blur, noise and 8 bits."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.city.facades.front import NOTHING, face_colour, strike
from lib.city.facades.records import GROUND, NEIGHBOUR, OBSTACLE, SKY
from lib.city.facades.street import ground_colour, obstacle_colour, surroundings
from lib.city.noise import uniform

_PARTS = 9


@njit(cache=True)
def trace(fronts, obstacles, view, dx, dy, dz, px):  # type: ignore[no-untyped-def]
    """Light along one ray.

    Returns
    -------
    red, green, blue : float
        Linear light.
    part : int
        Which part of the scene it comes from.
    window : int
        Which window of the first front, 0 for none.
    """
    eye = view.eye
    nearest, which, face = np.inf, -1, NOTHING
    for k in range(fronts.size):
        t, struck = strike(fronts[k], eye, dx, dy, dz)
        if t < nearest:
            nearest, which, face = t, k, struck
    foot = -eye[2] / dz if dz < -1e-9 else np.inf
    for k in range(obstacles.size):
        thing = obstacles[k]
        t = (thing.y - eye[1]) / dy if dy > 1e-6 else np.inf
        if t < min(nearest, foot):
            hit, red, green, blue = obstacle_colour(view, thing, eye[0] + t * dx, eye[2] + t * dz, t * px)
            if hit:
                return red, green, blue, OBSTACLE, 0
    if foot < nearest:
        red, green, blue = ground_colour(view, obstacles, eye[0] + foot * dx, min(eye[1] + foot * dy, 0.0), foot * px)
        return red, green, blue, GROUND, 0
    if which < 0:
        red, green, blue, _ = surroundings(view, dx, dy, dz)
        return red, green, blue, SKY, 0
    red, green, blue, part, window = face_colour(fronts[which], view, face, nearest, dx, dy, dz, nearest * px)
    if which > 0:
        return red, green, blue, NEIGHBOUR, 0
    return red, green, blue, part, window


@njit(cache=True, nogil=True)
def expose(fronts, obstacles, view, light, parts, windows):  # type: ignore[no-untyped-def]
    """Fill an image of linear light, the part that most of each pixel shows, and its window.

    Parameters
    ----------
    fronts : ndarray of FRONT
        The building first, then its neighbours.
    obstacles : ndarray of OBSTACLES
        From the camera outwards.
    view : record of VIEW
    light : ndarray, shape (rows, cols, 3), float64
        Written.
    parts : ndarray, shape (rows, cols), uint8
        Written.
    windows : ndarray, shape (rows, cols), int16
        Written.
    """
    n_rows, n_cols = parts.shape
    step = 2 * view.half_tan / n_cols
    sample = np.empty(3)
    for i in range(n_rows):
        for j in range(n_cols):
            parts[i, j], windows[i, j] = _look(
                fronts, obstacles, view, j + 0.5 - n_cols / 2, n_rows / 2 - i - 0.5, step, 1.0, sample
            )
            for b in range(3):
                light[i, j, b] = sample[b]
    busy = np.zeros((n_rows, n_cols), dtype=np.bool_)
    for i in range(n_rows - 1):
        for j in range(n_cols - 1):
            for k, m in ((i, j + 1), (i + 1, j)):
                one, two = light[i, j, 1], light[k, m, 1]
                if (
                    parts[i, j] != parts[k, m]
                    or windows[i, j] != windows[k, m]
                    or abs(one - two) > 0.20 * (one + two + 0.05)
                ):
                    busy[i, j] = busy[k, m] = True
    for i in range(n_rows):
        for j in range(n_cols):
            if busy[i, j]:
                _look_closer(fronts, obstacles, view, i, j, step, light, parts, windows, sample)


@njit(cache=True)
def _look(fronts, obstacles, view, a, b, step, share, sample):  # type: ignore[no-untyped-def]
    """Trace the ray through a place on the image plane, in pixels from the middle, up and to the right."""
    dx = view.forward[0] + (a * view.right[0] + b * view.up[0]) * step
    dy = view.forward[1] + (a * view.right[1] + b * view.up[1]) * step
    dz = view.forward[2] + (a * view.right[2] + b * view.up[2]) * step
    red, green, blue, part, window = trace(fronts, obstacles, view, dx, dy, dz, step * share)
    sample[0], sample[1], sample[2] = max(red, 0.0), max(green, 0.0), max(blue, 0.0)
    return part, window


@njit(cache=True)
def _look_closer(fronts, obstacles, view, i, j, step, light, parts, windows, sample):  # type: ignore[no-untyped-def]
    """Replace a pixel by the mean of four rays, and its part by the part that most of them met."""
    n_rows, n_cols = parts.shape
    votes = np.zeros(_PARTS, dtype=np.int64)
    votes[parts[i, j]] = 1
    light[i, j] = 0.0
    for k in range(4):
        a, b = j + 0.25 + 0.5 * (k % 2) - n_cols / 2, n_rows / 2 - i - 0.25 - 0.5 * (k // 2)
        part, window = _look(fronts, obstacles, view, a, b, step, 0.6, sample)
        votes[part] += 1
        windows[i, j] = max(windows[i, j], window)
        for c in range(3):
            light[i, j, c] += sample[c] / 4
    parts[i, j] = np.argmax(votes)


@njit(cache=True, nogil=True)
def develop(light, view, image):  # type: ignore[no-untyped-def]
    """Turn linear light into an 8-bit photograph.

    Parameters
    ----------
    light : ndarray, shape (rows, cols, 3), float64
        Changed: holds the exposed and blurred light afterwards.
    view : record of VIEW
    image : ndarray, shape (rows, cols, 3), uint8
        Written.
    """
    n_rows, n_cols = light.shape[:2]
    total = 0.0
    for i in range(n_rows):
        for j in range(n_cols):
            total += np.log(0.02 + light[i, j, 0] * 0.3 + light[i, j, 1] * 0.6 + light[i, j, 2] * 0.1)
    gain = view.exposure / np.exp(total / (n_rows * n_cols))
    for i in range(n_rows):
        for j in range(n_cols):
            off = ((i / n_rows - 0.5) ** 2 + (j / n_cols - 0.5) ** 2) * 2
            grey = light[i, j, 0] * 0.3 + light[i, j, 1] * 0.6 + light[i, j, 2] * 0.1
            for b in range(3):
                pale = light[i, j, b] + 0.14 * (grey - light[i, j, b])
                value = pale * gain * view.balance[b] * (1 - view.vignette * off)
                # A film's shoulder: straight up to middle tones, then ever flatter towards white.
                value = value if value < 0.5 else 0.5 + 0.49 * np.tanh((value - 0.5) * 1.6)
                light[i, j, b] = max(value, 0.0) ** (1 / 2.2)
    _blur(light, view.blur_px)
    for i in range(n_rows):
        for j in range(n_cols):
            shared = uniform(view.key, i, j) + uniform(view.key, i + 10000, j) - 1
            for b in range(3):
                own = uniform(view.key, i, 10000 * (b + 1) + j) - 0.5
                image[i, j, b] = np.uint8(
                    min(max(255 * light[i, j, b] + view.noise * (1.6 * shared + 1.2 * own) + 0.5, 0.0), 255.0)
                )


@njit(cache=True)
def _blur(light, sigma):  # type: ignore[no-untyped-def]
    """Five-tap Gaussian blur in place, edges repeated."""
    near, far = np.exp(-0.5 / sigma**2), np.exp(-2.0 / sigma**2)
    whole = 1 + 2 * near + 2 * far
    n_rows, n_cols = light.shape[:2]
    line = np.empty((max(n_rows, n_cols), 3))
    for axis in range(2):
        n, m = (n_cols, n_rows) if axis else (n_rows, n_cols)
        for k in range(m):
            for p in range(n):
                for b in range(3):
                    line[p, b] = light[k, p, b] if axis else light[p, k, b]
            for p in range(n):
                a, c, d, e = max(p - 2, 0), max(p - 1, 0), min(p + 1, n - 1), min(p + 2, n - 1)
                for b in range(3):
                    value = (line[p, b] + near * (line[c, b] + line[d, b]) + far * (line[a, b] + line[e, b])) / whole
                    if axis:
                        light[k, p, b] = value
                    else:
                        light[p, k, b] = value
