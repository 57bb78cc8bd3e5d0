"""PDF/A as a document claims it: one finding for each rule of ISO 19005 it breaks."""

from __future__ import annotations

from typing import Any

import pikepdf

from zhudang.checks.examine import Case
from zhudang.checks.pdfa.claims import claim
from zhudang.checks.pdfa.judgement import Judgement

CODES = {
    "file": "PDA-001",
    "graphics": "PDA-002",
    "transparency": "PDA-003",
    "fonts": "PDA-004",
    "annotations": "PDA-005",
    "actions": "PDA-006",
    "forms": "PDA-007",
    "metadata": "PDA-008",
    "structure": "PDA-009",
    "embedded": "PDA-010",
    "optional": "PDA-011",
}
"""Topic of a clause -> our code."""
UNCLAIMED: dict[str, Any] = {"claims": None, "conforms": None, "violations": [], "not_covered": []}


def examine(case: Case, pdf: pikepdf.Pdf) -> None:
    """Judge a document that claims PDF/A; note its violations and the fact `pdfa`."""
    claimed = claim(pdf)
    if claimed is None:
        case.facts["pdfa"] = dict(UNCLAIMED)
        return
    from zhudang.checks.pdfa.clauses import untested  # font libraries only for documents that need them
    from zhudang.checks.pdfa.judge import judge

    # Opened anew: resources a page inherits must not be filled in, as the reader above does.
    with pikepdf.open(case.path, suppress_warnings=True, inherit_page_attributes=False) as raw:
        judgement = judge(raw, case.path, *claimed)
    _tell(case, judgement)
    not_covered = judgement.numbered({*judgement.not_covered, *untested(judgement.part, judgement.level)})
    decided = bool(judgement.violations) or not judgement.incomplete
    case.facts["pdfa"] = {
        "claims": f"{claimed[0]}{claimed[1]}" if claimed[0] else None,
        "conforms": not judgement.violations if decided else None,
        "violations": judgement.clauses,
        "not_covered": not_covered,
    }


def _tell(case: Case, judgement: Judgement) -> None:
    for violation in judgement.violations.values():
        clause = violation.clause
        case.find(
            CODES[clause.topic],
            clause.severity,
            part=judgement.part,
            clause=clause.numbers[judgement.part],
            rule=clause.rule,
            what={"zh": clause.what_zh, "en": clause.what_en},
            places=violation.places or ["–"],
            count=violation.count,
        )
    if judgement.incomplete:
        case.not_checked["PDA-001"] = "error" if not judgement.late else "pages_from_" + str(judgement.late)
