"""The built site in a real browser without a network: every page is whole, readable, and leads somewhere."""

from __future__ import annotations

import functools
import http.server
import importlib.metadata
import io
import itertools
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import numpy as np
import pytest
import yaml
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from lib.rerun.chapters import here, list_chapters, read_chapter
from lib.rerun.runfolder import RESULTS, read_json

pytestmark = pytest.mark.browser

SITE = here().build / "html"
CHAPTERS = [f"notebooks/{path.stem}" for path in list_chapters(here())]
WITH_SLIDERS = ("notebooks/00_city", "notebooks/01_geocoding", "notebooks/02_registration")
# sphinx-thebe declares its address twice, on every page that Jupyter Book makes.
KNOWN = ("THEBE_JS_URL",)
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
PAGES = sorted(path.relative_to(SITE).with_suffix("").as_posix() for path in SITE.glob("[!_]*/*.html"))
PAGES += sorted(path.stem for path in SITE.glob("*.html"))
# Pages of the library are many and alike: one of them stands for all where a check is slow.
SAMPLE = [page for page in PAGES if not page.startswith("api/lib.") or page == "api/lib.errors"]
SEEN_BY_SCRIPT = """() => ({
  ids: [...document.querySelectorAll('[id]')].map(e => e.id),
  links: [...document.querySelectorAll('a[href]')].map(e => e.href),
  images: [...document.querySelectorAll('article img')].map(e => ({src: e.src.slice(0, 100), alt: e.alt, width: e.naturalWidth})),
  formulas: document.querySelectorAll('article .math').length,
  set: [...document.querySelectorAll('article mjx-container')].filter(e => e.getBoundingClientRect().width > 0).length,
  text: document.body.innerText,
})"""


@dataclass
class Seen:
    """What one visit to a page brought to light."""

    facts: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    phone_width: int = 0


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    if not (SITE / "index.html").is_file():
        pytest.skip("no built site: run `make book` first")
    handler = functools.partial(_Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def open_offline(browser: Browser, address: str, seen: Seen, **options: Any) -> BrowserContext:
    """Open a window that reaches nothing but the site, and notes what was tried."""
    context = browser.new_context(viewport=DESK, **options)

    def guard(route: Any) -> None:
        local = route.request.url.startswith((address, "data:", "blob:"))
        if not local:
            seen.outside.append(route.request.url)
        route.continue_() if local else route.abort()

    context.route("**/*", guard)
    return context


@pytest.fixture(scope="session")
def visits(browser: Browser, address: str) -> dict[str, Seen]:
    """Every page, visited once on a desk and once on a phone."""
    found = {}
    for name in PAGES:
        seen = found[name] = Seen()
        with open_offline(browser, address, seen) as context:
            page = context.new_page()
            page.on("pageerror", lambda error, seen=seen: seen.errors.append(str(error)))
            page.on("console", lambda line, seen=seen: seen.errors.append(line.text) if line.type == "error" else None)
            page.goto(f"{address}{name}.html", wait_until="load")
            settle(page)
            seen.facts = page.evaluate(SEEN_BY_SCRIPT)
            page.set_viewport_size(PHONE)
            seen.phone_width = page.evaluate("document.documentElement.scrollWidth")
    return found


def settle(page: Page) -> None:
    """Wait until formulas are set and pictures are there."""
    page.evaluate("() => window.MathJax?.startup?.promise")
    page.evaluate(
        "() => Promise.all([...document.images].map(e => { e.loading = 'eager'; return e.decode().catch(() => 0); }))"
    )


@pytest.fixture(params=PAGES)
def seen(request: pytest.FixtureRequest, visits: dict[str, Seen]) -> Seen:
    return visits[request.param]


def test_every_chapter_has_its_page_and_every_page_of_the_contents_is_there(visits):
    contents = yaml.safe_load((here().root / "book" / "_toc.yml").read_text())
    listed = [entry["file"] for part in contents["parts"] for entry in part["chapters"] if "file" in entry]
    assert set(CHAPTERS) | set(listed) | {"index", "search"} <= visits.keys()


def test_a_page_asks_for_nothing_outside_the_site(seen):
    assert seen.outside == []


def test_a_page_has_no_errors_of_its_own(seen):
    assert [error for error in seen.errors if not any(known in error for known in KNOWN)] == []


def test_pictures_are_there_and_have_words(seen):
    assert [image for image in seen.facts["images"] if image["width"] == 0 or not image["alt"].strip()] == []


def test_formulas_are_set(seen):
    assert seen.facts["set"] == seen.facts["formulas"]


def test_nothing_is_wider_than_a_phone(seen):
    assert seen.phone_width <= PHONE["width"]


@pytest.mark.parametrize("trace", ["Traceback (most recent call last)", " at 0x", str(here().root), "ipykernel_"])
def test_no_page_shows_an_error_or_the_machine_that_made_it(visits, trace):
    # The library's pages quote what an example raises.
    texts = {name: seen.facts["text"] for name, seen in visits.items()}
    quoted = "Traceback" in trace
    assert [name for name, text in texts.items() if trace in text and not (quoted and name.startswith("api/"))] == []


def test_links_lead_somewhere(visits, address):
    broken = []
    for name, seen in visits.items():
        for link in {link for link in seen.facts["links"] if link.startswith(address)}:
            target, part = urldefrag(link.removeprefix(address))
            target = unquote(target.partition("?")[0]) or "index.html"
            there = visits.get(target.removesuffix(".html"))
            if not (SITE / target).is_file() or (part and there and unquote(part) not in there.facts["ids"]):
                broken.append((name, link.removeprefix(address)))
    assert broken == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_shows_pictures_and_opens_elsewhere(visits, chapter):
    seen = visits[chapter]
    assert len(seen.facts["images"]) >= 3
    for service in ("mybinder.org", "colab.research.google.com"):
        assert any(service in link and f"{chapter}.ipynb" in link for link in seen.facts["links"])


def numbers_of_figures(text: str) -> dict[str, str]:
    """Number in the caption of each named figure of a page."""
    found = {}
    for part in text.split("<figure ")[1:]:
        name = re.search(r'id="(fig-[^"]+)"', part.partition(">")[0])
        number = re.search(r'class="caption-number">\s*(.*?)\s*<', part)
        if name:
            found[name[1]] = number[1] if number else "none"
    return found


def test_every_figure_has_its_own_number_counted_through_the_book():
    count = itertools.count(1)
    for path in list_chapters(here()):
        figures = [cell.metadata.get("mystnb", {}).get("figure", {}) for cell in read_chapter(path).cells]
        expected = {figure["name"]: f"Fig. {next(count)}" for figure in figures if "name" in figure}
        shown = numbers_of_figures((SITE / f"notebooks/{path.stem}.html").read_text(encoding="utf-8"))
        assert expected
        assert shown == expected


@pytest.mark.parametrize("path", list_chapters(here()), ids=lambda path: path.stem)
def test_every_number_that_the_prose_shows_was_recorded_by_the_run(path):
    results = read_json(here().runs / path.stem / RESULTS)
    prose = "\n".join(cell.source for cell in read_chapter(path).cells if cell.cell_type == "markdown")
    names = set(re.findall(r"\{glue:[a-z]*\}`([^`:]*)(?::[^`]*)?`", prose))
    assert names
    assert names - results.keys() == set()


def test_the_landing_page_shows_a_picture_and_a_card_for_each_chapter(visits):
    facts = visits["index"].facts
    assert len(facts["images"]) >= 1 + len(CHAPTERS)
    assert all(any(link.endswith(f"{chapter}.html") for link in facts["links"]) for chapter in CHAPTERS)


def test_a_shared_link_has_a_title_and_a_picture():
    text = (SITE / "index.html").read_text(encoding="utf-8")
    assert '<meta property="og:title" content="Reading Buildings"' in text
    assert 'property="og:image"' in text
    assert Image.open(SITE / "card.png").width >= 600


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_sliders_move_the_figure_by_keyboard(browser, address, chapter):
    """Chapters 00 and 01 must have one; a chapter without any passes only if it is another."""
    with open_offline(browser, address, Seen()) as context:
        page = context.new_page()
        page.goto(f"{address}{chapter}.html")
        assert page.locator(".explore input").count() >= 1 or chapter not in WITH_SLIDERS
        for figure in page.locator(".explore").all():
            image = figure.locator("img")
            for slider in figure.locator("input").all():
                row = slider.locator("xpath=..")
                value = row.locator("xpath=following-sibling::output[1]")
                before = image.get_attribute("src"), image.get_attribute("alt"), value.inner_text()
                assert row.inner_text().strip()
                for key in ("Home", "End"):
                    slider.press(key)
                    if slider.get_attribute("aria-valuetext") != before[2]:
                        break
                after = image.get_attribute("src"), image.get_attribute("alt"), value.inner_text()
                assert all(old != new for old, new in zip(before, after, strict=True))
                assert image.evaluate("e => e.decode().then(() => e.naturalWidth)") > 0


def test_without_scripts_figures_are_seen_and_sliders_are_not(browser, address):
    chapter = next(c for c in CHAPTERS if 'class="explore"' in (SITE / f"{c}.html").read_text(encoding="utf-8"))
    with open_offline(browser, address, Seen(), java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}{chapter}.html")
        assert page.locator(".explore img").first.is_visible()
        assert not page.locator(".explore-sliders").first.is_visible()


def test_search_finds_words_of_the_book(browser, address):
    with open_offline(browser, address, Seen()) as context:
        page = context.new_page()
        page.goto(f"{address}search.html?q=incidence")
        page.wait_for_selector("#search-results li", timeout=10_000)
        assert page.locator("#search-results li").count() >= 2


@pytest.mark.parametrize("name", ["index", *CHAPTERS])
def test_the_dark_page_is_dark(browser, address, name):
    with open_offline(browser, address, Seen(), color_scheme="dark") as context:
        page = context.new_page()
        page.goto(f"{address}{name}.html")
        settle(page)
        picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
    assert np.median(picture) < 60


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SAMPLE)
def test_a_page_is_accessible(browser, address, name, scheme):
    package = importlib.metadata.distribution("axe-playwright-python")
    axe = Path(str(package.locate_file("axe_playwright_python/axe.min.js"))).read_text(encoding="utf-8")
    with open_offline(browser, address, Seen(), color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{address}{name}.html")
        settle(page)
        page.evaluate(axe)
        # docutils gives a bibliography roles that were common when it was written.
        scope = {"exclude": [[".citation-list"]]}
        rules = {"runOnly": ["wcag2a", "wcag2aa"], "resultTypes": ["violations"]}
        found = page.evaluate("([scope, rules]) => axe.run(scope, rules)", [scope, rules])["violations"]
    assert [(rule["id"], node["html"][:200]) for rule in found for node in rule["nodes"]] == []
