"""Everything about material intensity by one name; each idea has a file of its own.

``material_intensity`` is equation 1 and ``bootstrap_intensity`` its intervals; ``read_heeren`` and ``read_rasmi`` bring
published intensities; ``city_stock`` and ``outlook`` turn intensities into tonnes, now and by decade.
"""

from lib.materials.bootstrap import IntensityIntervals, bootstrap_intensity
from lib.materials.by_type import Intensity, material_intensity
from lib.materials.cohorts import age_cohort
from lib.materials.database_intensity import intensity_of_database
from lib.materials.groups import GROUPS, MATERIALS, group_table, to_groups
from lib.materials.heeren import IntensityDatabase, read_heeren
from lib.materials.inventory import make_inventory
from lib.materials.outlook import Lifetime, expected_mass, outlook
from lib.materials.published import intensity_beside_published, published_intensities
from lib.materials.rasmi import percentile_in, place_in_rasmi, read_rasmi
from lib.materials.simulated_stock import simulated_stock_case
from lib.materials.stock import Stock, city_stock

__all__ = [
    "GROUPS", "MATERIALS", "Intensity", "IntensityDatabase", "IntensityIntervals", "Lifetime", "Stock",
    "age_cohort", "bootstrap_intensity", "city_stock", "expected_mass", "group_table", "intensity_beside_published",
    "intensity_of_database", "make_inventory", "material_intensity", "outlook", "percentile_in", "place_in_rasmi",
    "published_intensities", "read_heeren", "read_rasmi", "simulated_stock_case", "to_groups",
]  # fmt: skip
