"""What the chapter says of the benchmark of stock intervals is what the kept results hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib.errors import MaterialsError
from lib.materials.kept_coverage import NAMES, kept_coverage

KEPT = Path(__file__).parents[1] / "benchmarks" / "results"


def write(folder, **rows):
    for name in NAMES:
        (folder / f"{name}.json").write_text(json.dumps({"setting": {"seeds": [1, 2]}, "rows": rows[name]}))


def small():
    """Three results with numbers of our own."""
    clear = {name: {"coverage": share, "bar_met": met} for name, share, met in (
        ("total", 0.9, True), ("brick", 0.95, True), ("wood", 0.8, False), ("cement", 0.99, False)
    )}  # fmt: skip
    classes = {name: {"0.9": {"groups": share, "total": share}} for name, share in
               (("probabilities", 0.91), ("most likely class", 0.7))}  # fmt: skip
    cases = ((20, "city"), (100, "city"), (400, "survey"), (400, "uniform"))
    limits = {
        f"{size}, {prior}": {
            "surveyed": size,
            "prior": prior,
            "groups": 0.5 + k / 10,
            "total": 0.4,
            "total_bias": -0.02 * k,
        }
        for k, (size, prior) in enumerate(cases)
    }
    return dict(zip(NAMES, (clear | {"borrowed floor area": 0.1}, classes, limits), strict=True))


def test_rows_outside_the_bar_are_named_and_percents_are_percents(tmp_path):
    write(tmp_path, **small())
    told, limits = kept_coverage(tmp_path)
    assert (told["too_narrow"], told["too_wide"], told["rows_all"]) == ("wood 80.0 %", "cement 99.0 %", 4)
    assert (told["bench_soft"], told["bench_hard_total"], told["bench_clear"]) == pytest.approx((91, 70, 90))
    assert (told["tiny_groups"], told["even_mix_groups"], told["even_mix_bias"]) == pytest.approx((50, 80, -6))
    assert limits.loc[(100, "city"), "total"] == pytest.approx(40)


def test_where_no_row_misses_none_is_said(tmp_path):
    rows = small()
    rows[NAMES[0]] = {"total": {"coverage": 0.9, "bar_met": True}, "borrowed floor area": 0.1}
    write(tmp_path, **rows)
    assert kept_coverage(tmp_path)[0]["too_narrow"] == "none"
    (tmp_path / f"{NAMES[2]}.json").unlink()
    with pytest.raises(MaterialsError, match=r"no kept result .got 'stock_coverage_limits.json'"):
        kept_coverage(tmp_path)


def test_the_kept_results_are_of_one_benchmark_and_say_what_the_chapter_says():
    told, limits = kept_coverage(KEPT)
    settings = [json.loads((KEPT / f"{name}.json").read_text())["setting"] for name in NAMES]
    assert [setting["seeds"] for setting in settings] == [[5000, 5200], [5000, 5200], [6000, 6100]]
    judged = json.loads((KEPT / f"{NAMES[0]}.json").read_text())["rows"]
    for row in judged.values():
        if isinstance(row, dict):
            assert row["bar_met"] == (0.85 <= row["coverage"] <= 0.95)
    assert told["too_narrow"] == "none"
    # Small surveys and a foreign mix of classes are where it fails, and the chapter says so.
    assert told["tiny_groups"] < 85 < told["small_groups"]
    assert told["even_mix_total"] < 30
    assert told["even_mix_bias"] < -5 < told["own_mix_bias"]
    assert len(limits) == 7
