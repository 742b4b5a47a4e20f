"""What each part of the method is good for: the ablations of figures 10 and 12, at a size that fits on one core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.sprites.metrics import evaluate
from lib.sprites.model import SpriteModel
from lib.sprites.paper.settings import PaperSettings
from lib.sprites.paper.training import fit_paper

# Figure 10 of the article: PSNR in dB, mean and deviation over five seeds, on Mario at 128 pixels after 200,000 steps.
PUBLISHED_DB = {
    "half patches": (28.85, 0.95),
    "full": (28.04, 0.72),
    "no layer norm": (26.05, 0.45),
    "small dictionary": (23.80, 1.38),
    "double patches": (23.63, 1.05),
    "straight-through switches": (22.15, 0.25),
}
# The article divides its dictionary of 150 by six.
_SMALL = 6


@dataclass(frozen=True)
class Variant:
    """A way to train.

    Parameters
    ----------
    name : str
    options : mapping
        Fields of ``PaperSettings`` in which it differs from the full method.
    scrolling : bool
        Trained on frames whose background scrolls (figure 12), else on a plain one (figure 10).
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    scrolling: bool = False


def variants(full: PaperSettings) -> Iterator[Variant]:
    """List the ablations.

    Parameters
    ----------
    full : PaperSettings
        Of the full method.

    Yields
    ------
    Variant

    Examples
    --------
    >>> [variant.name for variant in variants(PaperSettings())][:3]
    ['full', 'half patches', 'double patches']
    """
    yield Variant("full")
    yield Variant("half patches", {"sprite_size": full.sprite_size // 2})
    yield Variant("double patches", {"sprite_size": full.sprite_size * 2})
    yield Variant("small dictionary", {"n_sprites": max(1, full.n_sprites // _SMALL)})
    yield Variant("no layer norm", {"layernorm": False, "codes_normalised": False})
    yield Variant("straight-through switches", {"straight_through": True})
    yield Variant("background by classification", {"background": "learned"}, scrolling=True)
    yield Variant("background by regression", {"background": "regressed"}, scrolling=True)


def run_variant(
    variant: Variant,
    settings: PaperSettings,
    frames: NDArray[np.uint8],
    unseen: NDArray[np.uint8],
    progress: bool = False,
) -> tuple[dict[str, Any], SpriteModel]:
    """Train one variant with one seed, and measure it on frames that it has not seen.

    Parameters
    ----------
    variant : Variant
    settings : PaperSettings
        Of the variant, its seed among them.
    frames, unseen : array of uint8, shape (n, rows, cols, 3)
    progress : bool

    Returns
    -------
    dict
        ``variant``, ``seed``, ``psnr`` of hard frames and ``psnr_soft`` of the last steps in dB, ``sprites`` in use,
        ``texture_used``, the share of the background's texture that any unseen frame shows, ``cpu_s``.
    SpriteModel
    """
    model = fit_paper(frames, settings=settings, progress=progress)
    found = evaluate(model, unseen)
    last = model.history.iloc[-1]
    row = {
        "variant": variant.name, "seed": settings.seed, "psnr": found["psnr"], "psnr_soft": float(last["psnr_soft"]),
        "sprites": found["n_used"], "texture_used": texture_used(model, unseen), "cpu_s": float(last["cpu_s"]),
    }  # fmt: skip
    return row, model


def texture_used(model: SpriteModel, frames: NDArray[np.uint8]) -> float:
    """Measure how much of the background's texture any frame shows.

    Parameters
    ----------
    model : SpriteModel
    frames : array of uint8, shape (n, rows, cols, 3)

    Returns
    -------
    float
        From 0 to 1.
    """
    table = model.decompose(frames)
    seen = np.zeros(model.background.shape[:2], dtype=bool)
    for row, col in table.loc[table["sprite"] == -1, ["row", "col"]].to_numpy(int):
        seen[row : row + model.size[0], col : col + model.size[1]] = True
    return float(seen.mean())


def summary(runs: pd.DataFrame) -> pd.DataFrame:
    """Take mean and deviation over the seeds, beside the article's.

    Parameters
    ----------
    runs : DataFrame
        Rows as :func:`run_variant` gives them.

    Returns
    -------
    DataFrame
        A row a variant, in the order of the runs: ``psnr``, ``psnr_std``, ``psnr_soft``, ``psnr_soft_std``, ``sprites``,
        ``texture_used``, ``seeds``, and ``published``, ``published_std`` where there is such a figure.

    Examples
    --------
    >>> rows = [{"variant": "full", "seed": s, "psnr": 20.0 + s, "psnr_soft": 22.0, "sprites": 3, "texture_used": 1.0}
    ...         for s in range(3)]
    >>> summary(pd.DataFrame(rows))[["psnr", "psnr_std", "published"]].values.tolist()
    [[21.0, 1.0, 28.04]]
    """
    groups = runs.groupby("variant", sort=False)
    made = groups[["psnr", "psnr_soft", "sprites", "texture_used"]].mean()
    made["psnr_std"], made["psnr_soft_std"] = groups["psnr"].std(), groups["psnr_soft"].std()
    made["seeds"] = groups.size()
    published = [PUBLISHED_DB.get(str(name), (np.nan, np.nan)) for name in made.index]
    made["published"], made["published_std"] = zip(*published, strict=True)
    return made.reset_index()
