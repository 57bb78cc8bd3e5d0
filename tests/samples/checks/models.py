"""IFC, good and bad."""

from __future__ import annotations

import zipfile
from pathlib import Path

from samples.checks.making import Maker, put, text


def ifc(folder: Path, schema: str = "IFC4", project: bool = True, end: bool = True) -> Path:
    entity = "#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,$,$);\n" if project else ""
    body = (
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
        "FILE_NAME('a','2026-01-01T00:00:00',(''),(''),'','','');\n"
        f"FILE_SCHEMA(('{schema}'));\nENDSEC;\nDATA;\n{entity}"
        "#2=IFCCARTESIANPOINT((0.,0.,0.));\nENDSEC;\n"
    )
    return put(folder, "sample.ifc", (body + ("END-ISO-10303-21;\n" if end else "")).encode())


IDS = (
    '<ids xmlns="http://standards.buildingsmart.org/IDS"><info><title>T</title></info><specifications>'
    '<specification name="S" ifcVersion="{version}"><applicability minOccurs="0" maxOccurs="unbounded"><entity><name>'
    "<simpleValue>IFCWALL</simpleValue></name></entity></applicability></specification></specifications></ids>"
)


def changed(name: str, old: str, new: str) -> Maker:
    def make(folder: Path) -> Path:
        content = ifc(folder).read_text()
        assert old in content
        return put(folder, name, content.replace(old, new).encode())

    return make


def ifczip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "model.ifczip", "w") as container:
        container.write(ifc(folder), "model.ifc")
    return folder / "model.ifczip"


IFCXML = "http://www.buildingsmart-tech.org/ifcXML/IFC4/Add2"


def ifcxml(
    folder: Path, inner: str = "", *, namespace: str = IFCXML, name: str = "model.ifcxml", end: str = "</ifcXML>"
) -> Path:
    project = '<IfcProject id="i1" GlobalId="0YvctVUKr0kugbFTf53O9L"/>'
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n<ifcXML xmlns="{namespace}">{project}{inner}{end}'
    return put(folder, name, content.encode())


SECOND = "#9=IFCBUILDING('0YvctVUKr0kugbFTf53O9L',$,'B',$,$,$,$,$,.ELEMENT.,$,$,$);\n"

BAD: dict[str, Maker] = {
    "BIM-001": text("broken.ifc", b"ISO-10303-21;\nHEADER;\nnothing\nEND-ISO-10303-21;\n"),
    "BIM-002": lambda folder: ifc(folder, "IFC4X3_RC2"),
    "BIM-003": lambda folder: ifc(folder, project=False),
    "BIM-004": lambda folder: ifc(folder, end=False),
    "BIM-006": changed("reference.ifc", "$,'P',$", "#77,'P',$"),
    "BIM-007": changed("twice.ifc", "#2=IFCC", SECOND + "#2=IFCC"),
    "BIM-008": ifc,
    "BIM-009": changed(
        "attribute.ifc", "#2=IFCC", "#9=IFCBUILDING('0YvctVUKr0kugbFTf53O9M',$,'B',$,$,$,$,$,$,'x',$,$);\n#2=IFCC"
    ),
    "BIM-012": ifcxml,
    "BIM-010": lambda folder: put(folder, "odd.ids", IDS.format(version="IFC9").encode()),
}

GOOD: dict[str, Maker] = {
    "ifc": ifc,
    "ifczip": ifczip,
    "ids": lambda folder: put(folder, "good.ids", IDS.format(version="IFC4").encode()),
}
