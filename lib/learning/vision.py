"""torchvision, beside any build of torch; no other module imports it.

Its compiled operators are built for one build of torch. Beside another one they cannot be loaded, and then already the
import fails, because the package describes operators that nobody has declared. Networks need none of them, so a
declaration is enough.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch

OPERATORS = ("nms", "qnms")
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def compiled_operators_load() -> bool:
    """Try to load torchvision's compiled operators.

    Returns
    -------
    bool
        False where they were built for another build of torch, or are not there.

    Examples
    --------
    >>> compiled_operators_load() in (True, False)
    True
    """
    found = importlib.util.find_spec("torchvision")
    folder = Path(found.origin).parent if found and found.origin else Path()
    try:
        for library in sorted(folder.glob("_C*")):
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
            return True
    except OSError:
        pass
    return False


def declare_operators() -> torch.library.Library:
    """Declare the operators whose absence stops the import; calling them still fails.

    Returns
    -------
    torch.library.Library
        The declaration lasts as long as this is kept.
    """
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in OPERATORS:
        library.define(f"{name}{SIGNATURE}")  # type: ignore[no-untyped-call]
    return library


_DECLARED = None if compiled_operators_load() else declare_operators()

from torchvision import models as models  # noqa: E402 - only now it can be imported
from torchvision.models import ResNet as ResNet  # noqa: E402
from torchvision.models import resnet18 as resnet18  # noqa: E402
