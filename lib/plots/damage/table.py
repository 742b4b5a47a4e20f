"""Table I as a picture: what the letter published, and what ours gives, column by column."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.damage.protocol import MEASURES, summarise
from lib.damage.table import OWN, published_table
from lib.errors import DamageError
from lib.plots.style import INTACT, OURS, PUBLISHED, shown_once

IMAGES = ("SAR", "optical", "SAR+optical")
_TITLES = {"f1": "F1", "auroc": "AUROC"}
_PARTS = ("published", "published_std", "ours", "ours_std")


def table_frame(results: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Make the table that ``table_dots`` draws.

    Parameters
    ----------
    results : mapping of str to DataFrame
        The rows of an ``Outcome``, by the name of the column; names that the letter has no column for come last.

    Returns
    -------
    DataFrame, indexed by ``name``
        ``image``: ``SAR``, ``optical`` or ``SAR+optical``; ``label``: the model, without the weights it starts from;
        for each measure ``..._published``, ``..._published_std``, ``..._ours`` and ``..._ours_std``, NaN where there is
        none.

    Raises
    ------
    DamageError
        If results are not those of ``cross_validate``.

    Examples
    --------
    >>> table_frame({}).loc["resnet18_late_sar", "label"]
    'ResNet18, late fusion'
    """
    published = published_table()
    extra = {name: OWN.get(name, ("", name)) for name in results if name not in published.index}
    rows: dict[str, dict[str, Any]] = {
        str(name): {"image": letter["image"], "label": _short(letter["model"])} for name, letter in published.iterrows()
    } | {name: {"image": image, "label": model} for name, (image, model) in extra.items()}
    for name, row in rows.items():
        found = summarise(results[name]) if name in results else None
        for key in MEASURES:
            letter = published.loc[name, [key, f"{key}_std"]] if name in published.index else (np.nan, np.nan)
            ours = found.loc[key, ["mean", "std"]] if found is not None else (np.nan, np.nan)
            row |= {f"{key}_{part}": float(value) for part, value in zip(_PARTS, (*letter, *ours), strict=True)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def table_dots(
    table: pd.DataFrame, measures: Sequence[str] = ("f1", "auroc"), *, ours: str = "ours, simulated city"
) -> Figure:
    """Show published and our results, one line a column of Table I, bars of one standard deviation over folds.

    Parameters
    ----------
    table : DataFrame
        From ``table_frame``: ``label``, ``image``, and of each measure ``..._published``, ``..._published_std``,
        ``..._ours`` and ``..._ours_std``.
    measures : sequence of str
        One panel each; two fill a page.
    ours : str
        What ours were measured on, for the legend.

    Returns
    -------
    Figure

    Raises
    ------
    DamageError
        If columns are missing, or there is nothing to show.
    """
    shown = [measures] if isinstance(measures, str) else list(measures)
    _check(table, shown)
    lines, places, headings = _places(table)
    size = 2.2 + 2.9 * len(shown), 0.27 * (places.max() + 1) + 1.1
    fig, axes = plt.subplots(1, len(shown), figsize=size, sharey=True, squeeze=False)
    for ax, key in zip(axes.flat, shown, strict=True):
        _dots(ax, lines, key, places, ours)
        ax.hlines(places, 0, 1, color="#E9EDF0", lw=0.8, zorder=0)
        ax.set(xlim=(0, 1.02), xlabel=_TITLES.get(key, key), xticks=[0, 0.25, 0.5, 0.75, 1])
        ax.xaxis.set_major_formatter("{x:g}")
        ax.tick_params(axis="y", length=0)
        if key == "auroc":
            ax.axvline(0.5, color=INTACT, lw=1, ls=":")
    first = axes[0, 0]
    ticks = [*places, *headings.values()]
    first.set_yticks(ticks, [*lines["label"], *headings], fontsize=9.5)
    for text in first.get_yticklabels()[len(places) :]:
        text.set_fontweight("bold")
    first.set_ylim(max(ticks) + 0.6, min(ticks) - 0.6)
    fig.legend(*first.get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=9.5)
    return shown_once(fig)


def _short(model: str) -> str:
    """Say how the images are fused, and leave the weights out: ours may start from others."""
    plain = re.sub(r"\+(SAR-HUB|ImageNet)", "", model)
    return plain.replace(" (EF)", ", early fusion").replace(" (LF)", ", late fusion")


def _check(table: Any, measures: Sequence[str]) -> None:
    wanted = ["label", "image", *(f"{key}_{part}" for key in measures for part in _PARTS)]
    found = list(table) if isinstance(table, pd.DataFrame) else []
    missing = [name for name in wanted if name not in found]
    fix = "make the table with table_frame, and choose from the measures that it holds"
    if missing or not measures:
        raise DamageError("columns are missing", where="table_dots, table", value=missing, fix=fix)
    if not len(table):
        raise DamageError("no column of Table I", where="table_dots, table", value=0, fix=fix)


def _places(table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.float64]], dict[str, float]]:
    """Order lines by image, and leave a line above each group for its heading."""
    images = [*IMAGES, *(image for image in table["image"].unique() if image not in IMAGES)]
    parts, places, headings, below = [], [], {}, 0.0
    for image in images:
        part = table[table["image"] == image]
        if not len(part):
            continue
        headings[image.replace("+", " + ") or "other"] = below
        places.append(below + 1 + np.arange(len(part)))
        parts.append(part)
        below = places[-1][-1] + 1.3
    return pd.concat(parts), np.concatenate(places), headings


def _dots(ax: Axes, lines: pd.DataFrame, key: str, places: np.ndarray[Any, np.dtype[np.float64]], ours: str) -> None:
    """Draw published ones as squares above the line, ours as dots below it."""
    looks = (("published", PUBLISHED, "s", -0.16, "published, Islahiye"), ("ours", OURS, "o", 0.16, ours))
    for part, colour, marker, offset, label in looks:
        values, spread = (lines[f"{key}_{part}{end}"].to_numpy(float) for end in ("", "_std"))
        style: dict[str, Any] = {"fmt": marker, "color": colour, "ms": 5.5, "elinewidth": 1.5}
        ax.errorbar(values, places + offset, xerr=np.nan_to_num(spread), label=label, **style)
