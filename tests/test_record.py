"""Recorded results: one plain value under one plain name, for the prose and for results.json alike."""

from __future__ import annotations

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lib.errors import RunError
from lib.rerun import record as module
from lib.rerun.record import gather_records, record


@pytest.fixture
def shown(monkeypatch):
    """What a kernel would send out."""
    sent = []
    monkeypatch.setattr(module, "get_ipython", lambda: object())
    monkeypatch.setattr(module, "display", lambda data, *, raw, metadata: sent.append((data, metadata)))
    return sent


def notebook_of(shown):
    outputs = [new_output("display_data", data, metadata=metadata) for data, metadata in shown]
    return new_notebook(cells=[new_code_cell(outputs=[*outputs, new_output("stream", text="words")])])


@pytest.mark.parametrize(
    ("value", "plain", "text"),
    [
        (10.686, 10.686, "10.686"),
        (np.float32(0.5), 0.5, "0.5"),
        (np.int64(3), 3, "3"),
        (np.bool_(True), True, "True"),
        ("left", "left", "left"),
        (False, False, "False"),
    ],
)
def test_a_value_is_glued_and_gathered_as_it_is(shown, value, plain, text):
    assert record("some_name", value, unit="m") is None
    ((data, metadata),) = shown
    # The names that the book's glue extension looks for.
    assert data == {"application/papermill.record/text/plain": text}
    assert metadata["scrapbook"] == {"name": "some_name", "mime_prefix": "application/papermill.record/"}
    assert gather_records(notebook_of(shown)) == {"some_name": {"value": plain, "unit": "m"}}


def test_records_are_sorted_by_name(shown):
    record("zeta", 1)
    record("alpha", 2)
    assert list(gather_records(notebook_of(shown))) == ["alpha", "zeta"]


def test_a_name_is_recorded_once(shown):
    record("shift_m", 1)
    record("shift_m", 1)
    with pytest.raises(RunError, match="recorded twice"):
        gather_records(notebook_of(shown))


@pytest.mark.parametrize("name", ["", "Shift", "1st", "shift m", "shift-m", "_shift"])
def test_names_are_plain(name):
    with pytest.raises(RunError, match="not a plain name"):
        record(name, 1)


@pytest.mark.parametrize("value", [np.nan, float("inf"), np.float32("nan"), None, [1], np.zeros(2), 1j])
def test_values_are_finite_scalars(value):
    with pytest.raises(RunError, match="not a finite number"):
        record("name", value)


def test_outside_a_notebook_nothing_is_shown(capsys):
    record("name", 2)
    assert capsys.readouterr().out == ""
