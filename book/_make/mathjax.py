"""Copy the part of MathJax that the book needs, so that formulas are set without a network."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

from common import EXTRA, copy

PACKAGE = "sphinx-mathjax-offline"
# The bundle, its fonts, and the extensions that it loads when a formula asks for them.
PARTS = ("tex-chtml.js", "output/chtml/fonts/woff-v2/", "input/tex/extensions/boldsymbol.js",
         "input/tex/extensions/cancel.js", "input/tex/extensions/color.js")  # fmt: skip


def make() -> None:
    """Copy MathJax into the folder whose content goes to the site as it is."""
    for file in importlib.metadata.files(PACKAGE) or []:
        _, _, part = file.as_posix().partition("static/mathjax/")
        if part.startswith(PARTS):
            copy(Path(str(file.locate())), EXTRA / "mathjax" / part)
