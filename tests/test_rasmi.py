"""RASMI: the real workbook, where values fall in its ranges, and faults of the file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import MaterialsError
from lib.materials.intensity import intensity_of_database, percentile_in, place_in_rasmi, read_heeren, read_rasmi
from lib.materials.rasmi import DENMARK, PERCENTILES, RASMI_MATERIALS

P = [f"p_{percent}" for percent in PERCENTILES]
FILE = ("rasmi", "MI_ranges_20230905.xlsx")


@pytest.fixture(scope="module")
def real(mirror):
    return read_rasmi(mirror.joinpath(*FILE))


@pytest.mark.real_data
def test_real_workbook(real):
    assert real.shape == (3072, 9)
    assert [len(level) for level in real.index.levels] == [8, 3, 4, 32]
    cell = real.loc[("concrete", "RM", "M", DENMARK)]
    assert cell["p_50"] == 238.0
    assert (cell["n_rows"], cell["n_pooled"]) == (26, 74)
    assert (np.diff(real[P].to_numpy(), axis=1) >= 0).all()


@pytest.mark.real_data
def test_number_that_its_readme_prints(real):
    # Its authors print 160 to 729 kg/m2 for concrete in steel frames of multi-family homes in Japan: p_5 and p_95.
    cell = real.loc[("concrete", "RM", "S", "OECD_JPN")]
    assert (round(cell["p_5"]), round(cell["p_95"])) == (160, 729)
    # That range is borrowed whole: the database has no such building.
    assert cell["n_rows"] == 0


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore:.*blank cell")
def test_place_of_the_database(real, mirror):
    table = intensity_of_database(read_heeren(mirror / "heeren_mi" / "buildings.csv"), draws=50)
    placed = place_in_rasmi(table, real)
    assert len(placed) == 3 * 4 * 8
    assert set(placed.index.get_level_values("structure")) == {"C", "M", "S", "T"}
    row = placed.loc[("T", "RS", "wood")]
    ranges = real.loc[("wood", "RS", "T", DENMARK)]
    assert row["percentile"] == pytest.approx(np.interp(row["mean"], ranges[P].astype(float), PERCENTILES))
    empty = placed["n"] == 0
    assert placed.loc[empty, "percentile"].isna().all()
    assert placed.loc[~empty, "percentile"].between(0, 100).all()
    with pytest.raises(MaterialsError, match="no such region"):
        place_in_rasmi(table, real, region="Denmark")


@given(st.lists(st.floats(0, 1e4), min_size=7, max_size=7), st.floats(0, 1e4), st.floats(0, 1e4))
def test_percentile_rises_with_the_value(knots, first, second):
    low, high = percentile_in(sorted(knots), sorted([first, second]))
    assert 0 <= low <= high <= 100


@given(st.lists(st.integers(1, 100), min_size=6, max_size=6), st.integers(0, 6))
def test_percentile_of_a_knot_is_its_own(steps, k):
    knots = np.cumsum([5, *steps])
    assert percentile_in(knots, knots[k]).tolist() == [PERCENTILES[k]]


def test_percentile_of_ties_beyond_and_unknown():
    knots = [0, 0, 0, 10, 20, 20, 30]
    assert percentile_in(knots, [0, 20, -1, 31, 5, np.nan]).tolist()[:5] == [12.5, 85.0, 0.0, 100.0, 37.5]
    assert np.isnan(percentile_in(knots, [np.nan])).all()
    assert np.isnan(percentile_in([np.nan] * 7, [1.0])).all()


def sheet(**changes):
    rows = [
        {"function": "RS", "structure": s, "R5_32": DENMARK, "raw_HF_db_count": 3, "incremented_count": 9} for s in "CM"
    ]
    table = pd.DataFrame(rows).assign(**dict(zip(P, range(1, 8), strict=True)))
    return table.assign(**changes)


def write(path, sheets):
    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        for name, table in sheets.items():
            table.to_excel(writer, sheet_name=name)
    return path


def test_own_workbook(tmp_path):
    table = read_rasmi(write(tmp_path / "r.xlsx", {name: sheet() for name in RASMI_MATERIALS}))
    assert table.loc[("wood", "RS", "C", DENMARK), P].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert len(table) == 16


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p_5": 0.5}, "percentiles that fall"),
        ({"p_0": -1.0}, "percentiles that fall"),
        ({"p_50": "many"}, "percentiles that fall"),
        ({"structure": "C"}, "a cell that stands twice"),
    ],
)
def test_wrong_cells_are_refused(tmp_path, changes, message):
    sheets = {name: sheet() for name in RASMI_MATERIALS} | {"steel": sheet(**changes)}
    with pytest.raises(MaterialsError, match=message):
        read_rasmi(write(tmp_path / "r.xlsx", sheets))


@pytest.mark.real_data
def test_faults_of_the_file(tmp_path, mirror):
    with pytest.raises(MaterialsError, match="no such file"):
        read_rasmi(tmp_path / "missing.xlsx")
    (tmp_path / "page.xlsx").write_text("<html>sign in</html>")
    with pytest.raises(MaterialsError, match="no workbook"):
        read_rasmi(tmp_path / "page.xlsx")
    (tmp_path / "cut.xlsx").write_bytes(mirror.joinpath(*FILE).read_bytes()[:50_000])
    with pytest.raises(MaterialsError, match="no workbook"):
        read_rasmi(tmp_path / "cut.xlsx")
    with pytest.raises(MaterialsError, match="missing sheets"):
        read_rasmi(write(tmp_path / "r.xlsx", {"wood": sheet()}))
    sheets = {name: sheet() for name in RASMI_MATERIALS} | {"wood": sheet().drop(columns="p_50")}
    with pytest.raises(MaterialsError, match=r"sheet wood: missing columns .got \['p_50'\]"):
        read_rasmi(write(tmp_path / "r.xlsx", sheets))
