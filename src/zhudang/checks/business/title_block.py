"""The title block (图标、标题栏) of a drawing, read from words and their places. Fields: GB/T 50001 [knowledge-low]."""

from __future__ import annotations

from collections.abc import Sequence

from zhudang.checks.business.page import Page, Words

LABELS = {
    "project": ("工程名称", "项目名称", "工程项目"),
    "title": ("图名", "图纸名称", "图纸内容"),
    "number": ("图号", "图纸编号", "图别图号"),
    "date": ("日期", "出图日期", "设计日期"),
    "unit": ("设计单位", "设计院"),
    "discipline": ("专业",),
    "scale": ("比例",),
}
LARGE_MM = 400.0
STRIP_MM = 75.0
CORNER_MM = (250.0, 150.0)
"""Title blocks stand in a strip along the right or lower edge or in the lower right corner (GB/T 50001) [inferred]."""
"""Longer side from which a page is a drawing (A3 and up)."""
REACH_MM = 120.0


def read(page: Page) -> dict[str, str] | None:
    """The title block of a large sheet; None where the page is small or has none.

    Returns:
        field → text; at least two fields, or it is no title block.
    """
    if max(page.width, page.height) < LARGE_MM:
        return None
    found: dict[str, str] = {}
    taken = {words.folded for words in page.words} & {label for labels in LABELS.values() for label in labels}
    for field, labels in LABELS.items():
        for words in page.words:
            if words.folded in labels and (value := _value(words, page.words, taken)):
                found[field] = value
                break
            inline = next((label for label in labels if words.text.startswith((f"{label}：", f"{label}:"))), None)
            if inline and words.text[len(inline) + 1 :].strip():
                found[field] = words.text[len(inline) + 1 :].strip()
                break
    return found if len(found) >= 2 else None


def corner(page: Page) -> str:
    """What stands along the right and lower edge of a sheet, line by line: there the title block says what it shows."""
    words = [
        each
        for each in page.words
        if each.left >= page.width - STRIP_MM
        or each.top >= page.height - STRIP_MM
        or (each.left >= page.width - CORNER_MM[0] and each.top >= page.height - CORNER_MM[1])
    ]
    return "\n".join(each.text for each in sorted(words, key=lambda each: (-each.top, each.left)))


def _value(label: Words, words: Sequence[Words], labels: set[str]) -> str:
    """What stands right of a label on its line, else right below it."""
    middle = (label.top + label.bottom) / 2
    right = [
        each
        for each in words
        if each.left >= label.right - 0.5
        and each.left - label.right < REACH_MM
        and each.top - label.height * 0.4 < middle < each.bottom + label.height * 0.4
    ]
    nearest = min(right, key=lambda each: each.left, default=None)
    if nearest is not None and nearest.folded not in labels:
        return nearest.text.strip()
    below = [
        each
        for each in words
        if label.bottom - 0.5 <= each.top < label.bottom + 4 * label.height
        and each.left < label.right + 30
        and each.right > label.left
        and each.folded not in labels
    ]
    under = min(below, key=lambda each: each.top, default=None)
    return under.text.strip() if under is not None else ""
