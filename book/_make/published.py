"""Write the results page: each published number beside the one that this build found."""

from __future__ import annotations

from typing import Any

import yaml
from common import BOOK, number, table, write
from runs import Chapter

from lib.errors import RunError

PAGE = """# Results

Numbers that the four works print, beside those that this build of the book found. "Ours" is read from the results
that the chapters recorded, never typed. Where the two differ by more than the tolerance, the last column says why.

{sections}
"""


def make(chapters: list[Chapter]) -> None:
    """Write ``results.md`` from ``published.yaml`` and the results of the runs."""
    published = yaml.safe_load((BOOK / "published.yaml").read_text(encoding="utf-8"))
    sections = [_section(chapter, published[chapter.name]) for chapter in chapters if chapter.name in published]
    write(BOOK / "results.md", PAGE.format(sections="\n\n".join(sections)))


def _section(chapter: Chapter, entries: list[dict[str, Any]]) -> str:
    header = ("What", ">Published", ">Ours", "Agrees", "Data", "Differs because")
    rows = [_row(chapter, entry) for entry in entries]
    return f"## {chapter.title}\n\n{table(header, rows)}"


def _row(chapter: Chapter, entry: dict[str, Any]) -> tuple[object, ...]:
    if entry["result"] not in chapter.results:
        raise RunError(
            "the chapter did not record this result",
            where=f"book/published.yaml, {chapter.name}",
            value=entry["result"],
            fix=f"use one of: {', '.join(chapter.results)}",
        )
    ours = chapter.results[entry["result"]]
    unit = f" {ours['unit']}" if ours["unit"] else ""
    if "differs_because" not in entry and abs(ours["value"] - entry["published"]) > entry["tolerance"]:
        raise RunError(
            "ours is further from the published number than the tolerance",
            where=f"book/published.yaml, {chapter.name}, {entry['result']}",
            value=ours["value"],
            fix="find out why, and say it in differs_because",
        )
    agrees = abs(ours["value"] - entry["published"]) <= entry["tolerance"]
    return (
        f"{entry['what']} ({{cite:t}}`{entry['source']}`, {entry['place']})",
        f"{number(entry['published'])}{unit}",
        f"{number(ours['value'])}{unit}",
        f"{'yes, within' if agrees else 'no, not within'} {number(entry['tolerance'])}{unit}",
        entry["data"],
        entry.get("differs_because", ""),
    )
