"""Errors that say what is wrong, where, with which value, and how to mend it."""

from __future__ import annotations


class CompanionError(Exception):
    """Base of every error that this library raises on purpose.

    Parameters
    ----------
    what : str
        What is wrong, in a few words.
    where : str
        The parameter, file, row or field that is wrong.
    value : object
        The offending value; its ``repr`` is shown, cut at 200 characters.
    fix : str
        What to do about it, in the imperative.

    Examples
    --------
    >>> print(CompanionError("not a finite number", where="height_m", value=float("nan"), fix="drop the row"))
    height_m: not a finite number (got nan). Fix: drop the row.
    """

    def __init__(self, what: str, *, where: str, value: object, fix: str) -> None:
        self.what, self.where, self.value, self.fix = what, where, value, fix
        shown = repr(value)
        shown = shown if len(shown) <= 200 else shown[:197] + "..."
        super().__init__(f"{where}: {what} (got {shown}). Fix: {fix}.")

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the keyword arguments when a worker process sends the error back."""
        return _rebuild, (type(self), self.what, self.where, self.value, self.fix)


def _rebuild(kind: type[CompanionError], what: str, where: str, value: object, fix: str) -> CompanionError:
    return kind(what, where=where, value=value, fix=fix)


class CompanionWarning(UserWarning):
    """A fallback or an assumption that the reader should see."""


class CRSError(CompanionError):
    """A coordinate reference system is missing, geographic where metres are needed, or does not match."""


class BuildingsError(CompanionError):
    """A buildings table that cannot be used: columns, ids, geometry or units."""


class RasterError(CompanionError):
    """A raster that cannot be read, or whose tags do not say what is needed."""


class PatchesError(CompanionError):
    """A store of patches that is incomplete, damaged, or made from something else."""


class LookError(CompanionError):
    """A radar viewing geometry that is impossible or not fully known."""


class OrbitError(CompanionError):
    """State vectors that do not describe the pass over the scene."""


class CityError(CompanionError):
    """Parameters from which no city can be built or rendered."""


class ManifestError(CompanionError):
    """A data manifest that is wrong, or a name that it does not hold."""


class FetchError(CompanionError):
    """A file that cannot be had or unpacked: a caller may go on without it, and say so."""


class VerificationError(CompanionError):
    """Bytes that are not those the manifest names: a file is there but wrong, and nobody may go on without it."""


class ParameterError(CompanionError):
    """A chapter parameter with an unknown name, a wrong type or an impossible value."""


class RunError(CompanionError):
    """A chapter run that failed or could not start."""


class RegistrationError(CompanionError):
    """Footprints or point sets that cannot be registered: too few, collinear, or nothing to register to."""


class DamageError(CompanionError):
    """Patches, features or models from which no damage can be told."""


class MaterialsError(CompanionError):
    """Imagery, materials or intensities that cannot be had, or that cannot be right."""


class SpritesError(CompanionError):
    """Frames that cannot be taken apart, or a sprite model that cannot be used: sizes that differ, nothing that recurs."""


class WeightsError(CompanionError):
    """Weights or a checkpoint that cannot be used: damaged, of another network, or more than tensors."""
