"""What can be a column of the table: estimators that a cross-validation can copy, seed and ask for probabilities."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from lib.errors import DamageError


def check_column(estimator: Any) -> None:
    """Refuse what cannot be cross-validated on samples, before anything is fitted.

    Parameters
    ----------
    estimator : estimator

    Raises
    ------
    DamageError
        If it still has to be called or made, gives no probabilities, cannot be copied, or reads tables where it would
        be given samples.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> check_column(LogisticRegression())
    Traceback (most recent call last):
        ...
    lib.errors.DamageError: estimator: reads tables, not samples (got 'LogisticRegression'). Fix: wrap it: \
FeatureClassifier(LogisticRegression(), 'texture_sar'), of lib.damage.feature_classifier.
    """
    name = type(estimator).__name__
    for wrong, what, value, fix in (
        (
            isinstance(estimator, type | partial) or inspect.isroutine(estimator),
            "not made yet",
            getattr(estimator, "__name__", name),
            "call it: CLASSIFIERS['rf_sar'](), with brackets after it",
        ),
        (
            not hasattr(estimator, "predict_proba"),
            "gives no probabilities",
            name,
            "take one with predict_proba, or wrap it in sklearn.calibration.CalibratedClassifierCV",
        ),
        (
            not (hasattr(estimator, "get_params") and hasattr(estimator, "set_params")),
            "cannot be copied for every fold",
            name,
            "derive its class from sklearn.base.BaseEstimator",
        ),
        (
            _reads_tables(estimator),
            "reads tables, not samples",
            name,
            f"wrap it: FeatureClassifier({name}(), 'texture_sar'), of lib.damage.feature_classifier",
        ),
    ):
        if wrong:
            raise DamageError(what, where="estimator", value=value, fix=fix)


def _reads_tables(estimator: Any) -> bool:
    """Tell scikit-learn's own; of a pipeline the first step decides, which may be a function that reads samples."""
    if hasattr(estimator, "prepare"):
        return False
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[0][1]
    own = type(estimator).__module__.startswith("sklearn.")
    return own and not isinstance(estimator, FunctionTransformer)
