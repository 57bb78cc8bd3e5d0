"""Files that are no typeset PDF: photographs, DXF, IFC, OFD, a short film — small, whole, and made from numbers."""

import io
import zipfile
from datetime import date, datetime
from random import Random
from uuid import UUID
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw


def photograph(rng: Random, taken: datetime, *, width: int = 1600, height: int = 1067) -> bytes:
    """A JPEG of a building site as a child of geometry: sky, ground, storeys, a crane; with its date in EXIF."""
    picture = Image.new("RGB", (width, height))
    brush = ImageDraw.Draw(picture)
    top, low = rng.choice(
        (((126, 170, 205), (222, 228, 228)), ((150, 156, 164), (214, 212, 206)), ((196, 170, 140), (236, 224, 200)))
    )
    horizon = int(height * 0.68)
    for y in range(horizon):
        share = y / horizon
        brush.line([(0, y), (width, y)], fill=tuple(int(a + (b - a) * share) for a, b in zip(top, low, strict=True)))
    brush.rectangle([0, horizon, width, height], fill=rng.choice(((150, 126, 96), (134, 130, 122), (120, 116, 98))))
    x = int(width * 0.06)
    while x < width * 0.86:
        wide, storeys = rng.randint(140, 300), rng.randint(3, 9)
        for storey in range(storeys):
            y = horizon - (storey + 1) * 68
            brush.rectangle(
                [x, y, x + wide, y + 60],
                fill=(188 - storey * 6, 184 - storey * 6, 176 - storey * 5),
                outline=(96, 92, 88),
            )
            for k in range(wide // 46):
                brush.rectangle(
                    [x + 12 + k * 46, y + 14, x + 38 + k * 46, y + 48],
                    fill=rng.choice(((70, 84, 96), (96, 108, 116), (40, 48, 54))),
                )
        x += wide + rng.randint(24, 80)
    mast = rng.randint(int(width * 0.3), int(width * 0.8))
    brush.line([(mast, horizon), (mast, 90)], fill=(196, 150, 40), width=9)
    brush.line([(mast - 260, 120), (mast + 420, 120)], fill=(196, 150, 40), width=7)
    brush.line([(mast + 300, 120), (mast + 300, 330)], fill=(60, 60, 60), width=2)
    exif = Image.Exif()
    exif[0x0132] = exif[0x9003] = taken.strftime("%Y:%m:%d %H:%M:%S")
    exif[0x010F] = "Zhudang demo"
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82, exif=exif, dpi=(300, 300))
    return out.getvalue()


def dxf(rng: Random, title: str) -> bytes:
    """A plan as DXF R2010 with Chinese text, layers and a block."""
    import ezdxf

    ezdxf.options.write_fixed_meta_data_for_testing = True  # no moment and no identifier of this run in it
    drawing = ezdxf.new("R2010", setup=True)
    drawing.header["$INSUNITS"] = 4
    for name, color in (("墙体", 7), ("轴线", 1), ("标注", 3), ("管线", 5)):
        drawing.layers.add(name, color=color)
    space = drawing.modelspace()
    for i in range(8):
        space.add_line((i * 6000, -2000), (i * 6000, 26000), dxfattribs={"layer": "轴线"})
        space.add_circle((i * 6000, -2800), 600, dxfattribs={"layer": "轴线"})
        space.add_text(str(i + 1), height=500, dxfattribs={"layer": "标注"}).set_placement((i * 6000 - 200, -3000))
    for j in range(5):
        space.add_lwpolyline(
            [(0, j * 6000), (42000, j * 6000), (42000, j * 6000 + 240), (0, j * 6000 + 240)],
            close=True,
            dxfattribs={"layer": "墙体"},
        )
    for _ in range(60):
        x, y = rng.randint(0, 40000), rng.randint(0, 24000)
        space.add_line((x, y), (x + rng.randint(500, 4000), y), dxfattribs={"layer": "管线"})
    space.add_text(title, height=900, dxfattribs={"layer": "标注"}).set_placement((0, 28000))
    for kind in sorted(drawing.entitydb.dxf_types_in_use()):  # the library names them in the order of a set
        drawing.classes.add_class(kind)
    out = io.StringIO()
    drawing.write(out)
    return out.getvalue().encode(drawing.output_encoding, errors="dxfreplace")


def ifc(rng: Random, name: str, storeys: int, day: date) -> bytes:
    """A building as IFC4: site, storeys, walls as extruded solids."""
    import ifcopenshell
    import ifcopenshell.guid

    model = ifcopenshell.file(schema="IFC4")
    point = model.createIfcCartesianPoint((0.0, 0.0, 0.0))
    context = model.createIfcGeometricRepresentationContext(
        None, "Model", 3, 1e-5, model.createIfcAxis2Placement3D(point)
    )
    units = model.createIfcUnitAssignment([model.createIfcSIUnit(None, "LENGTHUNIT", None, "METRE")])

    def made(kind: str, **fields: object) -> object:
        number = ifcopenshell.guid.compress(UUID(int=rng.getrandbits(128), version=4).hex)
        return model.create_entity(kind, GlobalId=number, **fields)

    project = made("IfcProject", Name=name, RepresentationContexts=[context], UnitsInContext=units)
    site, building = made("IfcSite", Name="场地"), made("IfcBuilding", Name=name)
    made("IfcRelAggregates", RelatingObject=project, RelatedObjects=[site])
    made("IfcRelAggregates", RelatingObject=site, RelatedObjects=[building])
    levels = [made("IfcBuildingStorey", Name=f"{i + 1} 层", Elevation=i * 3.0) for i in range(storeys)]
    made("IfcRelAggregates", RelatingObject=building, RelatedObjects=levels)
    for i, level in enumerate(levels):
        walls = []
        for k in range(6):
            profile = model.createIfcRectangleProfileDef("AREA", None, None, 0.24, rng.uniform(3, 9))
            place = model.createIfcAxis2Placement3D(model.createIfcCartesianPoint((k * 4.0, 0.0, i * 3.0)))
            solid = model.createIfcExtrudedAreaSolid(profile, place, model.createIfcDirection((0.0, 0.0, 1.0)), 2.9)
            shape = model.createIfcProductDefinitionShape(
                None, None, [model.createIfcShapeRepresentation(context, "Body", "SweptSolid", [solid])]
            )
            walls.append(
                made(
                    "IfcWall",
                    Name=f"墙 {i + 1}-{k + 1}",
                    Representation=shape,
                    ObjectPlacement=model.createIfcLocalPlacement(None, model.createIfcAxis2Placement3D(point)),
                )
            )
        made("IfcRelContainedInSpatialStructure", RelatingStructure=level, RelatedElements=walls)
    model.header.file_name.time_stamp = f"{day.isoformat()}T09:00:00"
    return str(model.to_string()).encode()


def ofd(title: str, lines: list[str], day: date, *, pages: int = 1) -> bytes:
    """An OFD document (GB/T 33190-2016) of text lines; fonts are named, not embedded."""
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    parts = {
        "OFD.xml": f'{head}<ofd:OFD {space} DocType="OFD" Version="1.0"><ofd:DocBody><ofd:DocInfo><ofd:DocID>{abs(hash_of(title)):032x}</ofd:DocID><ofd:Title>{escape(title)}</ofd:Title><ofd:CreationDate>{day.isoformat()}</ofd:CreationDate></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>',
        "Doc_0/PublicRes.xml": f'{head}<ofd:Res {space} BaseLoc="Res"><ofd:Fonts><ofd:Font ID="3" FontName="宋体" FamilyName="宋体"/></ofd:Fonts></ofd:Res>',
    }
    refs, number = [], 10
    per_page = -(-len(lines) // pages)
    for page in range(pages):
        objects = []
        for i, line in enumerate(([title] if page == 0 else []) + lines[page * per_page : (page + 1) * per_page]):
            number += 1
            size, y = (6.4, 24) if page == 0 and i == 0 else (4.2, 34 + i * 8)
            width = len(line) * size
            deltas = " ".join([f"{size:.2f}"] * (len(line) - 1))
            objects.append(
                f'<ofd:TextObject ID="{number}" Boundary="20 {y} {width:.1f} 8" Font="3" Size="{size}"><ofd:TextCode X="0" Y="{size:.1f}"'
                + (f' DeltaX="{deltas}"' if deltas else "")
                + f">{escape(line)}</ofd:TextCode></ofd:TextObject>"
            )
        number += 2
        parts[f"Doc_0/Pages/Page_{page}/Content.xml"] = (
            f'{head}<ofd:Page {space}><ofd:Content><ofd:Layer ID="{number}">{"".join(objects)}</ofd:Layer></ofd:Content></ofd:Page>'
        )
        refs.append(f'<ofd:Page ID="{number + 1}" BaseLoc="Pages/Page_{page}/Content.xml"/>')
        number += 2
    parts["Doc_0/Document.xml"] = (
        f"{head}<ofd:Document {space}><ofd:CommonData><ofd:MaxUnitID>{number}</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea><ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData><ofd:Pages>{''.join(refs)}</ofd:Pages></ofd:Document>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text.encode())
    return out.getvalue()


def hash_of(text: str) -> int:
    """A number from a text, the same in every run (Python's own differs from run to run)."""
    import hashlib

    return int(hashlib.sha256(text.encode()).hexdigest()[:30], 16)


def film(rng: Random, seconds: int = 2) -> bytes:
    """A short MPEG-4 film of a moving square."""
    import av
    import numpy

    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=12)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"  # type: ignore[attr-defined]
        for i in range(seconds * 12):
            image = numpy.full((240, 320, 3), 200, dtype=numpy.uint8)
            left = (i * 9 + rng.randint(0, 3)) % 260
            image[90:150, left : left + 60] = (31, 78, 121)
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):  # type: ignore[attr-defined]
                container.mux(packet)
        for packet in stream.encode():  # type: ignore[attr-defined]
            container.mux(packet)
    return out.getvalue()
