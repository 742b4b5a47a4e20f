"""The material intensity database v1.2: special values on real rows, faults of the file, cells with few rows."""

from __future__ import annotations

import csv
import warnings

import numpy as np
import pandas as pd
import pytest

from lib.errors import CompanionWarning, MaterialsError
from lib.materials.heeren import FUNCTIONS, SPECIAL, STRUCTURES, IntensityDatabase
from lib.materials.intensity import GROUPS, MATERIALS, intensity_of_database, read_heeren, to_groups

ATTRIBUTES = (
    "country", "region", "construction_period_start", "construction_period_end", "floor_area_type", "authors",
    "publication_title", "DOI", "function", "structure", "R5_32",
)  # fmt: skip


def write(path, rows, columns=("id", *MATERIALS, *ATTRIBUTES)):
    """A file in the database's layout; cells that a row does not name are NA."""
    with path.open("w", newline="", encoding="cp1252") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for number, row in enumerate(rows):
            writer.writerow([row.get(name, str(number) if name == "id" else "NA") for name in columns])
    return path


@pytest.fixture(scope="module")
def real(mirror):
    with pytest.warns(CompanionWarning, match=r"1 blank cell\(s\), which the codebook does not allow"):
        return read_heeren(mirror / "heeren_mi" / "buildings.csv")


@pytest.mark.real_data
class TestRealRows:
    def test_size_and_counts_of_cells(self, real):
        assert real.kg_m2.shape == real.kinds.shape == (910, 32)
        counts = real.kinds.stack().value_counts()
        assert counts.to_dict() == {"NA": 22428, "number": 6682, "unspecified": 9, "blank": 1}
        assert real.kg_m2.notna().sum().sum() == 6682

    def test_numbers_of_the_first_row(self, real):
        assert real.kg_m2.loc[0, "steel"] == 3.414459688
        assert real.kg_m2.loc[0, "brick"] == 1025.470266
        assert real.kinds.loc[0, "straw"] == "NA"
        assert np.isnan(real.kg_m2.loc[0, "straw"])

    def test_zero_is_a_number_and_nothing_else_is_zero(self, real):
        assert real.kg_m2.loc[228, "brick"] == 0
        assert real.kinds.loc[228, "brick"] == "number"
        assert (real.kg_m2 == 0).sum().sum() == 181

    def test_unspecified_is_unknown_and_not_zero(self, real):
        cells = [(row, name) for (row, name), kind in real.kinds.stack().items() if kind == "unspecified"]
        assert cells == [
            (228, "concrete"), (230, "concrete"), (245, "aggregates"), (251, "brick"), (251, "aggregates"),
            (252, "aggregates"), (253, "brick"), (254, "brick"), (256, "brick"),
        ]  # fmt: skip
        assert all(np.isnan(real.kg_m2.loc[cell]) for cell in cells)

    def test_null_stands_in_attributes_and_in_no_material(self, real):
        assert "NULL" not in set(real.kinds.to_numpy().ravel())
        assert (real.rows["construction_period_start"] == "NULL").sum() == 98
        assert (real.rows["construction_period_start"] == "NA").sum() == 227

    def test_the_blank_cell(self, real):
        assert real.kinds.loc[628, "siding_unspecified"] == "blank"
        assert np.isnan(real.kg_m2.loc[628, "siding_unspecified"])

    def test_letters_outside_ascii(self, real):
        assert "Nägeli" in real.rows.loc[228, "authors"]
        assert real.rows["comment_secondary"].str.contains("\u2019").any() or real.rows.map(
            lambda text: "\u2019" in text
        ).any(axis=None)

    def test_the_derived_column_is_concrete_or_its_parts(self, real):
        derived = pd.to_numeric(real.rows["concrete2"], errors="coerce")
        given = real.kg_m2["concrete"].notna()
        np.testing.assert_allclose(derived[given], real.kg_m2.loc[given, "concrete"], atol=0.006)
        assert "concrete2" not in real.kg_m2

    def test_classes_are_those_that_are_known(self, real):
        assert set(real.rows["structure"]) == set(STRUCTURES)
        assert set(real.rows["function"]) == set(FUNCTIONS)

    def test_codebook_explains_every_column(self, real, mirror):
        codebook = pd.read_csv(mirror / "heeren_mi" / "codebook.csv", encoding="utf-8-sig")
        names = {name.lower() for name in codebook["variable_name"]}
        # The codebook spells some names with capitals.
        assert {name.lower() for name in MATERIALS} <= names
        materials = codebook[codebook["variable_name"].str.lower().isin([name.lower() for name in MATERIALS])]
        assert set(materials["unit"]) == {"kg per squaremeter of gross floor area"}

    def test_by_structure_and_function(self, real):
        table = intensity_of_database(real, draws=200)
        assert len(table) == 5 * 6 * 32
        timber = table.loc[("T", "RS", "wood")]
        chosen = (real.rows["structure"] == "T") & (real.rows["function"] == "RS")
        assert timber["mean"] == pytest.approx(real.kg_m2.loc[chosen, "wood"].mean())
        assert timber["low"] < timber["mean"] < timber["high"]
        assert 1 < timber["publications"] < timber["n"]
        assert table.loc[("S", "RS", "concrete"), "n"] == 0
        assert np.isnan(table.loc[("S", "RS", "concrete"), "mean"])
        assert table["n"].sum() == 6682
        assert table["unspecified"].sum() == 9

    def test_groups_of_a_row_without_a_material_are_unknown(self, real):
        grouped = to_groups(real.kg_m2)
        assert list(grouped.columns) == list(GROUPS)
        nothing = real.kg_m2[["brick", "adobe", "clay"]].isna().all(axis=1)
        assert grouped.loc[nothing, "clay"].isna().all()


def test_special_values_mean_three_things(tmp_path):
    assert set(SPECIAL) == {"NA", "NULL", "unspecified"}
    path = write(tmp_path / "b.csv", [{"wood": "NULL", "brick": "unspecified", "steel": "0", "glass": " 1.5 "}])
    with pytest.warns(CompanionWarning, match="1 rows, and not those of version 1.2, which has 910"):
        database = read_heeren(path)
    assert database.kinds.loc[0, ["wood", "brick", "steel", "glass", "clay"]].tolist() == [
        "NULL", "unspecified", "number", "number", "NA",
    ]  # fmt: skip
    assert database.kg_m2.loc[0].dropna().to_dict() == {"steel": 0.0, "glass": 1.5}


@pytest.mark.parametrize("cell", ["-1", "abc", "inf", "n/a", "nan"])
def test_other_cells_are_refused(tmp_path, cell):
    path = write(tmp_path / "b.csv", [{}, {"wood": cell}])
    with pytest.raises(MaterialsError, match=rf"id 1, wood: no number and no special value .got '{cell}'"):
        read_heeren(path)


def test_faults_of_the_file(tmp_path):
    with pytest.raises(MaterialsError, match="no such file"):
        read_heeren(tmp_path / "missing.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(MaterialsError, match="no table in cp1252"):
        read_heeren(tmp_path / "empty.csv")
    (tmp_path / "bytes.csv").write_bytes(b"id,a\n1,\x81\n")
    with pytest.raises(MaterialsError, match="no table in cp1252"):
        read_heeren(tmp_path / "bytes.csv")
    with pytest.raises(MaterialsError, match="missing columns"):
        read_heeren(write(tmp_path / "b.csv", [{}], columns=("id", "wood")))
    with pytest.raises(MaterialsError, match="cut within a row"):
        read_heeren(write(tmp_path / "b.csv", []))
    whole = write(tmp_path / "b.csv", [{}, {}]).read_bytes()
    (tmp_path / "cut.csv").write_bytes(whole[:-40])
    with pytest.raises(MaterialsError, match="last row: the file is cut within a row"):
        read_heeren(tmp_path / "cut.csv")
    (tmp_path / "cut.csv").write_bytes(whole[:-3])  # Within the last cell: as many cells as there should be.
    with pytest.raises(MaterialsError, match="last row: the file is cut within a row"):
        read_heeren(tmp_path / "cut.csv")
    (tmp_path / "cut.csv").write_bytes(whole[:-40] + b"\r\n")
    with pytest.raises(MaterialsError, match="data row 1: the file is cut within a row"):
        read_heeren(tmp_path / "cut.csv")
    for rows in ([{"id": "7"}, {"id": "7"}], [{"id": "x"}]):
        with pytest.raises(MaterialsError, match="an id that repeats, or is no number"):
            read_heeren(write(tmp_path / "b.csv", rows))


def test_a_file_cut_between_rows_is_told_from_the_whole_release(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_heeren(write(tmp_path / "whole.csv", [{}] * 910)).rows) == 910
    for rows in ([{}] * 700, [{}] * 911, [{"id": str(909 - k)} for k in range(910)]):
        with pytest.warns(CompanionWarning, match=f"{len(rows)} rows, and not those of version 1.2"):
            read_heeren(write(tmp_path / "cut.csv", rows))


def test_publications_are_drawn_whole():
    # Ten rows that agree within each of two publications: by rows the mean looks well known, by publications it is not.
    values = pd.DataFrame({"wood": [10.0] * 10 + [30.0] * 10})
    rows = pd.DataFrame({"structure": ["T"] * 20, "publication_title": ["a"] * 10 + ["b"] * 10})
    database = IntensityDatabase(values, values.map(lambda _: "number"), rows)
    whole = intensity_of_database(database, ["structure"], ["wood"]).loc[("T", "wood")]
    assert (whole["low"], whole["high"]) == (10.0, 30.0)
    alone = intensity_of_database(database, ["structure"], ["wood"], clusters=None).loc[("T", "wood")]
    assert 15 < alone["low"] < 20 < alone["high"] < 25


def test_cells_by_hand():
    values = pd.DataFrame({"wood": [10.0, 30.0, 0.0, np.nan, 5.0]})
    kinds = pd.DataFrame({"wood": ["number", "number", "number", "unspecified", "number"]})
    rows = pd.DataFrame(
        {"structure": ["T", "T", "T", "T", "C"], "country": list("xxyyx"), "publication_title": list("aabbc")}
    )
    table = intensity_of_database(IntensityDatabase(values, kinds, rows), ["structure"], ["wood"], draws=500)
    assert table.loc[("T", "wood")].drop(["low", "high"]).to_dict() == {
        "n": 3, "zeros": 1, "unspecified": 1, "publications": 2, "mean": pytest.approx(40 / 3), "median": 10.0,
    }  # fmt: skip
    assert table.loc[("C", "wood"), "n"] == 1
    assert np.isnan(table.loc[("C", "wood"), "low"])
    by_country = intensity_of_database(IntensityDatabase(values, kinds, rows), ["country"], ["wood"], draws=10)
    assert by_country["n"].tolist() == [3, 1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"by": ["planet"]}, r"by: unknown name, or none .got \['planet'\]"),
        ({"by": []}, "by: unknown name, or none"),
        ({"materials": ["gold"]}, "materials: unknown name"),
        ({"draws": 0}, "no whole number of 1"),
        ({"seed": -1}, "no whole number of 0"),
        ({"clusters": "planet"}, "clusters: unknown name .got 'planet'"),
    ],
)
def test_refusals(given, message):
    empty = pd.DataFrame(columns=["wood"])
    rows = pd.DataFrame(columns=["structure", "function", "publication_title"])
    with pytest.raises(MaterialsError, match=message):
        intensity_of_database(IntensityDatabase(empty, empty, rows), **{"materials": ["wood"], **given})
