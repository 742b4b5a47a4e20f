"""Presets: named sets of parameters in ``notebooks/presets/*.yaml``.

A preset names the chapters that it is for, and the parameters that each of them gets::

    about: Small sizes, to see quickly that everything runs.
    chapters:
      00_city:
        n_buildings: 60
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lib.errors import ParameterError
from lib.rerun.chapters import Project, suggestion


@dataclass(frozen=True)
class Preset:
    """A named set of parameters.

    Parameters
    ----------
    name : str
    about : str
        One sentence on what it is for.
    chapters : dict of str to dict
        Parameters by the name of the chapter.
    """

    name: str
    about: str
    chapters: dict[str, dict[str, Any]]

    def parameters(self, chapter: str) -> dict[str, Any]:
        """Parameters for one chapter.

        Parameters
        ----------
        chapter : str

        Returns
        -------
        dict of str to object

        Raises
        ------
        ParameterError
            If the preset is not for that chapter.

        Examples
        --------
        >>> Preset("quick", "", {"00_city": {"n_buildings": 60}}).parameters("00_city")
        {'n_buildings': 60}
        """
        if chapter not in self.chapters:
            raise ParameterError(
                f"preset {self.name!r} is not for this chapter",
                where="--preset",
                value=chapter,
                fix=f"run it with {', '.join(self.chapters)}",
            )
        return self.chapters[chapter]


def list_presets(project: Project) -> list[Preset]:
    """All presets, by name.

    Parameters
    ----------
    project : Project

    Returns
    -------
    list of Preset

    Examples
    --------
    >>> list_presets(Project(Path("nowhere")))
    []
    """
    return [_read(path) for path in sorted(project.presets.glob("*.yaml"))]


def read_preset(project: Project, name: str) -> Preset:
    """Read one preset.

    Parameters
    ----------
    project : Project
    name : str
        File name without ``.yaml``.

    Returns
    -------
    Preset

    Raises
    ------
    ParameterError
        If no preset has that name, or its file is not laid out as a preset.
    """
    path = project.presets / f"{name}.yaml"
    if path.is_file():
        return _read(path)
    known = [other.stem for other in sorted(project.presets.glob("*.yaml"))]
    raise ParameterError(
        f"unknown preset{suggestion(name, known)}",
        where="--preset",
        value=name,
        fix=f"use one of: {', '.join(known) or 'none exists'}",
    )


def _read(path: Path) -> Preset:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        chapters = {str(chapter): dict(values or {}) for chapter, values in content["chapters"].items()}
        return Preset(path.stem, str(content["about"]), chapters)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParameterError(
            "not laid out as a preset",
            where=str(path),
            value=str(error),
            fix="give `about:` a sentence and `chapters:` a mapping of chapter to parameters",
        ) from error
