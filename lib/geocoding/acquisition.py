"""The acquisition that a chapter looks at: the reader's own, a real one, or, where there is neither, a made-up pass."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pyproj import CRS

from lib.errors import CompanionWarning, FetchError
from lib.manifest import fetch
from lib.radar.capella import CapellaMetadata
from lib.radar.geodesy import geodetic
from lib.radar.look import Look
from lib.radar.orbits import Orbit
from lib.radar.synthetic_pass import simulated_metadata

REAL = "capella_geo_metadata/CAPELLA_C14_SP_GEO_HH_20240709040329_20240709040358_extended.json"
MADE_UP = "made-up pass over Islahiye (no real metadata at hand)"
ISLAHIYE = (36.63, 37.02, 520.0)


@dataclass(frozen=True, eq=False)
class Acquisition:
    """Metadata and where they come from.

    Parameters
    ----------
    metadata : CapellaMetadata
    source : str
        File name, or that the pass is made up: to be shown with every result.
    made_up : bool
    """

    metadata: CapellaMetadata
    source: str
    made_up: bool

    @property
    def orbit_kind(self) -> str:
        """Words for the prose: whose orbit it is, or that it is made up."""
        return (
            "a made-up orbit: the real metadata were not at hand"
            if self.made_up
            else f"the real orbit of {self.source}"
        )

    @cached_property
    def centre(self) -> tuple[float, float, float]:
        """Longitude and latitude in degrees and ellipsoidal height in metres of the scene centre."""
        return geodetic(self.metadata.target_position)

    @cached_property
    def crs(self) -> CRS:
        """Grid of the product; the UTM zone of the scene centre where a slant-range product has none."""
        lon, lat, _ = self.centre
        zone = min(int((lon + 180) // 6) + 1, 60)
        return self.metadata.crs or CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)

    @cached_property
    def look(self) -> Look:
        """Look at the scene centre, its azimuth counted from the north of the grid."""
        return Look.from_capella(self.metadata.to_document(), self.crs)

    @cached_property
    def orbit(self) -> Orbit:
        """State vectors of the pass."""
        return Orbit(self.metadata.times, self.metadata.positions, self.metadata.velocities)


def load_acquisition(path: str | Path | None = None) -> Acquisition:
    """Read the acquisition of a product, or of the real product that the data manifest names.

    Parameters
    ----------
    path : path or None
        ``*_extended.json`` or GeoTIFF of a geocoded Capella product; None for the one of the manifest.

    Returns
    -------
    Acquisition
        Made up where no path is given and the real one can be fetched from nowhere.

    Raises
    ------
    RasterError
        If the given file is no product's metadata.

    Warns
    -----
    CompanionWarning
        If the pass is made up.

    Examples
    --------
    >>> load_acquisition("nowhere.json")
    Traceback (most recent call last):
        ...
    lib.errors.RasterError: metadata: no such file (got 'nowhere.json'). Fix: check the path.
    """
    if path is not None:
        return Acquisition(CapellaMetadata.read(path), Path(path).name, made_up=False)
    try:
        return Acquisition(CapellaMetadata.read(fetch(REAL)), Path(REAL).name, made_up=False)
    except FetchError:
        message = f"using a {MADE_UP}; 'companion data fetch {REAL}' says why the real one is missing"
        warnings.warn(message, CompanionWarning, stacklevel=2)
    return Acquisition(simulated_metadata(Look(43.1, 80.0), *ISLAHIYE, "EPSG:32637"), MADE_UP, made_up=True)
