"""The optical renderer: CPU seconds for 2000 x 2000 pixels, and memory over 10,000 x 10,000 tile by tile.

No public package renders a satellite image of a city from a table of buildings, so there is no peer; the bar is
2 CPU seconds, and an unoptimised prototype took 7. Run: python benchmarks/bench_city_optical.py
"""

import resource
import time

from lib.city import make_city, render_optical
from timing import cpu_seconds, write

PIXEL_M, REPEATS = 0.31, 7
TILE_PX, SIDE_PX = 2000, 10_000


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tiled() -> dict[str, float]:
    """A city of 3.1 km with 16,000 buildings, tile by tile."""
    side_m = TILE_PX * PIXEL_M
    city = make_city(seed=0, extent_m=SIDE_PX * PIXEL_M, n_buildings=16_000)
    west, south, *_ = city.bounds
    before, start, pixels = peak_mib(), time.process_time(), 0
    for row in range(SIDE_PX // TILE_PX):
        for col in range(SIDE_PX // TILE_PX):
            corner = west + col * side_m, south + row * side_m
            image = render_optical(city, bounds=(*corner, corner[0] + side_m, corner[1] + side_m))
            pixels += image.sizes["y"] * image.sizes["x"]
    return {
        "pixels": pixels,
        "cpu_s": time.process_time() - start,
        "peak_before_mib": before,
        "peak_after_mib": peak_mib(),
    }


def main() -> None:
    city = make_city(seed=0)
    west, south, *_ = city.bounds
    bounds = (west, south, west + 2000 * PIXEL_M, south + 2000 * PIXEL_M)
    median, seconds, image = cpu_seconds(lambda: render_optical(city, bounds=bounds), REPEATS)
    n_rows, n_cols = image.sizes["y"], image.sizes["x"]
    rows = {"2000 x 2000": {"cpu_s": median, "all_cpu_s": seconds, "pixels": n_rows * n_cols, "bar_cpu_s": 2.0}}
    print(f"optical {n_rows} x {n_cols}: {median:.2f} CPU s (bar 2.0)")
    rows["10,000 x 10,000 in 25 tiles"] = tiles = tiled()
    print(
        f"optical {tiles['pixels'] / 1e6:.0f} million pixels in 25 tiles: {tiles['cpu_s']:.1f} CPU s, "
        f"peak memory {tiles['peak_before_mib']:.0f} MiB before, {tiles['peak_after_mib']:.0f} MiB after"
    )
    write("city_optical", rows, ("numpy", "numba", "shapely"), repeats=REPEATS, pixel_m=PIXEL_M)


if __name__ == "__main__":
    main()
