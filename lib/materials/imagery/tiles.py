"""Roofs from the web's square tiles: XYZ and WMTS services in the Web Mercator scheme."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lib.errors import MaterialsError
from lib.materials.imagery.answers import CORRUPT, IMAGE, Answer, decode
from lib.materials.imagery.client import Client
from lib.materials.imagery.keys import Key, check_address
from lib.materials.imagery.mercator import TILE_PX, crop_of, window_of
from lib.materials.imagery.sources import Calls
from lib.materials.imagery.views import RoofView, View, as_roof


@dataclass(frozen=True)
class WebTiles:
    """A tile service: XYZ, or WMTS with the matrix set GoogleMapsCompatible.

    The crop's axes are those of the map, which at the places and sizes of roofs differ from true north only by the
    meridian convergence of the buildings' grid.

    Parameters
    ----------
    template : str
        Address with ``{z}``, ``{x}``, ``{y}``, or with ``{TileMatrix}``, ``{TileCol}``, ``{TileRow}`` as WMTS names them.
    zoom : int
        Level, 0 to 23; 19 is about 0.3 m a pixel at the equator, 0.17 m in Denmark.
    size_px : int
        Side of the crops.
    credit : str
        Whom to credit.
    paid : bool
        Whether calls are counted as paid in a dry run.
    key : Key, optional
        For services that want one as a query parameter.

    Raises
    ------
    MaterialsError
        If the template lacks a place holder, the zoom is out of range, or the address holds a key or would show it to
        others.

    References
    ----------
    OGC 07-057r7, Web Map Tile Service 1.0.0, annex E.4, GoogleMapsCompatible.

    Examples
    --------
    >>> WebTiles("https://example.org/{z}/{x}/{y}.png").zoom
    19
    """

    template: str
    zoom: int = 19
    size_px: int = 128
    credit: str = ""
    paid: bool = False
    key: Key | None = None
    name: ClassVar[str] = "tiles"
    sees: ClassVar[type] = RoofView
    keeps: ClassVar[bool] = True
    held: _Recent = field(default_factory=lambda: _Recent(256), repr=False, compare=False)

    def __post_init__(self) -> None:
        check_address(self.template, self.key)
        if len({self.address(0, x, y) for x in (0, 1) for y in (0, 1)}) < 4:
            fix = "write {z}, {x} and {y}, or {TileMatrix}, {TileCol} and {TileRow}"
            raise MaterialsError("no place for column and row", where="template", value=self.template, fix=fix)
        if not 0 <= self.zoom <= 23:
            raise MaterialsError("out of range", where="WebTiles.zoom", value=self.zoom, fix="give 0 to 23")

    def address(self, zoom: int, x: int, y: int) -> str:
        """Address of a tile, without the key."""
        text = self.template
        for names, value in ((("z", "TileMatrix"), zoom), (("x", "TileCol"), x), (("y", "TileRow"), y)):
            for name in names:
                text = text.replace("{" + name + "}", str(value))
        return text

    def identity(self) -> str:
        """Template, zoom and size."""
        return f"{self.template} {self.zoom} {self.size_px}"

    def calls(self, view: View) -> Calls:
        """As many as tiles meet the window."""
        columns, rows = self._tiles(as_roof(view))
        count = len(columns) * len(rows)
        return Calls(paid=count) if self.paid else Calls(free=count)

    def take(self, view: View, client: Client) -> Answer:
        """Get the tiles, put them together, cut the window."""
        roof = as_roof(view)
        columns, rows = self._tiles(roof)
        mosaic = np.zeros((len(rows) * TILE_PX, len(columns) * TILE_PX, 3), dtype=np.uint8)
        for i, y in enumerate(rows):
            for j, x in enumerate(columns):
                tile, answer = self._tile(x, y, client)
                if tile is None:
                    return answer
                mosaic[i * TILE_PX : (i + 1) * TILE_PX, j * TILE_PX : (j + 1) * TILE_PX] = tile
        left, top, side = window_of(roof, self.zoom)
        body = crop_of(mosaic, left - columns[0] * TILE_PX, top - rows[0] * TILE_PX, side, self.size_px)
        return Answer(IMAGE, body, credit=self.credit)

    def _tiles(self, view: RoofView) -> tuple[range, range]:
        left, top, side = window_of(view, self.zoom)
        first_x, first_y = int(left // TILE_PX), int(top // TILE_PX)
        return (
            range(first_x, int((left + side) // TILE_PX) + 1),
            range(first_y, int((top + side) // TILE_PX) + 1),
        )

    def _tile(self, x: int, y: int, client: Client) -> tuple[NDArray[np.uint8] | None, Answer]:
        known = self.held.find((x, y))
        if known is not None:
            return known, Answer(IMAGE)
        answer = client.get(self.address(self.zoom, x, y), key=self.key)
        if answer.status != IMAGE:
            return None, Answer(answer.status, detail=answer.detail)
        tile = decode(answer.body)
        if tile is None or tile.shape[:2] != (TILE_PX, TILE_PX):
            return None, Answer(CORRUPT, detail=f"tile {self.zoom}/{x}/{y}")
        self.held.keep((x, y), tile)
        return tile, answer


class _Recent:
    """The tiles that were used last: neighbouring roofs share them; another process begins with none."""

    def __init__(self, limit: int) -> None:
        self._limit, self._tiles, self._lock = (
            limit,
            OrderedDict[tuple[int, int], NDArray[np.uint8]](),
            threading.Lock(),
        )

    def __reduce__(self) -> tuple[type[_Recent], tuple[int]]:
        return _Recent, (self._limit,)

    def find(self, place: tuple[int, int]) -> NDArray[np.uint8] | None:
        with self._lock:
            if place in self._tiles:
                self._tiles.move_to_end(place)
            return self._tiles.get(place)

    def keep(self, place: tuple[int, int], tile: NDArray[np.uint8]) -> None:
        with self._lock:
            self._tiles[place] = tile
            if len(self._tiles) > self._limit:
                self._tiles.popitem(last=False)
