"""What `data_manifest.yaml` says: one entry for each external file, checked strictly."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from lib.errors import ManifestError
from lib.manifest.magic import MEDIA_TYPES

How = Literal["direct", "by_hand"]

_SHARED = {
    "what",
    "licence",
    "citation",
    "urls",
    "base_urls",
    "media_type",
    "chapters",
    "how",
    "instructions",
}
_DATASET = _SHARED | {"files"}
_FILE = _SHARED | {"file", "path", "size", "sha256"}
_PLACE = re.compile(r"[A-Za-z0-9_][\w.+-]*(/[A-Za-z0-9_][\w.+-]*)*", re.ASCII)


@dataclass(frozen=True)
class Entry:
    """One external file.

    Parameters
    ----------
    name : str
        ``<dataset>/<file>``: what to ask for, and the file's place below the cache and below a mirror.
    what : str
        What the file holds, in a sentence.
    licence : str
        The licence; "(to check)" where the source does not state it.
    citation : str
        Whom to cite, with the doi or the address.
    urls : tuple of str
        Where to download it, in order; for a file fetched by hand, the pages to open.
    size_bytes : int or None
        Size; None where it is not known yet.
    sha256 : str or None
        Hash in lower-case hexadecimal; None where it is not known yet.
    media_type : str
        A key of `lib.manifest.magic.MEDIA_TYPES`.
    chapters : tuple of str
        The chapters that use it, by notebook name.
    how : str
        ``direct``, or ``by_hand`` where a site needs a login, a click or a choice.
    instructions : str
        What to do by hand; empty for direct files.
    """

    name: str
    what: str
    licence: str
    citation: str
    urls: tuple[str, ...]
    size_bytes: int | None
    sha256: str | None
    media_type: str
    chapters: tuple[str, ...]
    how: How
    instructions: str = ""


def read_entries(path: Path) -> dict[str, Entry]:
    """Read a data manifest; anything unknown, missing or malformed is refused.

    Parameters
    ----------
    path : Path
        A YAML file with ``datasets``; each gives what its ``files`` share, and a file may override it.

    Returns
    -------
    dict of str to Entry
        In the order of the file, by name.

    Raises
    ------
    ManifestError
        If the file is absent or not YAML, or an entry is wrong; the message names entry and field.

    Examples
    --------
    >>> from lib.manifest import MANIFEST
    >>> read_entries(MANIFEST)["qqb_lists/fold-1.txt"].size_bytes
    16957
    """
    datasets = _datasets(path)
    entries: dict[str, Entry] = {}
    for dataset, shared in datasets.items():
        for name, fields in _files(dataset, shared):
            if name in entries:
                raise _wrong(name, "file", "named twice", name, "keep one of the two")
            entries[name] = _entry(name, fields)
    return entries


def _datasets(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_OneKeyLoader)
    except OSError as error:
        raise ManifestError(
            "the data manifest cannot be read",
            where=str(path),
            value=error.strerror,
            fix="work in a checkout installed with 'pip install -e .', or name another manifest",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(
            "not valid YAML", where=str(path), value=str(error), fix="mend the line it names"
        ) from error
    if not isinstance(content, dict) or set(content) != {"datasets"}:
        shown = sorted(map(str, content)) if isinstance(content, dict) else content
        raise _wrong(path.name, "datasets", "must be the only key at the top", shown, "add or rename it")
    return _mapping(content["datasets"], path.name, "datasets")


def _files(dataset: str, shared: object) -> list[tuple[str, dict[str, Any]]]:
    common = _mapping(shared, dataset, "dataset")
    _known(dataset, common, _DATASET)
    files = common.pop("files", None)
    if not isinstance(files, list) or not files:
        raise _wrong(dataset, "files", "must be a list with at least one file", files, "list the files")
    named = []
    for index, own in enumerate(files):
        fields = _mapping(own, dataset, f"files[{index}]")
        place = f"{dataset}/{fields.get('file')}"
        _known(place, fields, _FILE)
        if not isinstance(fields.get("file"), str) or not _PLACE.fullmatch(place):
            fix = "give a relative path of letters, digits, '.', '_', '+' and '-'"
            raise _wrong(dataset, f"files[{index}].file", "not a safe file name", fields.get("file"), fix)
        named.append((place, _merged(common, fields)))
    return named


def _merged(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a file's fields over its dataset's; addresses of either kind replace both kinds."""
    inherited = dict(common)
    if "urls" in own or "base_urls" in own:
        inherited = {key: value for key, value in common.items() if key not in ("urls", "base_urls")}
    return inherited | dict(own)


def _entry(name: str, fields: Mapping[str, Any]) -> Entry:
    how = fields.get("how")
    if how not in ("direct", "by_hand"):
        raise _wrong(name, "how", "must be 'direct' or 'by_hand'", how, "choose one")
    media_type = _text(name, fields, "media_type")
    if media_type not in MEDIA_TYPES:
        fix = f"use one of {', '.join(MEDIA_TYPES)}"
        raise _wrong(name, "media_type", "not a known media type", media_type, fix)
    if how == "direct" and "instructions" in fields:
        raise _wrong(name, "instructions", "only for how: by_hand", fields["instructions"], "remove it")
    return Entry(
        name=name,
        what=_text(name, fields, "what"),
        licence=_text(name, fields, "licence"),
        citation=_text(name, fields, "citation"),
        urls=_urls(name, fields),
        size_bytes=_size(name, fields),
        sha256=_sha256(name, fields),
        media_type=media_type,
        chapters=_chapters(name, fields),
        how=cast(How, how),
        instructions=_text(name, fields, "instructions") if how == "by_hand" else "",
    )


def _urls(name: str, fields: Mapping[str, Any]) -> tuple[str, ...]:
    if ("urls" in fields) == ("base_urls" in fields):
        given = fields.get("urls")
        raise _wrong(name, "urls", "give either urls or base_urls", given, "keep exactly one of them")
    urls = _texts(name, fields, "urls" if "urls" in fields else "base_urls")
    if "base_urls" in fields:
        path = fields.get("path", fields["file"])
        urls = tuple(base.rstrip("/") + "/" + str(path) for base in urls)
    elif "path" in fields:
        raise _wrong(name, "path", "only goes with base_urls", fields["path"], "remove it")
    if not urls or len(set(urls)) != len(urls):
        raise _wrong(name, "urls", "needs one address or several different ones", urls, "mend the list")
    for url in urls:
        if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", url):
            raise _wrong(name, "urls", "not an http address", url, "give http(s)://host/path")
    return urls


def _size(name: str, fields: Mapping[str, Any]) -> int | None:
    size = fields.get("size", "absent")
    if size is None or (type(size) is int and size > 0):
        return size
    raise _wrong(name, "size", "must be a number of bytes, or null if not known", size, "count them")


def _sha256(name: str, fields: Mapping[str, Any]) -> str | None:
    digest = fields.get("sha256", "absent")
    if digest is None or (isinstance(digest, str) and re.fullmatch(r"[0-9a-f]{64}", digest)):
        return digest
    fix = "paste the output of sha256sum; never invent one"
    raise _wrong(name, "sha256", "must be 64 lower-case hexadecimal digits, or null", digest, fix)


def _chapters(name: str, fields: Mapping[str, Any]) -> tuple[str, ...]:
    chapters = _texts(name, fields, "chapters")
    for chapter in chapters:
        if not re.fullmatch(r"\d\d[a-z]?_[a-z_]+", chapter):
            raise _wrong(name, "chapters", "not a notebook name", chapter, "write it like 00_city")
    return chapters


def _text(name: str, fields: Mapping[str, Any], field: str) -> str:
    value = fields.get(field)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(name, field, "must be text", value, f"say the {field} of the file or its dataset")
    return " ".join(value.split())


def _texts(name: str, fields: Mapping[str, Any], field: str) -> tuple[str, ...]:
    value = fields.get(field)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(name, field, "must be a list of text", value, "write it as [a, b], or [] for none")
    return tuple(value)


def _mapping(value: object, name: str, field: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _wrong(name, field, "must be a mapping with text keys", value, "indent 'key: value' lines")
    return dict(value)


def _known(name: str, fields: Mapping[str, Any], allowed: set[str]) -> None:
    for field in fields:
        if field not in allowed:
            near = difflib.get_close_matches(field, allowed, n=1)
            fix = f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(allowed))}"
            raise _wrong(name, field, "unknown field", field, fix)


def _wrong(name: str, field: str, what: str, value: object, fix: str) -> ManifestError:
    return ManifestError(what, where=f"data manifest, {name}, {field}", value=value, fix=fix)


class _OneKeyLoader(yaml.SafeLoader):
    """Refuse a key that is written twice, where plain YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                line = node.start_mark.line + 1
                raise yaml.YAMLError(f"the key {key!r} stands twice in the mapping at line {line}")
        return super().construct_mapping(node, deep)
