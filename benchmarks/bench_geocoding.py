"""Exact geocoding geometry beside two peers, in one run: CPU seconds, all threads added, median of repeats.

sarsen solves the first half (point to zero-Doppler time and range); scipy's general root finder, called for each
point on range, Doppler and height, solves the whole. Run: python benchmarks/bench_geocoding.py
"""

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import xarray as xr
from pyproj import Transformer
from sarsen import geocoding
from sarsen.orbit import OrbitPolyfitInterpolator
from scipy.optimize import root

from lib.radar.geodesy import ecef
from lib.radar.look import Look
from lib.radar.orbits import exact_shift, zero_doppler
from lib.radar.synthetic_pass import circular_orbit

POINTS, SCIPY_POINTS, REPEATS = 50_000, 500, 7
LON, LAT, HEIGHT_M, DH_M, GRID = 36.63, 37.02, 500.0, 10.0, 32637
RESULT = Path(__file__).with_name("results") / "geocoding.json"

rng = np.random.default_rng(0)
LONS, LATS = LON + rng.uniform(-0.03, 0.03, POINTS), LAT + rng.uniform(-0.025, 0.025, POINTS)
ORBIT = circular_orbit(Look(43.1, 80.0), LON, LAT, HEIGHT_M, GRID)
PLACES = ecef(LONS, LATS, HEIGHT_M)
PATH = OrbitPolyfitInterpolator.from_position(
    xr.DataArray(ORBIT.positions, {"azimuth_time": ORBIT.times, "axis": [0, 1, 2]}, ("azimuth_time", "axis")), deg=7
)
CUBE = xr.DataArray(PLACES[None], {"axis": [0, 1, 2]}, ("y", "x", "axis"))


def ours_zero_doppler() -> np.ndarray:
    seconds = zero_doppler(PLACES, ORBIT)
    return np.linalg.norm(PLACES - ORBIT.position(seconds), axis=1)


def sarsen_zero_doppler() -> np.ndarray:
    """To the same tolerance: a millionth of a metre of flight."""
    seen = geocoding.backward_geocode(CUBE, PATH, zero_doppler_distance=1e-6, maxiter=20)
    return np.linalg.norm(seen.dem_distance.to_numpy()[0], axis=-1)


def ours_shift() -> np.ndarray:
    return np.array(exact_shift(LONS, LATS, HEIGHT_M, HEIGHT_M + DH_M, ORBIT, GRID))


def scipy_shift() -> np.ndarray:
    """The first points only: one call of the root finder for each, on the same interpolated orbit."""
    to_geodetic = Transformer.from_crs(4978, 4979, always_xy=True).transform
    to_grid = Transformer.from_crs(4326, GRID, always_xy=True).transform
    shifts = []
    for lon, lat, point in zip(LONS[:SCIPY_POINTS], LATS, PLACES, strict=False):
        abeam = root(lambda t, p=point: (p - ORBIT.position(t[0])) @ ORBIT.position(t[0], 1), [0.0], tol=1e-13).x[0]
        sensor, velocity = ORBIT.position(abeam), ORBIT.position(abeam, 1)
        range_m, flight = np.linalg.norm(point - sensor), velocity / np.linalg.norm(velocity)

        def misses(step, p=point, s=sensor, r=range_m, f=flight):
            place = p + step
            height_miss_m = to_geodetic(*place)[2] - HEIGHT_M - DH_M
            return [np.linalg.norm(place - s) - r, (place - s) @ f, height_miss_m]

        place = to_geodetic(*(point + root(misses, np.zeros(3), tol=1e-10).x))
        shifts.append(np.subtract(to_grid(*place[:2]), to_grid(lon, lat)))
    return np.transpose(shifts)


def timed(work: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Median CPU seconds, and the last result."""
    work()
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        result = work()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), result


def main() -> None:
    rows = {}
    (ours, ranges), (peer, peer_ranges) = timed(ours_zero_doppler), timed(sarsen_zero_doppler)
    rows["zero Doppler, against sarsen"] = {
        "ours_us_per_point": ours / POINTS * 1e6,
        "peer_us_per_point": peer / POINTS * 1e6,
        "times_faster": peer / ours,
        "largest_difference_mm": float(np.abs(ranges - peer_ranges).max() * 1e3),
        "peer_points": POINTS,
    }
    (ours, shifts), (peer, peer_shifts) = timed(ours_shift), timed(scipy_shift)
    rows["exact shift, against scipy.optimize.root"] = {
        "ours_us_per_point": ours / POINTS * 1e6,
        "peer_us_per_point": peer / SCIPY_POINTS * 1e6,
        "times_faster": peer / SCIPY_POINTS / (ours / POINTS),
        "largest_difference_mm": float(np.abs(shifts[:, :SCIPY_POINTS] - peer_shifts).max() * 1e3),
        "peer_points": SCIPY_POINTS,
    }
    print(f"{'CPU time per point, median of ' + str(REPEATS):42}{'ours':>10}{'peer':>12}{'ratio':>9}{'apart':>14}")
    for name, row in rows.items():
        ours_us, peer_us = row["ours_us_per_point"], row["peer_us_per_point"]
        print(
            f"{name:42}{ours_us:7.2f} us{peer_us:9.2f} us{row['times_faster']:8.1f}x"
            f"{row['largest_difference_mm']:11.1e} mm"
        )
    setting = {
        "points": POINTS,
        "repeats": REPEATS,
        "clock": "CPU seconds, all threads added, median",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("numpy", "scipy", "sarsen", "pyproj", "xarray")},
        "machine": platform.machine(),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"setting": setting, "rows": rows}, indent=2) + "\n", encoding="utf-8")
    print(f"written to {RESULT}", file=sys.stderr)


if __name__ == "__main__":
    main()
