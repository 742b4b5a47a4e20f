"""Tiny samples for tests of training: noise in which damaged buildings are rough and intact ones smooth."""

from __future__ import annotations

import numpy as np

from lib.damage.samples import Samples, make_samples


def tiny(count: int = 40, size_px: int = 32, seed: int = 0, **parts: bool) -> Samples:
    """Every fourth building damaged; ``optical=False`` leaves the optical patches out."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 4 == 0).astype(np.float32)
    rough = 0.05 + 0.4 * labels[:, None, None, None]
    mask = np.zeros((count, 1, size_px, size_px), bool)
    mask[:, :, size_px // 4 : 3 * size_px // 4, size_px // 3 : 2 * size_px // 3] = True
    sar = np.clip(0.5 + rough * rng.standard_normal((count, 1, size_px, size_px)), 0, 1)
    optical = np.clip(0.5 + rough * rng.standard_normal((count, 3, size_px, size_px)), 0, 1)
    given = {"sar": sar, "sar_mask": mask}
    if parts.get("optical", True):
        given |= {"optical": optical, "optical_mask": mask}
    return make_samples(labels, **given)


def marked(size_px: int = 64) -> Samples:
    """Samples whose images are their footprints: whatever moves the one must move the other."""
    count = 12
    rng = np.random.default_rng(3)
    mask = np.zeros((count, 1, size_px, size_px), bool)
    for k in range(count):
        row, col = rng.integers(size_px // 6, size_px // 2, 2)
        mask[k, 0, row : row + size_px // 4, col : col + size_px // 3] = True
    other = mask[::-1]
    optical = np.repeat(other, 3, axis=1).astype(np.float32)
    labels = np.arange(count) % 2
    return make_samples(labels, sar=mask.astype(np.float32), sar_mask=mask, optical=optical, optical_mask=other)
