"""The command `companion data`: list, fetch and verify the external files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from lib.errors import CompanionError
from lib.manifest import MANIFEST, Verdict, fetch, locate, mirror_disagreements, verify
from lib.manifest.archives import unpack
from lib.manifest.entries import Entry, read_entries

data_app = typer.Typer(help="List, fetch and verify the external data files.", no_args_is_help=True)

_LICENCE_WIDTH = 34

ManifestOption = Annotated[
    Path, typer.Option("--manifest", help="Another data manifest.", show_default=False, exists=False)
]


@data_app.command("list")
def list_files(manifest: ManifestOption = MANIFEST) -> None:
    """Show every external file: where it lies, how to get it, size, licence, name."""
    with _one_line_errors():
        entries = list(read_entries(manifest).values())
        rows = [_row(entry) for entry in entries]
        for line in _table(("found", "how", "size", "licence", "name"), rows):
            typer.echo(line)
        here = sum(row[0] != "missing" for row in rows)
        by_hand = sum(entry.how == "by_hand" for entry in entries)
        typer.echo(f"{len(entries)} files; {here} here already; {by_hand} must be fetched by hand.")


@data_app.command("fetch")
def fetch_files(
    names: Annotated[list[str], typer.Argument(help="Names as 'companion data list' shows them.")],
    unpack_into: Annotated[
        Path | None, typer.Option("--unpack", help="Unpack each archive into a new folder below this one.")
    ] = None,
    manifest: ManifestOption = MANIFEST,
) -> None:
    """Fetch files and print where they lie; one bad file does not stop the others."""
    failed = 0
    for name in names:
        try:
            path = fetch(name, manifest=manifest)
            if unpack_into is not None:
                path = unpack(path, unpack_into / Path(name).with_suffix("").name)
            typer.echo(path)
        except CompanionError as error:
            failed += 1
            typer.echo(f"error: {error}", err=True)
    if failed:
        typer.echo(f"{failed} of {len(names)} failed.", err=True)
        raise typer.Exit(1)


@data_app.command("verify")
def verify_files(
    names: Annotated[list[str] | None, typer.Argument(help="Names; all files where none is given.")] = None,
    manifest: ManifestOption = MANIFEST,
) -> None:
    """Check size, type and sha256 of every copy in the cache and in the mirror."""
    with _one_line_errors():
        verdicts = verify(names or (), manifest=manifest)
        disagreements = [] if names else mirror_disagreements(manifest=manifest)
    bad = [verdict for verdict in verdicts if _is_bad(verdict, named=bool(names))]
    for verdict in bad:
        typer.echo(f"{verdict.state}: {verdict.name}: {verdict.detail}", err=True)
    for sentence in disagreements:
        typer.echo(f"SHA256SUMS: {sentence}", err=True)
    typer.echo(_summary(verdicts))
    if bad or disagreements:
        raise typer.Exit(1)


def _is_bad(verdict: Verdict, *, named: bool) -> bool:
    return verdict.state == "wrong" or (named and verdict.state == "missing")


def _summary(verdicts: Sequence[Verdict]) -> str:
    counts = [
        f"{sum(v.state == 'good' and v.found == place for v in verdicts)} good in the {place}"
        for place in ("cache", "mirror")
    ]
    counts += [f"{sum(v.state == state for v in verdicts)} {state}" for state in ("wrong", "unproven", "missing")]
    return ", ".join(counts) + "."


def _row(entry: Entry) -> tuple[str, ...]:
    licence = entry.licence
    if len(licence) > _LICENCE_WIDTH:
        licence = licence[: _LICENCE_WIDTH - 3].rstrip() + "..."
    return locate(entry), entry.how.replace("_", " "), _size(entry.size_bytes), licence, entry.name


def _size(size_bytes: int | None) -> str:
    if size_bytes is None:
        return "unknown"
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Align columns to the left, sizes to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, tuple("-" * width for width in widths), *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[2] = row[2].rjust(widths[2])
        yield "  ".join(cells).rstrip()


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except CompanionError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
