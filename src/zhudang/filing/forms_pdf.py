"""The paper forms of volumes as data for the layouts of documents: cover, contents, note, catalogue.

What is printed is the holdings' own language, whatever language the page is shown in.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from zhudang.documents.render import render_pdf
from zhudang.filing import words
from zhudang.filing.domain.volumes import Placed, page_text
from zhudang.filing.queries.pages import VolumePage, VolumesPage
from zhudang.filing.queries.records import RecordRow, VolumeRow

FORMS = ("cover", "contents", "note")


def _day(day: date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def _span(volume: VolumeRow) -> str:
    first, last = _day(volume.formed_on), _day(volume.formed_until)
    return first if first == last else f"{first} ～ {last}"


def _moment(at: datetime | None) -> str:
    return _day(timezone.localtime(at).date()) if at else ""


def issuer() -> str:
    """The archive's name as printed under a form."""
    return str(getattr(settings, "ARCHIVE_NAME", "") or "城建档案馆")


def volume_form(form: str, page: VolumePage) -> bytes:
    """Print one form of a volume as PDF/A-2b."""
    with translation.override("zh-hans"):
        data = {"cover": _cover, "contents": _contents, "note": _note}[form](page)
    return render_pdf(form, data)


def _cover(page: VolumePage) -> dict[str, Any]:
    v = page.volume
    return {
        "issuer": issuer(), "title": v.title, "reference_code": v.reference_code or "", "accession_no": v.accession_no or "",
        "compiled_by": v.compiled_by, "date_span": _span(v), "secrecy": str(words.LEVELS[v.level]) if v.level > 1 else "",
        "retention": str(words.RETENTIONS.get(v.retention, "")), "volume_count": str(page.volume_count),
        "volume_position": str(v.sequence),
    }  # fmt: skip


def contents_rows(records: tuple[RecordRow, ...]) -> list[list[str]]:
    """卷内目录: 序号, 文件编号, 责任者, 文件题名, 日期, 页次, 备注."""
    rows = []
    for number, r in enumerate(records, start=1):
        placed = Placed(None, r.position or number, r.page_from, r.page_to)  # type: ignore[arg-type]
        rows.append(
            [
                str(number), r.document_no, r.responsible, r.title or r.code, _day(r.formed_on),
                page_text(placed, last=number == len(records)), r.notes[:40],
            ]
        )  # fmt: skip
    return rows


def _contents(page: VolumePage) -> dict[str, Any]:
    v = page.volume
    return {"title": v.title, "reference_code": v.reference_code or "", "rows": contents_rows(page.records)}


def _note(page: VolumePage) -> dict[str, Any]:
    v = page.volume
    remarks = [
        f"{na['code']} {na['title']}：不涉及。{na['reason']}（{na['by']}，{na['on']}）"
        for na in v.note.get("not_applicable", [])
    ]
    if v.note.get("too_thick"):
        remarks.append(f"本卷为单份文件，厚约 {v.thickness_mm} 毫米，超过一般厚度，未拆分。")
    others = {"av": "声像 %s 件", "model": "模型 %s 件"}.get(v.carrier, "")
    return {
        "reference_code": v.reference_code or "", "pages": str(v.text_pages + v.drawing_sheets),
        "text_pages": str(v.text_pages), "drawing_pages": str(v.drawing_sheets), "photos": str(v.photo_count),
        "others": others % v.other_count if others else "", "remarks": remarks, "compiled_by": v.note.get("compiled_by", ""),
        "compiled_on": _moment(v.arranged_at), "checked_by": v.arranged_by, "checked_on": _moment(v.arranged_at),
    }  # fmt: skip


def catalogue_rows(page: VolumesPage) -> list[list[str]]:
    """案卷目录: 案卷号, 题名, 文字页, 图纸张, 其他, 编制单位, 编制日期, 保管期限, 密级, 备注."""
    rows = []
    for v in page.volumes:
        other = v.photo_count or v.other_count
        rows.append(
            [
                v.reference_code or f"（未编号）{v.sequence}", v.title, str(v.text_pages or ""), str(v.drawing_sheets or ""),
                str(other or ""), v.compiled_by, _day(v.formed_until), str(words.RETENTIONS.get(v.retention, "")),
                str(words.LEVELS[v.level]) if v.level > 1 else "", v.accession_no or "",
            ]
        )  # fmt: skip
    return rows


def catalogue(page: VolumesPage) -> bytes:
    """Print the volume catalogue of a project as PDF/A-2b."""
    with translation.override("zh-hans"):
        data = {"project": page.project_name, "project_code": page.project_code, "rows": catalogue_rows(page)}
    return render_pdf("catalogue", data)
