"""The intensities that the article prints, and ours beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lib.errors import MaterialsError
from lib.materials.by_type import Intensity

_TABLE = Path(__file__).with_name("published.csv")
_BY = ["wall_material", "roof_material"]


def published_intensities() -> pd.DataFrame:
    """Read what the article's text says of its figure 7a.

    Returns
    -------
    DataFrame, indexed by ``name``
        ``wall_material`` and ``roof_material``, NaN where the article averages over them; ``kg_m2``; and ``place``, where it
        stands in the article.

    Examples
    --------
    >>> int(published_intensities().loc["thatch roof", "kg_m2"])
    1861

    References
    ----------
    Sun, Li, Liu et al. 2025, section 3.3.
    """
    return pd.read_csv(_TABLE, comment="#", index_col="name")


def intensity_beside_published(ours: Intensity, data: str) -> pd.DataFrame:
    """Lay our total intensities beside the article's.

    Parameters
    ----------
    ours : Intensity
        By wall and roof material.
    data : str
        What ours were measured on, such as ``simulated city, 800 buildings``.

    Returns
    -------
    DataFrame, indexed by ``name``
        In kg/m2: ``published``; ``ours``, mass over floor area of all these buildings; ``ours_mean_of_types``, every type
        counting once. ``n`` buildings and surveyed ``types``; ``place`` in the article; ``differs``, why.

    Raises
    ------
    MaterialsError
        If ours are not by wall and roof material.

    Examples
    --------
    >>> from lib.materials.by_type import material_intensity
    >>> hut = pd.DataFrame({"building_id": ["a"], "floor_area_m2": [60.0], "wall_material": ["wood"],
    ...     "roof_material": ["thatch"]})
    >>> listed = pd.DataFrame({"building_id": ["a"], "material": ["wood"], "mass_kg": [9e3]})
    >>> table = intensity_beside_published(material_intensity(hut, listed), "one hut")
    >>> table.loc[["thatch roof"], ["published", "ours"]].to_numpy().tolist()
    [[1861.0, 150.0]]

    References
    ----------
    Sun, Li, Liu et al. 2025, section 3.3 and figure 7a.
    """
    if list(ours.n.index.names) != _BY:
        fix = "call material_intensity with its own by"
        raise MaterialsError(
            "not by wall and roof", where="intensity_beside_published", value=ours.n.index.names, fix=fix
        )
    table = published_intensities()
    found = pd.DataFrame([_ours(ours, row) for _, row in table.iterrows()], index=table.index)
    average = table[_BY].isna().any(axis=1)
    found["place"] = table["place"]
    found["differs"] = [
        _reason(data, n, types, mean) for n, types, mean in zip(found["n"], found["types"], average, strict=True)
    ]
    found.insert(0, "published", table["kg_m2"])
    return found


def _ours(ours: Intensity, row: pd.Series) -> dict[str, float]:
    types = ours.n.index.to_frame()
    chosen = np.ones(len(types), dtype=bool)
    for name, wanted in row[_BY].dropna().items():
        chosen &= (types[name] == wanted).to_numpy()
    n, area = int(ours.n[chosen].sum()), float(ours.area_m2[chosen].sum())
    return {
        "ours": float(ours.mass_kg[chosen].to_numpy().sum()) / area if n else np.nan,
        "ours_mean_of_types": float(ours.total_kg_m2[chosen].mean()),
        "n": n,
        "types": int((ours.n[chosen] > 0).sum()),
    }


def _reason(data: str, n: int, types: int, average: bool) -> str:
    article = "the article: residential buildings of Odense, from its register and inventories"
    if not n:
        return f"ours: {data}, where no building is of this type; {article}"
    few = f"; {n} of ours are few" if n < 10 else ""
    kind = f"; the article does not say how it averages over types, of which we have {types}" if average else ""
    return f"ours: {data}; {article}{kind}{few}"
