"""Build the site with Jupyter Book if anything that it is made from changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from common import BOOK, ROOT

from lib.rerun.cachekey import file_hash, text_hash

BUILT = ROOT / "_build" / "html"
KEY = ROOT / "_build" / "site.key"
COMMAND = ("build", "book", "--config", "_config.yml", "--path-output", ".", "-n", "-W", "--keep-going", "-q")


def site_key() -> str:
    """Hash everything that the site is made from."""
    files = [ROOT / "_config.yml", ROOT / "constraints.txt", *_files(BOOK), *_files(ROOT / "lib")]
    return text_hash({path.relative_to(ROOT).as_posix(): file_hash(path) for path in sorted(files)})


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def make() -> int:
    """Build the site; give the exit code."""
    key = site_key()
    if (BUILT / "index.html").is_file() and KEY.is_file() and KEY.read_text() == key:
        print(f"site: unchanged, {BUILT / 'index.html'}")
        return 0
    # Always from the start: a second try after a failed build would pass over what it warned about before.
    KEY.unlink(missing_ok=True)
    shutil.rmtree(ROOT / "_build" / ".doctrees", ignore_errors=True)
    shutil.rmtree(BUILT, ignore_errors=True)
    done = subprocess.run([str(Path(sys.executable).with_name("jupyter-book")), *COMMAND], cwd=ROOT)
    if done.returncode == 0:
        KEY.write_text(key)
    return done.returncode
