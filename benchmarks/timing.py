"""What all benchmarks share: CPU seconds of repeats, the machine, and a result file."""

import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")


def cpu_seconds(work: Callable[[], Any], repeats: int = 5) -> tuple[float, list[float], Any]:
    """Median and all CPU seconds of the process, all threads added, after one call that is not counted; last result."""
    result = work()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), seconds, result


def write(name: str, rows: dict[str, Any], packages: tuple[str, ...], **setting: Any) -> None:
    """Write a benchmark's rows with the setting they were measured in."""
    setting |= {
        "clock": "CPU seconds, all threads added, median",
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
        "machine": platform.machine(),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"setting": setting, "rows": rows}, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path}", file=sys.stderr)
