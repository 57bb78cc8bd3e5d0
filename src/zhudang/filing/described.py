"""What the rules on descriptions (checks) say about records: facts gathered from rows, findings in words."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.utils.translation import get_language

from zhudang.checks import descriptions, profile, rules, scheme
from zhudang.checks.descriptions import DescribedFile
from zhudang.checks.model import Finding
from zhudang.content.queries import FileFinding
from zhudang.filing.domain.describing import Description
from zhudang.filing.domain.origin import PAPER_ONLY
from zhudang.filing.queries.records import FileRow

SCHEME_FIELDS = tuple(each.field for each in scheme.all_elements() if each.level == "record")
_BY_MIME = {"application/pdf": "pdf", "application/ofd": "ofd"}
_BY_SUFFIX = {
    "dwg": "dwg",
    "dxf": "dxf",
    "ifc": "ifc",
    "rvt": "rvt",
    "skp": "skp",
    "dgn": "dgn",
    "ofd": "ofd",
    "pdf": "pdf",
}
_OFFICE = frozenset({"doc", "docx", "xls", "xlsx", "ppt", "pptx", "wps", "et", "rtf"})


def kind_of(name: str, mime: str) -> str:
    """The kind of a file as the rules on descriptions tell them apart; empty when it is none of them."""
    suffix = name.rsplit(".", 1)[-1].lower()
    if mime in _BY_MIME:
        return _BY_MIME[mime]
    if mime.startswith("image/") and suffix not in _BY_SUFFIX:
        return "image"
    if mime.startswith(("audio/", "video/")):
        return "media"
    return "office" if suffix in _OFFICE else _BY_SUFFIX.get(suffix, "")


def findings_about(d: Description, files: tuple[FileRow, ...], *, today: date) -> list[Finding]:
    """Everything the rules say about a description and the files it speaks of."""
    values = {name: getattr(d, name) for name in SCHEME_FIELDS}
    said = [*descriptions.check(facts_about(d, files), today=today), *scheme.check_values("record", values)]
    city = profile.load(settings.CHECKS.profile)
    return [city.weigh(found) for found in said]


def facts_about(d: Description, files: tuple[FileRow, ...]) -> descriptions.Description:
    """A description and its current files as the rules want them."""
    return descriptions.Description(
        title=d.title, responsible=d.responsible, formed_on=d.formed_on, formed_until=d.formed_until,
        document_no=d.document_no, pages=d.pages, level=d.level, carrier=d.carrier, paper_only=d.origin == PAPER_ONLY,
        wants_number=d.carrier == "drawing",
        files=[DescribedFile(f.name, f.part, f.pages, kind_of(f.name, f.mime)) for f in files if f.current],
    )  # fmt: skip


def in_words(found: Finding | FileFinding) -> tuple[str, str, str, str]:
    """A finding for the page: code, severity, sentence and cure in the reader's language."""
    language = "en" if (get_language() or "").startswith("en") else "zh"
    known = rules.all_rules().get(found.code)
    if known is None:
        return found.code, str(found.severity), found.message, ""
    return (
        found.code,
        str(getattr(found.severity, "value", found.severity)),
        known.message(found.data, language),
        known.cure(language),
    )
