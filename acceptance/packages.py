"""How the examiner judges labelled packages: whole folders, and ZIP files of them.

    python acceptance/packages.py DATA [--list]

DATA holds `packages-*/expected.csv`. What is labelled invalid must fail, what is labelled with a warning must warn,
what is valid must not fail; codes of the specification that a label names must be told.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from zhudang.checks.packages.model import PackageReport
from zhudang.checks.packages.running import package_reports

CODES = re.compile(r"\b(?:[EW]\d{3}|CSIP(?:STR)?\d+)\b")


def agrees(expected: str, report: PackageReport | None) -> bool:
    if report is None:
        return False
    verdict = str(report.verdict)
    told = set(CODES.findall(json.dumps(report.as_json())))
    if expected.startswith(("invalid", "path escapes")):
        return verdict == "fail" and set(CODES.findall(expected.split(";")[0])) <= told
    if "warning" in expected:
        return verdict == "warn" and set(CODES.findall(expected)) <= told
    return verdict in ("pass", "warn")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--list", action="store_true", help="name every disagreement")
    options = parser.parse_args()
    missed = 0
    for table in sorted(options.data.glob("packages-*/expected.csv")):
        started = time.monotonic()
        reports = {report.path: report for report in package_reports([table.parent])}
        with table.open(encoding="utf-8-sig", newline="") as lines:
            rows = [(row["file"].rstrip("/"), row["expected"]) for row in csv.DictReader(lines)]
        wrong = [(name, expected) for name, expected in rows if not agrees(expected, reports.get(name))]
        missed += len(wrong)
        seconds = time.monotonic() - started
        print(f"{table.parent.name:<16}{len(rows) - len(wrong)}/{len(rows)}  in {seconds:.1f} s")
        for name, expected in wrong if options.list else ():
            report = reports.get(name)
            print(f"  {name}\t{report.verdict if report else 'not found'}\t{expected[:80]}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
