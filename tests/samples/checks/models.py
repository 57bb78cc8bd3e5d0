"""IFC, good and bad."""

from __future__ import annotations

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


BAD: dict[str, Maker] = {
    "BIM-001": text("broken.ifc", b"ISO-10303-21;\nHEADER;\nnothing\nEND-ISO-10303-21;\n"),
    "BIM-002": lambda folder: ifc(folder, "IFC4X3_RC2"),
    "BIM-003": lambda folder: ifc(folder, project=False),
    "BIM-004": lambda folder: ifc(folder, end=False),
}

GOOD: dict[str, Maker] = {
    "ifc": ifc,
}
