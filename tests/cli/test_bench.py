"""The benchmark program: it measures the store without a database, so it has to start before any settings stand."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmarks_start_without_settings_and_name_what_they_do_not_know() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")}

    said = subprocess.run(
        [sys.executable, "-m", "bench", "no-such"],
        cwd=ROOT, env=environment | {"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert said.returncode == 2
    assert "no such benchmark: no-such" in said.stderr
