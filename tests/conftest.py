"""What every test may ask for: the mirror of real data, or a reason why the test is skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    *("--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]

matplotlib.use("Agg")
# Same examples in every run, and no failure only because the machine is busy.
settings.register_profile("companion", deadline=None, derandomize=True)
settings.load_profile("companion")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests: two at a time are more than Playwright bears."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: `apt install chromium` runs the tests of the site")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def mirror() -> Path:
    """Folder of real data that COMPANION_MIRROR names."""
    folder = os.environ.get("COMPANION_MIRROR")
    if not folder:
        pytest.skip("real data: COMPANION_MIRROR is not set")
    if not (Path(folder) / "SHA256SUMS").is_file():
        pytest.skip(f"real data: COMPANION_MIRROR={folder} holds no SHA256SUMS")
    return Path(folder).resolve()
