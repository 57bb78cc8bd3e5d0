"""Models, their requirements and spatial data: what they are, whether they are whole, where they lie."""

import pytest

from samples.checks import models, spatial
from samples.checks.looking import codes, examine
from zhudang.checks.openers import ifc


def test_a_parse_error_is_told_with_its_line(tmp_path):
    report = examine(models.BAD["BIM-006"](tmp_path), tmp_path)
    (found,) = [each for each in report["findings"] if each["code"] == "BIM-006"]
    assert found["data"]["details"][0].startswith("line 8:")
    assert report["verdict"] != "fail"


def test_what_an_earlier_model_left_in_the_log_hides_nothing(tmp_path):
    import ifcopenshell

    path = models.BAD["BIM-006"](tmp_path)
    ifcopenshell.open(str(path))
    assert "BIM-006" in codes(examine(path, tmp_path))


def test_units_and_map_conversion_are_facts(tmp_path):
    content = models.ifc(tmp_path).read_text()
    more = (
        "#3=IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.);\n#4=IFCUNITASSIGNMENT((#3));\n"
        "#5=IFCPROJECTEDCRS('EPSG:4547',$,$,$,$,$,$);\n"
        "#6=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,#7,$);\n#7=IFCAXIS2PLACEMENT3D(#2,$,$);\n"
        "#8=IFCMAPCONVERSION(#6,#5,500000.,4400000.,0.,$,$,$);\n"
    )
    content = content.replace("$,$,$,$,$,$);", "$,$,$,$,$,#4);").replace("#2=IFCC", f"{more}#2=IFCC")
    path = tmp_path / "placed.ifc"
    path.write_text(content)
    facts = examine(path, tmp_path)["facts"]
    assert facts["units"] == {"LENGTHUNIT": "MILLI METRE"}
    assert facts["georeference"] == {"kind": "map", "crs": "EPSG:4547", "east": 500000.0, "north": 4400000.0}
    assert facts["georeferenced"] is True


def test_degrees_minutes_seconds_become_degrees():
    assert ifc._degrees((39, 54, 0, 0)) == 39.9
    assert ifc._degrees((-87, -38, -21, -840000)) == pytest.approx(-87.6394)


def test_a_zipped_model_is_read_like_the_plain_one(tmp_path):
    report = examine(models.ifczip(tmp_path), tmp_path)
    assert report["format"]["id"] == "zd/ifczip"
    assert report["facts"]["release"] == "IFC4"
    assert not (tmp_path / "model.ifc.ifc").exists()


def test_a_model_in_xml_is_whole_but_waits_for_a_person(tmp_path):
    report = examine(models.ifcxml(tmp_path), tmp_path)
    assert report["format"]["id"] == "zd/ifcxml"
    assert report["facts"]["release"] == "IFC4"
    assert codes(report) == {"BIM-012"}
    assert report["verdict"] == "manual"
    assert report["not_checked"]["BIM-009"] == "no_ifcxml_reader"


@pytest.mark.parametrize(
    ("namespace", "release"),
    [
        ("http://www.iai-tech.org/ifcXML/IFC2x3/FINAL", "IFC2X3"),
        ("http://www.buildingsmart-tech.org/ifcXML/IFC4/final", "IFC4"),
        ("http://www.buildingsmart-tech.org/ifc/IFC4x3/final", "IFC4X3"),
        ("https://standards.buildingsmart.org/IFC/RELEASE/IFC4_3", "IFC4X3"),
    ],
)
def test_the_schema_of_a_model_in_xml_stands_in_its_namespace(tmp_path, namespace, release):
    assert examine(models.ifcxml(tmp_path, namespace=namespace), tmp_path)["facts"]["release"] == release


def test_a_model_in_xml_without_its_end_or_with_a_wrong_tag_blocks(tmp_path):
    assert codes(examine(models.ifcxml(tmp_path, end=""), tmp_path)) == {"BIM-004"}
    assert codes(examine(models.ifcxml(tmp_path, "<a></b>"), tmp_path)) == {"BIM-001"}


def test_identifiers_and_references_of_a_model_in_xml_are_looked_at(tmp_path):
    again = '<IfcBuilding id="i2" GlobalId="0YvctVUKr0kugbFTf53O9L"/>'
    lost = '<IfcSite id="i3" GlobalId="0YvctVUKr0kugbFTf53O9M"><Holder ref="i1"/><Holder ref="i9"/></IfcSite>'
    report = examine(models.ifcxml(tmp_path, again + lost), tmp_path)
    assert codes(report) == {"BIM-006", "BIM-007", "BIM-012"}
    (told,) = [each for each in report["findings"] if each["code"] == "BIM-006"]
    assert told["data"] == {"count": 1, "details": ["ref=i9"]}


def test_a_model_in_xml_may_call_itself_xml_and_be_written_in_utf16(tmp_path):
    plain = models.ifcxml(tmp_path, name="model.xml")
    assert codes(examine(plain, tmp_path)) == {"BIM-012"}
    wide = tmp_path / "wide.ifcxml"
    wide.write_bytes(plain.read_text().replace("UTF-8", "UTF-16").encode("utf-16"))
    assert examine(wide, tmp_path)["format"]["id"] == "zd/ifcxml"


def test_a_model_in_xml_that_multiplies_itself_does_no_harm(tmp_path):
    laughs = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 12))
    content = f'<!DOCTYPE ifcXML [<!ENTITY l0 "ha">{laughs}]><ifcXML xmlns="{models.IFCXML}"><IfcProject>&l11;</IfcProject></ifcXML>'
    path = tmp_path / "laughs.ifcxml"
    path.write_text(content)
    assert examine(path, tmp_path)["verdict"] in {"manual", "fail"}


def test_a_zipped_model_in_xml_is_told_like_the_plain_one(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "model.ifczip", "w") as container:
        container.write(models.ifcxml(tmp_path), "model.ifcxml")
    assert "BIM-012" in codes(examine(tmp_path / "model.ifczip", tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<title>T</title>", "", "title"),
        ('minOccurs="0"', 'minOccurs="7"', "occurrence"),
        ("<simpleValue>IFCWALL</simpleValue>", "IFCWALL", "simple value"),
        ("entity>", "entities>", "unknown facet"),
        ("<name><simpleValue>IFCWALL</simpleValue></name>", "", "entity without name"),
    ],
)
def test_requirements_are_read_by_their_structure(tmp_path, old, new, words):
    path = tmp_path / "requirements.ids"
    path.write_text(models.IDS.format(version="IFC4").replace(old, new))
    report = examine(path, tmp_path)
    assert report["format"]["id"] == "zd/ids"
    assert words in str(report["findings"][0]["data"]["details"])


def test_a_shapefile_set_is_looked_for_only_beside_its_own_name(tmp_path):
    path = spatial.shapefile(tmp_path, whole_set=False)
    assert codes(examine(path, tmp_path)) == {"GIS-003"}
    stored = examine(path, tmp_path, "井.shp")
    assert stored["not_checked"]["GIS-003"] == "alone"
    assert codes(examine(spatial.shapefile(tmp_path), tmp_path)) == set()


@pytest.mark.parametrize("make", [spatial.geojson, spatial.geopackage, spatial.glb, spatial.kml, spatial.shapefile])
def test_spatial_data_cut_off_are_refused(tmp_path, make):
    path = make(tmp_path)
    content = path.read_bytes()
    assert examine(path, tmp_path)["verdict"] == "pass"
    for share in (0.5, 0.9):
        path.write_bytes(content[: int(len(content) * share)])
        assert examine(path, tmp_path)["verdict"] == "fail"


def test_layers_and_systems_of_a_geopackage_are_facts(tmp_path):
    facts = examine(spatial.geopackage(tmp_path), tmp_path)["facts"]
    assert facts["layers"] == ["wells"]
    assert facts["crs"] == ["EPSG:4490"]
