"""Texture statistics of footprints beside pyfeats, mahotas and scikit-image: the same grey levels, one thread.

Patches are those of a simulated city, cut as the letter cuts them. Each peer sees a patch whose pixels outside the mask
are 0: as a whole, which is how the letter calls pyfeats, and as the footprint's bounding box alone, which we find
ourselves in the measured time. Mahotas does second order alone; scikit-image gives what it has of our eight.
Needs the optional group "bench". Run: python benchmarks/bench_texture.py
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import mahotas
import numpy as np
import pyfeats
from numpy.typing import NDArray
from skimage.feature import graycomatrix, graycoprops

from lib.damage.texture import grey_levels, texture_features
from lib.patches import cut_patches
from lib.patches.scene import load_scene
from lib.radar.look import Look
from timing import cpu_seconds, write

PATCHES, REPEATS, ROUNDS = 60, 5, 20
BARS = {"pyfeats": 9.0, "mahotas": 2.8, "scikit-image": None}
ANGLES = (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
PROPERTIES = ("mean", "variance", "homogeneity", "contrast", "dissimilarity", "entropy", "ASM", "correlation")
PYFEATS = {"fos_mean": 0, "fos_variance": 1, "fos_skewness": 4, "fos_kurtosis": 5}
PYFEATS |= {"glcm_variance": 19, "glcm_homogeneity": 20, "glcm_contrast": 17, "glcm_entropy": 24}
PYFEATS |= {"glcm_second_moment": 16, "glcm_correlation": 18}

Pair = tuple[NDArray[np.uint8], NDArray[np.bool_]]


def cases() -> dict[str, list[Pair]]:
    """Footprints on SAR and optical patches, and SAR patches without a mask."""
    scene = load_scene(look=Look(43.1, 80.0), seed=0, extent_m=350, n_buildings=120)
    with tempfile.TemporaryDirectory() as folder:
        store = cut_patches(scene.buildings, scene.sar, scene.optical, scene.look, folder)
        used = store.index.query("status == 'used'").building_id[:PATCHES]
        patches = [store.patch(name) for name in used]
        sar = [(levels(patch.sar), np.array(patch.sar_mask)) for patch in patches]
        optical = [(levels(patch.optical), np.array(patch.optical_mask)) for patch in patches]
    whole = [(image, np.ones_like(mask)) for image, mask in sar]
    return {"SAR, footprint": sar, "optical, footprint": optical, "SAR, whole patch": whole}


def levels(image: NDArray[Any]) -> NDArray[np.uint8]:
    return np.nan_to_num(grey_levels(image)).astype(np.uint8)


def box(pair: Pair) -> Pair:
    image, mask = pair
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    part = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
    return np.ascontiguousarray(image[part]), np.ascontiguousarray(mask[part])


def by_pyfeats(pair: Pair) -> NDArray[np.float64]:
    image, mask = pair
    return np.concatenate([pyfeats.fos(image, mask)[0], pyfeats.glcm_features(image * mask, ignore_zeros=True)[0]])


def by_mahotas(pair: Pair) -> NDArray[np.float64]:
    image, mask = pair
    return mahotas.features.haralick(image * mask, ignore_zeros=True, return_mean_ptp=True)


def by_skimage(pair: Pair) -> NDArray[np.float64]:
    image, mask = pair
    matrix = graycomatrix(image * mask, [1], ANGLES, levels=256, symmetric=True).astype(float)
    matrix[0], matrix[:, 0] = 0, 0
    matrix /= matrix.sum(axis=(0, 1))
    return np.array([graycoprops(matrix, name).mean() for name in PROPERTIES])


PEERS: dict[str, Callable[[Pair], NDArray[np.float64]]] = {
    "pyfeats": by_pyfeats, "mahotas": by_mahotas, "scikit-image": by_skimage,
}  # fmt: skip


def disagreement(ours: Any, found: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    """Largest difference, relative where a number is above 1."""

    def largest(names: list[str], other: NDArray[np.float64]) -> float:
        return float((np.abs(ours[names].to_numpy() - other) / np.maximum(np.abs(other), 1)).max())

    means = found["pyfeats"][:, [21]] / 2
    theirs = np.hstack([found["pyfeats"][:, list(PYFEATS.values())], means])
    return {
        "pyfeats, eleven statistics": largest([*PYFEATS, "glcm_mean"], theirs),
        "scikit-image, dissimilarity": largest(["glcm_dissimilarity"], found["scikit-image"][:, [4]]),
    }


def measured(pairs: list[Pair]) -> dict[str, Any]:
    images, masks = [image for image, _ in pairs], [mask for _, mask in pairs]
    mine, mine_all, ours = cpu_seconds(
        lambda: [texture_features(images, masks, with_range=True, jobs=1) for _ in range(ROUNDS)][-1], REPEATS
    )
    each = 1e3 / len(pairs)
    row: dict[str, Any] = {
        "ms_a_patch": mine / ROUNDS * each, "all_ms_a_patch": [s / ROUNDS * each for s in mine_all], "peers": {},
        "median_side_px": float(np.median([image.shape for image in images])),
        "median_mask_px": float(np.median([mask.sum() for mask in masks])),
    }  # fmt: skip
    found = {}
    for name, peer in PEERS.items():
        for cut, given in (("whole", pairs), ("box", [box(pair) for pair in pairs])):
            if cut == "box" and all(mask.all() for mask in masks):
                continue
            spent, spent_all, results = cpu_seconds(
                lambda given=given, peer=peer: np.array([peer(pair) for pair in given]), REPEATS
            )
            found.setdefault(name, results)
            ratio = spent * each / row["ms_a_patch"]
            row["peers"][f"{name}, {cut}"] = {
                "ms_a_patch": spent * each, "all_ms_a_patch": [s * each for s in spent_all], "ratio": ratio,
                "bar": BARS[name],
            }  # fmt: skip
            print(f"  {name}, {cut}: {spent * each:.2f} ms, {ratio:.1f} x (bar {BARS[name]})")
    row["largest_difference"] = disagreement(ours, found)
    if max(row["largest_difference"].values()) > 1e-9:
        raise SystemExit(f"statistics differ: {row['largest_difference']}")
    return row


def main() -> None:
    rows = {}
    for name, pairs in cases().items():
        print(name)
        rows[name] = measured(pairs)
        print(f"  ours: {rows[name]['ms_a_patch']:.3f} ms a patch; {rows[name]['largest_difference']}")
    write("texture", rows, ("numpy", "numba", "pyfeats", "mahotas", "scikit-image"), repeats=REPEATS, patches=PATCHES)


if __name__ == "__main__":
    main()
