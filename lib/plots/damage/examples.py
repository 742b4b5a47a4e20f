"""Single buildings: what was seen of them, and what each classifier made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch as Swatch
from numpy.typing import NDArray

from lib.errors import DamageError
from lib.patches import PatchDataset
from lib.plots.damage.drawing import draw_bars
from lib.plots.damage.pairs import draw_pairs, row_heights
from lib.plots.damage.scores import checked_mapping, named, per_building
from lib.plots.damage.stores import Store, read_patches, store_of
from lib.plots.style import BEFORE, INK, TRUTH, shown_once, simulated_note

VERDICTS = {True: (TRUTH, "✓"), False: (BEFORE, "✗")}


def prediction_examples(
    patches: PatchDataset | Store,
    scores: Mapping[str, pd.DataFrame],
    building_ids: Sequence[str],
    labels: Mapping[str, str] | None = None,
    *,
    simulated: bool = True,
) -> Figure:
    """Show buildings, and below each what the classifiers say of it.

    Parameters
    ----------
    patches : PatchDataset, PatchStore or QQBFolder
    scores : mapping of str to DataFrame
        The scores of an ``Outcome`` by the name of the classifier; one row each.
    building_ids : sequence of str
        One column each; six fill a page.
    labels : mapping of str to str, optional
        How names stand beside the rows.
    simulated : bool

    Returns
    -------
    Figure
        Bars are mean probabilities of damage over runs, upright strokes the thresholds that they are held against.

    Raises
    ------
    DamageError
        If scores are missing, or hold nothing of a building.
    PatchesError
        If a building has no patches.
    """
    tables = {name: _of_buildings(table, building_ids, name) for name, table in checked_mapping(scores).items()}
    store = store_of(patches)
    cut = read_patches(store, building_ids)
    fallen = [bool(label) for label in next(iter(tables.values()))["label"]]
    heights = [*row_heights(cut), *(0.23 for _ in tables)]
    size = 1.22 * len(cut) + 1.0, 1.22 * sum(heights) + 0.9
    fig, axes = plt.subplots(len(heights), len(cut), figsize=size, squeeze=False, height_ratios=heights)
    draw_pairs(axes, cut, fallen)
    draw_bars(axes[0, 0], axes[1, 0], store, building_ids[0])
    for row, (name, table) in zip(axes[2:], tables.items(), strict=True):
        right = (table["told"] == (table["label"] == 1)).tolist()
        for place in zip(row, table["probability"].tolist(), table["threshold"].tolist(), right, strict=True):
            _verdict(*place)
        row[0].set_ylabel(named(labels, name), rotation=0, ha="right", va="center", fontsize=9)
    _legend(fig)
    if simulated:
        simulated_note(axes[1, -1])
    return shown_once(fig)


def telling_examples(scores: Mapping[str, pd.DataFrame], count: int = 6) -> list[str]:
    """Choose buildings that show where classifiers differ, and some on which all are right.

    Parameters
    ----------
    scores : mapping of str to DataFrame
        The scores of an ``Outcome`` by the name of the classifier.
    count : int
        Number of buildings.

    Returns
    -------
    list of str
        First those that some tell right and others wrong, the farthest apart first, distances counted from the
        thresholds; then, a third of all, those that all tell right, the surest first. Damaged and intact ones take turns
        in both parts. Where one part has too few, the other fills up, and last those that all tell wrong.

    Raises
    ------
    DamageError
        If scores are missing, or they have fewer buildings in common than are asked for.

    Examples
    --------
    >>> told = pd.DataFrame({"building_id": list("abc"), "label": [1, 0, 1]}).assign(run=1, fold=1, threshold=0.5)
    >>> sar, both = told.assign(probability=[0.1, 0.2, 0.9]), told.assign(probability=[0.8, 0.1, 0.9])
    >>> telling_examples({"sar": sar, "both": both}, count=3)
    ['a', 'c', 'b']
    """
    tables = {name: per_building(table) for name, table in checked_mapping(scores).items()}
    common = sorted(set.intersection(*(set(table.index) for table in tables.values())))
    if not 1 <= count <= len(common):
        fix = f"give 1 to {len(common)}, the buildings that all classifiers have judged"
        raise DamageError("not so many buildings", where="count", value=count, fix=fix)
    judged = [table.loc[common] for table in tables.values()]
    damaged = judged[0]["label"].to_numpy() == 1
    margin = np.column_stack([table["probability"] - table["threshold"] for table in judged])
    right = (margin >= 0) == damaged[:, None]
    agreed, lost = right.all(axis=1), ~right.any(axis=1)
    apart = _in_turns(~agreed & ~lost, np.ptp(margin, axis=1), damaged)
    sure = _in_turns(agreed, np.abs(margin).min(axis=1), damaged)
    wanted = min(len(sure), max(count // 3, count - len(apart)))
    chosen = apart[: count - wanted] + sure[:wanted] + _in_turns(lost, np.abs(margin).min(axis=1), damaged)
    return [str(common[k]) for k in chosen[:count]]


def _in_turns(mask: NDArray[np.bool_], weight: NDArray[np.float64], damaged: NDArray[np.bool_]) -> list[int]:
    """Order places by weight, damaged and intact ones in turns; of equal ones the first."""
    ordered = sorted(np.flatnonzero(mask).tolist(), key=lambda k: -weight[k])
    kinds = [k for k in ordered if damaged[k]], [k for k in ordered if not damaged[k]]
    return [k for pair in zip_longest(*kinds) for k in pair if k is not None]


def _of_buildings(scores: pd.DataFrame, building_ids: Sequence[str], name: str) -> pd.DataFrame:
    table = per_building(scores)
    unknown = [key for key in building_ids if key not in table.index]
    if unknown:
        fix = "choose from the column building_id of the scores"
        raise DamageError("no such building", where=f"scores[{name!r}]", value=unknown[:5], fix=fix)
    return table.loc[list(building_ids)]


def _verdict(ax: Axes, probability: float, threshold: float, right: bool) -> None:
    colour, sign = VERDICTS[right]
    ax.barh(0, 1, 0.5, color="#E9EDF0")
    ax.barh(0, probability, 0.5, color=colour)
    ax.plot([threshold, threshold], [-0.42, 0.42], color=INK, lw=1.4, solid_capstyle="butt")
    ax.text(1.06, 0, f"{probability:.2f} {sign}", va="center", fontsize=9, color=INK)
    ax.set(xlim=(0, 1.75), ylim=(-0.5, 0.5), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def _legend(fig: Figure) -> None:
    words = {True: "right", False: "wrong"}
    handles: list[Artist] = [
        Swatch(color=VERDICTS[key][0], label=f"{VERDICTS[key][1]} {word}") for key, word in words.items()
    ]
    stroke = Line2D([], [], color=INK, lw=1.4, marker="|", ls="", ms=9, mew=1.4, label="threshold")
    fig.legend(
        handles=[*handles, stroke], loc="outside lower center", ncols=4, fontsize=9, title="probability of damage, 0 to 1",
        title_fontsize=9,
    )  # fmt: skip
