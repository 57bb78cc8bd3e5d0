"""Labelled files against the verdicts, formats, signatures and PDF/A judgements of the examiner."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from acceptance.parts.labels import ALTERED, DOUBTED, KEPT, REFUSE, SOUND, TELL, TRUSTED, UNSIGNED, Label
from acceptance.parts.tally import Disagreement, Tally

from zhudang.checks.engine import Engine
from zhudang.checks.model import FileReport, FileToCheck

LOST = {"RUN-001": "crashed", "RUN-002": "over the time limit", "RUN-003": "over the memory limit"}
LEADS_OUT = re.compile(r"path traversal|absolute path|relative path", re.IGNORECASE)
"""Labels of archives that would write outside their folder."""


def judge(wanted: Iterable[Label], tally: Tally) -> int:
    """Examine every file and count it; returns how many there were."""
    by_path = {str(label.path): label for label in wanted}
    with Engine() as engine:
        reports = list(engine.check_paths(FileToCheck(label.path) for label in by_path.values()))
    for report in sorted(reports, key=lambda each: each.path):
        label = by_path[report.path]
        count(label, report, tally)
        name = f"{label.folder}/{label.path.name}"
        tally.lost += [f"{name}: {LOST[code]}" for code in sorted(report.codes & LOST.keys())]
        if "RUN-005" in report.codes:
            tally.unfinished.append(name)
    return len(reports)


def count(label: Label, report: FileReport, tally: Tally) -> None:
    """Put one file's answers to every question its label asks into the tally."""
    asked = label.asked
    told = f"{report.verdict} {','.join(sorted(report.codes)) or '-'}"
    if asked is None:
        tally.unasked += 1
    else:
        _answer(label, report, tally, asked, agrees(asked, report), told, asked == SOUND)
    if label.folder == "archives" and LEADS_OUT.search(label.expected):
        _answer(label, report, tally, "unsafe archives", report.verdict == "fail", told, False)
    same = identity(label, report)
    if same is not None:
        question = "identity of OFD" if label.folder == "ofd" else "identity"
        found = f"{report.format.id or 'unknown'} {report.format.mime}"
        _answer(label, report, tally, question, same, found, bool(report.format.id))
    conforms = archival(label, report)
    if conforms is not None:
        expected = label.expected.startswith("pass")
        _answer(label, report, tally, "PDF/A", conforms is expected, str(report.facts.get("pdfa")), expected)
    signed = signatures(label, report)
    if signed is not None:
        statuses = ",".join(each["status"] for each in report.facts.get("signatures") or []) or "none"
        _answer(label, report, tally, "signatures", signed, statuses, label.signed in (KEPT, TRUSTED, UNSIGNED))


def _answer(label: Label, report: FileReport, tally: Tally, question: str, same: bool, got: str, alarm: bool) -> None:
    if same:
        tally.agreed(label.folder, question)
        return
    weak = label.weakness(question, report) or ""
    tally.differs(Disagreement(label.folder, question, label.path.name, label.expected, got, alarm, weak))


def agrees(asked: str, report: FileReport) -> bool:
    verdict = str(report.verdict)
    if asked == REFUSE:
        return verdict == "fail"
    if asked == TELL:
        return verdict in {"fail", "warn", "manual"}
    return verdict != "fail"


def identity(label: Label, report: FileReport) -> bool | None:
    """Whether the format, release or encoding agrees with a label that names one; None when it names none."""
    if found := re.match(r"PRONOM (\S+)", label.expected):
        return report.format.id == found[1]
    if label.folder == "formats" and re.match(r"[a-z]+/[\w.+-]+(;|$)", label.expected):
        return label.expected.split(";")[0].lower() in report.format.mime.lower()
    if label.folder == "ofd" and label.kind.startswith("ofd"):
        return report.format.id == "zd/ofd"
    if found := re.match(r"D[WX]G release .*header (AC\d+)", label.expected):
        return found[1] in str(report.facts.get("release"))
    if found := re.fullmatch(r"encoding (\S+)", label.expected):
        return _same_encoding(found[1], report.facts.get("encoding"))
    return None


def archival(label: Label, report: FileReport) -> bool | None:
    """Whether the examiner holds a labelled PDF/A to conform; None when the label says nothing of it."""
    if label.folder != "pdfa" or not label.expected.startswith(("pass:", "fail:")):
        return None
    return bool((report.facts.get("pdfa") or {}).get("conforms"))


def signatures(label: Label, report: FileReport) -> bool | None:
    """Whether the statuses of the signatures agree with a label; None when it asks nothing of them."""
    wanted = label.signed
    if wanted is None:
        return None
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
    return bool(told) and not altered


def _same_encoding(expected: str, found: object) -> bool:
    """GB 2312 ⊂ GBK ⊂ GB 18030, so a narrower member also decodes the text."""
    names = [str(each).lower().replace("_", "-") for each in (expected, found)]
    family = {"gb2312", "gbk", "gb18030"}
    same = names[0].replace("-", "") == names[1].replace("-", "")
    return same or set(names) <= family or (names[0] == "big5" and names[1].startswith("big5"))
