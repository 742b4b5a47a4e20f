"""Street-view-like photographs of the simulated city's buildings, labelled with their wall material."""

from lib.city.facades.photograph import Facade, render_facade, render_facades
from lib.city.facades.scene import Viewpoint

__all__ = ["Facade", "Viewpoint", "render_facade", "render_facades"]
