"""A cross-validation for tests, as a process of its own: folder, and the fit at which it kills itself, if any."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from lib.damage.protocol import run_protocol
from lib.damage.samples import make_samples

COUNT = 30


class Slow(ClassifierMixin, BaseEstimator):
    """Random numbers; the process ends without any farewell at the fit that ``deadly`` names."""

    fits, deadly = 0, 0

    def __init__(self, random_state=0):
        self.random_state = random_state

    def fit(self, X, y):
        Slow.fits += 1
        if Slow.fits == Slow.deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        told = np.random.default_rng(self.random_state).random(len(X))
        return np.column_stack([1 - told, told])

    def report(self):
        return {"settings": "slow"}


def run(folder: Path):
    square = np.zeros((COUNT, 1, 4, 4), np.uint8)
    samples = make_samples(np.arange(COUNT) % 2, sar=square, sar_mask=square)
    return run_protocol(samples, Slow(), folds="random", runs=2, seed=5, folder=folder)


if __name__ == "__main__":
    Slow.deadly = int(sys.argv[2])
    run(Path(sys.argv[1]))
