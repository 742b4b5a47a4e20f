"""Write the status page: what each run took, with which versions, on which machine."""

from __future__ import annotations

from common import BOOK, table, write
from runs import Chapter

PAGE = """# Status

Every chapter of this book was executed from its source to make this page; a build fails if one of them fails.

## Runs

{runs}

Time is wall time, the start of the kernel included; memory is the largest resident memory of the kernel.
{machine}

## Versions

{versions}
"""


def make(chapters: list[Chapter]) -> None:
    """Write ``status.md`` from the provenance of the runs."""
    rows = []
    for chapter in chapters:
        taken = chapter.provenance
        link = f"[{chapter.title}](notebooks/{chapter.name}.ipynb)"
        shown = short_revision(taken["revision"])
        rows.append((link, taken["seconds"], taken["peak_memory_mb"], len(chapter.results), shown))
    header = ("Chapter", ">Time (s)", ">Memory (MB)", ">Results", "Revision")
    versions = {}
    for chapter in chapters:
        versions |= chapter.provenance["versions"]
    text = PAGE.format(
        runs=table(header, rows),
        machine=_machine(chapters),
        versions=table(("Package", "Version"), sorted(versions.items(), key=lambda item: item[0].lower())),
    )
    write(BOOK / "status.md", text)


def short_revision(revision: str) -> str:
    """Shorten the hash of a commit; that files differed from it stays."""
    commit, plus, changes = revision.partition("+")
    return f"`{commit[:12]}{plus}{changes}`" if commit != "unknown" else commit


def _machine(chapters: list[Chapter]) -> str:
    """Describe the machines in a sentence; more than one if chapters were kept from another build."""
    devices = [chapter.provenance["device"] for chapter in chapters]
    named = {f"{device['processor']}, {device['cores']} cores, {device['system']}" for device in devices}
    return f"Machine: {'; '.join(sorted(named))}. Each chapter computes on one thread."
