"""Tonnes of a city's stock with their interval, and the decades in which they leave it."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.materials.groups import GROUPS, to_groups
from lib.plots.style import BEFORE, INTACT, OURS, TRUTH, shown_once, simulated_note

_STYLE = (("o", OURS), ("s", BEFORE))
# Okabe and Ito's colours, which colour-blind readers can tell apart; concrete in grey, as it is.
GROUP_COLOURS = dict(
    zip(GROUPS, ("#D55E00", "#7A8793", "#56B4E9", "#0072B2", "#F0E442", "#009E73", "#CC79A7"), strict=True)
)


def stock_dots(stocks: Mapping[str, pd.DataFrame], truth_t: pd.Series | None, *, simulated: bool) -> Figure:
    """Draw the tonnes of each group with their interval, estimate beside estimate, relative to the first.

    Parameters
    ----------
    stocks : mapping of str to DataFrame
        One or two tables of ``Stock.in_groups``, by name.
    truth_t : Series, optional
        Tonnes by group and ``total``; where it is known.
    simulated : bool

    Returns
    -------
    Figure
        100 % is the mean of the first estimate, whose tonnes stand at the right.
    """
    first = next(iter(stocks.values())).dropna(how="all")
    names = list(first.index)
    fig, ax = plt.subplots(figsize=(7.6, 0.52 * len(names) + 1.6))
    ax.axvline(100, color=INTACT, lw=1, ls=":")
    for k, (label, table) in enumerate(stocks.items()):
        marker, colour = _STYLE[k]
        part = 100 * table.loc[names].div(first["mean"], axis=0)
        rows = np.arange(len(names)) + 0.24 * (k - (len(stocks) - 1) / 2)
        ax.plot(part["mean"], rows, marker, color=colour, ms=6, label=label, ls="none", zorder=3)
        ax.hlines(rows, part["low"], part["high"], color=colour, lw=2)
    if truth_t is not None:
        relative = 100 * truth_t.reindex(names) / first["mean"]
        for k, value in enumerate(relative):
            ax.plot([value] * 2, [k - 0.36, k + 0.36], color=TRUTH, lw=2.2, label="_" if k else "truth", zorder=2)
    for row, tonnes in enumerate(first["mean"]):
        text = f"{tonnes:,.0f} t".replace(",", "\N{NARROW NO-BREAK SPACE}")
        ax.annotate(
            text, (1, row), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
            fontsize=9, annotation_clip=False,
        )  # fmt: skip
    ax.set_yticks(range(len(names)), names)
    ax.set(ylim=(len(names) - 0.5, -0.5), xlabel="tonnes, relative to the first estimate (%)")
    ax.tick_params(axis="y", length=0)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper left", ncols=3, fontsize=9.5)
    if simulated:
        simulated_note(ax)
    return shown_once(fig)


def leaving_by_decade(table: pd.DataFrame, *, simulated: bool) -> Figure:
    """Draw the tonnes that leave the stock in each decade, group by group, one panel a lifetime.

    Parameters
    ----------
    table : DataFrame
        From ``lib.materials.outlook.outlook``; the row ``later`` is written, not drawn.
    simulated : bool

    Returns
    -------
    Figure
    """
    lifetimes = list(table.index.unique("lifetime"))
    fig, axes = plt.subplots(1, len(lifetimes), figsize=(4.7 * len(lifetimes), 4.6), sharey=True, squeeze=False)
    for ax, lifetime in zip(axes[0], lifetimes, strict=True):
        part = table.loc[lifetime]
        groups = to_groups(part.drop(columns="total")).fillna(0.0) / 1000
        later, shown = groups.loc["later"].sum(), groups.drop(index="later")
        base = np.zeros(len(shown))
        for group in GROUPS:
            ax.bar(range(len(shown)), shown[group], 0.8, bottom=base, color=GROUP_COLOURS[group], label=group, lw=0)
            base += shown[group].to_numpy()
        ax.set_xticks(range(len(shown)), [name[:5] + name[7:] for name in shown.index], rotation=45)
        ax.set_title(f"lifetime {lifetime.replace('+-', '±')}", fontsize=11)
        share = later / groups.to_numpy().sum()
        ax.text(
            0.98, 0.97, f"later: {later:.0f} kt, {share:.0%}", transform=ax.transAxes, ha="right", va="top", fontsize=9
        )
        if simulated:
            ax.text(0.98, 0.9, "simulated", transform=ax.transAxes, ha="right", va="top", fontsize=9)
    axes[0, 0].set_ylabel("leaves the stock (kt a decade)")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=7, fontsize=9, columnspacing=1)
    return shown_once(fig)
