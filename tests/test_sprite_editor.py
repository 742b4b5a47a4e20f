"""The sprite editor: what is packed into the page, and in a real browser the same pixels as the model draws."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from lib.errors import SpritesError
from lib.interactive import sprite_editor as module
from lib.interactive.sprite_editor import sprite_editor
from lib.sprites.editing import bring_to_front, duplicate, move, read_edited, remove, send_to_back
from sprite_scene import SIZE, K, dictionary, placements, sprite_model

MODEL, TABLE = sprite_model(), placements()


def data_of(page):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page.text)[1])


def test_the_page_stands_alone_and_shows_a_frame_without_scripts(tmp_path):
    page = sprite_editor(MODEL, TABLE, title="Town <&> cars", simulated=True)
    whole = page.save(tmp_path / "editor.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|<link", whole)
    assert "<title>Town &lt;&amp;&gt; cars</title>" in whole
    assert ">simulated<" in whole
    assert ">simulated<" not in sprite_editor(MODEL, TABLE).text
    bundle = page._repr_mimebundle_()
    assert bundle["text/html"] == page.text == sprite_editor(MODEL, TABLE, title="Town <&> cars", simulated=True).text
    with Image.open(io.BytesIO(page.first)) as image:
        assert np.array_equal(np.array(image), MODEL.render(TABLE)[0])
    assert repr(page) == "a sprite editor: Town <&> cars"


def test_numbers_are_bytes_where_that_is_exact_and_floats_elsewhere():
    data = data_of(sprite_editor(MODEL, TABLE, frames=[2, 0]))
    assert (data["dictionary"]["kind"], data["texture"]["kind"]) == ("u1", "u1")
    assert [frame["number"] for frame in data["frames"]] == [0, 2]
    assert data["frames"][1]["shift"] == [6.0, 4.0]
    assert data["frames"][1]["sprites"][0] == [0, 4.0, 7.0]
    assert data["palette"] == [0, 1, 2, 3, 4]
    clear = dictionary()
    clear[4, ..., 3] = 0
    fine = data_of(sprite_editor(sprite_model(dictionary=clear * np.float32(0.999)), TABLE[TABLE["sprite"] >= 0]))
    assert fine["dictionary"]["kind"] == "f4"
    assert fine["palette"] == [0, 1, 2, 3]
    assert fine["frames"][0]["shift"] is None


def test_what_is_no_editor_is_refused(tmp_path, monkeypatch):
    with pytest.raises(SpritesError, match="no frame to edit"):
        sprite_editor(MODEL, TABLE, frames=[])
    with pytest.raises(SpritesError, match="no frame to edit"):
        sprite_editor(MODEL, TABLE, frames=[-1])
    (tmp_path / "taken").mkdir()
    with pytest.raises(SpritesError, match="check the path"):
        sprite_editor(MODEL, TABLE).save(tmp_path / "taken")
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    with pytest.raises(SpritesError, match="too large for a page"):
        sprite_editor(MODEL, TABLE)


class Window:
    """The editor in a browser: what is on its canvas, and how to reach a pixel of the frame."""

    def __init__(self, page, path):
        self.page, self.said, self.asked = page, [], []
        page.on("console", lambda one: self.said.append(one.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda one: self.asked.append(one.url))
        page.goto(path.as_uri())
        page.wait_for_function("document.querySelector('.sprite-editor').dataset.drawn")
        self.canvas = page.locator(".sprite-editor-view canvas")

    def pixels(self):
        script = "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
        return np.array(self.canvas.evaluate(script), np.uint8).reshape(*SIZE, 4)[..., :3]

    def at(self, row, col):
        box = self.canvas.bounding_box()
        return box["x"] + (col + 0.5) * box["width"] / SIZE[1], box["y"] + (row + 0.5) * box["height"] / SIZE[0]

    def drag(self, start, end):
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(*end), steps=4)
        self.page.mouse.up()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def click(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def told(self):
        return self.page.locator(".sprite-editor-told").inner_text()


@pytest.fixture
def window(tmp_path, browser, request):
    model, looks = getattr(request, "param", (MODEL, {}))
    path = sprite_editor(model, TABLE, simulated=True).save(tmp_path / "editor.html")
    with browser.new_context(viewport={"width": 390, "height": 800}, accept_downloads=True, **looks) as context:
        window = Window(context.new_page(), path)
        yield window
        assert window.said == []
        assert [url for url in window.asked if not url.startswith(("file:", "data:", "blob:"))] == []


def drawn(table):
    """The first frame of an edited table."""
    return MODEL.render(table[table["frame"] == 0], 1)[0]


@pytest.mark.browser
def test_drag_changes_the_pixels_as_the_model_would_and_undo_restores(window):
    before = window.pixels()
    assert np.array_equal(before, drawn(TABLE))
    window.drag((6, 7), (16, 27))
    assert "Sprite 0 moved to row 14, column 25" in window.told()
    after = window.pixels()
    assert np.array_equal(after, drawn(move(TABLE, 1, (10, 20))))
    assert not np.array_equal(after, before)
    window.click("Undo")
    assert np.array_equal(window.pixels(), before)
    window.click("Redo")
    assert np.array_equal(window.pixels(), after)
    window.click("Reset")
    assert np.array_equal(window.pixels(), before)
    window.page.mouse.click(*window.at(25, 40))
    assert window.told() == "Nothing chosen."
    assert window.page.locator(".sprite-editor-mark").is_hidden()


@pytest.mark.browser
@pytest.mark.parametrize(
    "window", [(sprite_model(dictionary=np.clip(dictionary() * np.float32(1.0007), 0, 1)), {})], indirect=True
)
def test_a_dictionary_of_single_precision_is_drawn_alike(window):
    fine = sprite_model(dictionary=np.clip(dictionary() * np.float32(1.0007), 0, 1))
    for number in range(3):
        window.page.get_by_role("slider").fill(str(number))
        assert np.array_equal(window.pixels(), fine.render(TABLE)[number])
    assert window.told() == "Frame 2."


@pytest.mark.browser
def test_everything_by_keys(window):
    window.canvas.focus()
    window.press("p")
    assert window.told().startswith("Sprite 1 chosen, row 36.5, column 50.25; 5 of 5")
    window.press("n", "n")
    assert window.told().startswith("Sprite 1 chosen, row 10, column 8; 2 of 5")
    window.press("ArrowDown", "Shift+ArrowRight", "ArrowUp", "ArrowLeft", "q")
    moved = move(TABLE, 2, (0, 7))
    assert np.array_equal(window.pixels(), drawn(moved))
    window.press("PageDown")
    behind = send_to_back(moved, 2)
    assert np.array_equal(window.pixels(), drawn(behind))
    window.press("PageUp")
    front = bring_to_front(behind, 2)
    assert np.array_equal(window.pixels(), drawn(front))
    window.press("Delete")
    assert np.array_equal(window.pixels(), drawn(remove(front, 2)))
    window.press("Control+z")
    assert np.array_equal(window.pixels(), drawn(front))
    window.press("Control+y", "Control+z", "Control+Shift+z")
    assert np.array_equal(window.pixels(), drawn(remove(front, 2)))
    window.press("Escape", "ArrowDown", "Delete")
    assert window.told() == "Nothing chosen."


@pytest.mark.browser
@pytest.mark.parametrize("key", ["Delete", "Control+z", "Escape"])
def test_a_key_during_a_drag_ends_it(window, key):
    window.page.mouse.move(*window.at(6, 7))
    window.page.mouse.down()
    window.page.mouse.move(*window.at(10, 12))
    window.press(key)
    told, seen = window.told(), window.pixels()
    window.page.mouse.move(*window.at(20, 30))
    window.page.mouse.up()
    assert window.told() == told
    assert np.array_equal(window.pixels(), seen)


@pytest.mark.browser
def test_sprites_are_added_copied_and_given_to_download(window, tmp_path):
    window.page.get_by_role("button", name="add sprite 3").scroll_into_view_if_needed()
    button = window.page.get_by_role("button", name="add sprite 3").bounding_box()
    window.page.mouse.move(button["x"] + 9, button["y"] + 9)
    window.page.mouse.down()
    window.page.mouse.move(*window.at(20, 40), steps=4)
    window.page.mouse.up()
    assert "Sprite 3 added" in window.told()
    window.click("Copy")
    window.page.get_by_role("button", name="add sprite 0").focus()
    window.press("Enter")
    assert window.told() == f"Sprite 0 added at row {SIZE[0] // 2 - K // 2}, column {SIZE[1] // 2 - K // 2}."
    with window.page.expect_download() as table:
        window.click("Placements (JSON)")
    table.value.save_as(tmp_path / "placements.json")
    edited = read_edited(tmp_path / "placements.json", 5)
    assert edited["frame"].value_counts().to_dict() == {0: 9, 1: 6, 2: 6}
    assert np.array_equal(MODEL.render(edited)[0], window.pixels())
    assert np.array_equal(MODEL.render(edited)[1:], MODEL.render(TABLE)[1:])
    added = edited[edited["frame"] == 0].iloc[6]
    assert abs(added["row"] - 16) <= 1
    assert abs(added["col"] - 36) <= 1
    with window.page.expect_download() as image:
        window.click("Frame (PNG)")
    image.value.save_as(tmp_path / "frame.png")
    with Image.open(tmp_path / "frame.png") as saved:
        assert np.array_equal(np.array(saved.convert("RGB")), window.pixels())


@pytest.mark.browser
@pytest.mark.parametrize("window", [(MODEL, {"has_touch": True, "color_scheme": "dark"})], indirect=True)
def test_a_phone_in_the_dark(window):
    window.page.touchscreen.tap(*window.at(6, 7))
    assert "Sprite 0 chosen" in window.told()
    window.page.get_by_role("button", name="add sprite 1").tap()
    middle = duplicate(TABLE, 2, (SIZE[0] // 2 - K // 2 - 10, SIZE[1] // 2 - K // 2 - 8))
    assert np.array_equal(window.pixels(), drawn(middle))
    for name in ("To back", "To front", "Delete"):
        window.page.get_by_role("button", name=name, exact=True).tap()
    assert np.array_equal(window.pixels(), drawn(TABLE))
    assert window.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert (
        window.page.evaluate("getComputedStyle(document.querySelector('.sprite-editor')).color") == "rgb(232, 234, 236)"
    )
    worst = [found for found in Axe().run(window.page).response["violations"] if found["impact"] != "minor"]
    assert [found["id"] for found in worst] == []
