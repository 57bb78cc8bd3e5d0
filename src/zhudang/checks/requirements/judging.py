"""A model held against an IDS file: what every specification comes to, and which elements fall short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhudang.checks.requirements import facets
from zhudang.checks.requirements.reading import Facet, NotCovered, Specification, read

NEWEST = {"IFC4X3_ADD2": "IFC4X3_ADD2", "IFC4X3_ADD1": "IFC4X3_ADD2", "IFC4X3": "IFC4X3_ADD2"}


@dataclass
class Shortfall:
    """One requirement that elements of a model do not meet; `elements` are their global identifiers."""

    specification: str
    requirement: str
    elements: list[str] = field(default_factory=list)


@dataclass
class Judged:
    """What came of one IDS file."""

    asked: int = 0
    shortfalls: list[Shortfall] = field(default_factory=list)
    not_covered: list[str] = field(default_factory=list)


def judge(model: Any, path: Path) -> Judged:
    """Hold an opened model against an IDS file.

    Raises:
        NotCovered: the file cannot be read as IDS 1.0.
    """
    specifications, left = read(path)
    told = Judged(not_covered=left)
    schema = str(model.schema_identifier).upper()
    for each in specifications:
        if each.schemas and not {schema, NEWEST.get(schema, schema)} & {NEWEST.get(one, one) for one in each.schemas}:
            continue
        told.asked += 1
        try:
            told.shortfalls += _shortfalls(each, model)
        except NotCovered as why:
            told.not_covered.append(f"{each.name}: {why}")
    return told


def _shortfalls(asked: Specification, model: Any) -> list[Shortfall]:
    applicable = list(_applicable(asked, model))
    if asked.prohibited:
        return [Shortfall(asked.name, "prohibited", [_identifier(one) for one in applicable])] if applicable else []
    if not applicable:
        whom = "; ".join(str(each) for each in asked.applicability)
        return [Shortfall(asked.name, f"at least one: {whom}")] if asked.must_exist else []
    found: list[Shortfall] = []
    for requirement in asked.requirements:
        short = [_identifier(one) for one in applicable if not facets.meets(requirement, one)]
        if short:
            found.append(Shortfall(asked.name, str(requirement), short))
    return found


def _applicable(asked: Specification, model: Any) -> Iterator[Any]:
    """Elements every condition holds for; the entity, looked up first, narrows them down."""
    conditions = sorted(asked.applicability, key=lambda each: each.kind != "entity")
    for one in _candidates(conditions, model):
        if all(facets.meets(each, one) for each in conditions):
            yield one


def _candidates(conditions: list[Facet], model: Any) -> list[Any]:
    name = conditions[0].parts.get("name") if conditions and conditions[0].kind == "entity" else None
    try:
        if name is not None and name.plain:
            return list(model.by_type(name.values[0], include_subtypes=False))
        return [*model.by_type("IfcObjectDefinition")] if name is None else list(model.by_type("IfcRoot"))
    except RuntimeError:  # the model's schema knows no such entity
        return []


def _identifier(one: Any) -> str:
    return str(getattr(one, "GlobalId", None) or f"#{one.id()}")
