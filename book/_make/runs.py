"""What the finished default run of each chapter left behind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import ROOT
from nbformat import NotebookNode

from lib.rerun.chapters import Project, has_tag, list_chapters
from lib.rerun.runfolder import FIGURES, PROVENANCE, RESULTS, read_json, read_notebook

# The figure that stands for the whole book: on the landing page, and on links that others share.
HERO = "fig-hero"


@dataclass(frozen=True)
class Chapter:
    """A chapter with its run.

    Parameters
    ----------
    name : str
    notebook : NotebookNode
        Executed.
    folder : Path
        Of the run.
    """

    name: str
    notebook: NotebookNode
    folder: Path

    @property
    def results(self) -> dict[str, Any]:
        """Recorded results by name."""
        return read_json(self.folder / RESULTS)

    @property
    def provenance(self) -> dict[str, Any]:
        """What the run came from and what it took."""
        return read_json(self.folder / PROVENANCE)

    @property
    def title(self) -> str:
        """The first heading."""
        return self._opening[0]

    @property
    def summary(self) -> str:
        """What the first cell says in ``card="..."``, else the first sentence after the heading, without markup."""
        if card := self.notebook.cells[0].metadata.get("card"):
            return str(card)
        text = " ".join(self._opening[1].split("\n\n")[0].split())
        text = re.sub(r"\s*\{[a-z:]+\}`[^`]*`", "", text)
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("*", "")
        return re.split(r"(?<=[.?!]) ", text)[0]

    @property
    def _opening(self) -> tuple[str, str]:
        _, _, opening = ("\n" + self.notebook.cells[0].source).partition("\n# ")
        title, _, rest = opening.partition("\n")
        return title.strip(), rest.strip()

    @property
    def hero(self) -> tuple[Path, str] | None:
        """Image and alt text of the book's picture, if the chapter draws it."""
        return next((found for name, found in self._figures().items() if name == HERO), None)

    @property
    def card(self) -> tuple[Path, str]:
        """Image and alt text for the chapter's card: the figure of the cell tagged "card", else the first."""
        figures = self._figures("card") or self._figures()
        return next(found for name, found in figures.items() if name != HERO)

    def _figures(self, tag: str | None = None) -> dict[str, tuple[Path, str]]:
        """Named figures of the cells that carry a tag, or of all cells."""
        found = {}
        for cell in self.notebook.cells:
            settings = cell.metadata.get("mystnb", {})
            name = settings.get("figure", {}).get("name")
            files = sorted((self.folder / FIGURES).glob(f"{name}.*"))
            if files and (tag is None or has_tag(cell, tag)):
                found[name] = files[0], settings.get("image", {}).get("alt", self.title)
        return found


def chapters() -> list[Chapter]:
    """Every chapter of the book with its default run."""
    project = Project(ROOT)
    folders = [(path.stem, project.runs / path.stem) for path in list_chapters(project)]
    return [Chapter(name, read_notebook(folder), folder) for name, folder in folders]
