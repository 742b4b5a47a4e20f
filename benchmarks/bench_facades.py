"""The facade renderer: images a second on one core at three sizes; the bar is 100 at 96 to 128 pixels.

No public package draws labelled street views from a table of buildings, so there is no peer.
Run: python benchmarks/bench_facades.py
"""

from lib.city import make_city, render_facades
from timing import cpu_seconds, write

IMAGES, REPEATS, BAR = 200, 5, 100.0


def main() -> None:
    city = make_city(seed=0)
    ids = list(city.buildings["building_id"][:IMAGES])
    rows = {}
    for size in (96, 128, 256):
        median, seconds, _ = cpu_seconds(lambda size=size: render_facades(city, ids, width_px=size), REPEATS)
        rows[f"{size} x {size}"] = {"images_per_cpu_s": IMAGES / median, "cpu_s": median, "all_cpu_s": seconds}
        print(f"facades {size} x {size}: {IMAGES / median:.0f} images a CPU second (bar {BAR:.0f} up to 128)")
    write("city_facades", rows, ("numpy", "numba"), repeats=REPEATS, images=IMAGES, bar_images_per_cpu_s=BAR)


if __name__ == "__main__":
    main()
