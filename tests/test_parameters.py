"""Parameters: declarations are read strictly, and a wrong name, type or file is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from lib.errors import ParameterError
from lib.rerun.chapters import Project
from lib.rerun.declarations import declared_parameters, parse_declarations
from lib.rerun.parameters import check_parameters, from_text, parse_assignments
from lib.rerun.presets import list_presets, read_preset

DECLARED = """
seed: int = 0  # of the city
extent_m: float = 700  # side of the square, metres
damaged: bool = False  # whether to damage buildings
side: str = "right"  # looking direction
footprints: Path | None = None  # polygons to build on
angles_deg: list[float] = [25.0, 43.1]  # incidence angles
limit: Optional[int] = None  # of buildings
"""


@pytest.fixture
def declared():
    return parse_declarations(DECLARED, "00_city")


def test_declarations_hold_type_default_and_meaning(declared):
    assert [p.kind for p in declared.values()] == [
        *("int", "float", "bool", "str", "Path | None", "list[float]", "int | None"),
    ]
    assert declared["angles_deg"].default == [25.0, 43.1]
    assert declared["extent_m"].comment == "side of the square, metres"


def test_a_comment_is_found_where_a_formatter_broke_the_line():
    source = "seed: int = (\n    0  # of the city\n)\nside: str = 'left'\n"
    declared = parse_declarations(source, "00_city")
    assert [parameter.comment for parameter in declared.values()] == ["of the city", ""]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("seed = 0", "not a declaration"),
        ("seed: int", "not a declaration"),
        ("print(1)", "not a declaration"),
        ("seed: complex = 0", "unknown type"),
        ("seed: int = 'x'", "not of type int"),
        ("seed: int = None", "not of type int"),
        ("seed: int = len([1])", "not a plain value"),
        ("seed: int = = 3", "not Python"),
    ],
)
def test_wrong_declarations_are_refused(line, message):
    with pytest.raises(ParameterError, match=message):
        parse_declarations(line, "00_city")


def test_declarations_are_found_by_their_tag():
    cell = new_code_cell("seed: int = 3", metadata={"tags": ["parameters"]})
    assert declared_parameters(new_notebook(cells=[new_code_cell("x = 1"), cell]), "00_city")["seed"].default == 3
    assert declared_parameters(new_notebook(), "00_city") == {}
    with pytest.raises(ParameterError, match="more than one cell"):
        declared_parameters(new_notebook(cells=[cell, NotebookNode(cell, id="other")]), "00_city")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "7", 7),
        ("extent_m", "1e3", 1000.0),
        ("damaged", "true", True),
        ("damaged", "False", False),
        ("side", "true", "true"),
        ("footprints", "none", None),
        ("angles_deg", "25, 35", [25.0, 35.0]),
        ("angles_deg", "[25]", [25.0]),
        ("angles_deg", "", []),
        ("limit", "null", None),
        ("limit", "5", 5),
    ],
)
def test_text_becomes_the_declared_type(declared, name, text, value):
    got = from_text(declared[name], text, "00_city")
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("name", "text"), [("seed", "7.5"), ("seed", "true"), ("damaged", "1"), ("extent_m", "wide"), ("angles_deg", "1,x")]
)
def test_text_of_another_type_is_refused(declared, name, text):
    with pytest.raises(ParameterError, match=f"not of type .*{text}"):
        from_text(declared[name], text, "00_city")


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_the_command_line(value):
    kind = "int" if isinstance(value, int) else "float"
    declared = parse_declarations(f"x: {kind} = 0", "00_city")
    assert parse_assignments(declared, [f"x={value!r}"], "00_city") == {"x": value}


@pytest.mark.parametrize(
    ("assignments", "message"),
    [(["seed"], "write -p name=value"), (["seed=1", "seed=2"], "given twice"), (["seeed=1"], "did you mean 'seed'")],
)
def test_wrong_assignments_are_refused(declared, assignments, message):
    with pytest.raises(ParameterError, match=message):
        parse_assignments(declared, assignments, "00_city")


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({"aplha": 1}, "unknown parameter 'aplha'"),
        ({"seeds": 1}, "did you mean 'seed'"),
        ({"seed": True}, "not of type int"),
        ({"seed": 1.0}, "not of type int"),
        ({"damaged": 1}, "not of type bool"),
        ({"extent_m": float("nan")}, "not of type float"),
        ({"extent_m": float("inf")}, "not of type float"),
        ({"extent_m": True}, "not of type float"),
        ({"side": None}, "not of type str"),
        ({"angles_deg": 3.0}, "not of type list"),
        ({"seed": [1]}, "not of type int"),
        ({"footprints": 3}, "not of type Path"),
        ({"footprints": "missing.gpkg"}, "no such file"),
    ],
)
def test_wrong_values_are_refused(declared, given_values, message):
    with pytest.raises(ParameterError, match=message):
        check_parameters(declared, given_values, "00_city")


def test_values_are_made_plain_and_files_absolute(declared, tmp_path):
    (tmp_path / "mine.gpkg").touch()
    checked = check_parameters(
        declared, {"extent_m": 3, "angles_deg": [1, 2.5], "footprints": "mine.gpkg", "limit": None}, "00_city", tmp_path
    )
    assert checked == {
        "extent_m": 3.0,
        "angles_deg": [1.0, 2.5],
        "footprints": str(tmp_path / "mine.gpkg"),
        "limit": None,
    }
    assert type(checked["extent_m"]) is float


def test_lists_of_files_are_checked_one_by_one(tmp_path):
    declared = parse_declarations("files: list[Path] = []", "00_city")
    (tmp_path / "a").touch()
    assert check_parameters(declared, {"files": ["a"]}, "00_city", tmp_path) == {"files": [str(tmp_path / "a")]}
    with pytest.raises(ParameterError, match="no such file"):
        check_parameters(declared, {"files": ["a", "b"]}, "00_city", tmp_path)


def test_a_file_of_the_data_manifest_is_fetched(declared, monkeypatch):
    monkeypatch.setattr("lib.rerun.parameters.fetch", lambda name: Path("/cache") / name)
    checked = check_parameters(declared, {"footprints": "data:islahiye/a.gpkg"}, "00_city")
    assert checked == {"footprints": str(Path("/cache/islahiye/a.gpkg"))}


@pytest.fixture
def presets(tmp_path):
    project = Project(tmp_path)
    project.presets.mkdir(parents=True)
    (project.presets / "quick.yaml").write_text("about: Small.\nchapters:\n  00_city: {seed: 3}\n  01_geocoding:\n")
    return project


def test_a_preset_gives_each_chapter_its_parameters(presets):
    quick = read_preset(presets, "quick")
    assert quick.about == "Small."
    assert quick.parameters("00_city") == {"seed": 3}
    assert quick.parameters("01_geocoding") == {}
    assert list_presets(presets) == [quick]


def test_a_preset_is_refused_where_it_is_unknown_or_for_another_chapter(presets):
    with pytest.raises(ParameterError, match="did you mean 'quick'"):
        read_preset(presets, "quik")
    with pytest.raises(ParameterError, match="not for this chapter"):
        read_preset(presets, "quick").parameters("09_report")


@pytest.mark.parametrize(
    "text", ["- a list", "about: x", "chapters: {}", "about: x\nchapters: [a]", "a: [", "about: x\nchapters: {a: 3}"]
)
def test_a_preset_of_another_layout_is_refused(presets, text):
    (presets.presets / "bad.yaml").write_text(text)
    with pytest.raises(ParameterError, match="not laid out as a preset"):
        read_preset(presets, "bad")


LIMITED = """
side: str = "right"  # of the antenna [right | left]
incidence_deg: float = 43.1  # from the vertical [0 to 90]
looks: list[int] = [1, 4]  # of the image [1 | 2 | 4]
limit: int | None = None  # of buildings [1 to 1000000]
"""


@pytest.mark.parametrize(
    ("name", "value"),
    [("side", "left"), ("incidence_deg", 0), ("incidence_deg", 90.0), ("looks", [2]), ("limit", None), ("limit", 1)],
)
def test_values_within_the_declared_limits_are_taken(name, value):
    assert check_parameters(parse_declarations(LIMITED, "00_city"), {name: value}, "00_city") == {name: value}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("side", "up", "00_city, side: not allowed (got 'up'). Fix: give 'right' or 'left'."),
        ("incidence_deg", 95.0, "00_city, incidence_deg: not allowed (got 95.0). Fix: give a number from 0 to 90."),
        ("incidence_deg", -0.1, "give a number from 0 to 90."),
        ("looks", [1, 3], "not allowed (got [1, 3]). Fix: give 1 or 2 or 4."),
        ("limit", 1_000_001, "give a number from 1 to 1000000."),
    ],
)
def test_values_outside_the_declared_limits_are_refused_in_one_sentence(name, value, said):
    with pytest.raises(ParameterError) as caught:
        check_parameters(parse_declarations(LIMITED, "00_city"), {name: value}, "00_city")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "x: int = 1  # [1 to]",
        "x: int = 1  # [1]",
        "x: int = 1  # []",
        "x: int = 1  # [1 to 2] of them",
        "x: int = 1  # [1 to 2] [1 | 2]",
        "x: int = 1  # 1 to 2]",
        "x: int = 1  # [0.5 to 2]",
        "x: int = 1  # [2 to 0]",
        "x: int = 1  # [1|2]",
        "x: int = 1  # [1 | a]",
        "x: int = 1  # [1 | 1]",
        "x: str = 'a'  # [1 to 2]",
        "x: Path | None = None  # [a | b]",
        "x: bool = True  # [true | false]",
    ],
)
def test_limits_are_read_strictly(line):
    with pytest.raises(ParameterError, match="brackets that do not hold limits"):
        parse_declarations(line, "00_city")


def test_a_default_outside_its_limits_is_refused():
    with pytest.raises(ParameterError, match=r"not allowed .got 3"):
        parse_declarations("x: int = 3  # [1 to 2]", "00_city")
