"""Fronts, views and obstacles with known numbers, for the tests of the street views."""

import numpy as np

from lib.city.facades.palette import RENDER
from lib.city.facades.records import FLAT, FRONT, OBSTACLES, VIEW


def plain_front(**changes):
    """A rendered wall of 12 x 6 m, two floors of four bays, flat roof, no trims."""
    front = np.zeros(1, dtype=FRONT)[0]
    values = {
        "key": 7, "width": 12.0, "eave": 6.0, "depth": 9.0, "roof": FLAT, "pattern": RENDER, "unit_w": 1.0, "unit_h": 1.0,
        "face": 0.4, "line": 0.2, "trim": 0.6, "frame": 0.7, "door": 0.1, "plinth_face": 0.15, "roof_face": 0.2,
        "floors": 2, "floor_m": 3.0, "bays": 4, "bay_m": 3.0, "win_w": 1.2, "win_h": 1.4, "sill": 0.9,
        "recess": 0.1, "frame_m": 0.06, "door_bay": 0,
    } | changes  # fmt: skip
    for name, value in values.items():
        front[name] = value
    return front


def plain_view(**changes):
    """A camera 10 m before the left foot of the wall, eye at 2 m, sun high in front, no clouds."""
    view = np.zeros(1, dtype=VIEW)[0]
    values = {
        "key": 3, "eye": (6.0, -10.0, 2.0), "forward": (0, 1, 0), "right": (1, 0, 0), "up": (0, 0, 1), "half_tan": 0.8,
        "sun": (0.0, -0.6, 0.8), "sunlight": 1.0, "skylight": 0.2, "zenith": (0.2, 0.3, 0.6), "horizon": (0.6, 0.7, 0.8),
        "backdrop": 0.05, "woods": 0.1, "yard_m": 2.0, "walk_m": 2.0, "yard": 0.3, "walk": 0.5, "road": 0.1,
        "exposure": 0.2, "balance": 1.0, "blur_px": 0.3,
    } | changes  # fmt: skip
    for name, value in values.items():
        view[name] = value
    return view


def obstacle(kind, **changes):
    """One thing of a kind, 3 m before the wall at x = 6 m."""
    things = np.zeros(1, dtype=OBSTACLES)
    values = {"kind": kind, "key": 11, "x": 6.0, "y": -3.0, "extent": 2.0, "height": 2.0, "face": 0.3} | changes
    for name, value in values.items():
        things[name] = value
    return things


def towards(view, x, y, z):
    """Direction from the view's eye to a point."""
    return np.array([x, y, z]) - view["eye"]
