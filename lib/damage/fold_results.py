"""The result of one fold in one run, in a file that is whole or not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lib.damage.metrics import Measures
from lib.errors import DamageError, PatchesError
from lib.patches.files import put


@dataclass(frozen=True)
class FoldResult:
    """What a fold gave.

    Parameters
    ----------
    run, fold : int
        From 1.
    measures : Measures
        On the tested buildings.
    trained : int
        Number of buildings that were trained on.
    seconds : float
        Wall time of training and judging.
    building_ids : tuple of str, length n
        Tested.
    labels : tuple of int, length n
    probability : tuple of float, length n
        Of damage.
    notes : dict
        What the estimator reports about itself.
    """

    run: int
    fold: int
    measures: Measures
    trained: int
    seconds: float
    building_ids: tuple[str, ...]
    labels: tuple[int, ...]
    probability: tuple[float, ...]
    notes: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """Sum up as a row of a table.

        Returns
        -------
        dict
        """
        counts = {"trained": self.trained, "tested": len(self.labels), "damaged": int(np.sum(self.labels))}
        place = {"run": self.run, "fold": self.fold}
        return place | asdict(self.measures) | counts | {"seconds": self.seconds} | self.notes

    def scores(self) -> pd.DataFrame:
        """List the tested buildings.

        Returns
        -------
        DataFrame
            ``run``, ``fold``, ``building_id``, ``label``, ``probability`` and ``threshold``.
        """
        table = pd.DataFrame({"building_id": self.building_ids, "label": self.labels, "probability": self.probability})
        return table.assign(run=self.run, fold=self.fold, threshold=self.measures.threshold)[
            ["run", "fold", "building_id", "label", "probability", "threshold"]
        ]


def result_path(folder: Path, run: int, fold: int) -> Path:
    """Name the file of a result.

    Parameters
    ----------
    folder : Path
    run, fold : int

    Returns
    -------
    Path

    Examples
    --------
    >>> result_path(Path("here"), 1, 2).name
    'run-1-fold-2.json'
    """
    return folder / f"run-{run}-fold-{fold}.json"


def write_result(folder: Path, result: FoldResult, identity: Mapping[str, str]) -> None:
    """Write a result beside its place and move it there.

    Parameters
    ----------
    folder : Path
    result : FoldResult
    identity : mapping of str to str
        What it is the result of.

    Raises
    ------
    DamageError
        If it cannot be written.
    """
    path = result_path(folder, result.run, result.fold)
    content = json.dumps({"identity": dict(identity), "result": asdict(result)}, allow_nan=False)
    try:
        put(path, content.encode())
    except (PatchesError, OSError) as error:
        fix = "check space and permissions, then run it again: it goes on where it stopped"
        raise DamageError("cannot be written", where=str(path), value=str(error), fix=fix) from None


def read_result(folder: Path, run: int, fold: int, identity: Mapping[str, str]) -> FoldResult | None:
    """Read a result, if it is there.

    Parameters
    ----------
    folder : Path
    run, fold : int
    identity : mapping of str to str
        As in ``write_result``.

    Returns
    -------
    FoldResult or None

    Raises
    ------
    DamageError
        If the file is damaged, or of another comparison.
    """
    path = result_path(folder, run, fold)
    if not path.is_file():
        return None
    fix = "delete it, and it is made again"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found, kept = content["identity"], content["result"]
        measures = Measures(**kept.pop("measures"))
        lists: dict[str, Any] = {name: tuple(kept.pop(name)) for name in ("building_ids", "labels", "probability")}
        result = FoldResult(measures=measures, **lists, **kept)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamageError("is no result of a fold", where=str(path), value=str(error), fix=fix) from None
    differing = sorted(key for key in identity if found.get(key) != identity[key])
    if differing:
        fix = "choose another folder, or delete what is in this one"
        raise DamageError("is the result of another comparison", where=str(path), value=differing, fix=fix)
    return result
