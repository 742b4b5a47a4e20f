"""Quality in figures: against time, beside the article's, ablations, and windows counted (MarioNette, figures 6 and 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lib.errors import SpritesError
from lib.plots.sprites.tiles import check_some
from lib.plots.style import BEFORE, INK, INTACT, OURS, PUBLISHED, shown_once, simulated_note

PUBLISHED_PSNR_DB = 38.54
# Figure 6: the article's own and SPACE, which it ran; what SPACE cannot be judged by is missing.
FIGURE_6 = pd.DataFrame(
    {"psnr": [31.9, 38.54], "miou": [np.nan, 0.6497], "binary_miou": [0.0361, 0.7352]},
    index=["SPACE, published", "MarioNette, published"],
)
# Figure 10: PSNR in dB, mean and standard deviation over five seeds, on Super Mario Bros.
FIGURE_10 = pd.DataFrame(
    {"mean": [28.85, 28.04, 26.05, 23.80, 23.63, 22.15], "std": [0.95, 0.72, 0.45, 1.38, 1.05, 0.25]},
    index=[
        *("smaller patches", "full", "no LayerNorm", "smaller dictionary", "larger patches"),
        "straight-through switches",
    ],
)
_TITLES = {"psnr": "PSNR (dB)", "miou": "mean IoU, sprites", "binary_miou": "mean IoU, foreground"}
_LOOKS = ((OURS, "o", "-"), (BEFORE, "s", "--"), (INK, "D", "-."), (INTACT, "^", ":"))


def quality_figure(
    histories: Mapping[str, pd.DataFrame], published_db: float | None = PUBLISHED_PSNR_DB, *, simulated: bool = False
) -> Figure:
    """Show how good each engine is after how much computing.

    Parameters
    ----------
    histories : mapping of str to DataFrame
        ``cpu_s`` and ``psnr``, in dB, by name of the engine, such as ``SpriteModel.history``; at most four.
    published_db : float, optional
        Drawn as a line.
    simulated : bool

    Returns
    -------
    Figure
        Time on a logarithmic axis.

    Raises
    ------
    SpritesError
        If there is no history, more than four, or one lacks a column.
    """
    check_some(len(histories), "quality_figure")
    lacking = [name for name, history in histories.items() if not {"cpu_s", "psnr"} <= set(history)]
    if lacking or len(histories) > len(_LOOKS):
        fix = f"give up to {len(_LOOKS)} tables with cpu_s and psnr"
        raise SpritesError("no histories", where="quality_figure", value=lacking or len(histories), fix=fix)
    fig, ax = plt.subplots(figsize=(6.4, 3.8))
    if published_db is not None:
        ax.axhline(published_db, color=PUBLISHED, lw=1.6)
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5}
        at: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        ax.annotate(
            f"published: {published_db:g} dB", (0.99, published_db), (0, 5), ha="right", bbox=box, zorder=5, **at
        )
    for (name, history), (colour, marker, line) in zip(histories.items(), _LOOKS, strict=False):
        told = history.dropna(subset=["cpu_s", "psnr"])
        every = max(len(told) // 12, 1)
        ax.plot(told["cpu_s"], told["psnr"], line, color=colour, marker=marker, markevery=every, ms=5, label=name)
    ax.set(xscale="log", xlabel="CPU time (s)", ylabel="PSNR (dB)")
    ax.margins(y=0.1)
    fig.legend(loc="outside upper center", ncols=len(histories))
    if simulated:
        simulated_note(ax)
    return shown_once(fig)


def published_table(ours: pd.DataFrame) -> pd.DataFrame:
    """Set our figures below those of figure 6.

    Parameters
    ----------
    ours : DataFrame
        A row a setting; ``psnr`` in dB, ``miou``, ``binary_miou``.

    Returns
    -------
    DataFrame

    Raises
    ------
    SpritesError
        If a column is missing.

    Examples
    --------
    >>> ours = pd.DataFrame({"psnr": [45.0], "miou": [0.9], "binary_miou": [0.9]}, index=["fast engine"])
    >>> published_table(ours)["psnr"].tolist()
    [31.9, 38.54, 45.0]
    """
    missing = [name for name in _TITLES if name not in ours]
    if missing:
        fix = "give psnr, miou and binary_miou"
        raise SpritesError("columns are missing", where="published_table", value=missing, fix=fix)
    return pd.concat([FIGURE_6, ours[list(_TITLES)]])


def published_figure(ours: pd.DataFrame) -> Figure:
    """Show our figures beside those of figure 6, a panel a measure.

    Parameters
    ----------
    ours : DataFrame
        As for :func:`published_table`.

    Returns
    -------
    Figure
        Published ones as squares, ours as dots, each with its number.

    Raises
    ------
    SpritesError
        If a column is missing.
    """
    table = published_table(ours)
    fig, axes = plt.subplots(len(_TITLES), 1, figsize=(6.4, len(_TITLES) * (0.3 * len(table) + 0.75)))
    names = [str(name) for name in table.index]
    for ax, (key, title) in zip(axes, _TITLES.items(), strict=True):
        top = 1.0 if key != "psnr" else float(np.nanmax(table[key])) * 1.12
        for place, value in enumerate(table[key]):
            theirs = place < len(FIGURE_6)
            colour, marker = (PUBLISHED, "s") if theirs else (OURS, "o")
            if np.isfinite(value):
                ax.plot([0, value], [place] * 2, color=INTACT, lw=0.8, alpha=0.5)
                ax.plot(value, place, marker, color=colour, ms=7, clip_on=False)
            words = (f"{value:.1f}" if key == "psnr" else f"{value:.3f}") if np.isfinite(value) else "not measured"
            at = value if np.isfinite(value) else 0
            ax.annotate(words, (at, place), (9, 0), textcoords="offset points", va="center", fontsize=9)
        ax.set_yticks(range(len(names)), names)
        ax.set(xlim=(0, top), ylim=(len(names) - 0.5, -0.5))
        ax.set_title(title, fontsize=10)
    return shown_once(fig)


def ablation_figure(ours: pd.DataFrame, *, about: str = "ours") -> Figure:
    """Show what leaving something out costs, beside figure 10: mean and standard deviation over seeds.

    Parameters
    ----------
    ours : DataFrame
        ``mean`` and ``std``, PSNR in dB, by the names of ``FIGURE_10``; some may be missing.
    about : str
        What ours were measured on, for the legend.

    Returns
    -------
    Figure

    Raises
    ------
    SpritesError
        If a name is not in figure 10, or a column is missing.
    """
    unknown = [*ours.index.difference(FIGURE_10.index), *({"mean", "std"} - set(ours))]
    if unknown:
        fix = f"give mean and std by {', '.join(FIGURE_10.index)}"
        raise SpritesError("no such ablation", where="ablation_figure", value=unknown, fix=fix)
    fig, ax = plt.subplots(figsize=(6.4, 4.2))
    looks = ((FIGURE_10, PUBLISHED, "", -0.19, "published, Super Mario Bros."), (ours, OURS, "//", 0.19, about))
    for table, colour, hatch, aside, label in looks:
        told = table.reindex(FIGURE_10.index)
        style: dict[str, Any] = {"error_kw": {"lw": 1.4, "capsize": 3, "ecolor": INK}}
        at = np.arange(len(told)) + aside
        ax.barh(at, told["mean"], 0.36, xerr=told["std"], color=colour, hatch=hatch, ec="white", label=label, **style)
    ax.set_yticks(range(len(FIGURE_10)), list(FIGURE_10.index))
    ax.invert_yaxis()
    ax.set_xlabel("PSNR (dB)")
    fig.legend(loc="outside upper center", ncols=2)
    return shown_once(fig)


def count_figure(true: ArrayLike, told: ArrayLike, *, what: str = "windows", simulated: bool = True) -> Figure:
    """Show counted against true numbers, one facade a dot, and how far off the counts are.

    Parameters
    ----------
    true, told : array_like of int, shape (n,)
    what : str
        Is counted.
    simulated : bool

    Returns
    -------
    Figure
        The larger a dot, the more facades lie on it.

    Raises
    ------
    SpritesError
        If there are none, or the lengths differ.
    """
    truth, counted = np.asarray(true, dtype=int), np.asarray(told, dtype=int)
    check_some(truth.size, "count_figure")
    if truth.shape != counted.shape:
        value = f"{truth.shape} and {counted.shape}"
        raise SpritesError("lengths differ", where="count_figure", value=value, fix="give two numbers a facade")
    pairs, many = np.unique(np.stack([truth, counted], axis=1), axis=0, return_counts=True)
    off = counted - truth
    fig, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3.5))
    end = max(truth.max(), counted.max()) * 1.06 + 1
    left.plot([0, end], [0, end], color=INTACT, lw=1, ls=":")
    left.scatter(*pairs.T, s=14 + 10 * np.sqrt(many), color=OURS, alpha=0.7, lw=0)
    left.set(xlim=(0, end), ylim=(0, end), aspect="equal", xlabel=f"{what} of the truth", ylabel=f"{what} counted")
    steps = np.arange(off.min(), off.max() + 2) - 0.5
    right.hist(off, bins=_bins(steps), color=OURS, ec="white", lw=0.5)
    right.axvline(0, color=INTACT, lw=1, ls=":")
    right.set(xlabel="counted minus true", ylabel="facades")
    exact, error = 100 * np.mean(off == 0), np.abs(off).mean()
    right.set_title(f"{exact:.0f} % exact\nmean error {error:.2f}", fontsize=10)
    if simulated:
        simulated_note(left)
    return shown_once(fig)


def _bins(steps: Sequence[float] | np.ndarray[Any, Any]) -> Any:
    """One bar a number while these can be told apart."""
    return steps if len(steps) <= 40 else 40
