"""What may be said of an office document or an XML, whatever its container: one place for code and fact of each."""

from __future__ import annotations

from zhudang.checks.examine import Case


def locked(case: Case) -> None:
    case.facts["encrypted"] = True
    case.find("OFF-002")


def macro(case: Case, where: str) -> None:
    case.active("macro")
    case.find("OFF-001", where=where)


def dde(case: Case, field: bytes) -> None:
    case.active("dde")
    case.find("OFF-003", field=field.decode("utf-8", "replace").strip()[:120])


def remote_template(case: Case, target: str) -> None:
    case.active("remote_template")
    case.find("OFF-004", target=target)


def embedded(case: Case, count: int) -> None:
    case.active("embedded_file")
    case.find("OFF-005", count=count)


def entities(case: Case) -> None:
    """Entities an XML declares: they may fetch files, or grow beyond measure."""
    case.active("external_reference")
    case.find("XML-002")


def external(case: Case, target: str) -> None:
    case.active("external_reference")
    case.find("OFF-007", target=target)


def runs(case: Case, where: str) -> None:
    """Controls and actions that start something without being macros."""
    case.active("launch")
    case.find("OFF-008", where=where)
