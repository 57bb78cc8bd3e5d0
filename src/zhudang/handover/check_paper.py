"""The sealed check report (四性检测报告): the letter drawn from the same dataclass as page and JSON."""

from collections.abc import Sequence
from typing import Any

from zhudang.checks import report_words as words
from zhudang.checks import rules
from zhudang.checks.check_report import CheckReport
from zhudang.checks.model import Finding
from zhudang.documents.operations import Paper
from zhudang.handover.project_facts import ProjectFacts

MOST_ROWS = 500
"""Findings printed; the report says how many stand in its JSON only."""


def check_paper(card: ProjectFacts, report: CheckReport, subject: str) -> tuple[Paper, dict[str, Any]]:
    """The form's data and the canonical record of a sealed check report; the record is the report without the files' facts."""
    counts = report.counts
    told = [
        ("工程名称", card.name, True),
        ("检测对象", report.subject[1], False),
        ("阶段", words.stage_word(report.stage, "zh"), False),
    ]
    facts = [{"label": label, "value": value, "wide": wide} for label, value, wide in told]
    facts += [
        {
            "label": "文件",
            "value": _said([(words.verdict_word(c, "zh"), n) for c, n in counts["verdicts"].items()]),
            "wide": True,
        },
        {
            "label": "45 项",
            "value": _said([(words.result_word(c, "zh"), n) for c, n in counts["items"].items()]),
            "wide": True,
        },
        {
            "label": "发现",
            "value": _said([(rules.SEVERITIES[w][0], counts["findings"][str(w)]) for w in rules.SEVERITIES]),
            "wide": True,
        },
    ]
    data = {
        "to": card.client_name,
        "paragraphs": [each for each in (words.opening(report, "zh"), words.carried_sentence(report, "zh")) if each],
        "facts": facts,
        "parts": [part for part in _parts(report) if part],
    }
    told = report.as_json()
    record = {**told, "files": [_brief(each) for each in told["files"]]}
    face = [("工程名称", card.name), ("文件", f"{counts['files']} 个"), ("须更正", f"{counts['verdicts']['fail']} 个")]
    return Paper("check_report", "四性检测报告", data, face=face, subject=subject), record


def _said(pairs: list[tuple[str, int]]) -> str:
    return "，".join(f"{word} {number}" for word, number in pairs)


def _parts(report: CheckReport) -> list[dict[str, Any] | None]:
    return [
        _items(report), _findings("检测发现", report.of_properties), _findings("业务审查", report.business), _left(report),
        _how(report),
    ]  # fmt: skip


def _items(report: CheckReport) -> dict[str, Any]:
    frame = rules.all_items()
    rows: list[Any] = []
    dimension = ""
    for each in report.items:
        item = frame[each.item]
        if item.dimension != dimension:
            dimension = item.dimension
            rows.append({"group": rules.DIMENSIONS[dimension][0]})
        why = "；".join([each.why(), *(f"{code} × {count}" for code, count in each.codes.items())])
        rows.append([each.item, item.name_zh, words.result_word(str(each.result), "zh"), why])
    columns = [
        {"title": "项号", "width": "13mm"}, {"title": "检测项", "width": "1fr"},
        {"title": "结果", "width": "16mm"}, {"title": "依据", "width": "1.2fr"},
    ]  # fmt: skip
    return {"heading": "检测项目（DA/T 70-2018，45 项）", "columns": columns, "rows": rows}


def _findings(title: str, found_ones: Sequence[tuple[str, Finding]]) -> dict[str, Any] | None:
    if not found_ones:
        return None
    rows = [
        [rules.SEVERITIES[found.severity][0], found.code, subject, rules.translate(found, "zh")]
        for subject, found in found_ones[:MOST_ROWS]
    ]
    more = len(found_ones) - len(rows)
    columns = [
        {"title": "程度", "width": "15mm"}, {"title": "代码", "width": "19mm"},
        {"title": "对象", "width": "1fr"}, {"title": "发现", "width": "1.2fr"},
    ]  # fmt: skip
    heading = f"{title}（{len(found_ones)} 条" + (
        f"，此处列出前 {MOST_ROWS} 条，其余见报告 JSON）" if more > 0 else "）"
    )
    return {"heading": heading, "columns": columns, "rows": rows}


def _left(report: CheckReport) -> dict[str, Any] | None:
    if not report.not_checked:
        return None
    known = rules.all_rules()
    rows = [
        [told["code"], known[told["code"]].title_zh if told["code"] in known else "", rules.why_not_checked(told["reason"]), str(told["files"])]
        for told in report.not_checked
    ]  # fmt: skip
    columns = [
        {"title": "代码", "width": "19mm"}, {"title": "检测项", "width": "1fr"},
        {"title": "原因", "width": "1fr"}, {"title": "文件数", "width": "16mm", "align": "right"},
    ]  # fmt: skip
    return {"heading": "没有查的", "columns": columns, "rows": rows}


def _how(report: CheckReport) -> dict[str, Any]:
    rows = [[label, value] for label, value in words.how_lines(report, "zh")]
    rows += [
        ["结果出自", f"{run.engine}　{words.moment(run.at)}　{words.run_word(run, 'zh')}　{n} 个文件"]
        for run, n in report.runs
    ]
    columns = [{"title": "用什么查的", "width": "42mm"}, {"title": "版本、设置", "width": "1fr"}]
    return {"heading": "工具与设置", "columns": columns, "rows": rows}


def _brief(file: dict[str, Any]) -> dict[str, Any]:
    return {key: file[key] for key in ("path", "sha256", "sm3", "size", "verdict", "run")}
