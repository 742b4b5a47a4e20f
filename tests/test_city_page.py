"""The interactive map: numbers packed and unpacked again, words for readers who do not see it, and a real browser."""

from __future__ import annotations

import base64
import json
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely

from lib.errors import CRSError, MaterialsError
from lib.interactive.city_map import NO_IMAGE, STEPS, city_page

WITH_COURT = shapely.Polygon([(0, 0), (40, 0), (40, 40), (0, 40)], [[(10, 10), (10, 30), (30, 30), (30, 10)]])
TWO = shapely.MultiPolygon([shapely.box(60, 0, 70, 10), shapely.box(60, 20, 70, 30)])
BOX = shapely.box(100, 0, 120.04, 10)


def city() -> gpd.GeoDataFrame:
    columns = {"building_id": ["court", "</script><b>two", "box"]}
    for side, names in {"roof": ("tile", "green"), "wall": ("brick", "wood")}.items():
        columns[f"{side}_status"] = ["image", "image", "no imagery"]
        columns[f"{side}_material"] = [names[0], names[1], None]
        columns[f"{side}_probability"] = [0.8, 0.55, np.nan]
        columns[f"p_{side}_{names[0]}"] = [0.8, 0.45, np.nan]
        columns[f"p_{side}_{names[1]}"] = [0.2, 0.55, np.nan]
    shapes = [shapely.affinity.translate(shape, 500_000, 6_000_000) for shape in (WITH_COURT, TWO, BOX)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:25832")


@pytest.fixture
def data():
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', city_page(city()).text)[1])


def numbers(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def test_footprints_come_back_to_a_decimetre(data):
    starts = numbers(data["starts"], "<i4").reshape(-1, 2)
    steps = numbers(data["corners"], "<i2").reshape(-1, 2)
    rings, lengths = numbers(data["rings"], "<u2"), numbers(data["lengths"], "<u2")
    assert rings.tolist() == [2, 2, 1]
    assert lengths.tolist() == [5] * 5
    owner = np.repeat(np.repeat([0, 1, 2], rings), lengths)
    for k, shape in enumerate((WITH_COURT, TWO, BOX)):
        corners = (starts[k] + steps[owner == k].cumsum(axis=0)) / 10
        back = shapely.get_coordinates(shapely.orient_polygons(shape))
        assert corners == pytest.approx(back, abs=0.051)


def test_outlines_and_courtyards_turn_opposite_ways():
    other = city().set_geometry(city().reverse())
    assert city_page(other).text == city_page(city()).text


def test_probabilities_are_packed_and_their_lack_too(data):
    roof = data["sides"]["roof"]
    assert roof["classes"] == ["tile", "green"]
    assert roof["counts"] == [1, 1]
    shares = numbers(roof["shares"], "u1").reshape(3, 2)
    assert shares[:2] / STEPS == pytest.approx(np.array([[0.8, 0.2], [0.45, 0.55]]), abs=0.51 / STEPS)
    assert shares[2].tolist() == [NO_IMAGE, NO_IMAGE]
    assert [roof["statuses"][k] for k in numbers(roof["status"], "u1")] == ["image", "image", "no imagery"]


def test_the_page_stands_alone_says_what_it_shows_and_repeats(tmp_path):
    page = city_page(city(), title="Roofs & walls")
    whole = page.save(tmp_path / "map.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|src=|href=|@import", whole)
    assert "<title>Roofs &amp; walls</title>" in whole
    assert "Map of the materials of 3 buildings of a simulated city" in whole
    assert "roofs: tile 1, green 1; walls: brick 1, wood 1" in whole
    assert "</script><b>" not in whole
    assert page._repr_html_() == city_page(city(), title="Roofs & walls").text
    assert "simulated" not in city_page(city(), simulated=False).text.split("<script>")[0]
    assert repr(page) == "an interactive map: Roofs & walls"


def test_what_is_no_city_is_refused(tmp_path):
    told = city()
    with pytest.raises(MaterialsError, match="not all are areas"):
        city_page(told.set_geometry(told.centroid))
    with pytest.raises(MaterialsError, match="no predictions"):
        city_page(told[["building_id", "geometry"]])
    with pytest.raises(MaterialsError, match="no probabilities"):
        city_page(told.drop(columns=["p_wall_brick", "p_wall_wood"]))
    with pytest.raises(MaterialsError, match="no such material"):
        city_page(told.rename(columns={"p_roof_tile": "p_roof_straw"}))
    with pytest.raises(MaterialsError, match="too long a wall"):
        city_page(told.set_geometry(told.scale(1000, 1, origin=(500_000, 6_000_000))))
    with pytest.raises(CRSError):
        city_page(told.set_crs(4326, allow_override=True))
    (tmp_path / "taken").mkdir()
    with pytest.raises(MaterialsError, match="check the path"):
        city_page(told).save(tmp_path / "taken")


@pytest.mark.browser
def test_in_a_browser_it_draws_and_tells_by_mouse_and_by_keys(tmp_path, browser):
    place = city_page(city()).save(tmp_path / "map.html")
    said = []
    with browser.new_context(viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        # That the test reads the canvas often is no fault of the page.
        page.on("console", lambda one: said.append(one.text) if "willReadFrequently" not in one.text else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(place.as_uri())
        page.wait_for_function("document.querySelector('.city-map').dataset.drawnMs")
        told, canvas = page.locator(".city-map-told"), page.locator("canvas")
        box = canvas.bounding_box()

        def colour(x_m, y_m):
            """Colour of the canvas at a place in metres from the south-west corner."""
            scale = 0.94 * min(box["width"] / 120, box["height"] / 40)
            x, y = box["width"] / 2 + (x_m - 60) * scale, box["height"] / 2 - (y_m - 20) * scale
            look = "(c, [x, y]) => [...c.getContext('2d').getImageData(x, y, 1, 1).data].slice(0, 3)"
            return x, y, canvas.evaluate(look, [x, y])

        def soon(check):
            """Tell whether something comes true within five seconds: a busy machine draws late."""
            return any(check() or page.wait_for_timeout(50) for _ in range(100))

        assert soon(lambda: colour(5, 20)[2] == [0x9A, 0x01, 0x00])
        assert colour(20, 20)[2] == [0, 0, 0]
        assert colour(110, 5)[2] == [255, 255, 255]
        x, y, _ = colour(5, 20)
        page.mouse.move(box["x"] + x, box["y"] + y)
        assert soon(lambda: "Building court" in told.inner_text())
        assert "80 %" in told.inner_text()
        canvas.focus()
        page.keyboard.press("Enter")
        assert soon(lambda: "Building </script><b>two" in told.inner_text())
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Walls").click()
        assert page.locator(".city-map-legend button").all_inner_texts() == ["brick 1", "wood 1"]
        page.get_by_role("button", name="wood 1").click()
        assert soon(lambda: colour(5, 20)[2] == [0xE3, 0xE6, 0xE8])
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert said == []
