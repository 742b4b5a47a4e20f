"""The one protocol that every source of images keeps."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

from lib.materials.imagery.answers import Answer
from lib.materials.imagery.client import Client
from lib.materials.imagery.keys import Key
from lib.materials.imagery.views import View


class Calls(NamedTuple):
    """How many calls a view takes at most.

    Parameters
    ----------
    free : int
        Calls that no service charges for.
    paid : int
        Calls that may be charged.
    """

    free: int = 0
    paid: int = 0


@runtime_checkable
class ImageSource(Protocol):
    """Where images come from."""

    @property
    def name(self) -> str:
        """Name the source's folder in the cache."""

    @property
    def sees(self) -> type:
        """Give the kind of view that it takes: FacadeView, RoofView, or ``object`` for both."""

    @property
    def key(self) -> Key | None:
        """Give the API key's environment variable, for services that want one."""

    @property
    def keeps(self) -> bool:
        """Tell whether its images go into the cache; not where they are files already."""

    def identity(self) -> str:
        """Say what an image depends on besides the view, such as its size: a change makes a new image."""

    def calls(self, view: View) -> Calls:
        """Count the calls that a view takes at most."""

    def take(self, view: View, client: Client) -> Answer:
        """Get the image, or say why there is none."""
