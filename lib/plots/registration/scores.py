"""How good it was: shares of right buildings, stated against true reliability, and where the errors are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.plots.registration.letter import note_above
from lib.plots.registration.search import room_for_bar
from lib.plots.style import BEFORE, INK, INTACT, OURS, PUBLISHED, TRUTH, shown_once, simulated_note
from lib.registration.judging.accuracy import RIGHT_M
from lib.registration.judging.reliability import p95_left, spread_and_support

# Of methods, in the order of the book: colour and marker.
LOOKS: Mapping[str, tuple[str, str]] = {
    "mapped": (BEFORE, "x"), "paper": (PUBLISHED, "s"), "paper, global step": (PUBLISHED, "v"),
    "range": (INTACT, "^"), "field": (OURS, "o"),
}  # fmt: skip


def shares(table: pd.DataFrame) -> Figure:
    """Show the share of right buildings, scene by scene and method by method.

    Parameters
    ----------
    table : DataFrame
        From ``lib.registration.judging.accuracy.summarise``, by scene and method.

    Returns
    -------
    Figure
    """
    scenes = list(dict.fromkeys(table.index.get_level_values("scene")))
    methods = list(dict.fromkeys(table.index.get_level_values("method")))
    fig, ax = plt.subplots(figsize=(6.6, 0.5 * len(scenes) + 1.6))
    for method in methods:
        colour, marker = LOOKS.get(method, (INK, "D"))
        rows = table.xs(method, level="method")["right_percent"].reindex(scenes)
        fill: dict[str, Any] = {} if marker == "x" else {"mfc": colour, "mec": "white", "mew": 0.6}
        ax.plot(rows, np.arange(len(scenes)), marker, color=colour, ms=8, label=method, **fill)
    ax.set(
        yticks=np.arange(len(scenes)),
        yticklabels=scenes,
        xlim=(-2, 102),
        xlabel="buildings right to 2 m (%), simulated",
    )
    ax.invert_yaxis()
    ax.grid(axis="y", color="#E3E8EC", lw=0.8)
    ax.tick_params(axis="y", length=0, labelsize=10)
    fig.legend(loc="outside upper left", ncols=len(methods), fontsize=9.5, handletextpad=0.2)
    return shown_once(fig)


def reliability_diagram(table: pd.DataFrame) -> Figure:
    """Show the share that is right over the confidence that was stated.

    Parameters
    ----------
    table : DataFrame
        From ``lib.registration.judging.accuracy.reliability``.

    Returns
    -------
    Figure
    """
    fig, ax = plt.subplots(figsize=(4.6, 4.6))
    low = float(min(table["stated"].min(), table["low"].min())) - 0.03
    low = max(min(low, 0.9), 0.0)
    ax.plot([low, 1], [low, 1], color=INTACT, lw=1, ls=":", label="as good as it says")
    errors = np.array([table["right"] - table["low"], table["high"] - table["right"]]).clip(0)
    style: dict[str, Any] = {"fmt": "o", "color": OURS, "ms": 6, "lw": 1.2, "capsize": 2.5}
    ax.errorbar(table["stated"], table["right"], errors, label="found (95 % interval)", **style)
    ax.set(xlim=(low, 1.01), ylim=(low, 1.01), aspect="equal", xlabel="stated confidence", ylabel="share right to 1 m")
    ax.legend(loc="upper left", fontsize=9)
    simulated_note(ax)
    return shown_once(fig)


def errors_by_rank(judged: pd.DataFrame) -> Figure:
    """Show the 95th percentile of the errors that are left when the least sure buildings are dropped.

    Parameters
    ----------
    judged : DataFrame
        With ``confidence``, ``error_m`` and what ``spread_and_support`` needs, of one method.

    Returns
    -------
    Figure
        Beside it what dropping the truly worst would leave, and thin what spread and support achieve.
    """
    known = judged[judged["confidence"].notna()]
    orders: dict[str, tuple[Any, dict[str, Any]]] = {
        "least sure first": (known["confidence"], {"color": OURS}),
        "worst first (needs the truth)": (-known["error_m"].abs(), {"color": TRUTH, "ls": "--"}),
        "by local spread and support": (spread_and_support(known), {"color": INTACT, "lw": 1.0}),
    }
    fig, ax = plt.subplots(figsize=(6.0, 3.6))
    percents = np.arange(0, 51, 2)
    for name, (trust, style) in orders.items():
        ax.plot(percents, [p95_left(known, trust, share / 100) for share in percents], label=name, **style)
    half = p95_left(known, known["confidence"], 0.0) / 2
    ax.axhline(half, color=INTACT, lw=0.8, ls=":")
    ax.axvline(20, color=INTACT, lw=0.8, ls=":")
    ax.set(xlabel="buildings dropped (%)", ylabel="95th percentile (m)", ylim=(0, None), xlim=(0, 50))
    ax.legend(fontsize=9, loc="lower left")
    note_above(ax)
    return shown_once(fig)


def error_maps(judged: pd.DataFrame, scenes: Sequence[str]) -> Figure:
    """Show where errors are: every building by its error, scene by scene.

    Parameters
    ----------
    judged : DataFrame
        Of one method, one seed.
    scenes : sequence of str

    Returns
    -------
    Figure
        Rings mark buildings that are wrong by more than 2 m; titles count them.
    """
    fig, axes = plt.subplots(1, len(scenes), figsize=(3.6 * len(scenes), 4.1), squeeze=False)
    for ax, scene in zip(axes.flat, scenes, strict=True):
        rows = judged[(judged["scene"] == scene) & judged["error_m"].notna()]
        places = rows[["easting", "northing"]].to_numpy()
        dots = ax.scatter(*places.T, c=rows["error_m"], s=16, cmap="RdBu", vmin=-4, vmax=4, lw=0)
        wrong = (rows["error_m"].abs() > RIGHT_M).to_numpy()
        ax.scatter(*places[wrong].T, s=42, facecolor="none", edgecolor=INK, lw=0.9)
        ax.set_facecolor("#8A949D")
        ax.set_title(f"{scene}: {wrong.sum()} of {len(rows)}", fontsize=10)
        room_for_bar(ax, places)
        simulated_note(ax)
    bar = fig.colorbar(dots, ax=axes, location="bottom", shrink=0.6, aspect=30, extend="both")
    bar.set_label("error along ground range (m)")
    return shown_once(fig)
