"""Write what the landing page shows of the runs: the city's picture, and a card for each chapter."""

from __future__ import annotations

from pathlib import Path

from common import EXTRA, GENERATED, copy, write
from PIL import Image
from runs import Chapter

CARD = """:::{{grid-item-card}} {title}
:link: notebooks/{name}
:link-type: doc
:img-top: _generated/{image}
:img-alt: {alt}

{summary}
:::
"""
CARD_WIDTH, CARD_HEIGHT = 640, 400


def make(chapters: list[Chapter]) -> None:
    """Write the pictures and the two pieces that ``index.md`` includes."""
    write(GENERATED / "hero.md", _hero(chapters))
    cards = "\n".join(_card(chapter) for chapter in chapters)
    write(GENERATED / "cards.md", f"::::{{grid}} 1 1 2 2\n:gutter: 3\n\n{cards}::::\n")


def _hero(chapters: list[Chapter]) -> str:
    """Copy the picture of the first chapter that has one, also for links that others share."""
    image, alt = next(chapter.hero for chapter in chapters if chapter.hero)
    copy(image, GENERATED / f"hero{image.suffix}")
    copy(image, EXTRA / f"card{image.suffix}")
    return f"```{{image}} _generated/hero{image.suffix}\n:alt: {alt}\n:class: hero\n```\n"


def _card(chapter: Chapter) -> str:
    image, alt = chapter.card
    name = f"{chapter.name}.png"
    _shrink(image, name)
    return CARD.format(title=chapter.title, name=chapter.name, image=name, alt=alt, summary=chapter.summary)


def _shrink(source: Path, name: str) -> None:
    """Fit a figure on the white ground of a card."""
    figure = Image.open(source).convert("RGBA")
    figure.thumbnail((CARD_WIDTH, CARD_HEIGHT))
    card = Image.new("RGB", (CARD_WIDTH, CARD_HEIGHT), "white")
    place = ((CARD_WIDTH - figure.width) // 2, (CARD_HEIGHT - figure.height) // 2)
    card.paste(figure, place, figure)
    part = GENERATED / f".{name}.part.png"
    card.save(part, optimize=True)
    copy(part, GENERATED / name)
    part.unlink()
