"""What numbers of an image registration takes for decibels: infinities are nodata, powers and amplitudes are refused."""

import warnings

import numpy as np
import pytest
import xarray as xr

from lib.city.trials import SCENES, make_trial
from lib.errors import RasterError
from lib.registration import register_footprints
from lib.registration.checks.decibels import valid_sample, without_infinities
from lib.registration.checks.inputs import open_image
from lib.registration.checks.light import check_light


@pytest.fixture(scope="module")
def trial():
    return make_trial("normal", 48, extent_m=200, n_buildings=70)


def refused(trial, *parts, sar):
    with pytest.raises(RasterError) as caught:
        register_footprints(trial.footprints, sar, trial.look, engine="range")
    for part in (*parts, "Fix: "):
        assert part in str(caught.value)


@pytest.mark.parametrize("engine", ["field", "range"])
@pytest.mark.parametrize("value", [-np.inf, np.inf])
def test_infinite_decibels_are_nodata(trial, engine, value):
    rim, gap = trial.image.copy(), trial.image.copy()
    rim[:, :20], gap[:, :20] = value, np.nan
    before = rim.copy()
    table = register_footprints(trial.footprints, rim, trial.look, engine=engine)
    assert table["shift_m"].equals(register_footprints(trial.footprints, gap, trial.look, engine=engine)["shift_m"])
    assert rim.identical(before), "the caller's image stays as it was"


def test_images_are_copied_only_where_something_is_infinite(trial):
    assert np.shares_memory(open_image(trial.image).values, trial.image.values)
    pixels = np.array([[1.0, -np.inf]])
    own = without_infinities(xr.DataArray(pixels, dims=("y", "x")), own=True)
    assert np.shares_memory(own.values, pixels)
    pixels = np.array([[1.0, -np.inf]])
    pixels.flags.writeable = False
    assert np.isnan(without_infinities(xr.DataArray(pixels, dims=("y", "x")), own=True).values[0, 1])


def test_images_in_parts_are_brought_into_memory(trial):
    image = open_image(trial.image.chunk({"y": 100}))
    assert image.chunks is None
    np.testing.assert_array_equal(image, trial.image)


def linear(image, power):
    return (10 ** (image / power)).astype("float32").rio.write_crs(image.rio.crs)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(("name", "power"), [("intensity", 10), ("amplitude", 20)])
def test_power_and_amplitude_are_refused_whatever_the_attributes_say(scene, name, power):
    trial = make_trial(scene, 50, extent_m=200, n_buildings=60)
    image = linear(trial.image, power)
    for units in ({"units": "dB"}, {}):
        given = image.copy()
        given.attrs = units
        refused(trial, "sar", "decibels", "10 * np.log10", sar=given)
    zeros = image.copy()
    zeros[: zeros.shape[0] * 2 // 3] = 0.0
    refused(trial, "sar", "decibels", sar=zeros)


def test_units_that_say_something_else_are_refused(trial):
    for units in ("m", "amplitude", "1", 1):
        refused(trial, "units are not decibels", str(units), sar=trial.image.assign_attrs(units=units))
    for units in ("db", "Decibels", "", None):
        assert open_image(trial.image.assign_attrs(units=units)).shape == trial.image.shape


def test_numbers_that_no_decibels_can_be_are_refused(trial):
    bare = trial.image.drop_attrs()
    refused(trial, "no decibels of a SAR image are so high", sar=bare + 200.0)
    low = bare.copy()
    low[:5] = -9999.0
    refused(trial, "no decibels are so low", "-9999", "image.where", sar=low)


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("gain_db", [0.0, 12.0, 30.0, 60.0])
def test_decibels_of_any_gain_are_taken_as_they_are(scene, gain_db):
    """An amplitude of 8 or 16 bits, without calibration, has none below zero."""
    trial = make_trial(scene, 50, extent_m=200, n_buildings=60)
    bare = (trial.image + gain_db).drop_attrs().rio.write_crs(trial.image.rio.crs)
    assert open_image(bare).equals(bare)
    stored = np.round(10 ** (bare / 20)).clip(0, 65535)
    logged = (20 * np.log10(stored.where(stored > 0))).assign_attrs(units="dB")
    assert open_image(logged).shape == bare.shape


def test_a_sample_of_nodata_does_not_speak_for_the_image():
    """Valid pixels in a strip between the rows and columns that are looked at first."""
    values = np.full((4200, 4200), np.nan, np.float32)
    values[1:4000:2, 1:4000:2] = -10.0
    values[2001:2101:2, 2001:2101:2] = 20.0
    assert valid_sample(values).size == pytest.approx(2000**2 / 4, rel=0.1)
    image = xr.DataArray(values, coords={"y": -np.arange(4200.0), "x": np.arange(4200.0)}, dims=("y", "x"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_light(np.array([[2010.0, -2090.0, 2090.0, -2010.0]]), image)
