"""How far the checks agree with folders of labelled files: `python acceptance/checks.py DATA_DIR`.

Every sub-folder with an `expected.csv` (columns file, kind, expected) is asked what its labels allow: must it be
refused, told, held sound; which format is it; what do its signatures, its PDF/A claim, its package say.
`parts/expectations.csv` and `parts/signed.csv` say what each kind of label lets us ask. A disagreement with a label
that `parts/weak_labels.csv` holds to be weak, with its reason, is counted apart: neither as agreement nor as fault.

Exit code 1: a target (`parts/tally.py`) is not reached, or a file crashed, hung or filled the memory of a worker.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from acceptance.parts import files, packages  # noqa: E402
from acceptance.parts.labels import labels  # noqa: E402
from acceptance.parts.tally import Tally  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of folders with expected.csv")
    parser.add_argument("--list", action="store_true", help="name every disagreement")
    parser.add_argument("--quick", action="store_true", help="every fourth file only; all packages")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write counts and disagreements there")
    options = parser.parse_args()
    wanted = list(labels(options.data))[:: 4 if options.quick else 1]
    if not wanted:
        parser.error(f"no labelled files below {options.data}")
    tally, started = Tally(), time.monotonic()
    judged = files.judge(wanted, tally)
    folders = packages.judge(options.data, tally)
    seconds = time.monotonic() - started
    tally.print(every=options.list)
    short = tally.short_of_target()
    print(
        f"{judged} files and {folders} packages in {seconds:.1f} s; {tally.unasked} files with labels that ask nothing"
    )
    print(f"lost {len(tally.lost)}, unfinished {len(tally.unfinished)}; short of target: {', '.join(short) or 'none'}")
    if options.json:
        told = {**tally.as_json(), "seconds": round(seconds, 1), "short_of_target": short}
        options.json.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 1 if short or tally.lost else 0


if __name__ == "__main__":
    sys.exit(main())
