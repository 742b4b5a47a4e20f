"""Does a TIFF end before its own directory says it should? Libraries may read such a file without a word."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
NUMBER_CODES = {3: "H", 4: "I", 16: "Q"}
OFFSETS, COUNTS = (273, 324), (279, 325)  # of strips, of tiles


def missing_bytes(path: str | Path) -> int:
    """Count the bytes that the first directory of a TIFF promises beyond the end of the file.

    Parameters
    ----------
    path : path

    Returns
    -------
    int
        0 for a whole TIFF, and for a file that is no TIFF at all.

    Examples
    --------
    >>> missing_bytes(__file__)
    0
    """
    with Path(path).open("rb") as file:
        size = Path(path).stat().st_size
        try:
            return max(0, _promised_end(file, size) - size)
        except struct.error:  # the directory itself is cut
            return 1


def _promised_end(file: BinaryIO, size: int) -> int:
    start = file.read(16).ljust(16, b"\0")
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    magic = struct.unpack(f"{order}H", start[2:4])[0] if order else 0
    if not order or magic not in (42, 43):
        return 0
    big = magic == 43
    place = struct.unpack(f"{order}Q", start[8:16])[0] if big else struct.unpack(f"{order}I", start[4:8])[0]
    file.seek(place)
    (entries,) = _unpack(file, f"{order}{'Q' if big else 'H'}")
    word = "Q" if big else "I"
    end, blocks = file.tell(), {}
    for _ in range(entries):
        tag, kind, count = _unpack(file, f"{order}HH{word}")
        inline = file.read(struct.calcsize(word))
        (target,) = struct.unpack(f"{order}{word}", inline)
        length = count * TYPE_SIZES.get(kind, 1)
        if length > len(inline):
            end = max(end, target + length)
        if tag in OFFSETS + COUNTS and target + length <= size:
            blocks[tag] = _numbers(file, f"{order}{count}{NUMBER_CODES.get(kind, 'B')}", inline, target)
    for offsets, counts in zip(OFFSETS, COUNTS, strict=True):
        pairs = zip(blocks.get(offsets, ()), blocks.get(counts, ()), strict=False)
        end = max([end, *(offset + count for offset, count in pairs)])
    return end


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _numbers(file: BinaryIO, layout: str, inline: bytes, target: int) -> tuple[int, ...]:
    """Read the numbers of an entry, which stand in the entry itself where they fit."""
    length = struct.calcsize(layout)
    if length <= len(inline):
        return struct.unpack(layout, inline[:length])
    back = file.tell()
    file.seek(target)
    numbers = _unpack(file, layout)
    file.seek(back)
    return numbers
