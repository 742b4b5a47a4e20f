"""The three records that describe a street view to the kernels: fronts, things in the way, and the view.

Scene coordinates, metres: ``x`` along the front to the right, ``y`` away from the street, ``z`` up; the
front's left foot is the origin, so the street and the camera have negative ``y``. Colours are linear light.
Records give their fields as attributes, compiled or not.
"""

from __future__ import annotations

import numpy as np

FLAT, EAVES, GABLE = range(3)
TREE, CAR, POLE, HEDGE, FENCE, HEAP = range(6)
SKY, GROUND, WALL, OPENING, TRIM, ROOF, OBSTACLE, NEIGHBOUR, RUIN = range(9)

_COLOUR = ("f8", 3)

FRONT = np.dtype((
    np.record,
    [
        # Which hash numbers belong to this front.
        ("key", "u8"),
        # Body: left foot, setback, size; roof shape, its rise over half the depth (or half the width), overhang.
        ("x0", "f8"), ("y0", "f8"), ("width", "f8"), ("eave", "f8"), ("depth", "f8"),
        ("roof", "i4"), ("rise", "f8"), ("overhang", "f8"), ("plinth", "f8"),
        # Wall texture, as in WallStyle.
        ("pattern", "i4"), ("unit_w", "f8"), ("unit_h", "f8"), ("joint", "f8"), ("variety", "f8"),
        ("weather", "f8"), ("blotch", "f8"), ("face", *_COLOUR), ("line", *_COLOUR), ("stain", *_COLOUR),
        # Openings: a grid of bays and floors; style counts the panes; blank is the share without a window.
        ("floors", "i4"), ("floor_m", "f8"), ("bays", "i4"), ("bay_m", "f8"), ("win_w", "f8"), ("win_h", "f8"),
        ("sill", "f8"), ("recess", "f8"), ("style", "i4"), ("frame_m", "f8"), ("blank", "f8"), ("curtains", "f8"),
        ("door_bay", "i4"), ("shop", "i4"), ("surround", "f8"), ("balconies", "i4"),
        ("frame", *_COLOUR), ("door", *_COLOUR), ("trim", *_COLOUR), ("plinth_face", *_COLOUR),
        ("roof_face", *_COLOUR), ("roof_row", "f8"), ("roof_rib", "f8"),
        # Damage: 0 none, to 1; the hole's middle, half width and lowest edge.
        ("damage", "f8"), ("hole_x", "f8"), ("hole_w", "f8"), ("hole_z", "f8"),
    ],
))  # fmt: skip

OBSTACLES = np.dtype((
    np.record,
    [
        ("kind", "i4"), ("key", "u8"), ("x", "f8"), ("y", "f8"),
        # Tree: crown radius and trunk height; car: length and height; others: half length and height.
        ("extent", "f8"), ("height", "f8"), ("face", *_COLOUR),
    ],
))  # fmt: skip

VIEW = np.dtype((
    np.record,
    [
        ("key", "u8"),
        ("eye", "f8", 3), ("forward", "f8", 3), ("right", "f8", 3), ("up", "f8", 3), ("half_tan", "f8"),
        # Towards the sun; its light and the sky's.
        ("sun", "f8", 3), ("sunlight", *_COLOUR), ("skylight", *_COLOUR),
        ("zenith", *_COLOUR), ("horizon", *_COLOUR), ("clouds", "f8"), ("backdrop", "f8"), ("woods", *_COLOUR),
        # From the wall to the street: front yard, pavement, road.
        ("yard_m", "f8"), ("walk_m", "f8"), ("grass", "i4"), ("yard", *_COLOUR), ("walk", *_COLOUR), ("road", *_COLOUR),
        ("dapple", "f8"),
        # Photography: target brightness, white balance, vignette, blur, noise.
        ("exposure", "f8"), ("balance", *_COLOUR), ("vignette", "f8"), ("blur_px", "f8"), ("noise", "f8"),
    ],
))  # fmt: skip
