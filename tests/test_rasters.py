"""Rasters: planted decibels through every kind of file, real files, grids, windows, and files that are broken."""

import json
import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401
import xarray as xr
from affine import Affine

from lib.errors import CompanionWarning, CRSError, LookError, RasterError
from lib.radar.capella_fields import TAG
from lib.radar.look import Look
from lib.radar.synthetic_pass import simulated_metadata
from lib.rasters import look_of, read_optical, read_sar, write_sar
from lib.rasters.files import is_north_up, open_raster
from lib.rasters.tiff_check import missing_bytes

approx = pytest.approx
GRID = Affine(0.5, 0, 284000, 0, -0.5, 4100000)
LOOK = Look(43.1, 80.0)
METADATA = simulated_metadata(LOOK, 36.63, 37.02, 500.0, 32637)


def write(path, pixels, dtype=None, crs="EPSG:32637", transform=GRID, nodata=None, tag=None):
    pixels = np.atleast_3d(np.asarray(pixels, dtype)).transpose(2, 0, 1) if np.ndim(pixels) == 2 else np.asarray(pixels)
    count, rows, cols = pixels.shape
    profile = {
        "driver": "GTiff",
        "count": count,
        "height": rows,
        "width": cols,
        "dtype": pixels.dtype,
        "nodata": nodata,
    }
    with rasterio.open(path, "w", crs=crs, transform=transform, **profile) as raster:
        raster.write(pixels)
        if tag is not None:
            raster.update_tags(**{TAG: tag if isinstance(tag, str) else json.dumps(tag)})
    return path


@pytest.fixture
def image() -> xr.DataArray:
    rng = np.random.default_rng(0)
    decibels = rng.normal(-10, 5, (60, 80)).astype("float32")
    decibels[:5, :7] = np.nan
    y, x = 4100000 - 0.5 * (np.arange(60) + 0.5), 284000 + 0.5 * (np.arange(80) + 0.5)
    return xr.DataArray(decibels, {"y": y, "x": x}, ("y", "x")).rio.write_crs(32637).rio.write_transform(GRID)


# There and back


def test_round_trip_within_the_stated_rounding(image, tmp_path):
    write_sar(image, tmp_path / "scene.tif", METADATA)
    back = read_sar(tmp_path / "scene.tif")
    assert back.dtype == np.float32
    assert np.isnan(back).equals(np.isnan(image))
    numbers = 10 ** (image.to_numpy() / 20) / METADATA.scale_factor
    bound_db = 20 * np.log10(1 + 0.5 / (numbers - 0.5)) + 1e-4
    assert (np.abs(back.to_numpy() - image.to_numpy()) <= bound_db)[~np.isnan(image.to_numpy())].all()
    assert back.rio.crs.to_epsg() == 32637
    assert back.rio.transform() == GRID
    np.testing.assert_array_equal(back.x, image.x)
    np.testing.assert_array_equal(back.y, image.y)


def test_round_trip_keeps_the_look(image, tmp_path):
    write_sar(image, tmp_path / "scene.tif", METADATA)
    back = read_sar(tmp_path / "scene.tif")
    assert look_of(back).range_azimuth_deg == approx(80.0, abs=1e-9)
    assert look_of(back).incidence_deg == 43.1
    assert back.attrs["source_units"] == "amplitude"
    assert back.attrs["scale_factor"] == METADATA.scale_factor


def test_second_round_trip_changes_nothing(image, tmp_path):
    write_sar(image, tmp_path / "one.tif", METADATA)
    write_sar(read_sar(tmp_path / "one.tif"), tmp_path / "two.tif", METADATA)
    assert (tmp_path / "one.tif").read_bytes() == (tmp_path / "two.tif").read_bytes()


def test_a_very_dark_pixel_does_not_become_nodata(image, tmp_path):
    image[20, 20] = -300.0
    write_sar(image, tmp_path / "scene.tif", METADATA)
    assert read_sar(tmp_path / "scene.tif")[20, 20] == approx(20 * math.log10(METADATA.scale_factor))


def test_too_bright_pixels_are_cut_and_counted(image, tmp_path):
    image[20, 20:23] = 60.0
    with pytest.warns(CompanionWarning, match="3 of 4800 pixels are too bright"):
        write_sar(image, tmp_path / "scene.tif", METADATA)
    assert read_sar(tmp_path / "scene.tif")[20, 20] == approx(20 * math.log10(65535 * METADATA.scale_factor), abs=1e-4)


# What the numbers of a file are


def test_capella_numbers_are_amplitude_times_factor(tmp_path):
    tag = {"collect": {"image": {"scale_factor": 1e-3}}}
    image = read_sar(write(tmp_path / "scene.tif", [[0, 1000], [100, 10]], "uint16", tag=tag))
    np.testing.assert_allclose(image, [[np.nan, 0], [-20, -40]], atol=1e-5)
    assert "incidence_deg" not in image.attrs


@pytest.mark.parametrize(
    ("units", "stored", "expected"),
    [
        ("amplitude", [[1.0, 10.0, 0.0]], [[0.0, 20.0, np.nan]]),
        ("intensity", [[1.0, 10.0, -2.0]], [[0.0, 10.0, np.nan]]),
        ("db", [[-3.0, 0.0, np.inf]], [[-3.0, 0.0, np.nan]]),
    ],
)
def test_floats_are_what_the_caller_says(tmp_path, units, stored, expected):
    image = read_sar(write(tmp_path / "scene.tif", stored, "float32"), units)
    np.testing.assert_allclose(image, expected, atol=1e-5)
    assert image.attrs["source_units"] == units


def test_complex_numbers_speak_for_themselves(tmp_path):
    tag = {"collect": {"image": {"scale_factor": 0.1}}}
    path = write(tmp_path / "scene.tif", [[3 + 4j, 0j]], "complex64", tag=tag)
    np.testing.assert_allclose(read_sar(path), [[20 * math.log10(0.5), np.nan]], atol=1e-5)
    assert read_sar(path, "complex").equals(read_sar(path))
    with pytest.raises(RasterError, match="pixels are complex"):
        read_sar(path, "db")


def test_nodata_becomes_nan_in_every_unit(tmp_path):
    path = write(tmp_path / "scene.tif", [[-9999.0, 5.0]], "float32", nodata=-9999.0)
    for units in ("amplitude", "intensity", "db"):
        assert np.isnan(read_sar(path, units)).to_numpy().tolist() == [[True, False]]


def test_numbers_of_unknown_units_are_refused(tmp_path):
    for dtype in ("uint8", "uint16", "float32"):
        path = write(tmp_path / f"{dtype}.tif", [[1, 2]], dtype)
        with pytest.raises(
            RasterError, match=rf"does not say what its numbers are \(got '{dtype}'\).*units='amplitude'"
        ):
            read_sar(path)
    with pytest.raises(RasterError, match="units do not fit"):
        read_sar(path, "complex")
    with pytest.raises(RasterError, match="units do not fit"):
        read_sar(path, "dB")


def test_extended_json_beside_the_image_is_found(tmp_path):
    tag = METADATA.to_document()
    write(tmp_path / "scene.tif", [[1, 2]], "uint16")
    (tmp_path / "scene_extended.json").write_text(json.dumps(tag))
    image = read_sar(tmp_path / "scene.tif")
    assert look_of(image).range_azimuth_deg == approx(80.0, abs=1e-9)
    assert image.attrs["scale_factor"] == 1e-4


def test_description_that_is_not_capella_is_left_alone(tmp_path):
    path = write(tmp_path / "scene.tif", [[1.0, 2.0]], "float32", tag="made by hand")
    assert read_sar(path, "db").attrs["scale_factor"] == 1.0


def test_broken_description_is_refused(tmp_path):
    path = write(tmp_path / "scene.tif", [[1, 2]], "uint16", tag='{"collect": ')
    with pytest.raises(RasterError, match="image description is broken"):
        read_sar(path)


def test_state_without_vectors_does_not_give_a_guessed_look(tmp_path):
    tag = {"collect": {"image": {"scale_factor": 1e-3}, "state": {"direction": "ascending"}}}
    with pytest.raises(LookError, match="from_heading"):
        read_sar(write(tmp_path / "scene.tif", [[1, 2]], "uint16", tag=tag))


def test_look_of_an_image_without_one_is_refused(image):
    with pytest.raises(LookError, match="from_capella"):
        look_of(image)


# Grids and windows


def test_window_equals_the_part_of_the_whole(image, tmp_path):
    write_sar(image, tmp_path / "scene.tif", METADATA)
    whole = read_sar(tmp_path / "scene.tif")
    part = read_sar(tmp_path / "scene.tif", bounds=(284005.0, 4099980.0, 284020.0, 4099990.0))
    assert part.shape == (20, 30)
    assert part.rio.transform() == Affine(0.5, 0, 284005, 0, -0.5, 4099990)
    xr.testing.assert_equal(part.drop_vars("spatial_ref"), whole[20:40, 10:40].drop_vars("spatial_ref"))


def test_window_is_widened_to_whole_pixels_and_cut_at_the_edge(image, tmp_path):
    write_sar(image, tmp_path / "scene.tif", METADATA)
    assert read_sar(tmp_path / "scene.tif", bounds=(284005.1, 4099980.0, 284005.2, 4099980.4)).shape == (1, 1)
    assert read_sar(tmp_path / "scene.tif", bounds=(283000.0, 4099980.0, 284005.0, 4100500.0)).shape == (40, 10)


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ((0.0, 0.0, 10.0, 10.0), "do not overlap"),
        ((284020.0, 4099980.0, 284005.0, 4099990.0), "empty or swapped"),
        ((284000.0, 4099998.0, 284003.0, 4100000.0), "nothing but nodata"),
        ((284000.0, float("nan"), 284003.0, 4100000.0), "empty or swapped"),
    ],
)
def test_windows_that_hold_nothing_are_refused(image, tmp_path, bounds, says):
    write_sar(image, tmp_path / "scene.tif", METADATA)
    with pytest.raises(RasterError, match=says):
        read_sar(tmp_path / "scene.tif", bounds=bounds)


ROTATED = Affine.translation(284000, 4100000) @ Affine.rotation(30) @ Affine.scale(0.5, -0.5)


def test_rotated_grid_is_refused_kept_or_resampled(tmp_path):
    pixels = np.full((40, 40), 100.0)
    pixels[10:14, 20:24] = 10000.0
    path = write(tmp_path / "rotated.tif", pixels, "float32", transform=ROTATED)
    with pytest.raises(RasterError, match=r"not north-up.*resample"):
        read_sar(path, "intensity")
    kept = read_sar(path, "intensity", rotated="keep")
    assert kept.rio.transform().almost_equals(ROTATED)
    assert "x" not in kept.coords
    assert float(kept[11, 21]) == approx(40.0)
    upright = read_sar(path, "intensity", rotated="resample")
    assert is_north_up(upright.rio.transform())
    bright = upright.where(upright > 30)
    east, north = ROTATED @ (22.0, 12.0)
    assert float(bright.x.where(bright.notnull()).mean()) == approx(east, abs=0.25)
    assert float(bright.y.where(bright.notnull()).mean()) == approx(north, abs=0.25)
    with pytest.raises(RasterError, match="rotated grid"):
        read_sar(path, "intensity", rotated="keep", bounds=(284000, 4099990, 284010, 4100000))


def test_resampled_corners_are_nan_for_every_kind_of_number(tmp_path):
    for dtype in ("uint8", "uint16", "float32", "complex64"):
        path = write(tmp_path / f"{dtype}.tif", np.full((30, 30), 7), dtype, transform=ROTATED)
        image = read_sar(path, "complex" if dtype == "complex64" else "amplitude", rotated="resample")
        assert np.isnan(image.to_numpy()[0, 0])
        assert float(image[image.shape[0] // 2, image.shape[1] // 2]) == approx(20 * math.log10(7), abs=1e-4)


def test_missing_and_geographic_crs_are_refused(tmp_path):
    with pytest.raises(CRSError, match="has no CRS"):
        read_sar(write(tmp_path / "none.tif", [[1.0]], "float32", crs=None), "db")
    with pytest.raises(CRSError, match=r"not in metres \(got 'EPSG:4326'\)"):
        read_sar(write(tmp_path / "lonlat.tif", [[1.0]], "float32", crs="EPSG:4326"), "db")


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_raster_without_a_place_is_refused(tmp_path):
    with pytest.raises(RasterError, match="not placed on the ground"):
        read_sar(write(tmp_path / "nowhere.tif", [[1.0]], "float32", transform=Affine.identity()), "db")


def test_several_bands_need_a_choice(tmp_path):
    path = write(tmp_path / "quad.tif", np.stack([np.full((3, 3), 1.0), np.full((3, 3), 10.0)]))
    with pytest.raises(RasterError, match=r"several bands \(got 2\).*band="):
        read_sar(path, "intensity")
    assert float(read_sar(path, "intensity", band=2)[0, 0]) == 10.0
    with pytest.raises(RasterError, match="no such band"):
        read_sar(path, "intensity", band=3)


# Broken files


def test_missing_file(tmp_path):
    with pytest.raises(RasterError, match=r"no such file.*nowhere.tif"):
        read_sar(tmp_path / "nowhere.tif")


@pytest.mark.parametrize("keep", [20, 400, 0.5, 0.98])
def test_truncated_file_is_refused_wherever_it_was_cut(image, tmp_path, keep):
    write_sar(image, tmp_path / "scene.tif", METADATA)
    whole = (tmp_path / "scene.tif").read_bytes()
    cut = keep if isinstance(keep, int) else int(len(whole) * keep)
    (tmp_path / "cut.tif").write_bytes(whole[:cut])
    with pytest.raises(RasterError, match=r"cut.tif"):
        read_sar(tmp_path / "cut.tif")


@pytest.mark.parametrize("bigtiff", ["yes", "no"])
@pytest.mark.parametrize("rows", [1, 200])
def test_truncated_uncompressed_file_is_refused_at_any_byte(tmp_path, bigtiff, rows):
    path, shape = tmp_path / "scene.tif", {"height": rows, "width": 50, "count": 1, "dtype": "float32"}
    with rasterio.open(path, "w", "GTiff", crs="EPSG:32637", transform=GRID, bigtiff=bigtiff, **shape) as raster:
        raster.write(np.ones((rows, 50), "float32"), 1)
    whole = path.read_bytes()
    assert missing_bytes(path) == 0
    for size in (17, 120, 400, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(RasterError, match=r"is truncated \(got 'at least \d+ bytes too few'\)"):
            read_sar(path, "db")


def test_damaged_block_is_refused(tmp_path):
    path = tmp_path / "scene.tif"
    shape = {"height": 64, "width": 64, "count": 1, "dtype": "float32", "compress": "deflate"}
    with rasterio.open(path, "w", "GTiff", crs="EPSG:32637", transform=GRID, **shape) as raster:
        raster.write(np.random.default_rng(0).normal(size=(64, 64)).astype("float32").round(1), 1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-3000] + b"\xff" * 3000)
    with pytest.raises(RasterError, match=r"cannot be read.*damaged"):
        read_sar(path, "db")


@pytest.mark.parametrize("text", [b"", b"II", b"II*\0", b"MM\0*\0\0\0\x08", b"plain text, long enough for a header"])
def test_what_is_no_tiff_or_hardly_one_is_refused(tmp_path, text):
    (tmp_path / "scene.tif").write_bytes(text)
    with pytest.raises(RasterError, match=r"cannot be read|truncated"):
        read_sar(tmp_path / "scene.tif")


def test_web_page_is_called_a_web_page(tmp_path):
    (tmp_path / "scene.tif").write_text("\n<!DOCTYPE html><title>Sign in</title>")
    with pytest.raises(RasterError, match="this is a web page"):
        read_sar(tmp_path / "scene.tif")


def test_all_nodata_is_refused(tmp_path):
    with pytest.raises(RasterError, match="nothing but nodata"):
        read_sar(write(tmp_path / "void.tif", np.full((3, 3), np.nan), "float32"), "db")
    with pytest.raises(RasterError, match="no pixel has any power"):
        read_sar(write(tmp_path / "zero.tif", np.zeros((3, 3)), "uint8"), "amplitude")


# Writing


def test_failed_write_leaves_the_old_file_and_no_rest(image, tmp_path, monkeypatch):
    write_sar(image, tmp_path / "scene.tif", METADATA)
    before = (tmp_path / "scene.tif").read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RasterError, match=r"cannot be written.*No space left"):
        write_sar(image + 3, tmp_path / "scene.tif", METADATA)
    assert (tmp_path / "scene.tif").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


def test_missing_folder_is_refused(image, tmp_path):
    with pytest.raises(RasterError, match="cannot be written"):
        write_sar(image, tmp_path / "no" / "scene.tif", METADATA)


WRITER = """
import numpy, sys, xarray
from affine import Affine
from lib.radar.look import Look
from lib.rasters import write_sar
from lib.radar.synthetic_pass import simulated_metadata
noise = numpy.random.default_rng(1).normal(-10, 5, (2000, 2000))
image = xarray.DataArray(noise, dims=("y", "x")).rio.write_crs(32637)
image = image.rio.write_transform(Affine(0.5, 0, 284000, 0, -0.5, 4100000))
metadata = simulated_metadata(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637)
print("ready", flush=True)
write_sar(image, sys.argv[1], metadata)
"""


def test_kill_in_the_middle_of_writing_leaves_the_old_file_whole(image, tmp_path):
    path, part = tmp_path / "scene.tif", tmp_path / ".scene.tif.part"
    write_sar(image, path, METADATA)
    before = path.read_bytes()
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    writer.stdout.readline()
    deadline = time.monotonic() + 120
    while not (part.is_file() and part.stat().st_size > 300_000):
        assert writer.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    writer.send_signal(signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL
    assert part.is_file(), "the writer was done before it was killed"
    assert path.read_bytes() == before
    write_sar(image, path, METADATA)
    assert not part.exists()


def test_images_that_are_no_north_up_grid_are_refused(image, tmp_path):
    path = tmp_path / "scene.tif"
    with pytest.raises(RasterError, match="not two-dimensional"):
        write_sar(image.expand_dims("band"), path, METADATA)
    with pytest.raises(CRSError, match="grid in metres"):
        write_sar(image.drop_vars("spatial_ref"), path, METADATA)
    with pytest.raises(CRSError, match="grid in metres"):
        write_sar(image.rio.write_crs(4326), path, METADATA)
    with pytest.raises(RasterError, match="not north-up"):
        write_sar(image.drop_vars(["x", "y"]).rio.write_transform(ROTATED), path, METADATA)
    assert not path.exists()


# Optical


def test_optical_bands_in_the_order_asked_for(tmp_path):
    path = write(tmp_path / "rgb.tif", np.stack([np.full((4, 5), value, "uint8") for value in (10, 20, 30, 255)]))
    image = read_optical(path)
    assert image.dims == ("band", "y", "x")
    assert image.dtype == np.uint8
    assert image[:, 0, 0].to_numpy().tolist() == [10, 20, 30]
    assert read_optical(path, bands=(3, 1))[:, 0, 0].to_numpy().tolist() == [30, 10]
    assert float(image.x[0]) == 284000.25


def test_optical_window_nodata_and_faults(tmp_path):
    pixels = np.full((1, 10, 10), 7, "uint16")
    pixels[0, :5] = 0
    path = write(tmp_path / "pan.tif", pixels, nodata=0)
    with pytest.raises(RasterError, match=r"too few bands \(got 1\)"):
        read_optical(path)
    image = read_optical(path, bands=(1,))
    assert image.attrs["valid_share"] == 0.5
    assert image.rio.nodata == 0
    assert read_optical(path, bands=(1,), bounds=(284000, 4099995, 284002, 4099997)).shape == (1, 4, 4)
    with pytest.raises(RasterError, match="nothing but nodata"):
        read_optical(path, bands=(1,), bounds=(284000, 4099999, 284002, 4100000))
    with pytest.raises(RasterError, match="not optical"):
        read_optical(write(tmp_path / "slc.tif", [[1j]], "complex64"), bands=(1,))


# Real files


@pytest.mark.real_data
def test_real_complex_chip_has_the_known_distribution(mirror):
    """Percentiles relative to the median over a built-up area, as measured for this chip."""
    image = read_sar(mirror / "solaris_spacenet" / "sar_hh.tif", rotated="keep")
    decibels = image.to_numpy()[np.isfinite(image.to_numpy())]
    relative = np.percentile(decibels, [1, 5, 25, 75, 95, 99, 99.9]) - np.median(decibels)
    assert relative == approx([-19.1, -11.9, -4.3, 4.2, 12.4, 20.6, 30.3], abs=0.06)


@pytest.mark.real_data
def test_real_umbra_image_is_rotated_and_of_unknown_units(mirror):
    path = mirror / "umbra" / "umbra_mount_yasur.tiff"
    with pytest.raises(RasterError, match="not north-up"):
        read_sar(path, "amplitude")
    with pytest.raises(RasterError, match="does not say"):
        read_sar(path, rotated="keep")
    image = read_sar(path, "amplitude", rotated="keep")
    assert image.shape == (2000, 2000)
    assert float(image.max()) <= 20 * math.log10(255) + 1e-4
    with open_raster(path, "resample") as raster:
        assert raster.res == approx((0.594, 0.594), abs=1e-3)


@pytest.mark.real_data
def test_real_optical_tiles(mirror):
    assert read_optical(mirror / "solaris_spacenet" / "rgb_unmasked.tif").shape == (3, 200, 200)
    assert read_optical(mirror / "solaris_spacenet" / "sample_geotiff.tif", bands=(1,)).dtype == np.uint16
