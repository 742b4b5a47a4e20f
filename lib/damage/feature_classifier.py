"""Any classifier of scikit-learn, on features of samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from lib.damage.features import sample_features, table_features
from lib.damage.samples import Samples
from lib.errors import DamageError


class FeatureClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Any classifier of scikit-learn, on features of samples.

    Parameters
    ----------
    estimator : estimator
        With ``predict_proba``; cloned before it is fitted. It gets and refuses arrays as it always does.
    features : str or DataFrame
        As in ``lib.damage.features.sample_features``, or a table of your own, indexed by building id.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> mine = FeatureClassifier(DecisionTreeClassifier(), "texture_optical")
    >>> mine.fit([[0.0], [1.0]], [0, 1]).predict([[0.9]]).tolist()
    [1]
    """

    def __init__(self, estimator: Any, features: str | pd.DataFrame = "texture_sar") -> None:
        self.estimator = estimator
        self.features = features

    def prepare(self, samples: Any) -> Any:
        """Compute the features: what no fold has a say in, and needs doing once.

        Parameters
        ----------
        samples : Samples, or array_like of shape (n, features)

        Returns
        -------
        ndarray, shape (n, features)
            Arrays are given back as they are.

        Raises
        ------
        DamageError
            If the samples lack the sensor, or the table a building.
        """
        if not isinstance(samples, Samples):
            return samples
        if isinstance(self.features, pd.DataFrame):
            return table_features(samples, self.features)
        return sample_features(samples, self.features)

    def fit(self, X: Any, y: ArrayLike) -> FeatureClassifier:
        """Fit the estimator.

        Parameters
        ----------
        X : Samples, or array_like of shape (n, features)
        y : array_like, shape (n,)

        Returns
        -------
        FeatureClassifier

        Raises
        ------
        DamageError
            As in ``prepare``, or if a table lacks values and the estimator cannot do without.
        """
        self.estimator_ = self._asked(clone(self.estimator).fit, X, column_or_1d(y, warn=True))
        self.classes_ = self.estimator_.classes_
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
        return self

    @available_if(lambda self: hasattr(self.estimator, "predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Tell how probable each class is.

        Parameters
        ----------
        X : Samples, or array_like of shape (n, features)

        Returns
        -------
        ndarray, shape (n, classes)
            In the order of ``classes_``.
        """
        check_is_fitted(self, "estimator_")
        return np.asarray(self._asked(self.estimator_.predict_proba, X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Tell the likeliest class.

        Parameters
        ----------
        X : Samples, or array_like of shape (n, features)

        Returns
        -------
        ndarray, shape (n,)
        """
        check_is_fitted(self, "estimator_")
        return np.asarray(self._asked(self.estimator_.predict, X))

    def _asked(self, work: Callable[..., Any], X: Any, *labels: Any) -> Any:
        """Let the estimator work; where it refuses a table that lacks values, say which columns."""
        numbers = self.prepare(X)
        try:
            return work(numbers, *labels)
        except ValueError:
            if not isinstance(self.features, pd.DataFrame):
                raise
            lacking = np.flatnonzero(~np.isfinite(np.asarray(numbers, np.float64)).all(axis=0))
            if not len(lacking):
                raise
            columns = [str(self.features.columns[k]) for k in lacking[:5]]
            fix = "fill them, leave these buildings out, or take an estimator that learns from missing values"
            raise DamageError("values are missing", where="features, columns", value=columns, fix=fix) from None

    def report(self) -> dict[str, str]:
        """Say what the result hangs on, for tables.

        Returns
        -------
        dict
            ``settings``: the features, and what they were computed on.
        """
        if isinstance(self.features, pd.DataFrame):
            return {"settings": f"{self.features.shape[1]} features of a table"}
        return {"settings": f"{self.features} of resized patches"}
