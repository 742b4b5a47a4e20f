"""The fast engine: sprites found by matching and counting, without gradients, in about a minute on one core."""

from lib.sprites.fast.fitting import FastSettings, fit_fast

__all__ = ["FastSettings", "fit_fast"]
