"""The order in which a dictionary is shown: along a line on which similar sprites are neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from lib.errors import SpritesError
from lib.sprites.placements import BACKGROUND

_PERPLEXITY = 8.0
_FEW = 9


def order_dictionary(
    dictionary: NDArray[np.float32], codes: NDArray[np.floating] | None = None, *, seed: int = 0
) -> NDArray[np.int64]:
    """Sort sprites along a one-dimensional t-SNE embedding.

    Parameters
    ----------
    dictionary : array of float, shape (m, k, k, 4)
        Red, green, blue, alpha in [0, 1], not premultiplied.
    codes : array of float, shape (m, d), optional
        Latent codes, where the engine has them; else premultiplied pixels are compared.
    seed : int

    Returns
    -------
    array of int64, shape (m,)
        Numbers of the sprites, in order. Fewer than ten are sorted along their first principal component: t-SNE is
        made for clouds. Sprites that are all equal stay as they are.

    Raises
    ------
    SpritesError
        If there is another number of codes than of sprites.

    References
    ----------
    Smirnov et al. 2021, section 3; van der Maaten and Hinton 2008.

    Examples
    --------
    >>> grey = np.ones((3, 2, 2, 4)) * np.array([0.9, 0.1, 0.4])[:, None, None, None]
    >>> order_dictionary(grey).tolist() in ([0, 2, 1], [1, 2, 0])
    True
    """
    if codes is not None and len(codes) != len(dictionary):
        value, fix = f"{len(codes)} codes, {len(dictionary)} sprites", "give one code a sprite"
        raise SpritesError("numbers differ", where="order_dictionary", value=value, fix=fix)
    if len(dictionary) < 2:
        return np.arange(len(dictionary))
    premultiplied = np.concatenate([dictionary[..., :3] * dictionary[..., 3:], dictionary[..., 3:]], axis=-1)
    features = np.asarray(premultiplied if codes is None else codes, dtype=np.float64).reshape(len(dictionary), -1)
    if (features == features[0]).all():
        return np.arange(len(features))
    if len(features) <= _FEW:
        place = PCA(n_components=1, svd_solver="full").fit_transform(features)
    else:
        # On a line points cannot pass each other: small steps from the principal component, without exaggeration, untangle
        # a chain of sprites; scikit-learn's own settings, made for the plane, tangle it.
        steps = {"init": "pca", "method": "exact", "learning_rate": 1.0, "early_exaggeration": 1.0}
        perplexity = min(_PERPLEXITY, (len(features) - 1) / 3)
        place = TSNE(1, perplexity=perplexity, random_state=seed, **steps).fit_transform(features)
    return np.argsort(place[:, 0], kind="stable")


def used_sprites(placements: pd.DataFrame, n_sprites: int) -> pd.Series:
    """Count how often each sprite is placed.

    Parameters
    ----------
    placements : DataFrame
    n_sprites : int
        In the dictionary.

    Returns
    -------
    Series of int
        By number of the sprite; those that are placed nowhere are left out.

    Examples
    --------
    >>> used_sprites(pd.DataFrame({"sprite": [-1, 2, 2, 0]}), n_sprites=4).to_dict()
    {0: 1, 2: 2}
    """
    placed = placements.loc[placements["sprite"] != BACKGROUND, "sprite"].to_numpy(np.int64)
    counts = np.bincount(placed, minlength=n_sprites)
    used = np.flatnonzero(counts)
    return pd.Series(counts[used], index=used, name="count")
