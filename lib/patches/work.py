"""The work on one shard: all that a worker needs to cut it, and the note it leaves when it is done."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from lib.patches.cutting import Cut, cut
from lib.patches.files import put
from lib.patches.plan import SIDES, Plan, moved_footprints
from lib.patches.ready import ready_array
from lib.patches.shards import Layout, write_shard
from lib.patches.sources import Source


@dataclass(frozen=True, eq=False)
class Task:
    """A shard as it is sent to a worker: everything needed, and nothing more.

    Parameters
    ----------
    root : Path
        Of the store.
    number : int
        Of the shard.
    rows : GeoDataFrame
        Of the plan's index.
    plan : Plan
        Without its index.
    sources : (Source, Source)
    arrays : dict of str to Layout
    size_px : int
    all_touched : bool
    tile_px : int
    """

    root: Path
    number: int
    rows: gpd.GeoDataFrame
    plan: Plan
    sources: tuple[Source, Source]
    arrays: dict[str, Layout]
    size_px: int
    all_touched: bool
    tile_px: int


def cut_shard(task: Task) -> None:
    """Cut the buildings of one shard and write it; the note that it is complete comes last.

    Parameters
    ----------
    task : Task

    Raises
    ------
    RasterError
        If an image cannot be read.
    PatchesError
        If the shard cannot be written.
    """
    with ExitStack() as stack:
        sar, optical = (stack.enter_context(source.opened()) for source in task.sources)
        footprints = task.rows.geometry.to_numpy()
        moved = moved_footprints(footprints, task.rows[["east_shift_m", "north_shift_m"]].to_numpy(float))
        windows = task.plan.windows(SIDES[0], task.rows), task.plan.windows(SIDES[1], task.rows)
        pieces = cut(
            (moved, footprints), windows, task.sources, (sar, optical), all_touched=task.all_touched, tile_px=task.tile_px
        )  # fmt: skip
    empty = (pieces.sar_valid == 0) | (pieces.optical_valid == 0)
    ready = np.zeros((len(empty), *task.arrays["ready"].shape[1:]), np.uint8)
    for k, patch in enumerate(pieces.patches()):
        if not empty[k]:
            ready[k] = ready_array(patch, task.size_px)
    for name, layout in task.arrays.items():
        write_shard(task.root, name, layout, task.number, ready if name == "ready" else getattr(pieces, name))
    put(note_of(task.root, task.number), _report(task, pieces).to_csv(index=False).encode())


def _report(task: Task, pieces: Cut) -> pd.DataFrame:
    """Tell of the buildings of a shard what only the pixels know."""
    table = pd.DataFrame({"row": task.rows["row"].to_numpy()})
    for side in SIDES:
        pixels = task.plan.windows(side, task.rows).pixels
        table[f"{side}_valid"] = np.round(getattr(pieces, f"{side}_valid") / pixels, 6)
    return table


def note_of(root: Path, number: int) -> Path:
    """Name the file that says that a shard is complete.

    Parameters
    ----------
    root : Path
        Of the store.
    number : int
        Of the shard.

    Returns
    -------
    Path

    Examples
    --------
    >>> note_of(Path("store"), 7).name
    '000007.csv'
    """
    return root / "notes" / f"{number:06d}.csv"
