"""What every test may ask for: the mirror of real data, or a reason why the test is skipped."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder of real data that COMPANION_MIRROR names."""
    folder = os.environ.get("COMPANION_MIRROR")
    if not folder:
        pytest.skip("real data: COMPANION_MIRROR is not set")
    if not (Path(folder) / "SHA256SUMS").is_file():
        pytest.skip(f"real data: COMPANION_MIRROR={folder} holds no SHA256SUMS")
    return Path(folder).resolve()
