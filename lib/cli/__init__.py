"""The command ``companion``: run chapters with checked parameters, and look after the data that they use."""

from __future__ import annotations

import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lib.cli.data import data_app
from lib.errors import CompanionError, CompanionWarning, ParameterError, RunError
from lib.rerun.chapters import Project, find_chapter, here, list_chapters, read_chapter, write_pairs
from lib.rerun.declarations import declared_parameters
from lib.rerun.execute import CELL_TIMEOUT_S
from lib.rerun.parameters import parse_assignments
from lib.rerun.presets import list_presets
from lib.rerun.run import Run, plan_run, run_all, run_aloud


class _Plainly(TyperGroup):
    """Commands whose errors and warnings are one line each, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        with warnings.catch_warnings():
            warnings.simplefilter("always", CompanionWarning)
            warnings.showwarning = _say_warning
            try:
                return super().invoke(ctx)
            except CompanionError as error:
                typer.echo(f"error: {error}", err=True)
                raise typer.Exit(1) from None


def _say_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    typer.echo(f"warning: {message}", err=True)


app = typer.Typer(cls=_Plainly, no_args_is_help=True, add_completion=False, help=__doc__, rich_markup_mode=None)
app.add_typer(data_app, name="data")


def project() -> Project:
    """Checkout on which the commands work.

    Returns
    -------
    Project
    """
    return here()


@app.command("run")
def run_command(
    chapter: Annotated[str | None, typer.Argument(help="Chapter, as in 01_geocoding.")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="Set a parameter; repeatable."),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="Named parameters; see `companion chapters`.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Run every chapter that changed.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="With --all: chapters at the same time.")] = 1,
    cell_timeout: Annotated[int, typer.Option(min=1, help="Longest time for a cell, in seconds.")] = CELL_TIMEOUT_S,
) -> None:
    """Run one chapter, or all of them, if anything changed since the last time."""
    if every == (chapter is not None):
        raise RunError("give one chapter, or --all", where="companion run", value=chapter, fix="choose one of the two")
    if chapter is None:
        if parameter:
            raise ParameterError("not together with --all", where="-p", value=parameter, fix="name one chapter")
        done = run_all(project(), preset, jobs, cell_timeout, typer.echo)
    else:
        path = find_chapter(project(), chapter)
        declared = declared_parameters(read_chapter(path), path.stem)
        values = parse_assignments(declared, parameter or [], path.stem)
        plan = plan_run(project(), chapter, values, preset)
        done = [run_aloud(plan, cell_timeout, typer.echo)]
        if isinstance(done[0], Run):
            typer.echo(f"folder: {done[0].folder}")
    if any(isinstance(one, CompanionError) for one in done):
        raise typer.Exit(1)


@app.command("chapters")
def chapters_command() -> None:
    """List the chapters with their parameters, and the presets."""
    for path in list_chapters(project()):
        typer.echo(path.stem)
        for parameter in declared_parameters(read_chapter(path), path.stem).values():
            typer.echo(f"  {parameter.name}: {parameter.kind} = {parameter.default!r}  # {parameter.comment}")
    for preset in list_presets(project()):
        typer.echo(f"--preset {preset.name} ({', '.join(preset.chapters)}): {preset.about}")


@app.command("pairs")
def pairs_command() -> None:
    """Write the clean .ipynb pair of every chapter whose source changed."""
    for pair in write_pairs(project()):
        typer.echo(f"wrote {pair}")
