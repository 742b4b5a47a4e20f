"""Engines, their parameters, and what becomes of a user's own table: its index, its columns, corrections by hand."""

import warnings

import joblib
import numpy as np
import pytest

from lib.city.trials import make_trial
from lib.errors import CompanionWarning, ParameterError, RegistrationError
from lib.registration import register_footprints
from lib.registration.paper.engine import PaperParameters
from lib.registration.range_search.engine import RangeParameters


@pytest.fixture(scope="module")
def trial():
    return make_trial("normal", 48, extent_m=200, n_buildings=70)


@pytest.mark.parametrize("index", [["x"] * 9, list(range(8, -1, -1)), list("abcdefghi")])
def test_the_index_is_kept_whatever_it_is(trial, index):
    given = trial.footprints[:9].set_axis(index, axis=0)
    before = given.copy()
    table = register_footprints(given, trial.image, trial.look, engine="range")
    assert table.index.tolist() == index
    straight = register_footprints(trial.footprints[:9], trial.image, trial.look, engine="range")
    np.testing.assert_array_equal(table["shift_m"], straight["shift_m"])
    assert given.equals(before), "the caller's table stays as it was"


def test_columns_of_a_user_are_never_written_over(trial):
    named = trial.footprints.assign(level="ground floor", status="inhabited")
    with pytest.raises(
        RegistrationError, match=r"register_footprints, buildings: names of .*'level', 'status'.*rename"
    ):
        register_footprints(named, trial.image, trial.look)


def test_a_table_is_registered_anew_and_lost_corrections_are_told(trial):
    once = register_footprints(trial.footprints, trial.image, trial.look, engine="range")
    with warnings.catch_warnings():
        warnings.simplefilter("error", CompanionWarning)
        assert register_footprints(once, trial.image, trial.look, engine="range").equals(once)
    corrected = once.copy()
    corrected.loc[[2, 4], ["level", "shift_m"]] = ["manual", 3.0]
    with pytest.warns(CompanionWarning, match="2 corrections by hand") as told:
        assert register_footprints(corrected, trial.image, trial.look, engine="range").equals(once)
    assert told[0].filename == __file__


@pytest.mark.parametrize("engine", [["field"], None, {"field"}, "letter"])
def test_what_is_no_engine_is_refused(trial, engine):
    with pytest.raises(RegistrationError, match=r"engine: unknown engine .*field, range, paper"):
        register_footprints(trial.footprints, trial.image, trial.look, engine=engine)


@pytest.mark.parametrize(
    ("engine", "wrong", "fix"),
    [
        ("field", RangeParameters(), "leave them out"), ("range", PaperParameters(), "give RangeParameters"),
        ("paper", RangeParameters(), "give PaperParameters"), ("range", {"step_m": 1.0}, "give RangeParameters"),
    ],
)  # fmt: skip
def test_parameters_of_another_engine_are_refused(trial, engine, wrong, fix):
    with pytest.raises(ParameterError, match=f"not parameters of the engine {engine} .*{fix}"):
        register_footprints(trial.footprints, trial.image, trial.look, engine=engine, parameters=wrong)


def test_parameters_reach_the_range_search(trial):
    table = register_footprints(trial.footprints, trial.image, trial.look, "range", RangeParameters(search_m=2.0))
    assert table["shift_m"].abs().max() <= 2.5


@pytest.mark.slow
def test_the_field_is_the_same_on_a_dask_cluster():
    from distributed import Client, LocalCluster

    wide = make_trial("normal", 48, extent_m=900, n_buildings=300)
    serial = register_footprints(wide.footprints, wide.image, wide.look)
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with LocalCluster(**options, silence_logs=50) as cluster, Client(cluster), joblib.parallel_config(backend="dask"):
        assert register_footprints(wide.footprints, wide.image, wide.look).equals(serial)
