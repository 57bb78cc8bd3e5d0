"""Which layout prints which document, and what each layout must be given.

The data are plain JSON values shaped by the caller; a missing key stops the rendering, because a
document with an empty place where a fact belongs must never leave the house.

Lists are given as rows of texts. In `letter` a row may also be `{"group": "…"}`, a heading inside the
list; columns are `{"title", "width", "align"}` with widths as typst writes them ("12mm", "1fr").
"""

from collections.abc import Mapping
from typing import Any

LETTER = frozenset({"title", "issuer", "date"})
REQUIRED: Mapping[str, frozenset[str]] = {
    # to, paragraphs, facts[{label, value, wide}], parts[{heading, lines, columns, rows}], closing, left/right {title, lines}
    "letter": LETTER,
    "certificate": frozenset(
        {
            "issuer",
            "number",
            "check_code",
            "client",
            "body",
            "facts",
            "quantities",
            "proof",
            "date",
            "qr_svg",
            "verify_url",
        }
    ),
    # 案卷封面: also accession_no, compiled_by, date_span, secrecy, retention, volume_count, volume_position
    "cover": frozenset({"issuer", "title", "reference_code", "compiled_by", "date_span", "retention"}),
    # 卷内目录: rows of seven texts
    "contents": frozenset({"title", "rows"}),
    # 卷内备考表: also others, remarks[], compiled_by, compiled_on, checked_by, checked_on
    "note": frozenset({"pages", "text_pages", "drawing_pages", "photos"}),
    # 案卷目录: rows of ten texts
    "catalogue": frozenset({"project", "rows"}),
    "seal": frozenset({"name", "line"}),
}

# Every document the archive issues as a letter has its own name, so that a city may give it a layout of its own.
LAYOUT_OF: Mapping[str, str] = {
    "notice": "letter",
    "delivery": "letter",
    "rectification": "letter",
    "correction": "letter",
    "opinion": "letter",
    "commitment": "letter",
    "receiving": "letter",
    "supplement": "letter",
    "check_report": "letter",
    "disposal": "letter",
    **{name: name for name in REQUIRED},
}


class LayoutIncomplete(ValueError):
    """A document was to be printed without something its form must carry."""


def layout_for(template: str, data: Mapping[str, Any]) -> str:
    """Name the layout that prints `template`, having made sure nothing the form needs is missing.

    Raises:
        LayoutIncomplete: an unknown document, or the names of everything missing.
    """
    layout = LAYOUT_OF.get(template)
    if layout is None:
        raise LayoutIncomplete(f"no layout for {template}")
    if missing := sorted(key for key in REQUIRED[layout] if data.get(key) is None):
        raise LayoutIncomplete(f"{template} lacks {', '.join(missing)}")
    return layout
