"""L2-Potts segmentation beside pottslab: the same minimum at the same tolerance, 4-connected.

Needs the optional group "bench". Run: python benchmarks/bench_potts.py
"""

import numpy as np
import pottslab

from lib.city import make_city, simulate_sar
from lib.radar.look import Look
from lib.registration.potts import potts_l2
from timing import cpu_seconds, write

SIDES_PX, GAMMAS, TOLERANCE, REPEATS = (512, 1024), (10.0, 50.0), 1e-10, 5
BAR = 2.4


def main() -> None:
    image, _ = simulate_sar(make_city(seed=0), Look(43.1, 80.0))
    rows = {}
    for side in SIDES_PX:
        part = image.to_numpy()[400 : 400 + side, 400 : 400 + side].astype(np.float64)
        for gamma in GAMMAS:
            ours, seconds, result = cpu_seconds(lambda p=part, g=gamma: potts_l2(p, g, tolerance=TOLERANCE), REPEATS)
            peer, peer_seconds, expected = cpu_seconds(
                lambda p=part, g=gamma: pottslab.min_l2_potts_2d(p, g, tol=TOLERANCE, isotropic=False, quantize=False),
                REPEATS,
            )
            rows[f"{side} x {side}, gamma {gamma:g}"] = {
                "cpu_s": ours, "all_cpu_s": seconds, "pottslab_cpu_s": peer, "pottslab_all_cpu_s": peer_seconds,
                "ratio": peer / ours, "bar": BAR, "largest_difference_db": float(np.abs(result - expected).max()),
            }  # fmt: skip
            print(f"{side} px, gamma {gamma:g}: {ours:.3f} s, pottslab {peer:.3f} s, {peer / ours:.2f} x (bar {BAR})")
    write("potts", rows, ("numpy", "numba", "pottslab"), repeats=REPEATS, tolerance=TOLERANCE)


if __name__ == "__main__":
    main()
