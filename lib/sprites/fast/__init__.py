"""The fast engine: sprites found by matching and counting, without gradients, in about a minute on one core."""

from lib.sprites.fast.fitting import FastSettings, fit_fast
from lib.sprites.fast.growing import Growth
from lib.sprites.fast.matching import Tolerance

__all__ = ["FastSettings", "Growth", "Tolerance", "fit_fast"]
