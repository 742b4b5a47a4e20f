"""Figures with sliders: the same call gives a page without a kernel, and widgets in a live notebook."""

from __future__ import annotations

import base64
import io
import json
import re
from itertools import product

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from lib import interactive
from lib.errors import ParameterError
from lib.interactive import Axis, explore

ANGLES, ERRORS = [25, 43.1, 55], [-10, 0, 10, 20]


def draw(incidence_deg, dh_m):
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.plot([0, dh_m / np.tan(np.radians(incidence_deg))])
    axes.set_ylim(-50, 50)
    return figure


@pytest.fixture
def page(monkeypatch):
    monkeypatch.setenv("COMPANION_STATIC", "1")
    return explore(draw, incidence_deg=ANGLES, dh_m=ERRORS, alt="The shift of a point")


@pytest.fixture
def data(page):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page.text)[1])


def test_the_page_holds_every_frame_in_the_order_of_the_script(data):
    assert len(data["frames"]) == len(ANGLES) * len(ERRORS)
    for frame, (angle, error) in zip(data["frames"], product(ANGLES, ERRORS), strict=True):
        assert base64.b64decode(data["images"][frame]) == interactive._png(draw(angle, error))
        plt.close("all")


def test_equal_frames_are_held_once(data):
    assert len(data["images"]) < len(data["frames"])
    flat = [data["frames"][angle * len(ERRORS) + 1] for angle in range(len(ANGLES))]
    assert len(set(flat)) == 1


def test_sliders_are_labelled_with_name_and_unit(page, data):
    assert data["axes"] == [
        {"name": "incidence", "labels": ["25 deg", "43.1 deg", "55 deg"]},
        {"name": "dh", "labels": ["-10 m", "0 m", "10 m", "20 m"]},
    ]
    assert page.text.count('<input type="range"') == 2
    assert (
        '<span>incidence</span><input type="range" min="0" max="2" step="1" value="1" aria-valuetext="43.1 deg"'
        in page.text
    )


def test_without_scripts_the_middle_frame_is_seen_with_its_words(page):
    source, alt = re.search(r'<img src="data:image/png;base64,([^"]*)".*alt="([^"]*)"', page.text).groups()
    assert base64.b64decode(source) == page.middle == interactive._png(draw(43.1, 10))
    assert alt == "The shift of a point (incidence 43.1 deg, dh 10 m)"
    assert '<div class="explore-sliders" hidden>' in page.text
    plt.close("all")


def test_the_page_stands_alone_and_is_the_same_each_time(page):
    assert not re.search(r"https?://|src=\"(?!data:)|href=", page.text)
    assert explore(draw, incidence_deg=ANGLES, dh_m=ERRORS, alt="The shift of a point").text == page.text
    assert plt.get_fignums() == []


def test_the_page_shows_as_html_and_as_a_picture(page):
    bundle = page._repr_mimebundle_()
    assert bundle["text/html"] == page.text
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).size == (200, 100)
    assert len(repr(page)) < 100


def test_words_of_the_alt_text_cannot_break_the_page(monkeypatch):
    monkeypatch.setenv("COMPANION_STATIC", "1")
    text = explore(draw, incidence_deg=[30], dh_m=[1], alt='a "</script><b>').text
    assert text.count("</script>") == 2
    assert 'alt="a &quot;&lt;/script&gt;&lt;b&gt; (' in text


def test_axes_are_as_good_as_figures_and_the_alt_text_has_a_default(monkeypatch):
    monkeypatch.setenv("COMPANION_STATIC", "1")
    page = explore(lambda kind: draw(30, 1).axes[0], kind=["flat", "exact"])
    assert 'alt="Figure that changes with kind (kind exact)"' in page.text


@pytest.mark.parametrize(
    ("key", "values", "name", "labels"),
    [
        ("incidence_deg", (30,), "incidence", ["30 deg"]),
        ("noise_db", (1.5,), "noise", ["1.5 dB"]),
        ("look_direction", ("left",), "look direction", ["left"]),
        ("m", (2,), "m", ["2"]),
        ("filtered", (True,), "filtered", ["True"]),
    ],
)
def test_units_come_from_names(key, values, name, labels):
    axis = Axis(key, values)
    assert (axis.name, axis.labels) == (name, labels)


def test_a_grid_that_no_page_can_hold_is_refused(monkeypatch):
    monkeypatch.setenv("COMPANION_STATIC", "1")
    with pytest.raises(ParameterError, match=r"too many frames for a page \(got 441"):
        explore(draw, incidence_deg=range(21), dh_m=range(21))
    monkeypatch.setattr(interactive, "MAX_BYTES", 100)
    with pytest.raises(ParameterError, match="too many bytes"):
        explore(draw, incidence_deg=[30], dh_m=[1])


@pytest.mark.parametrize("grids", [{}, {"dh_m": []}])
def test_sliders_without_values_are_refused(grids):
    with pytest.raises(ParameterError, match="a slider needs values"):
        explore(draw, **grids)


def test_a_function_without_a_figure_is_refused(monkeypatch):
    monkeypatch.setenv("COMPANION_STATIC", "1")
    with pytest.raises(ParameterError, match="returned no figure"):
        explore(lambda dh_m: None, dh_m=[1])


def test_live_sliders_call_the_function_with_the_values(monkeypatch):
    monkeypatch.delenv("COMPANION_STATIC", raising=False)
    seen, shown = [], []
    monkeypatch.setattr(interactive, "display", shown.append)
    widget = explore(lambda **values: seen.append(values) or draw(**values), incidence_deg=ANGLES, dh_m=ERRORS)
    first, second = widget.children[:2]
    assert isinstance(first, ipywidgets.SelectionSlider)
    assert (first.description, first.label) == ("incidence", "43.1 deg")
    widget.update()
    second.label = "20 m"
    assert seen[0] == {"incidence_deg": 43.1, "dh_m": 10}
    assert seen[-1] == {"incidence_deg": 43.1, "dh_m": 20}
    assert len(shown) == len(seen)
    assert plt.get_fignums() == []


def test_a_page_of_line_drawings_is_small(monkeypatch):
    monkeypatch.setenv("COMPANION_STATIC", "1")
    monkeypatch.setitem(plt.rcParams, "figure.dpi", 120)

    def section(incidence_deg, dh_m):
        figure, axes = plt.subplots(figsize=(6.4, 3.2))
        axes.plot([0, np.cos(np.radians(incidence_deg))], [0, np.sin(np.radians(incidence_deg)) + dh_m / 100])
        axes.set(xlabel="ground range (m)", ylabel="height (m)")
        return figure

    page = explore(section, incidence_deg=[25, 35, 45], dh_m=[-10, 0, 10])
    assert len(page.text) / 9 * 160 < 2_000_000
