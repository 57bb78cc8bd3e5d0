"""Pages for the business review: forms signed, stamped, left blank, and drawings with a title block."""

from __future__ import annotations

from pathlib import Path

import typst

import zhudang
from samples.checks.making import Maker, put

FONTS = Path(zhudang.__file__).parent / "documents" / "fonts"
SEAL = "#place(dx: {x}mm, dy: {y}mm, circle(radius: 20mm, stroke: 1.2mm + red, align(center + horizon, text(red, 20pt)[★])))"
AS_BUILT = """#place(dx: {x}mm, dy: {y}mm, rect(width: 80mm, height: 50mm, stroke: 0.8mm + red,
  text(red, 9pt)[#align(center, text(14pt)[竣工图]) #v(1mm) 施工单位 \\ 编制人 王甲 审核人 李乙 \\ 技术负责人 张丙 编制日期 2024.3 \\ 监理单位 \\ 总监 赵丁 现场监理 钱戊]))"""
SCRAWL = "#place(dx: {x}mm, dy: {y}mm, curve(stroke: 0.6mm + blue, curve.move((0mm, 4mm)), curve.cubic((4mm, -6mm), (8mm, 10mm), (12mm, 2mm)), curve.cubic((14mm, 0mm), (16mm, 6mm), (20mm, 3mm))))"


def document(body: str, width: float = 210, height: float = 297) -> bytes:
    """A PDF of one page set in the fonts of the product, without margins."""
    setting = (
        f'#set page(width: {width}mm, height: {height}mm, margin: 0mm)\n#set text(font: "Noto Sans SC", size: 11pt)\n'
    )
    return typst.compile((setting + body).encode(), font_paths=[str(FONTS)])


def at(x: float, y: float, words: str) -> str:
    return f"#place(dx: {x}mm, dy: {y}mm, [{words}])\n"


def form(*, signed: bool = True, stamped: bool = True) -> bytes:
    """A record of concealed works with two places to sign and one to stamp."""
    body = (
        at(60, 20, "隐蔽工程验收记录")
        + at(20, 40, "工程名称：云溪县滨河安居房一期")
        + at(20, 50, "施工单位：青石建筑工程有限公司")
    )
    body += at(20, 70, "钢筋品种、规格、数量、位置符合设计要求，项目负责人应当在场，同意隐蔽。")
    body += (
        at(20, 200, "项目经理：")
        + at(120, 200, "专业监理工程师：")
        + at(20, 240, "施工单位（盖章）")
        + at(130, 270, "2024年3月5日")
    )
    if signed:
        body += SCRAWL.format(x=42, y=198) + SCRAWL.format(x=160, y=198)
    if stamped:
        body += SEAL.format(x=45, y=225)
    return document(body)


def drawing(*, stamped: bool = True, number: str = "建施-03") -> bytes:
    """An A2 sheet with a title block, as built."""
    body = "#place(dx: 10mm, dy: 10mm, rect(width: 574mm, height: 400mm))\n"
    for row, (label, value) in enumerate(
        [
            ("工程名称", "云溪县滨河安居房一期"),
            ("图名", "一层平面图"),
            ("图号", number),
            ("日期", "2024.03.05"),
            ("设计单位", "云溪山水规划设计院"),
        ]
    ):
        body += at(470, 330 + row * 14, label) + at(500, 330 + row * 14, value)
    if stamped:
        body += AS_BUILT.format(x=380, y=340)
    return document(body, 594, 420)


BAD: dict[str, Maker] = {
    "BIZ-001": lambda folder: put(folder, "unsigned.pdf", form(signed=False)),
    "BIZ-002": lambda folder: put(folder, "unstamped.pdf", form(stamped=False)),
}
GOOD: dict[str, Maker] = {
    "signed form": lambda folder: put(folder, "form.pdf", form()),
    "as-built drawing": lambda folder: put(folder, "drawing.pdf", drawing()),
}
