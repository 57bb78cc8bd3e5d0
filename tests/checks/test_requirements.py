"""A model held against IDS requirements: each facet, cardinality and restriction; what is not judged is never passed."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid
import pytest

from samples.checks.making import zip_of
from zhudang.checks import command
from zhudang.checks.requirements.judging import judge
from zhudang.checks.settings import CheckSettings

HEAD = (
    '<ids xmlns="http://standards.buildingsmart.org/IDS" xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    "<info><title>T</title></info><specifications>"
)
WALL = "<entity><name><simpleValue>IFCWALL</simpleValue></name></entity>"


def ids(folder: Path, requirements: str, applicability: str = WALL, occurs: str = "", version: str = "IFC4") -> Path:
    path = folder / "asked.ids"
    path.write_text(
        f'{HEAD}<specification name="S" ifcVersion="{version}"><applicability {occurs}>{applicability}</applicability>'
        f"<requirements>{requirements}</requirements></specification></specifications></ids>",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def model(tmp_path: Path) -> Any:
    """A wall in millimetres with a set of properties, a material, a class, in a storey; and a second, bare wall."""
    made: Any = ifcopenshell.file(schema="IFC4")

    def rooted(name: str, **values: Any) -> Any:
        return made.create_entity(name, GlobalId=ifcopenshell.guid.new(), **values)

    unit = made.create_entity("IfcSIUnit", UnitType="LENGTHUNIT", Prefix="MILLI", Name="METRE")
    assignment = made.create_entity("IfcUnitAssignment", Units=[unit])
    rooted("IfcProject", Name="P", UnitsInContext=assignment)
    wall = rooted("IfcWall", Name="W1", PredefinedType="PARTITIONING")
    rooted("IfcWall", Name="W2")
    storey = rooted("IfcBuildingStorey", Name="1F")
    rooted("IfcRelContainedInSpatialStructure", RelatedElements=[wall], RelatingStructure=storey)
    properties = [
        made.create_entity("IfcPropertySingleValue", Name=name, NominalValue=made.create_entity(kind, value))
        for name, kind, value in (
            ("FireRating", "IfcLabel", "REI 60"),
            ("IsExternal", "IfcBoolean", True),
            ("Width", "IfcLengthMeasure", 240.0),
            ("U", "IfcThermalTransmittanceMeasure", 0.3),
        )
    ]
    group = rooted("IfcPropertySet", Name="Pset_WallCommon", HasProperties=properties)
    rooted("IfcRelDefinesByProperties", RelatedObjects=[wall], RelatingPropertyDefinition=group)
    concrete = made.create_entity("IfcMaterial", Name="C30")
    layer = made.create_entity("IfcMaterialLayer", Material=concrete, LayerThickness=240.0)
    layers = made.create_entity("IfcMaterialLayerSet", MaterialLayers=[layer])
    rooted("IfcRelAssociatesMaterial", RelatedObjects=[wall], RelatingMaterial=layers)
    system = made.create_entity("IfcClassification", Name="GB/T 51269")
    code = made.create_entity("IfcClassificationReference", Identification="14-10.20", ReferencedSource=system)
    rooted("IfcRelAssociatesClassification", RelatedObjects=[wall], RelatingClassification=code)
    return made


def value(text: str, tag: str = "value") -> str:
    return f"<{tag}><simpleValue>{text}</simpleValue></{tag}>"


def prop(name: str, more: str = "", attributes: str = "") -> str:
    return f"<property {attributes}>{value('Pset_WallCommon', 'propertySet')}{value(name, 'baseName')}{more}</property>"


def restricted(inner: str) -> str:
    return f'<value><xs:restriction base="xs:string">{inner}</xs:restriction></value>'


FIRST_ONLY = {
    "a property that is there": prop("FireRating"),
    "a value": prop("FireRating", value("REI 60")),
    "a pattern": prop("FireRating", restricted('<xs:pattern value="REI [0-9]+"/>')),
    "an enumeration": prop("FireRating", restricted('<xs:enumeration value="REI 60"/><xs:enumeration value="90"/>')),
    "a truth value": prop("IsExternal", value("true")),
    "a length in metres": prop("Width", value("0.24")),
    "bounds": prop("Width", restricted('<xs:minInclusive value="0.2"/><xs:maxExclusive value="0.3"/>')),
    "a data type": prop("FireRating", attributes='dataType="IFCLABEL"'),
    "a predefined type": f"<entity>{value('IFCWALL', 'name')}{value('PARTITIONING', 'predefinedType')}</entity>",
    "an attribute": f"<attribute>{value('Name', 'name')}{value('W1')}</attribute>",
    "a material": f"<material>{value('C30')}</material>",
    "any material": "<material/>",
    "a class": f"<classification>{value('GB/T 51269', 'system')}{value('14-10.20')}</classification>",
    "part of a storey": f"<partOf><entity>{value('IFCBUILDINGSTOREY', 'name')}</entity></partOf>",
}


@pytest.mark.parametrize("requirement", FIRST_ONLY.values(), ids=FIRST_ONLY.keys())
def test_only_the_wall_that_has_it_meets_the_requirement(requirement: str, model: Any, tmp_path: Path):
    first, second = model.by_type("IfcWall")
    judged = judge(model, ids(tmp_path, requirement))
    assert judged.not_covered == []
    (short,) = judged.shortfalls
    assert short.elements == [second.GlobalId] != [first.GlobalId]


@pytest.mark.parametrize(
    "requirement",
    [
        prop("FireRating", value("REI 90")),
        prop("FireRating", attributes='dataType="IFCTEXT"'),
        prop("Width", value("240")),
        prop("FireRating", restricted('<xs:maxLength value="3"/>')),
        f"<partOf relation='IFCRELAGGREGATES'><entity>{value('IFCBUILDINGSTOREY', 'name')}</entity></partOf>",
    ],
)
def test_a_wrong_value_type_or_relation_is_met_by_none(requirement: str, model: Any, tmp_path: Path):
    (short,) = judge(model, ids(tmp_path, requirement)).shortfalls
    assert len(short.elements) == 2


def test_optional_asks_only_where_something_is_there(model: Any, tmp_path: Path):
    optional = 'cardinality="optional"'
    assert judge(model, ids(tmp_path, prop("FireRating", value("REI 60"), optional))).shortfalls == []
    (short,) = judge(model, ids(tmp_path, prop("FireRating", value("REI 90"), optional))).shortfalls
    assert short.elements == [model.by_type("IfcWall")[0].GlobalId]


def test_prohibited_is_broken_by_what_is_there(model: Any, tmp_path: Path):
    (short,) = judge(model, ids(tmp_path, prop("FireRating", "", 'cardinality="prohibited"'))).shortfalls
    assert short.elements == [model.by_type("IfcWall")[0].GlobalId]


def test_elements_that_must_exist_or_must_not(model: Any, tmp_path: Path):
    door = WALL.replace("IFCWALL", "IFCDOOR")
    assert len(judge(model, ids(tmp_path, "", door)).shortfalls) == 1
    assert judge(model, ids(tmp_path, "", door, 'minOccurs="0" maxOccurs="unbounded"')).shortfalls == []
    (short,) = judge(model, ids(tmp_path, "", WALL, 'minOccurs="0" maxOccurs="0"')).shortfalls
    assert len(short.elements) == 2


def test_another_schema_is_not_asked(model: Any, tmp_path: Path):
    judged = judge(model, ids(tmp_path, prop("Nothing"), version="IFC2X3"))
    assert (judged.asked, judged.shortfalls) == (0, [])


@pytest.mark.parametrize(
    "requirement",
    [
        prop("U", value("0.3")),
        prop("FireRating", restricted('<xs:pattern value="\\p{L}+"/>')),
        prop("FireRating", restricted('<xs:totalDigits value="3"/>')),
        "<geometry/>",
    ],
    ids=["unit", "pattern", "restriction", "facet"],
)
def test_what_is_not_judged_is_told_and_not_passed(requirement: str, model: Any, tmp_path: Path):
    judged = judge(model, ids(tmp_path, requirement))
    assert (judged.shortfalls, len(judged.not_covered)) == ([], 1)


def test_an_ids_in_the_set_or_named_is_asked_of_the_models(model: Any, tmp_path: Path):
    folder, target = tmp_path / "set", tmp_path / "report.json"
    folder.mkdir()
    model.write(str(folder / "model.ifc"))
    ids(tmp_path, prop("FireRating"))
    options = command.Options(quiet=True)
    command.run([folder], target, options)
    assert _told(target) == []
    command.run([folder], target, command.Options(quiet=True, ids=(tmp_path / "asked.ids",)))
    (named,) = _told(target)
    (folder / "asked.ids").write_bytes((tmp_path / "asked.ids").read_bytes())
    command.run([folder], target, options)
    (beside,) = _told(target)
    assert named["data"] == beside["data"]
    assert named["data"]["elements"] == [model.by_type("IfcWall")[1].GlobalId]


def test_a_model_within_an_archive_is_asked_the_same(model: Any, tmp_path: Path):
    folder, target = tmp_path / "set", tmp_path / "report.json"
    folder.mkdir()
    model.write(str(tmp_path / "model.ifc"))
    members = {"models/model.ifc": (tmp_path / "model.ifc").read_bytes(), "models/note.txt": b"note"}
    zip_of(folder, members, "models.zip")
    asked = ids(tmp_path, prop("FireRating"))
    (tmp_path / "city.toml").write_text('ids = ["asked.ids"]\n', encoding="utf-8")
    settings = CheckSettings(profile=str(tmp_path / "city.toml"))
    for options in (command.Options(quiet=True, ids=(asked,)), command.Options(quiet=True, settings=settings)):
        command.run([folder], target, options)
        (archive,) = json.loads(target.read_text())["files"]
        assert "BIM-011" in archive["facts"]["members"][0]["codes"]


def test_the_city_s_requirements_are_asked_of_every_model_and_the_report_says_so(model: Any, tmp_path: Path):
    folder, target, page = tmp_path / "set", tmp_path / "report.json", tmp_path / "report.html"
    folder.mkdir()
    model.write(str(folder / "model.ifc"))
    asked = ids(tmp_path, prop("FireRating"))
    (tmp_path / "city.toml").write_text('name = "云溪县"\nids = ["asked.ids"]\n', encoding="utf-8")
    settings = CheckSettings(profile=str(tmp_path / "city.toml"))
    for language, words in (("zh", "对照了 1 个模型"), ("en", "models held against it: 1")):
        command.run([folder], target, command.Options(quiet=True, settings=settings, html=page, language=language))
        assert words in page.read_text(encoding="utf-8")
    (told,) = _told(target)
    assert told["data"]["elements"] == [model.by_type("IfcWall")[1].GlobalId]
    digest = sha256(asked.read_bytes()).hexdigest()
    report = json.loads(target.read_text())
    assert report["requirements"] == [{"name": "asked.ids", "sha256": digest, "models": 1}]
    (kept,) = report["files"][0]["facts"]["ids"]
    assert (kept["file"], kept["sha256"], kept["asked"], kept["short"]) == ("asked.ids", digest, 1, 1)


def _told(target: Path) -> list[dict[str, Any]]:
    (model,) = [each for each in json.loads(target.read_text())["files"] if each["path"] == "model.ifc"]
    return [each for each in model["findings"] if each["code"] == "BIM-011"]
