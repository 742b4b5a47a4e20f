"""A compiled kernel must not outlive a change in another file that it calls."""

import os
import subprocess
import sys
from pathlib import Path

import lib
from lib.kernel_cache import kernel_folder

ROOT = Path(lib.__file__).parent.parent


def test_the_folder_follows_kernels_and_nothing_else(tmp_path):
    (tmp_path / "kernel.py").write_text("from numba import njit\n")
    (tmp_path / "plain.py").write_text("x = 1\n")
    first = kernel_folder(tmp_path)
    (tmp_path / "plain.py").write_text("x = 2\n")
    assert kernel_folder(tmp_path) == first
    (tmp_path / "kernel.py").write_text("from numba import njit  # changed\n")
    assert kernel_folder(tmp_path) != first


def test_a_change_in_a_called_file_reaches_the_caller(tmp_path):
    """The real fault: with Numba's own place for its cache, the second run prints 1 again."""
    package = tmp_path / "lib"
    package.mkdir()
    for name in ("__init__.py", "kernel_cache.py"):
        (package / name).write_text((ROOT / "lib" / name).read_text())
    kernel = "from numba import njit\n@njit(cache=True)\ndef {name}():\n    return {value}\n"
    (package / "caller.py").write_text(
        kernel.format(name="f", value="g()").replace("\n", "\nfrom lib.called import g\n", 1)
    )
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    environment |= {"COMPANION_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path)}
    for value in (1, 2):
        (package / "called.py").write_text(kernel.format(name="g", value=value))
        command = [sys.executable, "-c", "from lib.caller import f; print(f())"]
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
        assert answer.stdout.strip() == str(value)
    assert len(list((tmp_path / "cache" / "reading-buildings-kernels").iterdir())) == 2


def test_the_users_own_choice_is_kept(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", "import os, lib; print(os.environ['NUMBA_CACHE_DIR'])"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip() == str(tmp_path)


def test_numba_that_is_already_there_is_told(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    environment["COMPANION_CACHE"] = str(tmp_path)
    command = [sys.executable, "-c", "import numba, lib; print(numba.config.CACHE_DIR)"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.strip().startswith(str(tmp_path))
