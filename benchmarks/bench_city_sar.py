"""The SAR simulator: CPU seconds for 2000 x 2000 pixels, and memory over 10,000 x 10,000 tile by tile.

No public package simulates geocoded spotlight images of a city from a table of buildings, so there is no peer; the bar
is 3 CPU seconds, and an unoptimised prototype took 5.2. Run: python benchmarks/bench_city_sar.py
"""

import resource
import time

from lib.city import make_city, simulate_sar
from lib.radar.look import Look
from timing import cpu_seconds, write

LOOK, PIXEL_M, REPEATS = Look(43.1, 80.0), 0.35, 7
TILE_PX, SIDE_PX = 2000, 10_000


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tiled() -> dict[str, float]:
    """A city of 3.5 km with 20,000 buildings, tile by tile."""
    side_m = TILE_PX * PIXEL_M
    city = make_city(seed=0, extent_m=SIDE_PX * PIXEL_M, n_buildings=20_000)
    west, south, *_ = city.bounds
    before, start, pixels = peak_mib(), time.process_time(), 0
    for row in range(SIDE_PX // TILE_PX):
        for col in range(SIDE_PX // TILE_PX):
            corner = west + col * side_m, south + row * side_m
            image, _ = simulate_sar(city, LOOK, bounds=(*corner, corner[0] + side_m, corner[1] + side_m))
            pixels += image.size
    return {
        "pixels": pixels,
        "cpu_s": time.process_time() - start,
        "peak_before_mib": before,
        "peak_after_mib": peak_mib(),
    }


def main() -> None:
    city = make_city(seed=0)
    median, seconds, (image, _) = cpu_seconds(lambda: simulate_sar(city, LOOK), REPEATS)
    rows = {"2000 x 2000": {"cpu_s": median, "all_cpu_s": seconds, "pixels": image.size, "bar_cpu_s": 3.0}}
    print(f"SAR {image.shape[0]} x {image.shape[1]}: {median:.2f} CPU s (bar 3.0)")
    rows["10,000 x 10,000 in 25 tiles"] = tiles = tiled()
    print(
        f"SAR 10,000 x 10,000 in 25 tiles: {tiles['cpu_s']:.1f} CPU s, "
        f"peak memory {tiles['peak_before_mib']:.0f} MiB before, {tiles['peak_after_mib']:.0f} MiB after"
    )
    write("city_sar", rows, ("numpy", "numba", "scipy"), repeats=REPEATS, looks=9, pixel_m=PIXEL_M)


if __name__ == "__main__":
    main()
