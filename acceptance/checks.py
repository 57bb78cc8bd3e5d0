"""How far the checks agree with a folder of labelled files: `python acceptance/checks.py DATA_DIR`.

Every sub-folder with an `expected.csv` (columns file, kind, expected) is one row of the table. Labels are
text; EXPECTATIONS says honestly what each kind of label lets us ask, and labels that ask nothing of a
verdict are counted as such. `--list` names every disagreement, `--quick` takes every fourth file.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from zhudang.checks.engine import Engine
from zhudang.checks.model import FileReport, FileToCheck

REFUSE, TELL, SOUND, INFECTED = "refuse", "tell", "sound", "infected"
"""Must fail; must at least be told (not pass); must not fail; must fail where a virus scanner is configured."""

EXPECTATIONS: tuple[tuple[str, str, str, str], ...] = (
    # folder, pattern of kind, pattern of expected, what is asked
    ("archives", ".*", r"encrypted|ignore_encryption_flag", REFUSE),
    ("archives", "eicar", ".*", INFECTED),
    ("archives", r"libzip-bad|yauzl-bad|zip-slip", ".*", REFUSE),
    ("archives", r"zip2", r"invalid|bad|corrupt|should fail|must", REFUSE),
    ("archives", r"libzip-ok|yauzl-ok|tika-archive|zip2", ".*", SOUND),
    ("archives", r"cpython-archive", r"opens", SOUND),
    ("cad", r"ezdxf-bad", ".*", TELL),
    ("cad", ".*", ".*", SOUND),
    ("formats", r"ext-mismatch", ".*", TELL),
    ("images", r".*-ok|pillow-opens|pillow-valid|pillow-dpi", ".*", SOUND),
    ("images", r"jhove-bad", ".*", TELL),
    ("images", r".*", ".*", REFUSE),
    ("media", r"mutagen-bad|mp4parse-corrupt|jhove-wav-bad", ".*", TELL),
    ("media", r"small", r"truncated", REFUSE),
    ("media", ".*", ".*", SOUND),
    ("ofd", r"ofd-malformed", ".*", TELL),
    ("ofd", r"ofd-.*", ".*", SOUND),
    ("office-active", ".*", r"encrypted", REFUSE),
    ("office-active", ".*", r"signed|OneNote", SOUND),
    ("office-active", ".*", ".*", TELL),
    ("pdf-misc", ".*", r"opens with empty|opens without", TELL),
    ("pdf-misc", ".*", r"password needed|user password|open-nocopy", REFUSE),
    ("pdf-misc", r"handbuilt-malformed|govdocs-error", ".*", TELL),
    ("pdf-misc", r"cabinet-of-horrors", r"intact|fonts embedded as", SOUND),
    ("pdf-misc", r"cabinet-of-horrors", ".*", TELL),
    ("pdf-misc", ".*", r"^encrypted", TELL),
    ("pdf-misc", ".*", r"not encrypted", SOUND),
    ("pdf-misc", r"sample-files", r'"encrypted": true', TELL),
    ("pdf-misc", r"sample-files", ".*", SOUND),
    ("pdf-misc", r"qpdf-malformed", ".*", TELL),
    ("pdf-misc", r"jhove-pdf", r"error corpus\)", TELL),
    ("pdf-misc", r"jhove-pdf", r"false a", SOUND),
    (
        "pdf-misc",
        ".*",
        r"malformed|unreadable|read error|circular|fuzzed|bad xref|missing|damaged|broken|null in kids",
        TELL,
    ),
    ("pdf-misc", ".*", r"JavaScript|OpenAction|embedded|multimedia|portfolio|XFA|attachment|not embedded", TELL),
    (
        "pdf-misc",
        ".*",
        r"hybrid|image-only|regression file|outline$|text$|AcroForm|AutoCAD|OCR text|rotated|PDF/A|vertical",
        SOUND,
    ),
    ("pdf-misc", r"pdfjs|pypdf|py-pdf|pdfbox|qpdf|tika|oo-features", r"^(opens|PDF/A|text|ok)", SOUND),
    ("pdf-signed", r"dss-bad", r"HASH_FAILURE|corrupted|replaced|edited|added after|spoofing|ByteRange", REFUSE),
    ("pdf-signed", r"pyhanko-bad", r"SUSPICIOUS|NONSTANDARD|not covered", REFUSE),
    ("pdf-signed", r".*-bad", ".*", TELL),
    ("pdf-signed", r".*-ok", r"^(?!.*encrypted to certificate)", SOUND),
    ("pdfa", r".*", ".*", SOUND),
    ("ocr-zh", r"^(?!.*text).*", ".*", SOUND),
)

ALTERED, KEPT, DOUBTED, TRUSTED, UNSIGNED = "altered", "kept", "doubted", "trusted", "unsigned"
"""A signature broken or content changed; none of both; something told; a chain to an anchor; no signature."""

SIGNED: tuple[tuple[str, str, str], ...] = (
    # pattern of kind, pattern of expected, what the statuses must say (only in pdf-signed)
    (r"siva-unsigned", ".*", UNSIGNED),
    (r".*-ok", r"encrypted to certificate", ""),
    (r"pyhanko-ok", r"(?<!un)trusted (against|with)|, trusted", TRUSTED),
    (r".*-ok", ".*", KEPT),
    (
        r".*-bad",
        r"HASH_FAILURE|corrupted|replaced|edited|added after|spoofing|ByteRange|SUSPICIOUS|NONSTANDARD|not covered"
        r"|DigestAttributeValueDoesNotMatch|copied",
        ALTERED,
    ),
    (r".*-bad", ".*", DOUBTED),
)


@dataclass(frozen=True)
class Label:
    folder: str
    path: Path
    kind: str
    expected: str

    @property
    def asked(self) -> str | None:
        for folder, kind, expected, asked in EXPECTATIONS:
            fits = re.fullmatch(kind, self.kind) and re.search(expected, self.expected, re.IGNORECASE)
            if folder == self.folder and fits:
                if asked == INFECTED:
                    return REFUSE if os.environ.get("ZHUDANG_CLAMD") else None
                return asked
        return None


def labels(data: Path) -> Iterator[Label]:
    for table in sorted(data.glob("*/expected.csv")):
        with table.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                path = table.parent / row["file"]
                if path.is_file():
                    yield Label(table.parent.name, path, row["kind"], row["expected"])


def agrees(asked: str, report: FileReport) -> bool:
    verdict = str(report.verdict)
    if asked == REFUSE:
        return verdict == "fail"
    if asked == TELL:
        return verdict in {"fail", "warn", "manual"}
    return verdict != "fail"


def identity(label: Label, report: FileReport) -> bool | None:
    """Whether the format agrees with a label that names one; None when it names none we can compare."""
    if found := re.match(r"PRONOM (\S+)", label.expected):
        return report.format.id == found[1]
    if label.folder == "formats" and re.match(r"[a-z]+/[\w.+-]+(;|$)", label.expected):
        return label.expected.split(";")[0].lower() in report.format.mime.lower()
    if label.folder == "ofd" and label.kind.startswith("ofd"):
        return report.format.id == "zd/ofd"
    if label.folder == "pdfa" and (found := re.match(r"(pass|fail):", label.expected)):
        return bool((report.facts.get("pdfa") or {}).get("conforms")) is (found[1] == "pass")
    if found := re.match(r"D[WX]G release .*header (AC\d+)", label.expected):
        return found[1] in str(report.facts.get("release"))
    if found := re.fullmatch(r"encoding (\S+)", label.expected):
        return _same_encoding(found[1], report.facts.get("encoding"))
    return None


def signatures(label: Label, report: FileReport) -> bool | None:
    """Whether the statuses of the signatures agree with a label; None when it asks nothing of them."""
    if label.folder != "pdf-signed":
        return None
    wanted = next(
        (
            what
            for kind, text, what in SIGNED
            if re.fullmatch(kind, label.kind) and re.search(text, label.expected, re.I)
        ),
        "",
    )
    told = report.facts.get("signatures") or []
    altered = any(each["status"] in {"broken", "modified", "revoked"} for each in told)
    if wanted == UNSIGNED:
        return not told
    if wanted == ALTERED:
        return altered or report.verdict == "fail"
    if wanted == DOUBTED:
        return any(code.startswith("SIG") for code in report.codes) or report.verdict == "fail"
    if wanted == TRUSTED and os.environ.get("ZHUDANG_TRUST"):
        return bool(told) and all(each["at_signing"]["trust"] == "trusted" for each in told) and not altered
    return bool(told) and not altered if wanted in (KEPT, TRUSTED) else None


def _same_encoding(expected: str, found: object) -> bool:
    """GB 2312 ⊂ GBK ⊂ GB 18030, so a narrower member also decodes the text."""
    names = [str(each).lower().replace("_", "-") for each in (expected, found)]
    family = {"gb2312", "gbk", "gb18030"}
    same = names[0].replace("-", "") == names[1].replace("-", "")
    return same or set(names) <= family or (names[0] == "big5" and names[1].startswith("big5"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--list", action="store_true", help="name every disagreement")
    parser.add_argument("--quick", action="store_true", help="every fourth file only")
    options = parser.parse_args()
    wanted = list(labels(options.data))[:: 4 if options.quick else 1]
    by_path = {str(label.path): label for label in wanted}
    started = time.monotonic()
    with Engine() as engine:
        reports = list(engine.check_paths(FileToCheck(label.path) for label in wanted))
    seconds = time.monotonic() - started
    return tell([(by_path[report.path], report) for report in reports], seconds, options.list)


def tell(pairs: list[tuple[Label, FileReport]], seconds: float, every: bool) -> int:
    counts: Counter[tuple[str, str, bool]] = Counter()
    identities: Counter[tuple[str, bool]] = Counter()
    statuses: Counter[bool] = Counter()
    unasked: Counter[str] = Counter()
    for label, report in sorted(pairs, key=lambda pair: pair[1].path):
        asked = label.asked
        same = identity(label, report)
        if same is not None:
            identities[label.folder, same] += 1
        signed = signatures(label, report)
        if signed is not None:
            statuses[signed] += 1
        if asked is None:
            unasked[label.folder] += 1
        else:
            counts[label.folder, asked, agrees(asked, report)] += 1
        if every and ((asked and not agrees(asked, report)) or same is False or signed is False):
            codes = ",".join(sorted(report.codes)) or "-"
            print(
                f"{label.folder}\t{asked}\t{report.verdict}\t{codes}\t{report.format.id}\t{label.path.name}\t{label.expected[:70]}"
            )
    folders = sorted({label.folder for label, _ in pairs})
    print(f"{'folder':<14}{'refuse':>12}{'tell':>12}{'sound':>12}{'identity':>12}{'not asked':>11}")
    for folder in folders:
        cells = "".join(_cell(counts, folder, asked) for asked in (REFUSE, TELL, SOUND))
        print(f"{folder:<14}{cells}{_pair(identities[folder, True], identities[folder, False])}{unasked[folder]:>11}")
    total = [sum(counts[folder, asked, True] for folder in folders) for asked in (REFUSE, TELL, SOUND)]
    missed = [sum(counts[folder, asked, False] for folder in folders) for asked in (REFUSE, TELL, SOUND)]
    cells = "".join(_pair(good, bad) for good, bad in zip(total, missed, strict=True))
    same, other = (sum(identities[folder, each] for folder in folders) for each in (True, False))
    print(f"{'all':<14}{cells}{_pair(same, other)}{sum(unasked.values()):>11}")
    if statuses:
        print(f"signatures in pdf-signed whose status agrees: {statuses[True]}/{statuses.total()}")
    stuck = sum(bool(report.codes & {"RUN-001", "RUN-002", "RUN-003"}) for _, report in pairs)
    unfinished = sum("RUN-005" in report.codes for _, report in pairs)
    print(f"{len(pairs)} files in {seconds:.1f} s; workers lost on {stuck} files; checks unfinished on {unfinished}")
    return 1 if stuck else 0


def _cell(counts: Counter[tuple[str, str, bool]], folder: str, asked: str) -> str:
    return _pair(counts[folder, asked, True], counts[folder, asked, False])


def _pair(good: int, bad: int) -> str:
    return f"{good}/{good + bad}".rjust(12) if good + bad else "-".rjust(12)


if __name__ == "__main__":
    sys.exit(main())
