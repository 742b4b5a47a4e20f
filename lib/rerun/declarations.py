"""What a chapter's ``parameters`` cell declares: lines of the form ``name: type = default  # comment``."""

from __future__ import annotations

import ast
import io
import math
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from lib.errors import ParameterError
from lib.rerun.chapters import has_tag
from lib.rerun.limits import Limits, read_limits

SCALARS = ("bool", "int", "float", "str", "Path")
EXAMPLES = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "Path": "a file",
}


@dataclass(frozen=True)
class Parameter:
    """One line of a ``parameters`` cell.

    Parameters
    ----------
    name : str
    base : str
        One of bool, int, float, str, Path: the type of the value, or of each item of a list.
    is_list, optional : bool
        Whether the value is a list, and whether it may be None.
    default : object
    comment : str
        The text after ``#``: what the parameter means, with its unit.
    limits : Limits or None
        What the end of the comment allows: ``[right | left]``, or ``[0 to 90]`` with both ends.
    """

    name: str
    base: str
    is_list: bool
    optional: bool
    default: Any
    comment: str = ""
    limits: Limits | None = None

    @property
    def kind(self) -> str:
        """The type as it was declared."""
        inner = f"list[{self.base}]" if self.is_list else self.base
        return f"{inner} | None" if self.optional else inner

    def check(self, value: object, chapter: str) -> None:
        """Check that a value has the declared type and lies within the declared limits.

        Parameters
        ----------
        value : object
        chapter : str
            Name of the chapter, for messages.

        Raises
        ------
        ParameterError
            If it has another type, is a number that is not finite, or is not allowed.
        """
        if value is None and self.optional:
            return
        items = value if self.is_list and isinstance(value, list) else [value]
        if self.is_list != isinstance(value, list) or not all(_is(self.base, item) for item in items):
            raise self.refusal(value, chapter)
        if self.limits and not all(self.limits.allow(item) for item in items):
            where = f"{chapter}, {self.name}"
            raise ParameterError("not allowed", where=where, value=value, fix=f"give {self.limits}")

    def refusal(self, value: object, chapter: str) -> ParameterError:
        """Error that says what was expected instead of a value.

        Parameters
        ----------
        value : object
        chapter : str
            Name of the chapter, for messages.

        Returns
        -------
        ParameterError
        """
        wanted = EXAMPLES[self.base]
        wanted = f"a list, each item {wanted}" if self.is_list else wanted
        wanted += " or none" if self.optional else ""
        where = f"{chapter}, {self.name}"
        return ParameterError(f"not of type {self.kind}", where=where, value=value, fix=f"give {wanted}")


def declared_parameters(notebook: NotebookNode, chapter: str) -> dict[str, Parameter]:
    """Read the declarations of a chapter.

    Parameters
    ----------
    notebook : NotebookNode
    chapter : str
        Name of the chapter, for messages.

    Returns
    -------
    dict of str to Parameter

    Raises
    ------
    ParameterError
        If there is more than one ``parameters`` cell, or a line in it is not ``name: type = default``.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and has_tag(cell, "parameters")]
    if len(cells) > 1:
        raise ParameterError(
            "more than one cell is tagged 'parameters'", where=chapter, value=len(cells), fix="keep one"
        )
    return parse_declarations(cells[0].source, chapter) if cells else {}


def parse_declarations(source: str, chapter: str) -> dict[str, Parameter]:
    """Parse the lines of a ``parameters`` cell.

    Parameters
    ----------
    source : str
        Lines of the form ``name: type = default  # comment``.
    chapter : str
        Name of the chapter, for messages.

    Returns
    -------
    dict of str to Parameter

    Raises
    ------
    ParameterError
        If a line is anything else, or its default does not have the declared type.

    Examples
    --------
    >>> parse_declarations("seed: int = 0  # of the city", "00_city")["seed"].comment
    'of the city'
    """
    try:
        lines = ast.parse(source).body
    except SyntaxError as error:
        raise ParameterError(
            "the parameters cell is not Python",
            where=f"{chapter}, line {error.lineno}",
            value=error.text,
            fix="mend it",
        ) from error
    comments = _comments(source)
    found = {}
    for line in lines:
        parameter = _declaration(line, comments, chapter)
        found[parameter.name] = parameter
    return found


def _declaration(line: ast.stmt, comments: dict[int, str], chapter: str) -> Parameter:
    if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name) or line.value is None:
        raise ParameterError(
            "a line of the parameters cell is not a declaration",
            where=chapter,
            value=ast.unparse(line),
            fix="write it as name: type = default  # comment",
        )
    name = line.target.id
    base, is_list, optional = _read_type(line.annotation, f"{chapter}, {name}")
    try:
        default = ast.literal_eval(line.value)
    except ValueError as error:
        raise ParameterError(
            "the default is not a plain value",
            where=f"{chapter}, {name}",
            value=ast.unparse(line.value),
            fix="write it out",
        ) from error
    # A formatter may have broken the line, and the comment then stands inside it.
    comment = " ".join(
        comments[row] for row in range(line.lineno, (line.end_lineno or line.lineno) + 1) if row in comments
    )
    limits = read_limits(comment, base, f"{chapter}, {name}")
    parameter = Parameter(name, base, is_list, optional, default, comment, limits)
    parameter.check(default, chapter)
    return parameter


def _comments(source: str) -> dict[int, str]:
    """Map line numbers to the comments that end them."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _read_type(annotation: ast.expr, where: str) -> tuple[str, bool, bool]:
    """Read ``int``, ``list[int]``, ``int | None`` or ``Optional[int]`` as (base, is_list, optional)."""
    text = ast.unparse(annotation)
    inner, optional = text, False
    if text.startswith("Optional[") and text.endswith("]"):
        inner, optional = text[len("Optional[") : -1], True
    elif text.endswith(" | None"):
        inner, optional = text.removesuffix(" | None"), True
    is_list = inner.startswith("list[")
    base = inner[len("list[") : -1] if is_list else inner
    if base not in SCALARS:
        raise ParameterError(
            "unknown type",
            where=where,
            value=text,
            fix=f"use {', '.join(SCALARS)}, a list of one, or one with | None",
        )
    return base, is_list, optional


def _is(base: str, value: object) -> bool:
    if base in ("bool", "int"):
        return type(value).__name__ == base
    if base == "float":
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, str | Path) if base == "Path" else isinstance(value, str)
