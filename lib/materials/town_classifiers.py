"""From labelled images to the classifier that maps a town: train, choose and calibrate, and test on images that had no say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.errors import MaterialsError
from lib.materials.classify import (
    ClassifierRecipe,
    Crops,
    MaterialClassifier,
    compare_models,
    estimated_mix,
    for_mix,
    load_classifier,
    overall_scores,
    published_scores,
    split_buildings,
)
from lib.materials.classify.calibration import FEWEST
from lib.materials.classify.compare import CLASSIFIER
from lib.materials.told_once import told_once


@dataclass(frozen=True)
class Learnt:
    """Networks for one side of buildings, and the images that judged them.

    Parameters
    ----------
    scores : DataFrame
        From ``compare_models``: on ``tested``.
    model : str
        The network with the best accuracy on ``aside``.
    raw, classifier : MaterialClassifier
        That network before and after calibration on ``aside``.
    learning, tested, aside : Crops
        Images trained on (80 %) and tested on (20 %), as ``compare_models`` splits them; and those set aside before.
    first_weights : Series
        Where each network's first weights came from.
    """

    scores: pd.DataFrame
    model: str
    raw: MaterialClassifier
    classifier: MaterialClassifier
    learning: Crops
    tested: Crops
    aside: Crops
    first_weights: pd.Series

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of images."""
        return {"trained": len(self.learning), "tested": len(self.tested), "aside": len(self.aside)}

    @property
    def codes(self) -> NDArray[np.int64]:
        """True classes of the tested images by number."""
        return np.array([self.raw.classes.index(label) for label in self.tested.labels])

    @property
    def told(self) -> NDArray[np.str_]:
        """What the chosen network says of the tested images."""
        return self.raw.predict(self.tested.images)

    @property
    def class_scores(self) -> pd.DataFrame:
        """Precision, recall, F1 and support of each class by the chosen network."""
        own = self.scores[self.scores["model"] == self.model].set_index("class")
        return own[["precision", "recall", "f1", "support"]]

    @property
    def accuracy(self) -> pd.Series:
        """Overall accuracy of each network."""
        return self.scores.groupby("model", sort=False)["accuracy"].first()

    @property
    def trained_mix(self) -> NDArray[np.float64]:
        """Share of each class in what the network was shown: equal shares where the recipe draws classes equally."""
        if self.raw.recipe.balanced:
            return np.full(len(self.raw.classes), 1 / len(self.raw.classes))
        return np.array([np.mean(self.learning.labels == name) for name in self.raw.classes])


@told_once(stacklevel=4)
def learn(
    crops: Crops,
    models: Sequence[str],
    folder: str | Path,
    *,
    recipe: ClassifierRecipe,
    weights: str | Path | None = None,
    aside: float = 0.28,
    device: str = "auto",
    progress: bool = False,
) -> Learnt:
    """Compare networks, and choose and calibrate one, on images that were neither trained nor tested on.

    Parameters
    ----------
    crops : Crops
    models : sequence of str
        Keys of ``lib.materials.classify.MODELS``.
    folder : path
        Of checkpoints: run again, it goes on where it stopped.
    recipe : ClassifierRecipe
    weights : path, optional
        Folder of ImageNet weights.
    aside : float
        Share of each class's buildings that choose and calibrate.
    device : str
    progress : bool

    Returns
    -------
    Learnt

    Raises
    ------
    MaterialsError, ParameterError, WeightsError
        As in ``compare_models``; and before any training, if fewer images are set aside than calibration takes.

    Warns
    -----
    CompanionWarning
        What the trainings tell, such as that there are no ImageNet weights: once a call, for all networks.
    """
    rest, out = split_buildings(crops.labels, crops.buildings, share=aside, seed=1)
    if len(out) < FEWEST:
        fix = f"give more labelled images, so that {FEWEST} at the least can be set aside"
        raise MaterialsError(f"too few of {len(crops)} images set aside", where="learn", value=len(out), fix=fix)
    given, kept = crops.take(rest), crops.take(out)
    options = {"folder": folder, "recipe": recipe, "weights": weights, "device": device, "progress": progress}
    scores = compare_models(models, given.images, given.labels, given.buildings, **options)  # type: ignore[arg-type]
    trained, tested = split_buildings(given.labels, given.buildings)
    networks = {name: load_classifier(Path(folder) / name / CLASSIFIER, device) for name in models}
    right = {
        name: overall_scores(kept.labels, one.predict(kept.images), one.classes).accuracy
        for name, one in networks.items()
    }
    best = max(right, key=lambda name: right[name])
    calibrated = networks[best].calibrated(kept.images, kept.labels)
    origins = pd.Series({name: one.provenance["weights"] for name, one in networks.items()})
    return Learnt(scores, best, networks[best], calibrated, given.take(trained), given.take(tested), kept, origins)


def same_buildings(crops: Crops, learnt: Learnt) -> tuple[Crops, Crops]:
    """Choose other images of the buildings that were trained and tested on, such as larger ones.

    Parameters
    ----------
    crops : Crops
    learnt : Learnt

    Returns
    -------
    learning, tested : Crops
    """
    parts = (learnt.learning, learnt.tested)
    learning, tested = (crops.take(np.isin(crops.buildings, part.buildings)) for part in parts)
    return learning, tested


def with_town_mix(
    city: gpd.GeoDataFrame, trained: Mapping[str, NDArray[np.float64]], register: Mapping[str, pd.Series] | None = None
) -> gpd.GeoDataFrame:
    """Turn probabilities into those for a town's own mix of materials.

    Parameters
    ----------
    city : GeoDataFrame
        As ``lib.materials.city_map.predict_city`` writes it.
    trained : mapping of str to ndarray, shape (classes,)
        For "wall" and "roof": share of each class in training, in the order of the columns.
    register : mapping of str to Series, optional
        For "wall" and "roof": share of each class, by its name, in a register of this town or of one like it. Without it
        the mix is estimated from the town's images themselves, without labels.

    Returns
    -------
    GeoDataFrame
        With probabilities, ``..._material`` and ``..._probability`` of both sides replaced.

    Raises
    ------
    MaterialsError
        If a side is missing or has no image, or the register has none of its classes.

    References
    ----------
    Saerens, Latinne, Decaestecker 2002.
    """
    found = city.copy()
    for side, before in trained.items():
        columns = [name for name in city.columns if name.startswith(f"p_{side}_")]
        seen = city[columns].notna().all(axis=1).to_numpy()
        if not columns or not seen.any():
            fix = "give what predict_city wrote, with images of that side"
            raise MaterialsError("no probabilities", where="with_town_mix", value=side, fix=fix)
        names = np.array([name.removeprefix(f"p_{side}_") for name in columns], dtype=object)
        told = city.loc[seen, columns].to_numpy(dtype=np.float64)
        told = told / told.sum(axis=1, keepdims=True)
        mix = estimated_mix(told, before) if register is None else _registered(register[side], names, side)
        turned = for_mix(told, before, mix)
        found.loc[seen, columns] = turned.astype(np.float32)
        found.loc[seen, f"{side}_material"] = names[turned.argmax(axis=1)]
        found.loc[seen, f"{side}_probability"] = turned.max(axis=1).astype(np.float32)
    return found


def _registered(shares: pd.Series, names: NDArray[np.object_], side: str) -> NDArray[np.float64]:
    found = shares.reindex(names).fillna(0.0).to_numpy(dtype=np.float64)
    if not found.sum() > 0:
        fix = "give shares by the names of the classes"
        raise MaterialsError("register has none of the classes", where="with_town_mix", value=side, fix=fix)
    return np.asarray(found / found.sum())


def judged_map(city: gpd.GeoDataFrame, truth: pd.DataFrame | None, trained: Collection[str] = ()) -> pd.DataFrame:
    """Hold a town's map against the truth.

    Parameters
    ----------
    city : GeoDataFrame
        As ``lib.materials.city_map.predict_city`` writes it.
    truth : DataFrame or None
        ``wall_material`` and ``roof_material`` by building id.
    trained : collection of str
        Ids of buildings whose images the networks learnt from: no judges, so left out of ``right``.

    Returns
    -------
    DataFrame, indexed by side
        ``seen``, buildings with a usable image; in percent of them ``right``, whose material is told right, and
        ``sure``, the mean probability of the material told: equal, if probabilities are honest. ``right`` is NaN where
        nobody knows.
    """
    rows = {}
    for side in ("wall", "roof"):
        told = city.set_index("building_id")[f"{side}_material"]
        seen = told.notna()
        known = pd.Series(np.nan, told.index) if truth is None else truth[f"{side}_material"].reindex(told.index)
        judged = seen & known.notna() & ~told.index.isin(list(trained))
        right = 100 * float((told[judged] == known[judged]).mean()) if judged.any() else np.nan
        sure = 100 * float(city[f"{side}_probability"].mean())
        rows[side] = {"seen": float(seen.sum()), "right": right, "sure": sure}
    return pd.DataFrame(rows).T


def beside_published(done: Mapping[str, Learnt], about: str) -> pd.DataFrame:
    """Put the accuracies that the article's text gives beside ours.

    Parameters
    ----------
    done : mapping of str to Learnt
        "facades" and "roofs".
    about : str
        What ours learnt from.

    Returns
    -------
    DataFrame, indexed by ``what``
        ``published``, ``the same network here``, ``best here``, ``differs because``.
    """
    rows = []
    table = published_scores()
    for part, model, printed in zip(table["part"], table["model"], table["as_printed"], strict=True):
        ours = done[f"{part}s"]
        same = f"{100 * ours.accuracy[model]:.1f} %" if model in ours.accuracy else "not run"
        best = f"{100 * ours.accuracy[ours.model]:.1f} % ({ours.model})"
        size, first = ours.raw.size_px, ours.first_weights[ours.model]
        why = f"{about}, {len(ours.learning)} images of {size} px; first weights: {first}"
        rows.append((f"{part}s", f"{printed} ({model})", same, best, why))
    columns = ["what", "published", "the same network here", "best here", "differs because"]
    return pd.DataFrame(rows, columns=columns).set_index("what")
