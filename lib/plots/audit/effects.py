"""The seven effects in one figure: mean, interval, and every fold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.damage.audit import EFFECTS, MEASURED
from lib.damage.audit_summary import TITLES, summarise_audit
from lib.plots.style import BEFORE, INK, INTACT, OURS, shown_once, simulated_note

# Dense near zero, where most effects are.
TICKS = (-0.5, -0.1, -0.05, 0.0, 0.05, 0.1, 0.5)
COLOURS = (INTACT, OURS, BEFORE)


def effect_sizes(audits: Mapping[str, pd.DataFrame], *, simulated: bool) -> Figure:
    """Show what each habit changes, for one audit or several.

    Parameters
    ----------
    audits : mapping of str to DataFrame
        Rows of ``lib.damage.audit.run_audit`` by the name of the audit.
    simulated : bool
        Whether the figure says so.

    Returns
    -------
    Figure
        Dots are folds, or runs where sides have no folds in common; large dots are means, lines their 95 % intervals where
        one can be made. Logarithmic beyond 0.1.
    """
    labels = {effect.name: effect.label for effect in EFFECTS}
    fig, axes = plt.subplots(1, 2, figsize=(8.4, 0.72 * len(labels) + 1.3), sharey=True)
    for ax, measure in zip(axes, MEASURED, strict=True):
        ax.axvline(0, color=INK, lw=0.8)
        for k, (name, rows) in enumerate(audits.items()):
            place = 0.26 * (k - (len(audits) - 1) / 2)
            _draw(ax, rows, measure, list(labels), place, COLOURS[k % len(COLOURS)], name)
        ax.set_xscale("symlog", linthresh=0.1, linscale=1.6)
        ax.set(xlabel=f"{TITLES[measure]}: with the habit minus without", xlim=(-1, 1))
        ax.set_xticks(TICKS, [f"{tick:+g}".replace("-", "\N{MINUS SIGN}") if tick else "0" for tick in TICKS])
        ax.set_xticks([], minor=True)
        ax.grid(axis="y", color="#E3E8EC", lw=0.8)
        ax.tick_params(axis="y", length=0, labelsize=9.5)
    axes[0].set_yticks(range(len(labels)), list(labels.values()))
    axes[0].invert_yaxis()
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=len(audits), fontsize=9.5)
    if simulated:
        simulated_note(axes[1])
    return shown_once(fig)


def _draw(ax: Axes, rows: pd.DataFrame, measure: str, names: list[str], place: float, color: str, label: str) -> None:
    table = summarise_audit(rows).xs(measure, level="measure")
    small: dict[str, Any] = {"mfc": "white", "mec": color, "ms": 4, "mew": 0.8, "zorder": 3}
    for effect, found in table.iterrows():
        y = names.index(str(effect)) + place
        part = rows[rows["effect"] == effect]
        ax.plot(part[f"{measure}_difference"], [y] * len(part), "o", **small)
        if found["low"] < found["high"]:
            ax.plot([found["low"], found["high"]], [y, y], color=color, lw=2)
        ax.plot(found["mean"], y, "o", color=color, ms=8, mec="white", label=label, zorder=4)
        label = "_"
