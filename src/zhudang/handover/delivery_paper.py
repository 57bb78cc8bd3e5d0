"""The delivery list (交付清单) for signatures and stamps on paper; it bears no seal of the archive."""

from typing import Any

from zhudang.documents.operations import write_day
from zhudang.handover.queries.pages import DeliveryPage


def delivery_list(page: DeliveryPage) -> dict[str, Any]:
    """What the form prints of a delivery."""
    columns = [
        {"title": "序号", "width": "11mm", "align": "center"}, {"title": "编号", "width": "17mm"}, {"title": "文件题名", "width": "1fr"},
        {"title": "责任者", "width": "38mm"}, {"title": "形成日期", "width": "22mm", "align": "center"},
        {"title": "页数", "width": "12mm", "align": "right"}, {"title": "备注", "width": "28mm"},
    ]  # fmt: skip
    rows = [
        [
            str(number), row.code, row.title, row.responsible, row.formed_on.isoformat() if row.formed_on else "",
            "" if row.pages is None else str(row.pages), f"退回：{back}" if back else "",
        ]
        for number, (row, back) in enumerate(page.rows, start=1)
    ]  # fmt: skip
    return {
        "title": "建设工程档案交付清单", "issuer": page.organisation_name, "number": page.number, "date": write_day(page.sent_at),
        "to": page.card.client_name, "sealed": False,
        "facts": [
            {"label": "工程名称", "value": page.card.name, "wide": True},
            {"label": "交付单位", "value": page.organisation_name}, {"label": "接收单位", "value": page.card.client_name},
        ],
        "parts": [{"heading": f"交付文件 {len(rows)} 件", "columns": columns, "rows": rows}],
        "left": {"title": "交付单位（章）", "lines": [f"交付人　{page.sent_by}", write_day(page.sent_at)]},
        "right": {
            "title": "建设单位（章）",
            "lines": [f"签收人　{page.closed_by}", write_day(page.closed_at) if page.closed_at else "　　年　月　日"],
        },
    }  # fmt: skip
