"""Images of the town that is mapped, simulated or the reader's own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lib.buildings import read_buildings
from lib.city import City, render_facades, render_optical
from lib.city.complete import box_sides
from lib.errors import MaterialsError
from lib.materials.city_map import FetchedPictures, Pictures, RoofCrops, RoofFile, TakenPictures
from lib.materials.classify import Crops
from lib.materials.imagery import ImageFolder, roof_windows
from lib.materials.imagery.simulated import viewpoint
from lib.materials.imagery.views import as_facade, views_of
from lib.materials.scene_filter import SceneModel, read_places365, read_scene_network


@dataclass(frozen=True)
class TownImages:
    """A town to be mapped.

    Parameters
    ----------
    buildings : GeoDataFrame
        ``building_id`` and footprints.
    walls, roofs : Pictures
    truth : DataFrame or None
        ``wall_material`` and ``roof_material`` by building id, for judging alone; None where nobody knows.
    about : str
    simulated : bool
    """

    buildings: gpd.GeoDataFrame
    walls: Pictures
    roofs: Pictures
    truth: pd.DataFrame | None
    about: str
    simulated: bool


def scene_judge(folder: str | Path | None = None) -> SceneModel:
    """Read VGG16-Places365 from a folder if one is given, else the small network, whatever else lies on the machine.

    Parameters
    ----------
    folder : path, optional
        With the two published files, as for ``lib.materials.scene_filter.read_places365``.

    Returns
    -------
    SceneModel

    Raises
    ------
    WeightsError
        If a file is missing or damaged.

    Examples
    --------
    >>> type(scene_judge()).__name__
    'SceneNetwork'
    """
    if folder is None:
        return read_scene_network()
    found = sorted(Path(folder).glob("vgg16-places365*.h5"))
    weights = found[0] if found else Path(folder) / "vgg16-places365_weights_tf_dim_ordering_tf_kernels.h5"
    return read_places365(weights, Path(folder) / "categories_places365.txt")


def survey_places(city: City, every_m: float) -> gpd.GeoDataFrame:
    """Say where a simulated survey car took panoramas: along each street, at equal steps.

    Parameters
    ----------
    city : City
    every_m : float
        Metres from one to the next.

    Returns
    -------
    GeoDataFrame
        Points with ``panorama_id``.

    Raises
    ------
    MaterialsError
        If the step is not positive, or no street is as long.

    Examples
    --------
    >>> from lib.city import make_city
    >>> len(survey_places(make_city(extent_m=200, n_buildings=4), 25.0)) > 4
    True
    """
    if not 0 < every_m < np.inf:
        raise MaterialsError(
            "not a positive length", where="survey_places(every_m=...)", value=every_m, fix="give metres"
        )
    streets = shapely.get_parts(city.roads.geometry.to_numpy())
    steps = [np.arange(every_m / 2, length, every_m) for length in shapely.length(streets)]
    points = [shapely.line_interpolate_point(street, step) for street, step in zip(streets, steps, strict=True)]
    found = np.concatenate([np.empty(0, dtype=object), *points])
    if not len(found):
        fix = "give a shorter step"
        raise MaterialsError("no street is as long", where="survey_places(every_m=...)", value=every_m, fix=fix)
    return gpd.GeoDataFrame(
        {"panorama_id": [f"p{k:05d}" for k in range(len(found))]}, geometry=found, crs=city.buildings.crs
    )


def street_crops(city: City, cameras: gpd.GeoDataFrame, *, size_px: int = 128) -> Crops:
    """Photograph the facades of a simulated city from where cameras stand; blocked ones are left out.

    Parameters
    ----------
    city : City
    cameras : GeoDataFrame
        From ``facade_cameras``, or some of its rows.
    size_px : int

    Returns
    -------
    Crops
        With wall masks.

    Raises
    ------
    MaterialsError
        If no building is seen from a street.

    Examples
    --------
    >>> from lib.city import make_city
    >>> from lib.materials.imagery import facade_cameras
    >>> city = make_city(extent_m=200, n_buildings=4)
    >>> street_crops(city, facade_cameras(city.buildings, city.roads), size_px=32).images.shape[1:]
    (32, 32, 3)
    """
    free = cameras[cameras["blocked"].isna() & cameras["reason"].isna()]
    if free.empty:
        fix = "give more buildings, or panoramas nearer to them"
        raise MaterialsError("no building is seen", where="street_crops(cameras=...)", value=len(cameras), fix=fix)
    fronts = dict(zip(city.buildings["building_id"], box_sides(city.buildings.geometry.to_numpy())[:, 1], strict=True))
    views = [as_facade(view) for view in views_of(free) if view is not None]
    at = [viewpoint(view, float(fronts[view.building_id])) for view in views]
    shots = render_facades(city, [view.building_id for view in views], width_px=size_px, viewpoint=at)
    images, labels, masks = (
        np.stack([getattr(shot, name) for shot in shots]) for name in ("image", "label", "wall_mask")
    )
    return Crops(images, labels, np.array([f"{city.parameters.seed}/{shot.building_id}" for shot in shots]), masks)


def simulated_town(city: City, fetched: pd.DataFrame) -> TownImages:
    """Map a simulated city from what was fetched of its facades, and from its optical image.

    Parameters
    ----------
    city : City
    fetched : DataFrame
        What ``fetch_images`` returned.

    Returns
    -------
    TownImages
        The truth goes along for judging; footprints have no attributes left.
    """
    roofs = RoofCrops(render_optical(city), roof_windows(city.buildings))
    truth = city.buildings.set_index("building_id")[["wall_material", "roof_material"]]
    bare = city.buildings[["building_id", "geometry"]]
    about = f"simulated city of seed {city.parameters.seed}"
    return TownImages(bare, FetchedPictures(fetched), roofs, truth, about, simulated=True)


def check_own_town(buildings: str | Path | None, photos: str | Path | None, orthophoto: str | Path | None) -> None:
    """Refuse a town of which only a part is given, or is there, before anything is trained for it.

    Parameters
    ----------
    buildings, photos, orthophoto : path or None
        As ``own_town`` takes them; all or none.

    Raises
    ------
    MaterialsError
        If one or two of the three are given, or one does not exist.

    Examples
    --------
    >>> check_own_town("town.gpkg", None, None)
    Traceback (most recent call last):
        ...
    lib.errors.MaterialsError: own town: photos and orthophoto missing (got ['buildings']). Fix: give all three, or none.
    """
    given = {"buildings": buildings, "photos": photos, "orthophoto": orthophoto}
    missing = [name for name, path in given.items() if path is None]
    if 0 < len(missing) < len(given):
        fix = "give all three, or none"
        present = [name for name in given if name not in missing]
        raise MaterialsError(f"{' and '.join(missing)} missing", where="own town", value=present, fix=fix)
    for name, path in given.items():
        if path is not None and not Path(path).exists():
            raise MaterialsError("no such file or folder", where=name, value=str(path), fix="check the path")


def map_folder(room: str | Path, buildings: str | Path | None) -> Path:
    """Name the folder of a town's map, so that two towns mapped in one working folder do not meet.

    Parameters
    ----------
    room : path
        The working folder.
    buildings : path or None
        Footprints of the reader's town; None for the simulated one.

    Returns
    -------
    Path
        ``town``, with the name and the first hexadecimal digits of a hash of the reader's file; not made here.

    Raises
    ------
    MaterialsError
        If there is no such file.

    Examples
    --------
    >>> map_folder("runs", None).as_posix()
    'runs/town'
    """
    if buildings is None:
        return Path(room) / "town"
    place = Path(buildings)
    if not place.is_file():
        raise MaterialsError("no such file", where="buildings", value=str(buildings), fix="check the path")
    with place.open("rb") as body:
        digest = hashlib.file_digest(body, "sha256").hexdigest()
    return Path(room) / f"town-{place.stem}-{digest[:8]}"


def own_town(buildings: str | Path | None, photos: str | Path | None, orthophoto: str | Path | None) -> TownImages:
    """Take the reader's own town: footprints, a folder of facade photographs, an orthophoto.

    Parameters
    ----------
    buildings : path
        As ``lib.buildings.read_buildings`` takes it.
    photos : path
        Folder with one image a building, named by its id.
    orthophoto : path
        GeoTIFF of red, green and blue.

    Returns
    -------
    TownImages
        With the truth where the footprints tell both materials of some buildings.

    Raises
    ------
    MaterialsError
        As ``check_own_town``; also where none of the three is given.
    """
    check_own_town(buildings, photos, orthophoto)
    if buildings is None or photos is None or orthophoto is None:
        fix = "give buildings, photos and orthophoto"
        raise MaterialsError("nothing given", where="own_town", value=None, fix=fix)
    footprints = read_buildings(buildings)
    windows = roof_windows(footprints)
    known = footprints.set_index("building_id").reindex(columns=["wall_material", "roof_material"]).dropna()
    walls, roofs = (
        TakenPictures(windows, ImageFolder(Path(photos))),
        RoofFile(Path(orthophoto), windows),
    )
    truth = known if len(known) else None
    return TownImages(footprints, walls, roofs, truth, Path(buildings).name, simulated=False)
