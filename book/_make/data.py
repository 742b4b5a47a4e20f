"""Write the data page from ``data_manifest.yaml``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from common import BOOK, ROOT, table, write

from lib.manifest.entries import Entry, read_entries

PAGE = """# Data

The book needs none of these files to be built: its city is simulated. They are the real data that chapters can
also be run on. `data_manifest.yaml` names each of them with its licence, size and hash; nothing is used unverified.

```bash
companion data list             # what there is, and what is here already
companion data fetch NAME       # download one file, check its hash
companion data verify           # check every file that is here
```

{datasets}
"""
HOW = {"direct": "downloaded by its name", "by_hand": "by hand"}


def make() -> None:
    """Write ``data.md``: a section for each dataset."""
    entries = list(read_entries(ROOT / "data_manifest.yaml").values())
    groups = groupby(entries, key=lambda entry: entry.name.split("/")[0])
    sections = [_section(dataset, list(files)) for dataset, files in groups]
    write(BOOK / "data.md", PAGE.format(datasets="\n\n".join(sections)))


def _section(dataset: str, entries: list[Entry]) -> str:
    rows = [(f"`{entry.name.partition('/')[2]}`", entry.what, _size(entry)) for entry in entries]
    chapters = sorted({chapter for entry in entries for chapter in entry.chapters})
    facts = [
        f"Licence: {'; '.join(_distinct(entry.licence for entry in entries))}.",
        f"Cite: {'; '.join(_distinct(entry.citation for entry in entries))}.",
        f"How: {' and '.join(_distinct(HOW[entry.how] for entry in entries))}.",
        *(_distinct(entry.instructions for entry in entries if entry.instructions)),
        *([f"Used by: {', '.join(chapters)}."] if chapters else []),
    ]
    lines = "\n".join(f"- {_sentence(fact)}" for fact in facts)
    return f"## {dataset}\n\n{lines}\n\n{table(('File', 'What', '>Size'), rows)}"


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _sentence(text: str) -> str:
    return text.replace("..", ".")


def _size(entry: Entry) -> str:
    if entry.size_bytes is None:
        return "not known"
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if entry.size_bytes >= size:
            return f"{entry.size_bytes / size:.3g} {unit}"
    return f"{entry.size_bytes} B"
