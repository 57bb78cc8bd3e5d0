"""Keep the English catalogues: `translations.py update [app…]`, `compile`, `check`.

Source strings are Chinese and stand in the code; each app's `locale/en/LC_MESSAGES/django.po` holds the
English. GNU gettext is not on the machines this project promises to run on, so strings are found with
Django's own template reader and Python's `ast`, and catalogues are written with polib.
"""

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

SOURCE = Path(__file__).resolve().parent.parent / "src" / "zhudang"
NAMES = {"_", "gettext", "gettext_lazy", "gettext_noop", "pgettext", "pgettext_lazy", "ngettext", "ngettext_lazy"}
HAN = re.compile(r"[\u3400-\u9fff]")
# Keys the catalogue is looked up by: (context or None, msgid, plural or None)
Key = tuple[str | None, str, str | None]


def apps() -> list[Path]:
    """Every folder with words of its own: contexts, `site`, `shared/web`."""
    found = [path for path in sorted(SOURCE.iterdir()) if path.is_dir() and path.name not in {"shared", "__pycache__"}]
    return [*found, SOURCE / "shared" / "web"]


def strings_in(app: Path) -> dict[Key, list[str]]:
    """Every translatable string of one app with the files it stands in."""
    found: dict[Key, list[str]] = {}
    for path in sorted(app.rglob("*")):
        if path.suffix == ".py" and "migrations" not in path.parts:
            code = path.read_text(encoding="utf-8")
        elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
            code = _template_as_code(path)
        else:
            continue
        for key in _calls(code, path):
            found.setdefault(key, []).append(path.relative_to(SOURCE).as_posix())
    return found


def _template_as_code(path: Path) -> str:
    from django.utils.translation.template import templatize

    shadow = templatize(path.read_text(encoding="utf-8"), origin=path.name)
    calls = re.findall(r"(?:[np]+|)gettext\((?:.|\n)*?\)(?= |\n|$)", shadow)
    lines = [shadow_call.replace("\n", "\\n") for shadow_call in calls]
    lines += re.findall(r"\b_\((?:u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\")\)", shadow)
    return "\n".join(dict.fromkeys(lines))


def _calls(code: str, path: Path) -> Iterator[Key]:
    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        raise SystemExit(f"{path}: {error}") from error
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in NAMES:
            continue
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if not texts:
            continue
        if name.startswith("p"):
            yield texts[0], texts[1], None
        elif name.startswith("n"):
            yield None, texts[0], texts[1]
        else:
            yield None, texts[0], None


def catalogue_path(app: Path) -> Path:
    return app / "locale" / "en" / "LC_MESSAGES" / "django.po"


def load(app: Path) -> polib.POFile:
    path = catalogue_path(app)
    if path.exists():
        return polib.pofile(str(path), wrapwidth=110)
    catalogue = polib.POFile(wrapwidth=110)
    catalogue.metadata = {
        "Language": "en",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    return catalogue


def update(app: Path) -> tuple[int, int]:
    """Bring one catalogue level with the code; give (strings, without English)."""
    found = strings_in(app)
    if not found:
        return 0, 0
    catalogue = load(app)
    known: dict[Key, polib.POEntry] = {(e.msgctxt, e.msgid, e.msgid_plural or None): e for e in catalogue}
    for key, entry in known.items():
        if key not in found:
            catalogue.remove(entry)
    for key in sorted(found, key=lambda k: (k[1], k[0] or "")):
        if key not in known:
            context, text, plural = key
            entry = polib.POEntry(msgid=text, msgctxt=context)
            if plural is not None:
                entry.msgid_plural, entry.msgstr_plural = plural, {0: "", 1: ""}
            catalogue.append(entry)
    path = catalogue_path(app)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path))
    return len(found), sum(1 for entry in catalogue if not _done(entry))


def _done(entry: polib.POEntry) -> bool:
    if entry.msgid_plural:
        return all(entry.msgstr_plural.values())
    return bool(entry.msgstr)


def compile_all() -> None:
    for app in apps():
        path = catalogue_path(app)
        binary = path.with_suffix(".mo")
        if path.exists() and (not binary.exists() or binary.stat().st_mtime < path.stat().st_mtime):
            polib.pofile(str(path)).save_as_mofile(str(binary))


def problems() -> list[str]:
    """What keeps the two languages from being complete."""
    told = []
    for app in apps():
        found = strings_in(app)
        known = {(e.msgctxt, e.msgid, e.msgid_plural or None): e for e in load(app)}
        label = app.relative_to(SOURCE).as_posix()
        for key in found:
            if key not in known or not _done(known[key]):
                told.append(f"{label}: no English for «{key[1]}» ({found[key][0]})")
        told += [f"{label}: no longer in the code: «{key[1]}»" for key in known if key not in found]
        told += [
            f"{label}: Chinese left in the English of «{key[1]}»"
            for key, entry in known.items()
            if HAN.search(re.sub(r"《[^》]*》|「[^」]*」|“[^”]*”|\([^)]*\)|（[^）]*）", "", entry.msgstr))
            and len(HAN.findall(entry.msgstr)) > 8
        ]
    return told


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhudang.site.settings")
    command, names = (arguments[0] if arguments else "check"), arguments[1:]
    if command == "update":
        for app in apps():
            if not names or app.name in names or app.relative_to(SOURCE).as_posix() in names:
                total, missing = update(app)
                if total:
                    print(f"{app.name}: {total} strings, {missing} without English")
        compile_all()
        return 0
    if command == "compile":
        compile_all()
        return 0
    told = problems()
    print("\n".join(told) or "translations: complete")
    return 1 if told else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
