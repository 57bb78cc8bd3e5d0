"""Take every address out of frontend/package-lock.json, or check that none is left.

`npm` writes where it found each package and who asks for money; neither belongs in a
repository that must install from any mirror. Versions and digests stay.

    python tools/strip_lock.py           rewrite the lock file
    python tools/strip_lock.py --check   exit 1 when an address is left
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "frontend" / "package-lock.json"
ADDRESS = re.compile(r"https?://")


def without_addresses(lock: dict) -> dict:
    """Give the lock without `resolved` addresses and `funding`."""
    for package in lock.get("packages", {}).values():
        if ADDRESS.match(str(package.get("resolved", ""))):
            del package["resolved"]
        package.pop("funding", None)
    return lock


def main() -> int:
    """Strip, or check."""
    text = LOCK.read_text(encoding="utf-8")
    stripped = json.dumps(without_addresses(json.loads(text)), ensure_ascii=False, indent=2) + "\n"
    if "--check" in sys.argv:
        if found := ADDRESS.findall(text):
            print(f"frontend/package-lock.json holds {len(found)} addresses; run python tools/strip_lock.py")
            return 1
        return 0
    LOCK.write_text(stripped, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
