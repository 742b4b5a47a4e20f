"""A sprite model in one safetensors file: the dictionary, the background, and what its engine needs."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from lib.errors import SpritesError
from lib.patches.files import put
from lib.sprites.model import Reader, SpriteModel

_FORMAT = "reading-buildings sprites 1"


def save_model(model: SpriteModel, path: str | Path) -> None:
    """Keep a model.

    Parameters
    ----------
    model : SpriteModel
    path : path
        Written whole or not at all.

    Raises
    ------
    SpritesError, PatchesError
        If the name is none of a safetensors file, or it cannot be written.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise SpritesError("no name of a model", where="save", value=str(path), fix="end it with .safetensors")
    arrays, settings = model.reader.state()
    tensors = {"dictionary": model.dictionary, "background": model.background, **arrays}
    about = {
        "format": _FORMAT,
        "size": list(model.size),
        "reader": settings,
        "provenance": dict(model.provenance),
        "history": model.history.to_csv(index=False),
    }
    # One text for all: safetensors writes several in an order that changes, and the same model shall be the same bytes.
    metadata = {"about": json.dumps(about, sort_keys=True)}
    put(path, save({name: np.ascontiguousarray(array) for name, array in tensors.items()}, metadata=metadata))


def load_model(path: str | Path) -> SpriteModel:
    """Read a model; never runs code.

    Parameters
    ----------
    path : path

    Returns
    -------
    SpriteModel

    Raises
    ------
    SpritesError
        If there is no such file, it is damaged, or is none of ours.
    """
    path = Path(path)
    fix = "give a file that SpriteModel.save wrote"
    if not path.is_file():
        raise SpritesError("no such file", where="load", value=str(path), fix=fix)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise SpritesError("is damaged", where=str(path), value=str(error), fix=fix) from None
    try:
        about = json.loads(metadata.get("about", "{}"))
        if about.get("format") != _FORMAT:
            raise SpritesError("is no sprite model", where=str(path), value=about.get("format"), fix=fix)
        return _model(tensors, about, about.get("history", metadata.get("history", "")).strip())
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise SpritesError("is damaged", where=str(path), value=str(error), fix=fix) from None


def _model(tensors: dict[str, NDArray[Any]], about: dict[str, Any], text: str) -> SpriteModel:
    dictionary, background = tensors.pop("dictionary"), tensors.pop("background")
    for name, array, ndim, bands in (("dictionary", dictionary, 4, 4), ("background", background, 3, 3)):
        if array.ndim != ndim or array.shape[-1] != bands or not np.isfinite(array).all():
            raise ValueError(f"{name} has shape {array.shape}, or numbers that are not finite")
    return SpriteModel(
        dictionary=dictionary,
        background=background,
        size=(int(about["size"][0]), int(about["size"][1])),
        reader=_reader(tensors, about["reader"]),
        history=pd.read_csv(StringIO(text)) if text else pd.DataFrame(),
        provenance=about["provenance"],
    )


def _reader(arrays: dict[str, NDArray[Any]], settings: dict[str, Any]) -> Reader:
    if settings["engine"] == "paper":
        from lib.sprites.paper.reading import network_reader

        return network_reader(arrays, settings)
    if settings["engine"] != "fast":
        raise ValueError(f"no engine is called {settings['engine']!r}")
    from lib.sprites.fast.reading import MatchingReader

    return MatchingReader.of(settings)
