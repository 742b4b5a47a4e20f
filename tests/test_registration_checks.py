"""Bad input for registration: one clear error each, or a row with its reason; nothing is lost, no good scene is refused."""

import resource
import warnings
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
import shapely.affinity
import xarray as xr

from lib.city.trials import SCENES, make_trial
from lib.errors import (
    BuildingsError,
    CompanionWarning,
    CRSError,
    LookError,
    RasterError,
    RegistrationError,
)
from lib.radar.look import Look
from lib.radar.synthetic_pass import simulated_metadata
from lib.rasters import read_sar, write_sar
from lib.registration import register_footprints
from lib.registration.checks.heights import height_conflict, height_reference, image_height_reference
from lib.registration.checks.inputs import check_table, open_image, usable_rows
from lib.registration.checks.light import check_light

ENGINES = ("field", "range", "paper")
PASS = simulated_metadata(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637)


@pytest.fixture(scope="module")
def trial():
    return make_trial("normal", 48, extent_m=200, n_buildings=70)


@pytest.fixture(scope="module")
def file(trial, tmp_path_factory):
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompanionWarning)
        write_sar(trial.image, path, PASS)
    return path


def with_shapes(trial, shapes):
    footprints = trial.footprints.copy()
    column = footprints.geometry.to_numpy().copy()
    column[: len(shapes)] = shapes
    return footprints.set_geometry(gpd.GeoSeries(column, crs=footprints.crs))


def refused(error, trial, *parts, buildings=None, sar=None, look=None, engine="range"):
    """Run with one thing changed, and look for every part in the message, which must name place and remedy."""
    given = [trial.footprints if buildings is None else buildings, trial.image if sar is None else sar]
    with pytest.raises(error) as caught:
        register_footprints(*given, trial.look if look is None else look, engine=engine)
    assert type(caught.value) is error
    for part in (*parts, "Fix: "):
        assert part in str(caught.value)
    return caught.value


# Coordinate systems.


@pytest.mark.parametrize("engine", ENGINES)
def test_missing_and_geographic_crs(trial, engine):
    none = trial.footprints.set_crs(None, allow_override=True)
    refused(CRSError, trial, "buildings: no projected CRS", "None", buildings=none, engine=engine)
    degrees = trial.footprints.to_crs(4326)
    refused(CRSError, trial, "buildings: no projected CRS", "WGS 84", buildings=degrees, engine=engine)
    refused(CRSError, trial, "sar: no projected CRS", sar=trial.image.drop_vars("spatial_ref"), engine=engine)
    refused(CRSError, trial, "sar: no projected CRS", sar=trial.image.rio.write_crs(4326), engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_crs_that_differ(trial, engine):
    other = trial.footprints.to_crs(32636)
    refused(CRSError, trial, "the two CRS differ", "UTM zone 36N", "to_crs", buildings=other, engine=engine)


def test_feet_and_web_mercator_are_refused(trial):
    for code, word in ((3857, "not metres on the ground"), (2263, "not projected in metres")):
        shapes = trial.footprints.set_crs(code, allow_override=True)
        image = trial.image.assign_coords(y=trial.image.y, x=trial.image.x).rio.write_crs(code)
        refused(CRSError, trial, "sar", word, buildings=shapes, sar=image)


def test_heights_in_a_crs_do_not_make_it_another(trial):
    compound = trial.footprints.set_crs(pyproj.CRS("EPSG:32637+5773"), allow_override=True)
    table = register_footprints(compound, trial.image, trial.look, engine="range")
    assert table.crs == compound.crs
    assert table["shift_m"].equals(register_footprints(trial.footprints, trial.image, trial.look, "range")["shift_m"])


# Looks.


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("word", ["ascending", "Descending "])
def test_the_direction_of_the_orbit_is_not_enough(trial, engine, word):
    refused(LookError, trial, "the heading is not known", word, "heading_deg", look=word, engine=engine)


@pytest.mark.parametrize("look", [None, 43.1, (43.1, 80.0), {"incidence_deg": 43.1}, "left"])
def test_what_is_no_look_is_refused(trial, look):
    with pytest.raises(LookError, match=r"look: not a Look .*Look\.from_heading.*look_of"):
        register_footprints(trial.footprints, trial.image, look)


def test_metadata_without_incidence_or_heading_make_no_look():
    with pytest.raises(LookError, match="heading is not known"):
        Look.from_capella({"collect": {"state": {"direction": "descending"}}})
    document = PASS.to_document()
    del document["collect"]["image"]["center_pixel"]["incidence_angle"]
    with pytest.raises(RasterError, match="incidence_angle"):
        Look.from_capella(document)


# Images.


@pytest.mark.parametrize("engine", ENGINES)
def test_image_of_another_place(trial, engine):
    away = trial.footprints.set_geometry(trial.footprints.translate(5000, 0))
    error = refused(RegistrationError, trial, "no footprint lies in the image", buildings=away, engine=engine)
    assert set(error.value) == {"buildings", "sar"}


@pytest.mark.parametrize("engine", ENGINES)
def test_image_without_a_valid_pixel(trial, engine):
    refused(RegistrationError, trial, "no valid pixel", sar=trial.image * np.nan, engine=engine)


@pytest.mark.parametrize("engine", ["field", "range"])
def test_footprints_in_nodata_only(trial, engine):
    one, image = trial.footprints[:1], trial.image
    west, south, east, north = one.total_bounds
    hidden = (image.x > west - 70) & (image.x < east + 70) & (image.y > south - 70) & (image.y < north + 70)
    kept = xr.where(hidden, np.nan, image).transpose("y", "x").rio.write_crs(image.rio.crs)
    refused(
        RegistrationError,
        trial,
        "no valid pixel at the footprints",
        "at most 0%",
        buildings=one,
        sar=kept,
        engine=engine,
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_comb_of_nodata_is_called_by_its_name(trial, engine):
    image = trial.image.copy()
    image[:, ::2] = np.nan
    refused(RegistrationError, trial, "no valid pixel at the footprints", "% valid", sar=image, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("looks", [1, 4])
def test_speckle_alone_is_refused(trial, engine, looks):
    power = np.random.default_rng(looks).gamma(looks, 1 / looks, trial.image.shape)
    image = trial.image.copy(data=(10 * np.log10(power)).astype(np.float32))
    refused(RegistrationError, trial, "no bright points", "0.01%", "14 dB", sar=image, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_constant_is_refused(trial, engine):
    refused(RegistrationError, trial, "no bright points", sar=xr.zeros_like(trial.image), engine=engine)


@pytest.mark.parametrize("scene", SCENES)
def test_no_scene_is_near_the_limit_of_light(scene):
    """Fifty times the least share, so that a much emptier scene would still pass."""
    trial = make_trial(scene, 49, extent_m=250, n_buildings=100)
    values = trial.image.to_numpy()
    assert np.mean(values > np.median(values) + 14.0) > 50e-4
    check_light(shapely.bounds(trial.footprints.geometry.to_numpy()), trial.image)


def test_one_lit_farm_in_a_wide_plain_is_enough(trial):
    rng = np.random.default_rng(3)
    values = 10 * np.log10(rng.gamma(2, 0.5, (2500, 2500))).astype(np.float32)
    values[1200:1205, 1200:1240] += 25
    coords = {"y": 5000 - 0.5 * np.arange(2500), "x": 1000 + 0.5 * np.arange(2500)}
    image = xr.DataArray(values, coords=coords, dims=("y", "x"))
    check_light(np.array([[1595.0, 4380.0, 1625.0, 4400.0]]), image)
    with pytest.raises(RegistrationError, match="no bright points"):
        check_light(np.array([[2095.0, 4380.0, 2125.0, 4400.0]]), image)


def test_what_is_no_image_of_decibels_is_refused(trial):
    refused(RasterError, trial, "sar: not an image", "ndarray", "read_sar", sar=trial.image.to_numpy())
    refused(RasterError, trial, "sar: not of dims (y, x)", sar=trial.image.expand_dims("band"))
    refused(RasterError, trial, "sar: not decibels", "uint16", sar=trial.image.fillna(0).clip(0).astype("uint16"))
    upside, mirrored = trial.image[::-1], trial.image[:, ::-1]
    refused(RasterError, trial, "sar: not north-up", '.sortby("y", ascending=False)', sar=upside)
    refused(RasterError, trial, "sar: not north-up", '.sortby("x")', sar=mirrored)
    again = open_image(upside.sortby("y", ascending=False))
    np.testing.assert_array_equal(again, trial.image)


@pytest.mark.parametrize("name", ["x", "y"])
def test_uneven_and_rounded_coordinates_are_refused(trial, name):
    uneven = trial.image[name].to_numpy().copy()
    uneven[100:] += np.sign(uneven[1] - uneven[0]) * 5.0
    refused(
        RasterError, trial, f"sar: {name} is not evenly spaced", "interp", sar=trial.image.assign_coords({name: uneven})
    )
    missing = trial.image[name].to_numpy().copy()
    missing[50] = np.nan
    refused(RasterError, trial, "not evenly spaced", sar=trial.image.assign_coords({name: missing}))


def test_single_precision_northings_are_refused(trial):
    """They count in steps of 0.25 to 0.5 m at 4,000 km."""
    rounded = trial.image["y"].to_numpy().astype(np.float32)
    refused(RasterError, trial, "y is not evenly spaced", "double precision", sar=trial.image.assign_coords(y=rounded))


def test_a_path_is_read(trial, file):
    table = register_footprints(trial.footprints, file, trial.look, engine="range")
    by_hand = register_footprints(trial.footprints, read_sar(file), trial.look, engine="range")
    assert table["shift_m"].equals(by_hand["shift_m"])
    assert np.nanmean(np.abs(table["shift_m"] - trial.shift_m) < 2) > 0.9


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.97])
def test_a_truncated_file_is_refused(trial, file, tmp_path, kept):
    cut = tmp_path / "cut.tif"
    cut.write_bytes(file.read_bytes()[: int(kept * file.stat().st_size)])
    refused(RasterError, trial, "cut.tif", sar=cut)


def test_a_missing_file_is_refused(trial):
    refused(RasterError, trial, "no such file", "nowhere.tif", sar="nowhere.tif")


# Tables.


def test_what_is_no_table_is_refused(trial):
    refused(BuildingsError, trial, "not a GeoDataFrame", buildings=trial.footprints.drop(columns="geometry"))
    refused(BuildingsError, trial, "no buildings", buildings=trial.footprints[:0])


@pytest.mark.parametrize("engine", ENGINES)
def test_repeated_missing_and_absent_ids(trial, engine):
    twice = trial.footprints.copy()
    twice["building_id"] = [*range(60), *(["1"] * 3), *(["7"] * 2), *range(100, len(twice) + 35)]
    refused(BuildingsError, trial, f"5 of {len(twice)} rows repeat", "['1', '7']", buildings=twice, engine=engine)
    absent = trial.footprints.drop(columns="building_id")
    refused(BuildingsError, trial, "building_id: missing column", "assign", buildings=absent, engine=engine)
    holes = trial.footprints.copy()
    holes.loc[[2, 5], "building_id"] = None
    refused(BuildingsError, trial, "missing in 2 of", "[2, 5]", buildings=holes, engine=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_row_is_placed_or_says_why(trial, engine):
    x, y = trial.footprints.geometry[0].centroid.coords[0]
    parts = shapely.MultiPolygon([shapely.box(x, y, x + 9, y + 9), shapely.box(x + 20, y, x + 29, y + 9)])
    bow = shapely.Polygon([(x, y), (x + 9, y + 9), (x + 9, y), (x, y + 9)])
    one = shapely.MultiPolygon([trial.footprints.geometry[6]])
    shapes = [None, shapely.Polygon(), bow, parts, shapely.box(x, y, x, y + 9), shapely.Point(x, y), one]
    table = register_footprints(with_shapes(trial, shapes), trial.image, trial.look, engine=engine)
    reasons = ["no geometry", "empty geometry", "self-crossing", "several parts", "zero area", "not a polygon"]
    assert table["status"][:6].tolist() == reasons
    assert table["building_id"].tolist() == trial.footprints["building_id"].tolist()
    numbers = ["shift_m", "dh_m", "east_shift_m", "north_shift_m", "residual_m", "confidence"]
    assert table.loc[:5, numbers].isna().all(axis=None)
    assert (table["support"][:6] == 0).all()
    assert (table["status"][6:] == "ok").mean() > 0.5
    assert len(table) == (table["status"] == "ok").sum() + (table["status"] != "ok").sum()


def test_a_table_without_one_usable_row_is_refused_with_the_counts(trial):
    none = with_shapes(trial, [None] * len(trial.footprints))
    refused(BuildingsError, trial, "no footprint can be used", f"{{'no geometry': {len(none)}}}", buildings=none)


@pytest.mark.parametrize("engine", ENGINES)
def test_heights_and_other_columns_do_not_matter(trial, engine):
    dressed = trial.footprints.assign(height_m=np.nan, floors="many", confidence_of_mapper=0.3)
    dressed.loc[3, "height_m"] = -5.0
    table = register_footprints(dressed, trial.image, trial.look, engine=engine)
    assert table["shift_m"].equals(register_footprints(trial.footprints, trial.image, trial.look, engine)["shift_m"])
    assert (table["floors"] == "many").all()


def test_rows_keep_their_order_and_no_index_is_needed(trial):
    mixed = trial.footprints.sample(frac=1.0, random_state=1)
    table = register_footprints(mixed, trial.image, trial.look, engine="range")
    straight = register_footprints(trial.footprints, trial.image, trial.look, engine="range")
    assert table["building_id"].tolist() == mixed["building_id"].tolist()
    np.testing.assert_allclose(table["shift_m"], straight["shift_m"].iloc[mixed.index], atol=1e-9)


def test_geometry_under_another_name(trial):
    table = register_footprints(trial.footprints.rename_geometry("outline"), trial.image, trial.look, engine="range")
    assert table.geometry.name == "outline"
    assert (table["status"] == "ok").any()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_box_around_the_town_is_no_building(trial, engine):
    x, y = trial.footprints.geometry[3].centroid.coords[0]
    giants = [None, shapely.box(x - 2e4, y - 2e4, x + 2e4, y + 2e4), shapely.box(x - 1001, y, x + 1001, y + 5)]
    buildings = with_shapes(trial, giants)
    started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    table = register_footprints(buildings, trial.image, trial.look, engine=engine)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - started < 1e6, "less than 1 GB more"
    assert table["status"][:3].tolist() == ["no geometry", "larger than 2 km", "larger than 2 km"]
    assert table["building_id"].equals(buildings["building_id"])
    used, skipped = usable_rows(buildings, trial.image)
    assert skipped["row"].tolist() == [0, 1, 2]
    assert used["building_id"].tolist() == buildings["building_id"][3:].tolist()
    alone = buildings[1:2]
    refused(
        BuildingsError, trial, "no footprint can be used", "{'larger than 2 km': 1}", buildings=alone, engine=engine
    )


def test_coordinates_that_are_not_finite_have_their_own_reason(trial):
    x, y = trial.footprints.geometry[0].centroid.coords[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        shapes = [shapely.Polygon([(x, y), (x + 9, bad), (x + 9, y + 9)]) for bad in (np.nan, np.inf)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        _, skipped = usable_rows(with_shapes(trial, shapes), trial.image)
    assert skipped["reason"].tolist() == ["coordinates not finite"] * 2


def test_used_and_skipped_make_up_the_table(trial):
    used, skipped = usable_rows(with_shapes(trial, [None, None]), trial.image)
    assert len(used) + len(skipped) == len(trial.footprints)
    assert used.crs == trial.footprints.crs
    assert skipped["row"].tolist() == [0, 1]


# Heights: geoid and ellipsoid.


@pytest.mark.parametrize(
    ("crs", "kind"),
    [
        (None, None), ("EPSG:32637", None), ("EPSG:4326", None), ("EPSG:7415", "geoid"), ("EPSG:32637+5773", "geoid"),
        ("EPSG:4979", "ellipsoid"), (pyproj.CRS("EPSG:32637").to_3d(), "ellipsoid"),
        (
            'COMPD_CS["old",' + pyproj.CRS(32637).to_wkt("WKT1_GDAL") + ',VERT_CS["Ellipsoid (metre)",'
            'VERT_DATUM["Ellipsoid",2002],UNIT["metre",1],AXIS["Up",UP]]]',
            "ellipsoid",
        ),
    ],
)  # fmt: skip
def test_reference_of_heights(crs, kind):
    found = height_reference(crs)
    assert (None if found is None else found[0]) == kind


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({}, None), ({"product_type": "GEO", "terrain_model": "WhiteboxFilter[AW3D30v2012,8,50]"}, None),
        ({"product_type": "GEC", "terrain_model": "ExplicitInflatedWGS84[1711.3]"}, "ellipsoid"),
        ({"product_type": "GEC"}, "ellipsoid"),
    ],
)  # fmt: skip
def test_reference_of_an_image(attributes, kind):
    found = image_height_reference(xr.DataArray([[0.0]], dims=("y", "x"), attrs=attributes))
    assert (None if found is None else found[0]) == kind


def test_geoid_against_ellipsoid_is_told_once(trial):
    geoid = trial.footprints.set_crs(pyproj.CRS("EPSG:32637+5773"), allow_override=True)
    image = trial.image.assign_attrs(product_type="GEC")
    with pytest.warns(CompanionWarning, match=r"geoid \(EGM96 height\).*ellipsoid \(GEC\)") as told:
        register_footprints(geoid, image, trial.look, engine="range")
    assert len([one for one in told if one.category is CompanionWarning]) == 1
    assert told[0].filename == __file__


def test_ellipsoid_against_geoid_is_told_too(trial):
    ellipsoid = trial.footprints.set_crs(pyproj.CRS("EPSG:32637").to_3d(), allow_override=True)
    image = trial.image.rio.write_crs(pyproj.CRS("EPSG:32637+5773"))
    with pytest.warns(CompanionWarning, match=r"from the ellipsoid .* from the geoid \(EGM96 height\)"):
        check_table(ellipsoid, image)


@pytest.mark.parametrize("crs", ["EPSG:32637", pyproj.CRS("EPSG:32637").to_3d()])
def test_nothing_is_told_without_a_conflict(trial, crs):
    assert height_conflict(crs, trial.image.assign_attrs(product_type="GEC")) == ""


def test_products_say_on_which_surface_they_lie(trial, tmp_path):
    metadata = replace(PASS, product_type="GEC", reprojection_dem="ExplicitInflatedWGS84[512.0]")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompanionWarning)
        write_sar(trial.image, tmp_path / "gec.tif", metadata)
    image = open_image(tmp_path / "gec.tif")
    assert image.attrs["product_type"] == "GEC"
    assert image_height_reference(image) == ("ellipsoid", "ExplicitInflatedWGS84[512.0]")


@pytest.mark.real_data
def test_real_products_say_on_which_surface_they_lie(mirror):
    from lib.radar.capella import CapellaMetadata

    kinds = {}
    for path in sorted((mirror / "capella_geo_metadata").glob("*_G*_extended.json")):
        metadata = CapellaMetadata.read(path)
        attributes = {"product_type": metadata.product_type, "terrain_model": metadata.reprojection_dem}
        kinds[metadata.product_type] = image_height_reference(xr.DataArray([[0.0]], dims=("y", "x"), attrs=attributes))
    assert kinds["GEO"] is None
    assert kinds["GEC"][0] == "ellipsoid"
