"""What the documents of handover say: the paper people hold, and the record machines read.

Official documents are written in Chinese whatever the language of the pages.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from zhudang.documents.operations import Paper
from zhudang.handover.domain.notices import Difference, OwedItem
from zhudang.handover.domain.states import Mode
from zhudang.handover.policy import policy
from zhudang.handover.project_facts import ROLE_WORDS, ProjectFacts

FORM_WORDS = {"text": "文字", "drawing": "图纸", "photo": "照片", "av": "声像", "model": "模型"}
PERMIT_WORDS = {
    "land": "建设用地规划许可证", "planning": "建设工程规划许可证", "construction": "建筑工程施工许可证",
    "site": "用地预审与选址意见书", "rural": "乡村建设规划许可证",
}  # fmt: skip
MODE_WORDS = {
    Mode.COMMITMENT: "验收＋承诺", Mode.BEFORE_FILING: "竣工验收备案前一次性移交", Mode.STAGED: "分阶段验收、分阶段移交",
}  # fmt: skip
STATEMENT_WORDS = {
    "complete": "档案齐全完整。",
    "true_to_works": "档案内容与工程实际相符。",
    "scans_equal_paper": "扫描形成的电子文件与相应纸质文件一致。",
    "in_time": "在承诺时限内完成移交。",
}


def write_day(day: date | None) -> str:
    """2026年6月12日; a dash when there is no day."""
    return f"{day.year}年{day.month}月{day.day}日" if day else "—"


def _facts(card: ProjectFacts, *more: tuple[str, str]) -> list[dict[str, Any]]:
    units = "、".join(name for _id, name in card.unit_works)
    rows: list[dict[str, Any]] = [
        {"label": "工程名称", "value": card.name, "wide": True},
        {"label": "项目代码", "value": card.code}, {"label": "建设单位", "value": card.client_name},
        {"label": "工程地点", "value": card.address or "—"}, {"label": "单位工程", "value": units or "—"},
        {"label": "规划许可", "value": card.permit("planning")}, {"label": "施工许可", "value": card.permit("construction")},
    ]  # fmt: skip
    return rows + [{"label": label, "value": value} for label, value in more]


def _face(card: ProjectFacts, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("工程名称", card.name), ("建设单位", card.client_name), *more]


def _machine(card: ProjectFacts, **more: Any) -> dict[str, Any]:
    return {
        "project": {"code": card.code, "name": card.name, "client": card.client_name, "address": card.address},
        "unit_works": [name for _id, name in card.unit_works],
        **more,
    }


_OWED_COLUMNS = [
    {"title": "编号", "width": "17mm"}, {"title": "应归档文件", "width": "1fr"}, {"title": "形式", "width": "12mm", "align": "center"},
    {"title": "交建设单位", "width": "18mm", "align": "center"}, {"title": "交馆", "width": "12mm", "align": "center"},
    {"title": "建议归档时间", "width": "25mm", "align": "center"},
]  # fmt: skip


def _owed_rows(items: Sequence[OwedItem]) -> list[Any]:
    """Rows by unit work and party, each group under its heading."""
    rows: list[Any] = []
    for unit, of_unit in groupby(items, key=lambda item: item.unit_work):
        by_party: dict[tuple[str, str], list[OwedItem]] = {}
        for item in of_unit:
            by_party.setdefault((item.party_role, item.party), []).append(item)
        for (role, party), owed in by_party.items():
            rows.append({"group": f"{unit}　{ROLE_WORDS.get(role, role)}　{party or '（单位待登记）'}　{len(owed)} 种"})
            rows += [
                [
                    item.code, item.title, FORM_WORDS.get(item.form, item.form), "✓" if "builder" in item.keepers else "",
                    "✓" if "archive" in item.keepers else "", item.due or "随节点",
                ]
                for item in owed
            ]  # fmt: skip
    return rows


def _tick(rows: list[Any]) -> list[Any]:
    # The fonts of our documents carry 是, not the tick.
    return [[("是" if cell == "✓" else cell) for cell in row] if isinstance(row, list) else row for row in rows]


def notice(
    card: ProjectFacts, permit: Any, news: Difference, *, first: bool, subject: str
) -> tuple[Paper, dict[str, Any]]:
    """The filing notice (归档告知书), or a supplement with only the difference."""
    title = "建设工程归档告知书" if first else "建设工程归档补充告知书"
    owed = [*news.added, *news.changed]
    what = PERMIT_WORDS.get(permit.kind, "许可")
    opening = (
        f"你单位建设的“{card.name}”已取得{what}（{permit.number}，{write_day(permit.issued_on)}）。"
        + ("现将收集、整理、移交建设工程档案的有关要求一次性告知如下。" if first else "与此前告知相比，仅有下列变动，其余要求不变。")
    )  # fmt: skip
    parts: list[dict[str, Any]] = []
    if owed:
        heading = f"一、应归档文件（共 {len(owed)} 种）" if first else f"新增或变动的应归档文件（{len(owed)} 种）"
        parts.append({"heading": heading, "columns": _OWED_COLUMNS, "rows": _tick(_owed_rows(owed))})
    if news.dropped:
        dropped = [[item.code, item.title, item.unit_work] for item in news.dropped]
        columns = [
            {"title": "编号", "width": "17mm"},
            {"title": "文件", "width": "1fr"},
            {"title": "单位工程", "width": "45mm"},
        ]
        parts.append({"heading": f"不再要求的文件（{len(dropped)} 种）", "columns": columns, "rows": dropped})
    if first:
        parts += _duties()
    data = {"to": card.client_name, "paragraphs": [opening], "facts": _facts(card), "parts": parts}
    record = _machine(
        card, permit={"kind": permit.kind, "number": permit.number, "issued_on": permit.issued_on},
        first=first, owed=[vars(item) for item in owed], dropped=[item.obligation for item in news.dropped],
    )  # fmt: skip
    face = _face(card, ("许可", permit.number), ("应归档文件", f"{len(owed)} 种"))
    return Paper("notice", title, data, face=face, subject=subject), record


def _duties() -> list[dict[str, Any]]:
    rules = policy()
    return [
        {
            "heading": "二、要求",
            "lines": [
                "1. 各参建单位随工程进度收集、整理、归档，竣工验收前向建设单位交付一套完整的档案；建设单位对移交工作负总责。",
                "2. 加盖电子印章、具备法律效力、符合归档要求的电子文件可不移交相应纸质档案，竣工图除外；扫描件须连同纸质文件移交；"
                "原生电子文件、建筑信息模型一并移交。",
                "3. 档案验收纳入竣工联合验收，由建设单位统一申请；不符合要求的，一次性告知整改内容。",
                f"4. 竣工验收后 {rules.transfer_months_after_acceptance} 个月内移交；竣工验收后形成的文件可以承诺移交，"
                f"承诺时间不超过 {rules.commitment_months_at_most} 个月。",
                "5. “建议归档时间”按工程节点推算，供安排工作用，不是法定期限。",
            ],
        },
        {"heading": "三、依据", "lines": ["；".join(rules.legal_bases) + "。"]},
    ]


def rectification(
    card: ProjectFacts, number: str, entries: Sequence[Mapping[str, Any]], subject: str
) -> tuple[Paper, dict[str, Any]]:
    """The one complete rectification list (整改清单)."""
    columns = [
        {"title": "序号", "width": "11mm", "align": "center"}, {"title": "编号", "width": "17mm"},
        {"title": "文件", "width": "1.2fr"}, {"title": "问题", "width": "1.4fr"}, {"title": "整改要求", "width": "1fr"},
    ]  # fmt: skip
    rows = [[str(e["number"]), e["code"], e["title"], e["reason"], e["cure"]] for e in entries]
    data = {
        "to": card.client_name,
        "paragraphs": [
            f"你单位申请的“{card.name}”档案验收（{number}）已审核完毕。需要整改的内容一次性告知如下，共 {len(entries)} 条。"
            "整改后请重新申请；重新申请时只审核有变动的部分。"
        ],
        "facts": _facts(card),
        "parts": [{"heading": "整改清单", "columns": columns, "rows": rows}],
        "closing": ["本清单送达后不再追加。"],
    }
    record = _machine(card, application=number, entries=list(entries))
    return Paper(
        "rectification",
        "建设工程档案整改清单",
        data,
        face=_face(card, ("整改内容", f"{len(entries)} 条")),
        subject=subject,
    ), record


def correction(card: ProjectFacts, number: str, sentences: Sequence[str], subject: str) -> tuple[Paper, dict[str, Any]]:
    """What is missing from a pushed application, told once (补正告知书)."""
    lines = [f"{position}. {sentence}" for position, sentence in enumerate(sentences, start=1)]
    data = {
        "to": card.client_name,
        "paragraphs": [
            f"收到“{card.name}”的档案验收申请（{number}）。申请需要补正的内容一次性告知如下；补正期间不计入办理时限。"
        ],
        "facts": _facts(card),
        "parts": [{"heading": "需要补正的内容", "lines": lines}],
    }
    record = _machine(card, application=number, corrections=list(sentences))
    return Paper(
        "correction",
        "档案验收申请补正告知书",
        data,
        face=_face(card, ("补正内容", f"{len(lines)} 项")),
        subject=subject,
    ), record


def opinion(
    card: ProjectFacts, number: str, *, mode: str, text: str, counts: Mapping[str, int], records: int,
    promised: Sequence[str], units: Sequence[str], subject: str,
) -> tuple[Paper, dict[str, Any]]:  # fmt: skip
    """The acceptance opinion (验收意见书), sealed by the issuer the city names."""
    scope = "、".join(units) or "全部单位工程"
    parties = [(ROLE_WORDS.get(role, role), name) for role, name in card.parties if role != "client"]
    parts: list[dict[str, Any]] = [
        {"heading": "验收意见", "lines": [text]},
        {"heading": "审核情况", "lines": [
            f"审核文件 {records} 件，均合格；不涉及 {counts.get('not_applicable', 0)} 项。"
        ]},
    ]  # fmt: skip
    if promised:
        parts.append(
            {"heading": f"承诺移交的文件（{len(promised)} 种，竣工验收后形成）", "lines": ["；".join(promised) + "。"]}
        )
    more = [*parties, ("开工日期", write_day(card.started_on)), ("竣工日期", write_day(card.completed_on)),
            ("移交方式", MODE_WORDS.get(Mode(mode), mode)), ("验收范围", scope)]  # fmt: skip
    data = {"to": card.client_name, "paragraphs": [f"你单位申请的“{card.name}”档案验收（{number}）审核完毕，意见如下。"],
            "facts": _facts(card, *more), "parts": parts}  # fmt: skip
    record = _machine(card, application=number, mode=mode, result="accepted", text=text, counts=dict(counts), records=records,
                      promised=list(promised), scope=list(units))  # fmt: skip
    face = _face(card, ("验收结论", "合格"), ("移交方式", MODE_WORDS.get(Mode(mode), mode)), ("验收范围", scope))
    return Paper(
        "opinion", "建设工程档案验收意见书", data, issuer=policy().opinion_issuer, face=face, subject=subject
    ), record


def receiving(
    card: ProjectFacts, number: str, rows: Sequence[Sequence[str]], supplement: Sequence[Mapping[str, Any]],
    people: Mapping[str, str], subject: str,
) -> tuple[Paper, dict[str, Any]]:  # fmt: skip
    """The receiving list (接收清单), counted volume by volume, with what lacks on its supplement list."""
    columns = [
        {"title": "序号", "width": "11mm", "align": "center"}, {"title": "档号", "width": "34mm"}, {"title": "案卷题名", "width": "1fr"},
        {"title": "件", "width": "11mm", "align": "right"}, {"title": "文字页", "width": "14mm", "align": "right"},
        {"title": "图纸张", "width": "14mm", "align": "right"}, {"title": "照片", "width": "12mm", "align": "right"},
        {"title": "其他", "width": "12mm", "align": "right"}, {"title": "清点", "width": "14mm", "align": "center"},
    ]  # fmt: skip
    parts: list[dict[str, Any]] = [
        {"heading": f"清点结果（{len(rows)} 卷）", "columns": columns, "rows": [list(row) for row in rows]}
    ]
    if supplement:
        parts.append({
            "heading": f"补充清单（{len(supplement)} 项，须补交或更正）",
            "columns": [{"title": "档号", "width": "34mm"}, {"title": "案卷题名", "width": "1fr"}, {"title": "说明", "width": "1fr"}],
            "rows": [[row["code"], row["title"], row["note"]] for row in supplement],
        })  # fmt: skip
    data = {
        "to": card.client_name, "paragraphs": [f"“{card.name}”移交的档案（{number}）逐卷清点如下，双方各执一份。"],
        "facts": _facts(card), "parts": parts,
        "left": {"title": "移交单位", "lines": [f"经办人　{people['handed_by']}", f"负责人　{people['responsible']}"]},
        "right": {"title": "接收单位（章）", "lines": [f"清点人　{people['counted_by']}", f"接收人　{people['received_by']}", people["date"]]},
    }  # fmt: skip
    record = _machine(card, transfer=number, volumes=[list(row) for row in rows], supplement=list(supplement))
    return Paper(
        "receiving", "建设工程档案接收清单", data, face=_face(card, ("接收案卷", f"{len(rows)} 卷")), subject=subject
    ), record


def commitment(card: ProjectFacts, row: Any) -> dict[str, Any]:
    """The commitment (承诺书) as the client prints and stamps it; it bears the client's name, not the archive's seal."""
    lines = [f"{position}. {words}" for position, words in enumerate(STATEMENT_WORDS.values(), start=1)]
    promised = [[each["code"], each["title"], each["unit_work"]] for each in row.promised]
    columns = [
        {"title": "编号", "width": "17mm"},
        {"title": "文件", "width": "1fr"},
        {"title": "单位工程", "width": "45mm"},
    ]
    return {
        "title": "建设工程档案移交承诺书", "issuer": card.client_name, "number": row.number, "date": write_day(row.signed_at.date()),
        "sealed": False, "facts": _facts(card),
        "paragraphs": [f"我单位就“{card.name}”竣工验收后形成的下列文件作出承诺，于 {write_day(row.due_on)} 前移交。"],
        "parts": [
            {"heading": "承诺内容", "lines": lines},
            {"heading": f"承诺移交的文件（{len(promised)} 种）", "columns": columns, "rows": promised},
        ],
        "right": {"title": "承诺单位（章）", "lines": [f"承诺人　{row.signed_name}", write_day(row.signed_at.date())]},
    }  # fmt: skip
