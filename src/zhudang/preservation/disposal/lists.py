"""The list of a case (销毁清册) as a table and as a PDF/A: kept for ever, printed whenever somebody asks."""

from __future__ import annotations

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from zhudang.documents.city import letterhead
from zhudang.documents.render import render_pdf
from zhudang.preservation.disposal import words
from zhudang.preservation.disposal.models import DisposalCase, DisposalStep
from zhudang.preservation.domain.disposal import BEIJING, CaseState, Outcome


def heads() -> list[str]:
    """The column heads of `queries.lines`."""
    return [
        _("序号"), _("档号"), _("总登记号"), _("题名"), _("项目"), _("起"), _("止"), _("保管期限"), _("期满"), _("文件"), _("件数"),
        _("字节数"), _("结果"), _("延长到"), _("办理时间"), _("理由"), _("对象标识"), _("清单摘要 SHA-512"), _("墓碑摘要 SHA-512"),
    ]  # fmt: skip


def as_pdf(case: DisposalCase) -> bytes:
    """Print the list as PDF/A-2b, in Chinese; the same rows give the same bytes."""
    with translation.override("zh-hans"):
        return render_pdf("disposal", _data(case), dated=case.ended_at or case.proposed_at)


def _data(case: DisposalCase) -> dict[str, Any]:
    facts = [
        ("提出", f"{case.proposed_name}，{_moment(case.proposed_at)}"),
        ("状态", str(words.STATES[CaseState(case.state)])),
        (
            "批准",
            f"{case.decided_name}，{_moment(case.decided_at)}　{case.decided_because}" if case.decided_at else "—",
        ),
        ("等待期", f"{case.waiting_days} 天，满于 {case.wait_until}" if case.wait_until else "—"),
        ("执行", f"{case.executor_name}，{_moment(case.began_at)}" if case.executor else "—"),
        ("监销", "；".join(f"{row.name}，{_moment(row.at)}" for row in case.signatures.filter(place="")) or "—"),
        ("清单摘要", f"SHA-256 {case.list_sha256}"),
        (
            "销毁清单摘要" if case.state == CaseState.DONE.value else "鉴定后清单摘要",
            f"SHA-256 {case.approved_sha256}" if case.approved_sha256 else "—",
        ),
    ]
    opinions = [
        [row.name, "同意" if row.agrees else "不同意", row.reasons, _moment(row.at)] for row in case.opinions.all()
    ]
    owed = DisposalStep.objects.filter(item__case=case, gone=False).order_by("place", "item__position")
    still = [[step.place_name or step.place, step.item.reference_code, str(words.HELD_BECAUSE.get(step.proof.get("why"), ""))] for step in owed.select_related("item")]  # fmt: skip
    parts = [
        _part("鉴定意见", [("委员", "24mm"), ("意见", "16mm"), ("理由", "1fr"), ("时间", "34mm")], opinions),
        _part(
            "清单",
            [
                ("序号", "10mm"),
                ("档号", "32mm"),
                ("题名", "1fr"),
                ("起止", "24mm"),
                ("期限", "16mm"),
                ("件数", "12mm"),
                ("结果", "18mm"),
            ],
            [_row(item) for item in case.items.order_by("position")],
        ),
        _part("仍留有内容的地方", [("地点", "50mm"), ("档号", "40mm"), ("缘由", "1fr")], still),
    ]
    return {
        "title": "档案销毁清册", "number": case.number, "issuer": letterhead().issuer("archive"), "date": _moment(case.ended_at or case.proposed_at),
        "paragraphs": [case.why], "facts": [{"label": label, "value": value, "wide": True} for label, value in facts],
        "parts": [part for part in parts if part["rows"]], "sealed": False,
    }  # fmt: skip


def _part(heading: str, columns: list[tuple[str, str]], rows: list[list[str]]) -> dict[str, Any]:
    return {
        "heading": heading, "lines": [], "rows": rows,
        "columns": [{"title": title, "width": width, "align": "left"} for title, width in columns],
    }  # fmt: skip


def _row(item: Any) -> list[str]:
    return [
        str(item.position), item.reference_code, item.title, f"{item.formed_on or ''}～{item.formed_until or ''}",
        words.retention(item.retention), str(item.files), str(words.OUTCOMES[Outcome(item.outcome)]),
    ]  # fmt: skip


def _moment(at: Any) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}" if at else ""
