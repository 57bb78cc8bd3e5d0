"""`./dev check`: everything that can be told without running the product. Prints what fails, exits 1."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STRICT = ["src/zhudang/checks", "src/zhudang/shared", "src/zhudang/preservation/ocfl"]


def run(*command: str) -> str:
    """Run a tool of the environment; empty when it is content, otherwise what it said."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-6000:]


def lint() -> str:
    folders = [name for name in ("src", "tests", "tools", "acceptance", "bench") if (ROOT / name).exists()]
    return run("ruff", "check", *folders)


def types() -> str:
    domains = [str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("src/zhudang/*/domain"))]
    return run("mypy", "--strict", *[path for path in STRICT if (ROOT / path).exists()], *domains)


def contracts() -> str:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([sys.executable, str(program)], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-4000:]


def migrations() -> str:
    os.environ["ZHUDANG_DATA"] = str(ROOT / "var")
    return run("django", "makemigrations", "--check", "--dry-run", "--skip-checks")


def translations() -> str:
    done = subprocess.run(
        [sys.executable, "tools/translations.py", "check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[-6000:]


def templates() -> str:
    program = Path(sys.executable).with_name("djlint")
    done = subprocess.run(
        [sys.executable, str(program), "src", "--lint", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    told = "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-4000:]
    forbidden = re.compile(r"\sstyle=\"|\son[a-z]+=\"|<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>|<style")
    for path in sorted(ROOT.glob("src/**/templates/**/*.html")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if forbidden.search(line):
                told += f"\n{path.relative_to(ROOT)}:{number}: inline script or style: {line.strip()[:120]}"
    return told


def findings_documented() -> str:
    from zhudang.checks import rules

    text = "\n".join(
        path.read_text(encoding="utf-8") for path in [*ROOT.glob("docs/findings.md"), *ROOT.glob("docs/findings/*.md")]
    )
    missing = [code for code in sorted(rules.all_rules()) if code not in text]
    return f"no page in docs for: {', '.join(missing)}" if missing else ""


def addresses() -> str:
    """No download address and no path of a machine may stand in a lock file."""
    told = []
    for path in [
        *ROOT.glob("requirements/*"),
        ROOT / "frontend" / "package-lock.json",
        ROOT / "frontend" / "package.json",
    ]:
        if path.exists() and re.search(r"https?://|file://", path.read_text(encoding="utf-8")):
            told.append(f"{path.relative_to(ROOT)}: holds an address")
    lock = ROOT / "frontend" / "package-lock.json"
    if lock.exists() and any(
        "resolved" in entry for entry in json.loads(lock.read_text(encoding="utf-8"))["packages"].values()
    ):
        told.append("frontend/package-lock.json: holds `resolved`")
    return "\n".join(told)


CHECKS: list[tuple[str, Callable[[], str]]] = [
    ("ruff", lint),
    ("addresses", addresses),
    ("import contracts", contracts),
    ("translations", translations),
    ("templates", templates),
    ("findings documented", findings_documented),
    ("migrations complete", migrations),
    ("mypy --strict", types),
]


def main() -> int:
    failed = False
    for name, check in CHECKS:
        began = time.monotonic()
        told = check()
        print(f"{'✗' if told else '✓'} {name} ({time.monotonic() - began:.1f} s)")
        if told:
            failed = True
            print(told)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
