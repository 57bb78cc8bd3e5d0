"""Rules of registration: facts in, every reason out."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import zhudang.registry
from zhudang.registry import words
from zhudang.registry.domain.identifiers import Standing, check_project_code
from zhudang.registry.domain.milestones import milestones, milestones_for
from zhudang.registry.domain.projects import ProjectDraft, warnings_about_project, why_not_dates, why_not_project
from zhudang.shared.refusals import Reason

TODAY = date(2026, 6, 17)
SOURCE = Path(zhudang.registry.__file__).parent


def test_an_old_code_raises_no_objection_but_is_told():
    draft = ProjectDraft("2018-990241-48-01-000001", "老项目", "road", area_code="990241")
    assert why_not_project(draft, today=TODAY) == []
    assert [r.code for r in warnings_about_project(draft)] == ["registry.project_code.year_form"]


def test_days_out_of_order_and_ahead_are_all_told():
    reasons = why_not_dates(date(2026, 5, 1), date(2026, 4, 1), date(2026, 7, 1), today=TODAY)
    assert [r.code for r in reasons] == ["registry.accepted_in_future", "registry.completed_before_started"]


def test_every_kind_of_works_has_its_steps_from_start_to_acceptance():
    for kind in ("building", "road", "bridge", "pipeline"):
        codes = [step.code for step in milestones_for(kind)]
        assert {"start", "completion", "acceptance"} <= set(codes)
    assert all(step.source for step in milestones())


def _codes_in_source() -> set[str]:
    """Every reason code the registry can give, read from its own source."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        if path.name in {"words.py", "forms.py"} or "migrations" in path.parts or "web" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(first.value)
                elif isinstance(first, ast.IfExp):
                    found |= {first.body.value, first.orelse.value}
    return found


def test_every_code_has_its_sentence():
    missing = _codes_in_source() - set(words.REASONS)
    assert not missing
    identifier_codes = {
        f"registry.{node.value}"
        for node in ast.walk(ast.parse((SOURCE / "domain" / "identifiers.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.split(".")[0] in {"project_code", "area", "works_code", "permit", "realty", "national"}
        and "." in node.value
        and not node.value.endswith(".")
    }
    assert identifier_codes <= set(words.REASONS)


def test_a_sentence_names_the_value_it_is_about():
    text = words.sentence(Reason("registry.project_code.month", {"value": "2413-500241-48-01-012345"}))
    assert "2413-500241-48-01-012345" in text
    assert check_project_code("2413-500241-48-01-012345").standing is Standing.SUSPICIOUS
