"""What came back for a view: an image, or one word for why there is none."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

IMAGE = "image"
NO_IMAGERY = "no imagery"
FORBIDDEN = "forbidden"
TOO_MANY = "too many requests"
SERVER_ERROR = "server error"
TIMEOUT = "timeout"
CORRUPT = "corrupt image"
BAD_REQUEST = "bad request"
NO_CONNECTION = "no connection"
BLOCKED = "blocked"
NO_CAMERA = "no camera"
NOT_ASKED = "not asked"

STATUSES = (
    IMAGE, NO_IMAGERY, FORBIDDEN, TOO_MANY, SERVER_ERROR, TIMEOUT, CORRUPT, BAD_REQUEST, NO_CONNECTION,
    BLOCKED, NO_CAMERA, NOT_ASKED,
)  # fmt: skip
"""Every status that ``fetch_images`` gives to a building."""

LASTING = (IMAGE, NO_IMAGERY)
"""Those that are kept on disk; for the others, the next run asks again."""


@dataclass(frozen=True)
class Answer:
    """What a source says to a view.

    Parameters
    ----------
    status : str
        One of ``STATUSES``.
    body : bytes
        The image file, or whatever was received; empty where the image is a file of the user's.
    detail : str
        What exactly happened, in the service's closed vocabulary: never text of a server's, which might echo a key.
    place : Path or None
        File of the user's that is the image.
    panorama_id, taken, credit : str
        Which panorama, when it was taken and whom to credit, where known.
    """

    status: str
    body: bytes = field(default=b"", repr=False)
    detail: str = ""
    place: Path | None = None
    panorama_id: str = ""
    taken: str = ""
    credit: str = ""


def by_code(code: int) -> str:
    """Status that an HTTP code means.

    Parameters
    ----------
    code : int

    Returns
    -------
    str

    Examples
    --------
    >>> by_code(200), by_code(403), by_code(503)
    ('image', 'forbidden', 'server error')
    """
    known = {200: IMAGE, 401: FORBIDDEN, 403: FORBIDDEN, 404: NO_IMAGERY, 204: NO_IMAGERY, 408: TIMEOUT, 429: TOO_MANY}
    return known.get(code, SERVER_ERROR if code >= 500 else BAD_REQUEST)


def decode(body: bytes) -> NDArray[np.uint8] | None:
    """Decode an image file as a whole, upright as its camera noted it (EXIF).

    Parameters
    ----------
    body : bytes

    Returns
    -------
    ndarray, shape (rows, cols, 3), uint8, or None
        None where it is no image, truncated, damaged so that the decoder notices, or of more than 8 bits a channel.

    Examples
    --------
    >>> decode(b"<html>quota exceeded</html>") is None
    True
    """
    found = _read(body)
    return None if isinstance(found, str) else found


def flaw_of(body: bytes) -> str:
    """Say why an image file cannot be used.

    Parameters
    ----------
    body : bytes

    Returns
    -------
    str
        Empty where ``decode`` decodes it.

    Examples
    --------
    >>> flaw_of(b"<html>quota exceeded</html>")
    'no whole image'
    """
    found = _read(body)
    return found if isinstance(found, str) else ""


def _read(body: bytes) -> NDArray[np.uint8] | str:
    try:
        with Image.open(io.BytesIO(body)) as image:
            if image.mode[0] in "IF":  # converted, nearly all of their grey levels would turn white
                return f"grey levels of more than 8 bits ({image.mode})"
            image.load()
            return np.asarray(_upright(image).convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):  # Pillow's ways to say no
        return "no whole image"


def _upright(image: Image.Image) -> Image.Image:
    """Turn an image as its EXIF note says; a note that cannot be read says nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error):
        return image


def encode(pixels: NDArray[np.uint8], kind: str = "PNG") -> bytes:
    """Encode an image as a file.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols, 3), uint8
    kind : str
        "PNG", without loss, or "JPEG" of quality 92 for what was a JPEG before.

    Returns
    -------
    bytes

    Examples
    --------
    >>> decode(encode(np.zeros((4, 5, 3), dtype=np.uint8))).shape
    (4, 5, 3)
    """
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, quality=92)
    return stream.getvalue()


def checked(answer: Answer) -> Answer:
    """Call an image corrupt whose file cannot be decoded.

    Parameters
    ----------
    answer : Answer

    Returns
    -------
    Answer

    Examples
    --------
    >>> checked(Answer(IMAGE, b"gibberish")).status
    'corrupt image'
    """
    flaw = flaw_of(answer.body) if answer.status == IMAGE and answer.place is None else ""
    if not flaw:
        return answer
    return Answer(CORRUPT, detail=f"{len(answer.body)} bytes: {flaw}", panorama_id=answer.panorama_id)
