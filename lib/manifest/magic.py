"""Does a file begin as its media type must? A web page saved under a data file's name does not."""

from __future__ import annotations

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_JSON = (b"{", b"[")

MEDIA_TYPES: dict[str, tuple[bytes, ...]] = {
    "application/geo+json": _JSON,
    "application/gzip": (b"\x1f\x8b",),
    "application/json": _JSON,
    "application/octet-stream": (),
    "application/vnd.apache.parquet": (b"PAR1",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _ZIP,
    "application/x-hdf5": (b"\x89HDF\r\n\x1a\n",),
    "application/x-pytorch": (*_ZIP, b"\x80\x02"),
    "application/x-tar": (),
    "application/zip": _ZIP,
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/tiff": (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
    "text/csv": (),
    "text/plain": (),
}
"""First bytes that each known media type allows; an empty tuple where a type has no fixed beginning."""

HEAD_BYTES = 1024
"""How much of a file's beginning is enough for `head_fault`."""


def head_fault(head: bytes, media_type: str) -> str | None:
    r"""Say why a file's first bytes cannot belong to its media type.

    Parameters
    ----------
    head : bytes
        The first `HEAD_BYTES` bytes of the file.
    media_type : str
        A key of `MEDIA_TYPES`.

    Returns
    -------
    str or None
        The reason in a few words; None where nothing speaks against the type.

    Raises
    ------
    KeyError
        If the media type is not in `MEDIA_TYPES`.

    Examples
    --------
    >>> head_fault(b"<!DOCTYPE html><title>Please log in</title>", "image/tiff")
    'a web page (HTML) instead of image/tiff'
    >>> head_fault(b"II*\x00", "image/tiff") is None
    True
    """
    allowed = MEDIA_TYPES[media_type]
    if not head:
        return f"an empty file instead of {media_type}"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:14].lower() == b"<!doctype html" or text[:5].lower() in (b"<html", b"<head", b"<body"):
        return f"a web page (HTML) instead of {media_type}"
    if media_type.startswith("text/"):
        return _text_fault(head, text, media_type)
    start = text if allowed is _JSON else head
    if allowed and not start.startswith(allowed):
        return f"first bytes {head[:8]!r} instead of {media_type}"
    return None


def _text_fault(head: bytes, text: bytes, media_type: str) -> str | None:
    if b"\x00" in head:
        return f"binary data instead of {media_type}"
    if text.startswith(b"<"):
        return f"markup (XML or HTML) instead of {media_type}"
    return None
