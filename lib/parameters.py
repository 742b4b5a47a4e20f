"""Parameters of a chapter: declared once in its ``parameters`` cell, checked before anything runs.

papermill runs on with the default when a name is misspelt, and takes ``-p x true`` for the text "true". Here every
name, type and file is checked against the declaration first.
"""

from __future__ import annotations

import ast
import io
import math
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from lib.chapters import has_tag, suggestion
from lib.errors import ParameterError

SCALARS = ("bool", "int", "float", "str", "Path")
EXAMPLES = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "Path": "a file",
}
MANIFEST_PREFIX = "data:"


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
    """

    name: str
    base: str
    is_list: bool
    optional: bool
    default: Any
    comment: str = ""

    @property
    def kind(self) -> str:
        """The type as it was declared."""
        inner = f"list[{self.base}]" if self.is_list else self.base
        return f"{inner} | None" if self.optional else inner


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
    parameter = Parameter(name, base, is_list, optional, default, comments.get(line.lineno, ""))
    _check_type(parameter, default, chapter)
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


def _refuse(parameter: Parameter, value: object, chapter: str) -> ParameterError:
    wanted = f"a list, each item {EXAMPLES[parameter.base]}" if parameter.is_list else EXAMPLES[parameter.base]
    wanted += " or none" if parameter.optional else ""
    return ParameterError(
        f"not of type {parameter.kind}",
        where=f"{chapter}, {parameter.name}",
        value=value,
        fix=f"give {wanted}",
    )


def _check_type(parameter: Parameter, value: object, chapter: str) -> None:
    if value is None and parameter.optional:
        return
    if parameter.is_list != isinstance(value, list):
        raise _refuse(parameter, value, chapter)
    for item in value if isinstance(value, list) else [value]:
        if not _is(parameter.base, item):
            raise _refuse(parameter, value, chapter)


def _is(base: str, value: object) -> bool:
    if base in ("bool", "int"):
        return type(value).__name__ == base
    if base == "float":
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, str | Path) if base == "Path" else isinstance(value, str)


def from_text(parameter: Parameter, text: str, chapter: str) -> Any:
    """Turn the text of ``-p name=text`` into a value of the declared type.

    Parameters
    ----------
    parameter : Parameter
    text : str
        Lists are written with commas, None as ``none``.
    chapter : str
        Name of the chapter, for messages.

    Returns
    -------
    object

    Raises
    ------
    ParameterError
        If the text is not a value of that type.

    Examples
    --------
    >>> from_text(Parameter("x", "bool", False, False, False), "true", "00_city")
    True
    """
    if parameter.optional and text.lower() in ("none", "null"):
        return None
    try:
        if parameter.is_list:
            return [_convert(parameter.base, item.strip()) for item in text.strip("[]").split(",") if item.strip()]
        return _convert(parameter.base, text)
    except (KeyError, ValueError) as error:
        raise _refuse(parameter, text, chapter) from error


def _convert(base: str, text: str) -> Any:
    if base == "bool":
        return {"true": True, "false": False}[text.lower()]
    return {"int": int, "float": float, "str": str, "Path": str}[base](text)


def parse_assignments(declared: Mapping[str, Parameter], assignments: Iterable[str], chapter: str) -> dict[str, Any]:
    """Read ``name=text`` pairs from the command line.

    Parameters
    ----------
    declared : mapping of str to Parameter
    assignments : iterable of str
    chapter : str
        Name of the chapter, for messages.

    Returns
    -------
    dict of str to object

    Raises
    ------
    ParameterError
        If a pair has no ``=``, names an unknown parameter or one twice, or holds a value of the wrong type.

    Examples
    --------
    >>> parse_assignments({"seed": Parameter("seed", "int", False, False, 0)}, ["seed=7"], "00_city")
    {'seed': 7}
    """
    values: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise ParameterError("not name=value", where="-p", value=assignment, fix="write -p name=value")
        if name in values:
            raise ParameterError("given twice", where=f"-p {name}", value=text, fix="give it once")
        parameter = _known(declared, name, text, chapter)
        values[name] = from_text(parameter, text, chapter)
    return values


def _known(declared: Mapping[str, Parameter], name: str, value: object, chapter: str) -> Parameter:
    if name in declared:
        return declared[name]
    raise ParameterError(
        f"unknown parameter {name!r}{suggestion(name, declared)}",
        where=chapter,
        value=value,
        fix=f"use one of: {', '.join(declared) or 'none is declared'}",
    )


def check_parameters(
    declared: Mapping[str, Parameter], given: Mapping[str, Any], chapter: str, folder: Path | None = None
) -> dict[str, Any]:
    """Check given values against the declarations, and make files absolute.

    Parameters
    ----------
    declared : mapping of str to Parameter
    given : mapping of str to object
        Values by name, already of Python types.
    chapter : str
        Name of the chapter, for messages.
    folder : Path, optional
        Where relative files are looked up; the working directory by default.

    Returns
    -------
    dict of str to object
        Only what was given; files as absolute text, ``data:NAME`` as the file of that name in the data manifest.

    Raises
    ------
    ParameterError
        If a name is unknown, a value has the wrong type, or a file does not exist.

    Examples
    --------
    >>> check_parameters({"alpha": Parameter("alpha", "int", False, False, 1)}, {"aplha": 2}, "00_city")
    Traceback (most recent call last):
    ...
    lib.errors.ParameterError: 00_city: unknown parameter 'aplha'; did you mean 'alpha'? (got 2). Fix: use one of: alpha.
    """
    checked = {}
    for name, value in given.items():
        parameter = _known(declared, name, value, chapter)
        _check_type(parameter, value, chapter)
        checked[name] = _resolve(parameter, value, chapter, folder or Path.cwd())
    return checked


def _resolve(parameter: Parameter, value: Any, chapter: str, folder: Path) -> Any:
    if parameter.base == "float" and value is not None:
        return [float(item) for item in value] if parameter.is_list else float(value)
    if parameter.base != "Path" or value is None:
        return value
    where = f"{chapter}, {parameter.name}"
    if parameter.is_list:
        return [_existing_file(item, where, folder) for item in value]
    return _existing_file(value, where, folder)


def _existing_file(value: str | Path, where: str, folder: Path) -> str:
    if str(value).startswith(MANIFEST_PREFIX):
        from lib.manifest import fetch

        return str(fetch(str(value).removeprefix(MANIFEST_PREFIX)))
    path = (folder / Path(value).expanduser()).resolve()
    if not path.exists():
        raise ParameterError(
            "no such file", where=where, value=str(value), fix=f"looked in {path.parent}; check the path"
        )
    return str(path)
