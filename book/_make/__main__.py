"""Make the pages that come from runs, docstrings and the data manifest, then the site: ``python book/_make``."""

from __future__ import annotations

import sys

import api
import build
import data
import landing
import mathjax
import published
import status
from runs import chapters

from lib.errors import CompanionError


def main() -> int:
    """Make everything; give the exit code."""
    try:
        found = chapters()
        mathjax.make()
        api.make()
        landing.make(found)
        status.make(found)
        data.make()
        published.make(found)
    except CompanionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return build.make()


if __name__ == "__main__":
    sys.exit(main())
