"""One building that nobody has surveyed: what it may be, what such buildings hold, and what follows."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.errors import MaterialsError
from lib.materials.mixture import Mixture
from lib.materials.stock import draw_mass
from lib.plots.style import BEFORE, INK, INTACT, OURS, shown_once

DRAWS = 4000


def one_building(
    mixture: Mixture, building_id: str | None = None, *, types: int = 4, confidence: float = 0.9, simulated: bool
) -> Figure:
    """Draw the way from class probabilities to tonnes for one building.

    Parameters
    ----------
    mixture : Mixture
    building_id : str, optional
        One of ``mixture.ids``; when not given, among those whose likeliest type has a probability near one half that
        where its mean is furthest from what all types together give.
    types : int
        How many types are shown, the likeliest first.
    confidence : float
        Share of draws that is shaded.
    simulated : bool

    Returns
    -------
    Figure
        Probabilities of types; intensities of the surveyed buildings that stand for each, a stroke each, and equation 1 of
        them, a diamond; tonnes of the building in the draws of ``city_stock``, and the single number that the diamond of
        the likeliest type gives.

    Raises
    ------
    MaterialsError
        If there is no such building.
    """
    joint, means = mixture.joint(slice(None)), mixture.kg_m2_of_types().sum(axis=1)
    place = _place(mixture, joint, means, building_id)
    names = pd.Series([f"{wall} /\n{roof}" for wall, roof in mixture.survey.types])
    chosen = np.argsort(-joint[place], kind="stable")[:types]
    fig, axes = plt.subplots(1, 3, figsize=(10.4, 3.9), width_ratios=(1, 1.3, 1.3))
    rows = np.arange(types)
    axes[0].barh(rows, joint[place, chosen], 0.6, color=OURS)
    axes[0].set(xlim=(0, 1), xlabel="probability of the type")
    axes[0].set_yticks(rows, names[chosen], fontsize=9)
    for row, kind in enumerate(chosen):
        found = _intensities(mixture, kind)
        axes[1].plot(found, np.full(found.size, row), "|", color=INTACT, ms=11, alpha=0.6)
        axes[1].plot(means[kind], row, "D", color=BEFORE, ms=4.5, mfc="white", mew=1.4)
    axes[1].set(xlabel="intensity of surveyed buildings (kg/m²)", yticks=[], xlim=(0, None))
    for ax in axes[:2]:
        ax.set_ylim(types - 0.5, -0.5)
    single = means[joint[place].argmax()] * mixture.area_m2[place] / 1000
    _tonnes(axes[2], mixture.only(place), float(single), confidence, simulated)
    return shown_once(fig)


def _place(mixture: Mixture, joint: np.ndarray, means: np.ndarray, building_id: str | None) -> int:
    if building_id is None:
        likeliest = joint.max(axis=1)
        gap = np.abs(means[joint.argmax(axis=1)] / (joint @ means) - 1)
        return int(np.where(np.abs(likeliest - 0.5) <= max(0.1, np.abs(likeliest - 0.5).min()), gap, -1).argmax())
    if building_id not in mixture.ids:
        fix = "choose one of the counted buildings"
        raise MaterialsError("no such building", where="one_building", value=building_id, fix=fix)
    return int(np.flatnonzero(mixture.ids == building_id)[0])


def _intensities(mixture: Mixture, kind: int) -> np.ndarray:
    """Intensities of the buildings in the pool of a type, all materials together, kg/m2."""
    pools, survey = mixture.pools, mixture.survey
    pool = pools.pool_of[kind]
    members = pools.donors[pools.starts[pool] : pools.starts[pool + 1]]
    return np.asarray(survey.mass_kg.to_numpy()[members].sum(axis=1) / survey.area_m2[members])


def _tonnes(ax: Axes, one: Mixture, single: float, confidence: float, simulated: bool) -> None:
    drawn = draw_mass(one, DRAWS, seed=0)[0].sum(axis=1) / 1000
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    ax.hist(drawn, 36, color=OURS, alpha=0.55, lw=0)
    ax.axvspan(low, high, color=OURS, alpha=0.12, lw=0)
    ax.axvline(single, color=BEFORE, lw=2)
    top = ax.get_ylim()[1]
    ax.set_ylim(0, 1.3 * top)
    ax.text(0.98, 0.97, "likeliest type alone", transform=ax.transAxes, va="top", ha="right", color=BEFORE, fontsize=9)
    said = f"{100 * confidence:g} % of draws"
    ax.text(0.98, 0.89, said, transform=ax.transAxes, va="top", ha="right", color=OURS, fontsize=9)
    ax.set(xlabel=f"tonnes in its {one.area_m2[0]:.0f} m² of floor", yticks=[])
    ax.spines["left"].set_visible(False)
    if simulated:
        note = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2.5}
        ax.text(0.98, 0.81, "simulated", transform=ax.transAxes, ha="right", va="top", fontsize=9, color=INK, bbox=note)
