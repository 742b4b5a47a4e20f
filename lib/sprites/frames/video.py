"""Frames from a video file."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from lib.errors import SpritesError
from lib.sprites.film import Film


def from_video(path: str | Path, *, every: int = 1, limit: int | None = None) -> Film:
    """Read frames of a video, of any format that FFmpeg decodes.

    Parameters
    ----------
    path : path
    every : int
        Keep each frame whose number is a multiple of it.
    limit : int, optional
        Keep no more than so many, from the beginning.

    Returns
    -------
    Film
        Without truth.

    Raises
    ------
    SpritesError
        If there is no such file, it is no video, its frames differ in size, or numbers are not positive.

    Examples
    --------
    >>> from_video("no_such.mp4")
    Traceback (most recent call last):
        ...
    lib.errors.SpritesError: from_video: no such file (got 'no_such.mp4'). Fix: give a video file.
    """
    import av

    file = Path(path)
    if not file.is_file():
        raise SpritesError("no such file", where="from_video", value=str(path), fix="give a video file")
    if every < 1 or (limit is not None and limit < 1):
        value = f"every={every}, limit={limit}"
        raise SpritesError("not positive", where="from_video", value=value, fix="give whole numbers from 1")
    try:
        with av.open(str(file)) as container:
            if not container.streams.video:
                raise SpritesError(
                    "no pictures in the file", where=file.name, value="no video stream", fix="give a video"
                )
            kept = islice(container.decode(video=0), 0, None if limit is None else (limit - 1) * every + 1, every)
            frames = [frame.to_ndarray(format="rgb24") for frame in kept]
    except av.FFmpegError as error:
        fix = "give a video that a player can show, or a folder of images"
        raise SpritesError("video cannot be read", where=file.name, value=str(error), fix=fix) from None
    sizes = {frame.shape[:2] for frame in frames}
    if len(sizes) != 1:
        fix = "give a video whose pictures are of one size"
        raise SpritesError("no frames of one size", where=file.name, value=sorted(sizes), fix=fix)
    return Film(np.stack(frames).astype(np.uint8), f"{len(frames)} frames of {file.name}")
