"""Values of a chapter's parameters, checked against its declarations before anything runs.

papermill runs on with the default when a name is misspelt, and takes ``-p x true`` for the text "true". Here every
name, type and file is checked first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lib.errors import ParameterError
from lib.manifest import fetch
from lib.rerun.chapters import suggestion
from lib.rerun.declarations import Parameter

MANIFEST_PREFIX = "data:"


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
        raise parameter.refusal(text, chapter) from error


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
        parameter.check(value, chapter)
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
        return str(fetch(str(value).removeprefix(MANIFEST_PREFIX)))
    path = (folder / Path(value).expanduser()).resolve()
    if not path.exists():
        raise ParameterError(
            "no such file", where=where, value=str(value), fix=f"looked in {path.parent}; check the path"
        )
    return str(path)
