"""How sure a shift is: six signs of trust, weighed as held-out simulated scenes taught.

The posterior alone is sure of itself wherever it looks; it cannot know that the right shift lies beyond the search, that
no wall stands there at all, or that a building alone has nobody who agrees with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.registration.field.posterior import Posterior
from lib.registration.field.shift_field import FirstField
from lib.registration.neighbourhood import neighbourhood_sum

WEIGHTS = Path(__file__).with_name("confidence_weights.json")
REACH_M = 90.0
SIGNS = (
    "constant",
    "logit of the posterior's mass within 1 m",
    "margin over the best rival shift",
    "agreement of its own evidence",
    "agreement of its neighbours, mean",
    "agreement of its neighbours, sum",
    "alone",
)


def signs_of_trust(field: FirstField, posterior: Posterior, centres: NDArray[Any]) -> NDArray[np.float64]:
    """Gather what speaks for each shift, each sign brought to a few units.

    Parameters
    ----------
    field : FirstField
    posterior : Posterior
    centres : ndarray, shape (n, 2)
        Metres.

    Returns
    -------
    ndarray, shape (n, 7)
        In the order of SIGNS.
    """
    both = np.column_stack([np.ones(len(centres)), posterior.agreement])
    # The coarse field of a building alone is its own best shift, which its own evidence cannot but agree with.
    others, agreement = np.maximum(neighbourhood_sum(both, centres, REACH_M) - both, [0.0, -np.inf]).T
    inside = np.clip(posterior.within_1m, 1e-4, 1 - 1e-4)
    columns = (
        np.ones(len(centres)),
        np.log(inside / (1 - inside)),
        3 * np.tanh(field.margin / 10),
        posterior.agreement,
        np.clip(agreement / np.maximum(others, 1.0), -1.5, 1.5),
        3 * np.tanh(agreement / 10),
        1 / (1 + others),
    )
    return np.column_stack(columns)


def confidence(signs: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Weigh the signs: probability that a shift is right to 1 m.

    Parameters
    ----------
    signs : ndarray, shape (n, 7)
        From ``signs_of_trust``.
    weights : ndarray, shape (7,), optional
        The shipped ones by default.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> confidence(np.zeros((1, 7))).tolist()
    [0.5]
    """
    chosen = read_weights() if weights is None else weights
    return np.asarray(1 / (1 + np.exp(-(signs @ chosen))))


def read_weights() -> NDArray[np.float64]:
    """Read the shipped weights of the signs.

    Returns
    -------
    ndarray, shape (7,)
    """
    known = json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"]
    return np.array([known[name] for name in SIGNS])
