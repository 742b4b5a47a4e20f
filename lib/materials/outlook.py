"""Urban mining: which materials leave the stock in which decade, as the article proposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from lib.errors import MaterialsError
from lib.materials.survey import numbers_of


@dataclass(frozen=True)
class Lifetime:
    """How long buildings stand: a Weibull distribution, told by its mean and standard deviation.

    The defaults are the ages at demolition of some 15,000 buildings in thirteen cities, Copenhagen among them:
    71 years on average, standard deviation 28. Nine of the cities are in the United States; the mean of the four European
    ones is 65, and homes last longest. Buildings that still stand are not among those, so that the default is short: it
    lets an old town fall too fast. Compare a longer one.

    Parameters
    ----------
    mean_years, sd_years : float
        The standard deviation from a hundredth of the mean to below the mean.
    source : str
        Where they come from; carried into the table.

    Raises
    ------
    MaterialsError
        If they are outside that range.

    Examples
    --------
    >>> round(float(Lifetime().survival(71.0)), 2)
    0.48

    References
    ----------
    Berglund-Brown, Dobie, Hewitt, De Wolf, Ochsendorf 2025, Buildings and Cities 6(1), abstract; doi 10.5334/bc.588.
    """

    mean_years: float = 71.0
    sd_years: float = 28.0
    source: str = "ages at demolition, Berglund-Brown et al. 2025, doi 10.5334/bc.588"

    def __post_init__(self) -> None:
        """Refuse values that no lifetime has."""
        if not 0 < 0.01 * self.mean_years <= self.sd_years < self.mean_years < np.inf:
            value = (self.mean_years, self.sd_years)
            fix = "give years, the standard deviation from a hundredth of the mean to below the mean"
            raise MaterialsError("no lifetime is like that", where="Lifetime, mean and sd", value=value, fix=fix)

    @property
    def shape(self) -> float:
        """Weibull shape: the one with the wanted standard deviation over mean."""
        wanted = np.log1p((self.sd_years / self.mean_years) ** 2)

        def excess(shape: float) -> float:
            return float(special.gammaln(1 + 2 / shape) - 2 * special.gammaln(1 + 1 / shape) - wanted)

        return float(optimize.brentq(excess, 0.9, 1e3))

    def survival(self, age_years: ArrayLike) -> NDArray[np.float64]:
        """Give the probability to stand longer than an age, years; 1 before 0."""
        scale = self.mean_years / special.gamma(1 + 1 / self.shape)
        age = np.maximum(np.asarray(age_years, dtype=float), 0)
        return np.exp(-((age / scale) ** self.shape))


DEFAULT_LIFETIME = Lifetime()


def outlook(
    buildings: pd.DataFrame,
    mass_kg: pd.DataFrame,
    now: int,
    *,
    decades: int = 8,
    lifetime: Lifetime | Sequence[Lifetime] = DEFAULT_LIFETIME,
) -> pd.DataFrame:
    """Expect the tonnes of each material that leave the stock, decade by decade.

    A building that stands today has outlived its age already: its chance to fall in a decade is that of falling then
    and not before, given that age. Nothing is built anew.

    Parameters
    ----------
    buildings : DataFrame
        ``building_id`` and ``construction_year``.
    mass_kg : DataFrame, indexed by building id, shape (n, materials)
        Of each building; from an inventory, or from ``expected_mass``.
    now : int
        Year in which all the buildings stand; the first decade begins with it.
    decades : int
        1 or more; what outlives them is in the last row, ``later``.
    lifetime : Lifetime or sequence of Lifetime
        Several are laid below each other.

    Returns
    -------
    DataFrame, indexed by ``lifetime`` and ``decade``
        One column a material, then ``total``: tonnes. The rows of one lifetime add up to the stock.

    Raises
    ------
    MaterialsError
        If a construction year is missing, no number or after ``now``; a building has no mass, or stands twice; two
        lifetimes are the same, or none is given; or there are no decades.

    Examples
    --------
    >>> house = pd.DataFrame({"building_id": ["a"], "construction_year": [1950]})
    >>> mass = pd.DataFrame({"wood": [2e4]}, index=["a"])
    >>> table = outlook(house, mass, now=2025, decades=2)
    >>> table["wood"].round(1).tolist(), table.index.get_level_values("decade").tolist()
    ([5.8, 4.9, 9.3], ['2025-2034', '2035-2044', 'later'])

    References
    ----------
    Sun, Li, Liu et al. 2025, section 3.3, end of the first paragraph, proposes it.
    """
    if decades < 1:
        raise MaterialsError("no decades", where="outlook, decades", value=decades, fix="give 1 or more")
    _check(buildings, mass_kg)
    age = now - _years(buildings, now)
    mass = mass_kg.reindex(pd.Index(buildings["building_id"]))
    if mass.isna().any(axis=None):
        value = list(mass.index[mass.isna().any(axis=1)][:5])
        raise MaterialsError("buildings without mass", where="outlook, mass_kg", value=value, fix="add or drop them")
    lifetimes = [lifetime] if isinstance(lifetime, Lifetime) else list(lifetime)
    names = [f"{now + 10 * k}-{now + 10 * k + 9}" for k in range(decades)] + ["later"]
    labels = [_label(one) for one in lifetimes]
    if len(set(labels)) < max(len(labels), 1):
        fix = "give at least one, and each once"
        raise MaterialsError("no lifetime, or one twice", where="outlook, lifetime", value=labels, fix=fix)
    tables = {_label(one): _leaving(age, mass, one, decades).set_axis(names) for one in lifetimes}
    table = pd.concat(tables, names=["lifetime", "decade"])
    return table.assign(total=table.sum(axis=1))


def _check(buildings: pd.DataFrame, mass_kg: pd.DataFrame) -> None:
    missing = [name for name in ("building_id", "construction_year") if name not in buildings.columns]
    if missing:
        fix = "add them, or rename yours"
        raise MaterialsError("missing columns", where="outlook, buildings", value=missing, fix=fix)
    for name, ids in (("buildings", pd.Index(buildings["building_id"])), ("mass_kg", mass_kg.index)):
        if not ids.is_unique:
            value, fix = list(ids[ids.duplicated()][:5]), "keep one row a building"
            raise MaterialsError("duplicate building_id", where=f"outlook, {name}", value=value, fix=fix)


def _years(buildings: pd.DataFrame, now: int) -> NDArray[np.float64]:
    year = numbers_of(buildings, "construction_year", "outlook").to_numpy()
    wrong = ~(year <= now)
    if wrong.any():
        row = buildings[wrong].iloc[0]
        where, fix = f"construction_year of building {row['building_id']}", f"give a year up to {now}, or drop it"
        raise MaterialsError("missing, or not built yet", where=where, value=row["construction_year"], fix=fix)
    return year


def _label(lifetime: Lifetime) -> str:
    return f"{lifetime.mean_years:.10g} +- {lifetime.sd_years:.10g} years"


def _leaving(age: NDArray[np.float64], mass: pd.DataFrame, lifetime: Lifetime, decades: int) -> pd.DataFrame:
    """Tonnes that leave in each decade, and later."""
    ages = age[:, None] + 10.0 * np.arange(decades + 1)
    alive = lifetime.survival(ages)
    # Of a building so old that its chance to stand is below what floats can tell, all falls at once.
    standing = np.divide(alive, alive[:, :1], out=np.eye(1, decades + 1).repeat(len(age), 0), where=alive[:, :1] > 0)
    shares = np.hstack([-np.diff(standing, axis=1), standing[:, -1:]])
    return pd.DataFrame(shares.T @ mass.to_numpy() / 1000, columns=mass.columns)


def expected_mass(buildings: pd.DataFrame, kg_m2: pd.DataFrame) -> pd.DataFrame:
    """Give every building the intensity of its type, times its floor area.

    Parameters
    ----------
    buildings : DataFrame
        ``building_id``, ``floor_area_m2`` and the columns that types are told by.
    kg_m2 : DataFrame, indexed by type
        Of an ``Intensity``.

    Returns
    -------
    DataFrame, indexed by building id
        kg, one column a material.

    Raises
    ------
    MaterialsError
        If a building is of a type without intensity.

    Examples
    --------
    >>> house = pd.DataFrame({"building_id": ["a"], "floor_area_m2": [50.0], "use": ["public"]})
    >>> expected_mass(house, pd.DataFrame({"wood": [20.0]}, index=pd.Index(["public"], name="use"))).loc["a", "wood"]
    np.float64(1000.0)

    References
    ----------
    Sun, Li, Liu et al. 2025, equation 1, turned round.
    """
    names = list(kg_m2.index.names)
    wanted = pd.MultiIndex.from_frame(buildings[names]) if len(names) > 1 else pd.Index(buildings[names[0]])
    found = kg_m2.reindex(wanted)
    empty = found.isna().all(axis=1).to_numpy()
    if empty.any():
        value, fix = wanted[empty][0], "tell types by fewer columns, or survey this one"
        raise MaterialsError("a type without intensity", where="expected_mass", value=value, fix=fix)
    mass = found.to_numpy() * buildings["floor_area_m2"].to_numpy(dtype=float)[:, None]
    return pd.DataFrame(mass, index=pd.Index(buildings["building_id"]), columns=kg_m2.columns)
