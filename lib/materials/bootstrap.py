"""How sure an intensity is: bootstrap intervals over buildings, type by type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import delayed
from numpy.typing import NDArray

from lib.errors import MaterialsError
from lib.materials.by_type import Intensity, survey_intensity
from lib.materials.groups import to_groups
from lib.materials.resampling import resampled_sums
from lib.materials.survey import Survey, join_survey
from lib.parallel import parallel


@dataclass(frozen=True)
class IntensityIntervals:
    """Material intensity with its bootstrap intervals.

    Parameters
    ----------
    intensity : Intensity
        What the survey itself says.
    low, high : DataFrame, shape (types, materials + 1)
        Ends of the central interval, kg/m2; the last column is ``total``. NaN where a type has fewer than two
        buildings: one building tells nothing about the spread.
    draws_kg_m2 : ndarray, shape (draws, surveyed types, materials)
        The bootstrap distribution.
    drawn_types : Index
        The surveyed types.
    confidence : float
        Such as 0.9.
    """

    intensity: Intensity
    low: pd.DataFrame
    high: pd.DataFrame
    draws_kg_m2: NDArray[np.float64]
    drawn_types: pd.Index
    confidence: float

    def in_groups(self) -> IntensityIntervals:
        """Give the same by the seven groups of figure 7, summed draw by draw."""
        draws, types, materials = self.draws_kg_m2.shape
        flat = pd.DataFrame(self.draws_kg_m2.reshape(-1, materials), columns=self.intensity.kg_m2.columns)
        grouped = to_groups(flat).to_numpy().reshape(draws, types, -1)
        return _with_intervals(self.intensity.in_groups(), grouped, self.drawn_types, self.confidence)


def bootstrap_intensity(
    buildings: pd.DataFrame,
    inventory: pd.DataFrame,
    by: Sequence[str] = ("wall_material", "roof_material"),
    *,
    draws: int = 1000,
    confidence: float = 0.9,
    seed: int = 0,
    jobs: int | None = None,
) -> IntensityIntervals:
    """Resample the buildings of each type with replacement, and take equation 1 of every sample.

    A sample holds as many buildings as the type has. Mass and floor area of a drawn building stay together, and so do
    its materials, so that an interval of a sum of materials is right too. Intervals are percentile intervals: with a
    handful of buildings they are too narrow, which is why ``n`` belongs beside each.

    Parameters
    ----------
    buildings, inventory, by
        As for ``material_intensity``.
    draws : int
        Bootstrap samples, 1 or more.
    confidence : float
        Probability between ``low`` and ``high``, above 0 and below 1.
    seed : int
        The samples of a type depend on it and on the type alone.
    jobs : int, optional
        Threads, as joblib counts them; results do not depend on it.

    Returns
    -------
    IntensityIntervals

    Raises
    ------
    MaterialsError
        As ``material_intensity``, or for draws or a confidence out of range.

    Examples
    --------
    >>> two = pd.DataFrame({"building_id": ["a", "b"], "floor_area_m2": [100.0, 100.0], "use": ["public"] * 2})
    >>> listed = pd.DataFrame({"building_id": ["a", "b"], "material": ["wood"] * 2, "mass_kg": [1e3, 3e3]})
    >>> found = bootstrap_intensity(two, listed, by=["use"])
    >>> float(found.low.loc["public", "wood"]), float(found.high.loc["public", "wood"])
    (10.0, 30.0)

    References
    ----------
    Sun, Li, Liu et al. 2025, equation 1, which has no intervals; Efron 1979.
    """
    check_draws(draws, confidence, "bootstrap_intensity", seed)
    survey = join_survey(buildings, inventory, by)
    drawn = np.unique(survey.code)
    sums = parallel(jobs, prefer="threads")(
        delayed(resampled_sums)(columns, _states(seed, int(code), draws))
        for code, columns in zip(drawn, _columns_by_type(survey), strict=True)
    )
    ratios = np.stack([one[:, 1:] / one[:, :1] for one in sums], axis=1)
    return _with_intervals(survey_intensity(survey), ratios, survey.types[drawn], confidence)


def check_draws(draws: int, confidence: float, where: str, seed: int = 0) -> None:
    """Refuse a number of draws, a confidence or a seed that cannot be.

    Parameters
    ----------
    draws : int
    confidence : float
    where : str
        Who asks, for the message.
    seed : int

    Raises
    ------
    MaterialsError
        If draws are no whole number of 1 or more, the confidence is not above 0 and below 1, or the seed is no whole
        number of 0 or more.

    Examples
    --------
    >>> check_draws(1000, 0.9, "doctest")
    """
    for name, value, least in (("draws", draws, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            fix = f"give {least} or more, such as {1000 * least}"
            raise MaterialsError(f"no whole number of {least} or more", where=f"{where}, {name}", value=value, fix=fix)
    if not isinstance(confidence, (int, float, np.floating)) or not 0 < confidence < 1:
        fix = "give a probability such as 0.9"
        raise MaterialsError("not between 0 and 1", where=f"{where}, confidence", value=confidence, fix=fix)


def _columns_by_type(survey: Survey) -> list[NDArray[np.float64]]:
    """Floor area and masses of each surveyed type: shape (1 + materials, buildings of the type)."""
    order = np.argsort(survey.code, kind="stable")
    columns = np.vstack([survey.area_m2, survey.mass_kg.to_numpy().T])[:, order]
    ends = np.flatnonzero(np.diff(survey.code[order])) + 1
    return [np.ascontiguousarray(part) for part in np.split(columns, ends, axis=1)]


def _states(seed: int, code: int, draws: int) -> NDArray[np.uint64]:
    stream = np.random.SeedSequence(seed, spawn_key=(code,))
    return stream.generate_state(draws, np.uint64).astype(np.uint64, copy=False)


def _with_intervals(
    intensity: Intensity, draws_kg_m2: NDArray[np.float64], drawn: pd.Index, confidence: float
) -> IntensityIntervals:
    columns = [*intensity.kg_m2.columns, "total"]
    with_total = np.concatenate([draws_kg_m2, np.nansum(draws_kg_m2, axis=2, keepdims=True)], axis=2)
    tail = (1 - confidence) / 2
    ends = np.quantile(with_total, [tail, 1 - tail], axis=0)
    known = intensity.n > 1
    low, high = (
        pd.DataFrame(end, index=drawn, columns=columns).reindex(intensity.n.index).where(known, axis=0) for end in ends
    )
    return IntensityIntervals(intensity, low, high, draws_kg_m2, drawn, confidence)
