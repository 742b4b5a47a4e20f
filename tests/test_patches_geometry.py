"""Margins, windows, masks and pixels of patches, against published numbers and brute force."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
import rasterio.mask
import shapely
import shapely.affinity
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.features import geometry_mask

from lib.errors import CRSError, ParameterError, RasterError
from lib.patches import Margins, even_margins, sar_margins
from lib.patches.gathering import gather, gather_sar
from lib.patches.masks import footprint_masks
from lib.patches.order import packed_order
from lib.patches.sources import optical_source, sar_source
from lib.patches.windows import Windows, tile_groups, windows_around
from lib.radar.look import Look
from lib.rasters import read_sar
from patch_scene import CRS, LOOK, OPTICAL_GRID, SAR_GRID, footprints, make_scene, write

PIXEL = Affine(0.35, 0, 0, 0, -0.35, 0)


@pytest.mark.parametrize(
    ("heading", "side", "west", "east", "south", "north"),
    [
        (350, "right", 160, 10, 37, 10),  # the example: ground range toward 80 degrees
        (190, "right", 10, 160, 37, 10),
        (190, "left", 160, 10, 10, 37),
        (350, "left", 10, 160, 10, 37),
    ],
)
def test_margins_of_the_letter_in_all_four_geometries(heading, side, west, east, south, north):
    assert sar_margins(Look.from_heading(heading, side, 43.1), PIXEL) == Margins(west, east, south, north)


@given(st.floats(20, 60), st.floats(0, 360), st.floats(0, 100))
def test_margins_hold_the_layover(incidence_deg, azimuth_deg, height_m):
    look = Look(incidence_deg, azimuth_deg)
    margins = sar_margins(look, PIXEL, layover_height_m=height_m)
    east_px, north_px = (-height_m * look.cot * part / 0.35 for part in look.ground_range)
    assert abs(margins.east - margins.west - east_px) <= 0.5 + 1e-6
    assert abs(margins.north - margins.south - north_px) <= 0.5 + 1e-6
    assert min(vars(margins).values()) == 10


def test_optical_margins():
    assert even_margins() == Margins(16, 16, 16, 16)


@pytest.mark.parametrize("value", [-1, 1.5, True])
def test_impossible_margins(value):
    with pytest.raises(ParameterError, match=r"Margins\.west"):
        even_margins(value)


@pytest.mark.parametrize("height_m", [-1.0, float("nan"), float("inf")])
def test_impossible_layover_heights(height_m):
    with pytest.raises(ParameterError, match="layover_height_m"):
        sar_margins(LOOK, PIXEL, layover_height_m=height_m)


def test_windows_hold_the_bounding_box_and_no_pixel_more():
    shapes = np.array(footprints(24))
    windows = windows_around(shapes, SAR_GRID, Margins(0, 0, 0, 0))
    for k, shape in enumerate(shapes):
        corner = SAR_GRID @ (windows.col[k], windows.row[k])
        end = SAR_GRID @ (windows.col[k] + windows.cols[k], windows.row[k] + windows.rows[k])
        west, south, east, north = shape.bounds
        assert corner[0] <= west < corner[0] + 0.5
        assert end[0] - 0.5 < east <= end[0]
        assert corner[1] - 0.5 < north <= corner[1]
        assert end[1] <= south < end[1] + 0.5


def test_a_footprint_on_pixel_edges_wins_no_pixel_by_rounding():
    shape = np.array([shapely.box(289_000.35, 4_099_000.35, 289_000.35 + 7 * 0.35, 4_099_000.35 + 4 * 0.35)])
    windows = windows_around(shape, Affine(0.35, 0, 289_000, 0, -0.35, 4_099_700), Margins(0, 0, 0, 0))
    assert (windows.rows[0], windows.cols[0], windows.col[0]) == (4, 7, 1)


def brute_force(shapes, windows, transform, all_touched):
    masks = []
    for k, shape in enumerate(shapes):
        place = transform @ Affine.translation(int(windows.col[k]), int(windows.row[k]))
        size = int(windows.rows[k]), int(windows.cols[k])
        masks.append(geometry_mask([shape], size, place, all_touched=all_touched, invert=True).ravel())
    return np.concatenate(masks)


@pytest.mark.parametrize("all_touched", [False, True])
def test_masks_equal_brute_force(all_touched):
    shapes = np.array([*footprints(40), shapely.MultiPolygon([*footprints(2, seed=3)])])
    windows = windows_around(shapes, SAR_GRID, Margins(9, 2, 4, 1))
    masks = footprint_masks(shapes, windows, SAR_GRID, all_touched=all_touched)
    assert masks.sum() > 1000
    assert np.array_equal(masks, brute_force(shapes, windows, SAR_GRID, all_touched))


coordinate = st.one_of(st.floats(0, 12), st.integers(0, 24).map(lambda half: half / 2))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8, unique=True), st.booleans())
def test_masks_equal_gdal_on_any_polygon(corners, all_touched):
    """Also where corners and edges run exactly through pixel centres."""
    shape = shapely.convex_hull(shapely.MultiPoint(corners))
    if shape.geom_type != "Polygon" or shape.area < 1e-3:
        return
    windows = Windows(*np.array([[-2], [-1], [16], [15]]))
    grid = Affine(1, 0, 0, 0, -1, 12)
    masks = footprint_masks(np.array([shape]), windows, grid, all_touched=all_touched)
    assert np.array_equal(masks, brute_force([shape], windows, grid, all_touched))


def test_houses_that_share_a_wall_keep_their_own_masks():
    shapes = np.array([shapely.box(0, 0, 3.2, 4), shapely.box(3.2, 0, 7, 4), shapely.box(2, 1, 5, 3)])
    windows = windows_around(shapes, Affine(1, 0, 0, 0, -1, 4), Margins(2, 2, 2, 2))
    masks = np.split(footprint_masks(shapes, windows, Affine(1, 0, 0, 0, -1, 4)), windows.starts[1:])
    assert [int(mask.sum()) for mask in masks] == [12, 16, 6]


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return make_scene(tmp_path_factory.mktemp("scene"))


@pytest.mark.parametrize("tile_px", [4000, 80, 20])
def test_pixels_equal_rasterio_whatever_the_tile(scene, tile_px):
    sar, optical = sar_source(scene.sar, "amplitude"), optical_source(scene.optical, (1, 3, 4))
    shapes = scene.buildings.geometry.to_numpy()
    windows = windows_around(shapes, sar.transform, Margins(30, 3, 9, 3))
    with sar.opened() as read:
        decibels, valid = gather_sar(sar, read, windows, tile_px)
    whole = np.pad(read_sar(scene.sar, "amplitude").to_numpy(), 200, constant_values=np.nan)
    for k, start in enumerate(windows.starts):
        row, col, rows, cols = windows.chosen([k]).hull()
        expected = whole[200 + row : 200 + row + rows, 200 + col : 200 + col + cols]
        assert np.array_equal(decibels[start : start + expected.size].reshape(expected.shape), expected, equal_nan=True)
        assert valid[k] == np.isfinite(expected).sum()
    windows = windows_around(shapes, optical.transform, even_margins())
    with optical.opened() as read:
        numbers, valid = gather(optical, read, windows, tile_px)
    with rasterio.open(scene.optical) as raster:
        whole = np.pad(raster.read([1, 3, 4]), ((0, 0), (200, 200), (200, 200)))
    for k, start in enumerate(windows.starts):
        row, col, rows, cols = windows.chosen([k]).hull()
        expected = whole[:, 200 + row : 200 + row + rows, 200 + col : 200 + col + cols]
        assert np.array_equal(numbers[3 * start : 3 * start + expected.size].reshape(expected.shape), expected)
        assert valid[k] == (expected > 0).any(axis=0).sum()


def test_pixels_equal_the_loop_of_rasterio_mask(scene):
    optical = optical_source(scene.optical)
    shapes = scene.buildings.geometry.to_numpy()[:6]
    windows = windows_around(shapes, optical.transform, Margins(4, 4, 4, 4))
    with optical.opened() as read, rasterio.open(scene.optical) as raster:
        numbers, _ = gather(optical, read, windows)
        for k, start in enumerate(windows.starts):
            row, col, rows, cols = windows.chosen([k]).hull()
            low, high = optical.transform @ (col, row + rows), optical.transform @ (col + cols, row)
            frame = shapely.box(low[0] + 0.1, low[1] + 0.1, high[0] - 0.1, high[1] - 0.1)
            expected, place = rasterio.mask.mask(raster, [frame], crop=True, indexes=[1, 2, 3], all_touched=True)
            assert np.array_equal(numbers[3 * start : 3 * start + expected.size], expected.ravel())
            assert place.almost_equals(optical.transform @ Affine.translation(col, row))


def test_memory_is_bounded_by_the_tile():
    far = Windows(*np.array([[0, 9000, 10, 0], [0, 0, 10, 9000], [5, 5, 5, 5], [5, 5, 5, 5]]))
    groups = tile_groups(far, 100)
    assert sorted(np.concatenate(groups).tolist()) == [0, 1, 2, 3]
    assert all(max(far.chosen(group).hull()[2:]) <= 100 for group in groups)
    assert [group.tolist() for group in tile_groups(far.chosen([0]), 1)] == [[0]]


@given(st.integers(1, 60), st.integers(1, 9))
def test_the_order_holds_every_building_once(count, shard):
    assert sorted(packed_order(np.array(footprints(count)), shard).tolist()) == list(range(count))


def test_float_images_masks_and_alpha(tmp_path):
    numbers = np.array([[[1.0, np.nan, 4.0], [-32768.0, 3.0, 2.0]]], "float32")
    write(tmp_path / "db.tif", numbers, SAR_GRID, nodata=-32768)
    source = sar_source(tmp_path / "db.tif", "db")
    all_of_it = Windows(*np.array([[0], [0], [2], [3]]))
    with source.opened() as read:
        decibels, valid = gather_sar(source, read, all_of_it)
    assert np.array_equal(decibels, [1, np.nan, 4, np.nan, 3, 2], equal_nan=True)
    assert valid.tolist() == [4]
    colours = np.full((4, 2, 3), 9, "uint8")
    colours[3] = [[255, 0, 255], [255, 255, 0]]
    colour = {"nodata": None, "photometric": "RGB", "alpha": "YES"}
    write(tmp_path / "rgba.tif", colours, OPTICAL_GRID, **colour)
    optical = optical_source(tmp_path / "rgba.tif")
    with optical.opened() as read:
        pixels, valid = gather(optical, read, all_of_it)
    assert pixels.tolist() == [9, 0, 9, 9, 9, 0] * 3
    assert valid.tolist() == [4]


@pytest.mark.parametrize(("nodata", "valid"), [(0, 5), (None, 6), (-1, 6), (float("nan"), 6), (300.0, 6)])
def test_nodata_that_no_pixel_can_have_takes_none_away(nodata, valid):
    from dataclasses import replace

    import xarray as xr

    numbers = np.arange(6, dtype="uint8").reshape(1, 2, 3).repeat(3, axis=0)
    centres = {"band": [1, 2, 3], "y": [1.5, 0.5], "x": [0.5, 1.5, 2.5]}
    source = optical_source(xr.DataArray(numbers, centres, ("band", "y", "x")).rio.write_crs(CRS))
    source = replace(source, nodata=nodata)
    with source.opened() as read:
        assert gather(source, read, Windows(*np.array([[0], [0], [2], [3]])))[1].tolist() == [valid]


def test_images_in_memory_are_checked():
    import xarray as xr

    flat = xr.DataArray(np.zeros((4, 5), "float32"), {"y": np.arange(4.0)[::-1], "x": np.arange(5.0)}, ("y", "x"))
    with pytest.raises(CRSError, match="no grid in metres"):
        sar_source(flat)
    with pytest.raises(RasterError, match="other dimensions"):
        sar_source(flat.rio.write_crs(CRS).expand_dims("band"))
    with pytest.raises(RasterError, match="not north-up"):
        sar_source(flat[::-1].rio.write_crs(CRS))
    picture = flat.rio.write_crs(CRS).expand_dims(band=[1, 2])
    with pytest.raises(RasterError, match="no such band"):
        optical_source(picture)
    with pytest.raises(RasterError, match="three bands"):
        optical_source(picture, (1,))


def test_wrong_files_are_refused(scene, tmp_path):
    with pytest.raises(RasterError, match="does not say what its numbers are"):
        sar_source(scene.sar)
    with pytest.raises(RasterError, match="not a SAR image of one band"):
        sar_source(scene.optical, "amplitude")
    with pytest.raises(RasterError, match="not an optical image"):
        optical_source(scene.sar)
    truncated = tmp_path / "short.tif"
    truncated.write_bytes(scene.optical.read_bytes()[:-50_000])
    with pytest.raises(RasterError, match="truncated"):
        optical_source(truncated)


def test_a_file_that_goes_while_it_is_cut(scene, tmp_path):
    write(tmp_path / "gone.tif", np.ones((1, 4, 4), "uint8"), SAR_GRID)
    source = sar_source(tmp_path / "gone.tif", "amplitude")
    (tmp_path / "gone.tif").unlink()
    with pytest.raises(RasterError, match="cannot be read"), source.opened():
        pass
