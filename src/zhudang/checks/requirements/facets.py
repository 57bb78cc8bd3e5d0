"""What an element of a model holds, as the facets of IDS ask for it. `True` for an answer that satisfies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ifcopenshell.util import classification, element, unit

from zhudang.checks.requirements.reading import Allowed, Facet, NotCovered

Element = Any
"""An entity of the library; it does not type what an entity may hold."""
ANYTHING = Allowed()
SCALED = {
    "IFCLENGTHMEASURE": "LENGTHUNIT",
    "IFCPOSITIVELENGTHMEASURE": "LENGTHUNIT",
    "IFCNONNEGATIVELENGTHMEASURE": "LENGTHUNIT",
    "IFCAREAMEASURE": "AREAUNIT",
    "IFCVOLUMEMEASURE": "VOLUMEUNIT",
}
PLAIN = frozenset(
    f"IFC{each}"
    for each in (
        "REAL",
        "INTEGER",
        "POSITIVEINTEGER",
        "COUNTMEASURE",
        "NUMERICMEASURE",
        "RATIOMEASURE",
        "POSITIVERATIOMEASURE",
        "NORMALISEDRATIOMEASURE",
    )
)
"""Numbers without a unit. Of other measures a value is not judged: their units would have to be guessed."""
QUANTITIES = {
    "IfcQuantityLength": "IFCLENGTHMEASURE",
    "IfcQuantityArea": "IFCAREAMEASURE",
    "IfcQuantityVolume": "IFCVOLUMEMEASURE",
    "IfcQuantityCount": "IFCCOUNTMEASURE",
    "IfcQuantityWeight": "IFCMASSMEASURE",
    "IfcQuantityTime": "IFCTIMEMEASURE",
}
DEEPEST = 60


def meets(facet: Facet, one: Element) -> bool:
    """Whether an element meets a requirement, its cardinality included.

    Raises:
        NotCovered: the facet, or a value the model holds, is not judged here.
    """
    if facet.kind not in KINDS:
        raise NotCovered(f"facet {facet.kind}")
    satisfied = KINDS[facet.kind](facet, one)
    if facet.cardinality == "prohibited":
        return not satisfied
    if facet.cardinality == "optional" and not satisfied:
        without = {name: allowed for name, allowed in facet.parts.items() if name != "value"}
        return not KINDS[facet.kind](Facet(facet.kind, without, facet.relation), one)
    return satisfied


def _entity(facet: Facet, one: Element) -> bool:
    if not facet.parts.get("name", ANYTHING).accepts(one.is_a().upper()):
        return False
    wanted = facet.parts.get("predefinedType")
    return wanted is None or wanted.accepts(element.get_predefined_type(one))


def _attribute(facet: Facet, one: Element) -> bool:
    wanted = facet.parts.get("value")
    names = [each for each in one.get_info(recursive=False, include_identifier=False) if each != "type"]
    matching = [each for each in names if facet.parts["name"].accepts(each)]
    filled = [value for each in matching if _filled(value := getattr(one, each, None))]
    if wanted is None or not filled:
        return bool(filled)
    return any(wanted.accepts(value) for value in filled if not hasattr(value, "is_a"))


def _filled(value: Any) -> bool:
    return value is not None and value != "" and value != () and value != "UNKNOWN"


def _property(facet: Facet, one: Element) -> bool:
    groups = [held for name, held in _property_groups(one).items() if facet.parts["propertySet"].accepts(name)]
    if None in groups:
        raise NotCovered("a set of properties of fixed kind")
    return bool(groups) and all(_in_group(facet, held.values()) for held in groups if held is not None)


def _in_group(facet: Facet, properties: Iterable[Element]) -> bool:
    matching = [each for each in properties if facet.parts["baseName"].accepts(each.Name)]
    told = [(each, list(_values(each))) for each in matching]
    told = [(each, values) for each, values in told if any(_filled(value) for _, value in values)]
    return bool(told) and all(_value_fits(facet, each, values) for each, values in told)


def _value_fits(facet: Facet, holder: Element, values: list[tuple[str, Any]]) -> bool:
    wanted = facet.parts.get("value")
    if facet.data_type and not any(kind.upper() == facet.data_type for kind, _ in values):
        return False
    return wanted is None or any(wanted.accepts(_in_si(holder, kind, value)) for kind, value in values)


def _property_groups(one: Element) -> dict[str, dict[str, Element] | None]:
    """Properties by set and name; those of the type first, so that the occurrence's own prevail.

    None for a set that holds no list of properties, such as the lining of a door.
    """
    found: dict[str, dict[str, Element] | None] = {}
    kind = element.get_type(one)
    sets = list(getattr(kind, "HasPropertySets", None) or ()) if kind is not None else []
    sets += list(getattr(one, "HasPropertySets", None) or ())
    for relation in getattr(one, "IsDefinedBy", None) or ():
        if relation.is_a("IfcRelDefinesByProperties"):
            given = relation.RelatingPropertyDefinition
            sets += given if isinstance(given, tuple) else [given]
    for each in sets:
        held = getattr(each, "HasProperties", None) or getattr(each, "Quantities", None)
        known = found.get(each.Name or "", {})
        if known is None or (held is None and not each.is_a("IfcPropertySet") and not each.is_a("IfcElementQuantity")):
            found[each.Name or ""] = None
        else:
            found[each.Name or ""] = {**known, **{inner.Name: inner for inner in held or ()}}
    return found


def _values(holder: Element) -> Iterator[tuple[str, Any]]:
    """Values of a property or quantity, each with its measure."""
    if holder.is_a("IfcPhysicalSimpleQuantity"):
        yield QUANTITIES.get(holder.is_a(), holder.is_a()), holder[3]
        return
    if holder.is_a("IfcPropertySingleValue"):
        given = [holder.NominalValue]
    elif holder.is_a("IfcPropertyEnumeratedValue"):
        given = list(holder.EnumerationValues or ())
    elif holder.is_a("IfcPropertyListValue"):
        given = list(holder.ListValues or ())
    elif holder.is_a("IfcPropertyBoundedValue"):
        given = [holder.UpperBoundValue, holder.LowerBoundValue, getattr(holder, "SetPointValue", None)]
    else:
        raise NotCovered(holder.is_a())
    yield from ((each.is_a(), each.wrappedValue) for each in given if each is not None)


def _in_si(holder: Element, measure: str, value: Any) -> Any:
    """A number in the unit IDS counts in; text and truth values as they are."""
    if isinstance(value, bool) or not isinstance(value, int | float) or measure.upper() in PLAIN:
        return value
    if measure.upper() not in SCALED:
        raise NotCovered(f"unit of {measure}")
    own = getattr(holder, "Unit", None)
    if own is not None:
        return value * unit.get_unit_scale(own)
    return value * unit.calculate_unit_scale(holder.file, SCALED[measure.upper()])


def _classification(facet: Facet, one: Element) -> bool:
    references: Iterable[Element] = classification.get_references(one)
    for reference in references:
        system = reference if reference.is_a("IfcClassification") else classification.get_classification(reference)
        if not facet.parts.get("system", ANYTHING).accepts(getattr(system, "Name", None)):
            continue
        wanted = facet.parts.get("value")
        if wanted is None:
            return True
        line = [reference, *classification.get_inherited_references(reference)]
        codes = [getattr(each, "Identification", None) or getattr(each, "ItemReference", None) for each in line]
        if any(wanted.accepts(code) for code in codes if code):
            return True
    return False


def _material(facet: Facet, one: Element) -> bool:
    held = element.get_material(one, should_skip_usage=True)
    wanted = facet.parts.get("value")
    if held is None or wanted is None:
        return held is not None
    return any(wanted.accepts(name) for name in _names_of(held, 0) if name)


def _names_of(held: Element, depth: int) -> Iterator[str | None]:
    """Names and categories of a material, of its set, of its layers, profiles, constituents and their materials."""
    yield from (getattr(held, each, None) for each in ("Name", "LayerSetName", "Category"))
    for part in ("MaterialLayers", "MaterialProfiles", "MaterialConstituents", "Materials", "Material"):
        inner = getattr(held, part, None)
        for each in inner if isinstance(inner, tuple) else [inner] if inner is not None else []:
            if depth < 4:
                yield from _names_of(each, depth + 1)


def _part_of(facet: Facet, one: Element) -> bool:
    return any(_entity(facet, holder) for holder in _holders(facet.relation, one))


def _holders(relation: str, one: Element) -> Iterator[Element]:
    """Everything an element is part of by a relation, near and far; by any relation where none is named."""
    if relation == "IFCRELASSIGNSTOGROUP":
        yield from element.get_groups(one)
        return
    upward: dict[str, Callable[[Element], Element | None]] = {
        "": element.get_parent,
        "IFCRELAGGREGATES": element.get_aggregate,
        "IFCRELNESTS": element.get_nest,
        "IFCRELCONTAINEDINSPATIALSTRUCTURE": element.get_container,
        "IFCRELVOIDSELEMENT": element.get_voided_element,
        "IFCRELFILLSELEMENT": element.get_filled_void,
        "IFCRELVOIDSELEMENT IFCRELFILLSELEMENT": _filled_host,
    }
    if relation not in upward:
        raise NotCovered(f"relation {relation}")
    step, at, depth = upward[relation], upward[relation](one), 0
    while at is not None and depth < DEEPEST:
        yield at
        at, depth = step(at), depth + 1


def _filled_host(one: Element) -> Element | None:
    opening = element.get_filled_void(one)
    return element.get_voided_element(opening) if opening is not None else None


KINDS: dict[str, Callable[[Facet, Element], bool]] = {
    "entity": _entity,
    "attribute": _attribute,
    "property": _property,
    "classification": _classification,
    "material": _material,
    "partOf": _part_of,
}
