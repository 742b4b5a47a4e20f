"""One side of all buildings, roofs or walls: images, the filter that may drop them, and the classifier."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from lib.learning.hardware import choose_precision
from lib.learning.identity import weights_hash
from lib.materials.city_map.pictures import Pictures
from lib.materials.classify.classifier import MaterialClassifier
from lib.materials.imagery.answers import IMAGE
from lib.materials.scene_filter.filtering import SceneModel, chosen_model, scene_filter
from lib.materials.scene_filter.network import SceneNetwork

NO_BUILDING = "no building in view"


@dataclass(frozen=True)
class Side:
    """What tells the material of a roof or of a wall.

    Parameters
    ----------
    classifier : MaterialClassifier
    pictures : Pictures
        ``FetchedPictures``, ``TakenPictures`` or ``RoofCrops``.
    drop_bad_views : bool
        Drop images of walls that show no wall, by ``scene_filter``.
    scene_model : SceneModel, optional
        As in ``scene_filter``.
    """

    classifier: MaterialClassifier = field(repr=False)
    pictures: Pictures
    drop_bad_views: bool = False
    scene_model: SceneModel | None = field(default=None, repr=False)

    def identity(self) -> str:
        """Fingerprint of all that predictions depend on, the precision that this machine computes in among it.

        Returns
        -------
        str
        """
        told = self.classifier
        precision = choose_precision(told.recipe.precision, told.device.type)
        parts = [weights_hash(dict(told.network.state_dict())), told.classes, told.size_px, told.temperature, precision]
        if self.drop_bad_views:
            model = chosen_model(self.scene_model)
            network = model if isinstance(model, SceneNetwork) else getattr(model, "network", None)
            parts.append(repr(model) if network is None else weights_hash(dict(network.state_dict())))
        return hashlib.sha256(repr((parts, self.pictures.identity())).encode()).hexdigest()

    def predict(self, building_ids: Sequence[str]) -> pd.DataFrame:
        """Predict some buildings.

        Parameters
        ----------
        building_ids : sequence of str

        Returns
        -------
        DataFrame
            One row a building: ``status``, and the probability of each class, NaN where there is no usable image.
        """
        images, statuses = self.pictures.read(building_ids, self.classifier.size_px)
        status = np.array(statuses, dtype=object)
        seen = np.flatnonzero(status == IMAGE)
        if self.drop_bad_views and len(seen):
            kept = scene_filter(np.stack(images), model=self.scene_model)["kept"].to_numpy()
            status[seen[~kept]] = NO_BUILDING
            images, seen = [image for image, good in zip(images, kept, strict=True) if good], seen[kept]
        told = np.full((len(status), len(self.classifier.classes)), np.nan, dtype=np.float32)
        if len(seen):
            told[seen] = self.classifier.predict_proba(np.stack(images))
        return pd.DataFrame(told, columns=list(self.classifier.classes)).assign(status=status)
