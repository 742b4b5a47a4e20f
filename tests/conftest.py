"""What every test may ask for: the mirror of real data, or a reason why the test is skipped."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib
import pytest
from hypothesis import settings

matplotlib.use("Agg")
# Same examples in every run, and no failure only because the machine is busy.
settings.register_profile("companion", deadline=None, derandomize=True)
settings.load_profile("companion")


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder of real data that COMPANION_MIRROR names."""
    folder = os.environ.get("COMPANION_MIRROR")
    if not folder:
        pytest.skip("real data: COMPANION_MIRROR is not set")
    if not (Path(folder) / "SHA256SUMS").is_file():
        pytest.skip(f"real data: COMPANION_MIRROR={folder} holds no SHA256SUMS")
    return Path(folder).resolve()
