"""What the benchmark of stock intervals found, read from its kept results: where the interval keeps its word, and where not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lib.errors import MaterialsError
from lib.materials.coverage import METHODS

NAMES = ("stock_coverage", "stock_coverage_classes", "stock_coverage_limits")
# Rows of the table of limits that the chapter speaks of: surveyed buildings, and the class frequencies taken for granted.
_SPOKEN_OF = {"tiny": (20, "city"), "small": (100, "city"), "own_mix": (400, "survey"), "even_mix": (400, "uniform")}
_PARTS = {"groups": "groups", "total": "total", "bias": "total_bias"}


def kept_coverage(folder: str | Path) -> tuple[dict[str, float | str], pd.DataFrame]:
    """Read how often intervals that state 90 % held the truth.

    Parameters
    ----------
    folder : str or Path
        Where ``benchmarks/bench_stock_coverage.py`` keeps its three results.

    Returns
    -------
    told : dict of str to float or str
        Percent: ``bench_soft`` and ``bench_hard``, groups from class probabilities and from the likeliest classes, and the
        same with ``_total``; ``bench_clear``, the total with clear images; ``tiny``, ``small``, ``own_mix`` and
        ``even_mix``, each with ``_groups``, ``_total`` and ``_bias``. In words ``too_narrow`` and ``too_wide``, the rows
        outside the bar, of ``rows_all``.
    limits : DataFrame, indexed by ``surveyed`` and ``prior``
        Percent, by size of the survey and class frequencies.

    Raises
    ------
    MaterialsError
        If a result is missing.

    Examples
    --------
    >>> kept_coverage("nowhere")
    Traceback (most recent call last):
    lib.errors.MaterialsError: nowhere: no kept result (got 'stock_coverage.json'). Fix: run benchmarks/bench_stock_coverage.py.
    """
    clear, classes, limits = (_rows(Path(folder) / f"{name}.json") for name in NAMES)
    told: dict[str, float | str] = {"bench_clear": 100 * clear["total"]["coverage"]}
    for kind, method in zip(("soft", "hard"), METHODS, strict=True):
        found = classes[method]["0.9"]
        told |= {f"bench_{kind}": 100 * found["groups"], f"bench_{kind}_total": 100 * found["total"]}
    judged = pd.DataFrame({name: row for name, row in clear.items() if isinstance(row, dict)}).T
    missed = judged.loc[~judged["bar_met"].astype(bool), "coverage"]
    told |= {"rows_all": len(judged), "too_narrow": _listed(missed[missed < 0.9])}
    told["too_wide"] = _listed(missed[missed > 0.9])
    table = pd.DataFrame(list(limits)).set_index(["surveyed", "prior"]) * 100
    by_case = table.to_dict("index")
    for name, case in _SPOKEN_OF.items():
        told |= {f"{name}_{part}": by_case[case][column] for part, column in _PARTS.items()}
    return told, table


def _rows(path: Path) -> pd.Series:
    if not path.is_file():
        fix = "run benchmarks/bench_stock_coverage.py"
        raise MaterialsError("no kept result", where=str(path.parent), value=path.name, fix=fix)
    return pd.read_json(path)["rows"].dropna()


def _listed(shares: pd.Series) -> str:
    return ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items()) or "none"
