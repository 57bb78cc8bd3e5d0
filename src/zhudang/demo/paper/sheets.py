"""Twelve types of drawing sheets, A4 to A0, drawn from numbers: plans, sections, profiles, pipes, bridges."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

from zhudang.demo.paper.layouts import Data, Facts
from zhudang.demo.paper.phrases import date_text, person

# name -> (width, height) in mm, landscape (GB/T 50001)
SIZES = {"A0": (1189, 841), "A1": (841, 594), "A2": (594, 420), "A3": (420, 297), "A4": (297, 210)}
INK, BLUE, GREY, GREEN, RED = "#1a1c1f", "#1d5f9e", "#8a867c", "#2b6349", "#b0281d"


class Pad:
    """Collects strokes in millimetres of paper, origin top left."""

    def __init__(self) -> None:
        self.marks: list[list[Any]] = []

    def line(
        self, x: float, y: float, x2: float, y2: float, w: float = 0.25, color: str = INK, dash: str | None = None
    ) -> None:
        self.marks.append(["l", _r(x), _r(y), _r(x2), _r(y2), w, color, dash])

    def rect(
        self, x: float, y: float, w: float, h: float, pen: float = 0.25, color: str = INK, fill: str | None = None
    ) -> None:
        self.marks.append(["r", _r(x), _r(y), _r(w), _r(h), pen, color, fill])

    def circle(self, x: float, y: float, r: float, pen: float = 0.25, color: str = INK) -> None:
        self.marks.append(["c", _r(x), _r(y), _r(r), pen, color])

    def path(
        self, points: list[tuple[float, float]], pen: float = 0.3, color: str = INK, dash: str | None = None
    ) -> None:
        self.marks.append(["p", [[_r(x), _r(y)] for x, y in points], pen, color, dash])

    def text(self, x: float, y: float, words: str, size: float = 3.0, turn: float = 0) -> None:
        self.marks.append(["t", _r(x), _r(y), words, size, turn])


def _r(value: float) -> float:
    return round(value, 2)


@dataclass(frozen=True)
class Frame:
    """The part of a sheet that may be drawn in, mm."""

    x: float
    y: float
    w: float
    h: float


Drawer = Callable[[Pad, Frame, Random], None]


def _axes(pad: Pad, frame: Frame, nx: int, ny: int) -> tuple[list[float], list[float]]:
    xs = [frame.x + frame.w * (0.08 + 0.84 * i / (nx - 1)) for i in range(nx)]
    ys = [frame.y + frame.h * (0.12 + 0.72 * i / (ny - 1)) for i in range(ny)]
    for i, x in enumerate(xs):
        pad.line(x, ys[0] - 14, x, ys[-1] + 10, 0.13, GREY, "dash-dotted")
        pad.circle(x, ys[0] - 18, 4)
        pad.text(x - 1.4, ys[0] - 20, str(i + 1), 3)
    for i, y in enumerate(ys):
        pad.line(xs[0] - 14, y, xs[-1] + 10, y, 0.13, GREY, "dash-dotted")
        pad.circle(xs[0] - 18, y, 4)
        pad.text(xs[0] - 19.4, y - 2, "ABCDEFGH"[ny - 1 - i], 3)
    for a, b in pairwise(xs):
        pad.line(a, ys[-1] + 16, b, ys[-1] + 16, 0.13)
        pad.text((a + b) / 2 - 4, ys[-1] + 12, str(round((b - a) * 100 / 300) * 300), 2.6)
    return xs, ys


def floor_plan(pad: Pad, frame: Frame, rng: Random) -> None:
    xs, ys = _axes(pad, frame, 8, 5)
    pad.rect(xs[0] - 1, ys[0] - 1, xs[-1] - xs[0] + 2, ys[-1] - ys[0] + 2, 0.7)
    pad.rect(xs[0] + 1, ys[0] + 1, xs[-1] - xs[0] - 2, ys[-1] - ys[0] - 2, 0.35)
    for x in xs[1:-1]:
        if rng.random() < 0.8:
            pad.rect(x - 0.8, ys[0], 1.6, ys[1] - ys[0], 0.3)
            pad.rect(x - 0.8, ys[2], 1.6, ys[-1] - ys[2], 0.3)
    pad.line(xs[0], ys[1], xs[-1], ys[1], 0.5)
    pad.line(xs[0], ys[2], xs[-1], ys[2], 0.5)
    for a, b in pairwise(xs):
        name = rng.choice(("客厅", "卧室", "厨房", "卫生间", "教室", "办公室", "楼梯间"))
        pad.text((a + b) / 2 - 5, (ys[0] + ys[1]) / 2, name, 3.4)
        pad.text((a + b) / 2 - 5, (ys[2] + ys[-1]) / 2, rng.choice(("卧室", "书房", "阳台", "设备间")), 3.4)
        pad.path([(a + 4, ys[1]), (a + 4, ys[1] - 9), (a + 9, ys[1] - 7), (a + 13, ys[1])], 0.18)


def structure_plan(pad: Pad, frame: Frame, rng: Random) -> None:
    xs, ys = _axes(pad, frame, 7, 5)
    for x in xs:
        for y in ys:
            pad.rect(x - 2.4, y - 2.4, 4.8, 4.8, 0.4, INK, "#3a3d42")
    for y in ys:
        pad.line(xs[0], y - 1.2, xs[-1], y - 1.2, 0.3, INK, "dashed")
        pad.line(xs[0], y + 1.2, xs[-1], y + 1.2, 0.3, INK, "dashed")
    for i, (a, b) in enumerate(pairwise(xs)):
        pad.text((a + b) / 2 - 10, ys[1] - 8, f"KL{i + 1}(3) 250×{rng.choice((500, 550, 600))}", 2.5)
        pad.text((a + b) / 2 - 10, ys[1] - 4.6, f"φ8@100/200(2) 2φ{rng.choice((18, 20, 22))}", 2.5)
        for k in range(6):
            pad.line(a + 3, ys[2] + 4 + k * 4, b - 3, ys[2] + 4 + k * 4, 0.25, BLUE)
        pad.text((a + b) / 2 - 8, ys[3] - 6, f"h={rng.choice((110, 120, 130))}", 2.8)


def elevation(pad: Pad, frame: Frame, rng: Random) -> None:
    floors, left, right, ground = (
        rng.randint(5, 12),
        frame.x + frame.w * 0.12,
        frame.x + frame.w * 0.85,
        frame.y + frame.h * 0.86,
    )
    step = frame.h * 0.7 / floors
    pad.line(frame.x + 6, ground, frame.x + frame.w - 6, ground, 1.0)
    for level in range(floors + 1):
        y = ground - level * step
        pad.line(left, y, right, y, 0.3)
        pad.text(right + 6, y - 2, f"{level * 3.0:.3f}", 3)
        if level < floors:
            for k in range(10):
                pad.rect(
                    left + (right - left) * (0.03 + k * 0.097), y - step * 0.75, (right - left) * 0.06, step * 0.5, 0.25
                )
    pad.rect(left, ground - floors * step, right - left, floors * step, 0.7)


def section(pad: Pad, frame: Frame, rng: Random) -> None:
    elevation(pad, frame, rng)
    for k in range(40):
        x = frame.x + frame.w * 0.1 + k * frame.w * 0.02
        pad.line(x, frame.y + frame.h * 0.88, x + 4, frame.y + frame.h * 0.94, 0.18, GREY)


def foundation(pad: Pad, frame: Frame, rng: Random) -> None:
    xs, ys = _axes(pad, frame, 7, 4)
    for i, x in enumerate(xs):
        for j, y in enumerate(ys):
            size = rng.choice((10, 13, 16))
            pad.rect(x - size / 2, y - size / 2, size, size, 0.5)
            pad.rect(x - 2, y - 2, 4, 4, 0.4, INK, "#3a3d42")
            pad.text(x + size / 2 + 1, y - 4, f"CT{(i + j) % 5 + 1}", 2.8)


def services(pad: Pad, frame: Frame, rng: Random, color: str, tag: str) -> None:
    floor_plan(pad, frame, rng)
    y = frame.y + frame.h * 0.44
    pad.line(frame.x + frame.w * 0.09, y, frame.x + frame.w * 0.9, y, 0.8, color)
    for k in range(14):
        x = frame.x + frame.w * (0.1 + k * 0.057)
        down = rng.choice((-1, 1)) * frame.h * rng.uniform(0.1, 0.24)
        pad.line(x, y, x, y + down, 0.5, color)
        pad.circle(x, y + down, 1.8, 0.4, color)
        pad.text(x + 2, y + down, f"{tag}-{k + 1} DN{rng.choice((20, 25, 50, 75, 110))}", 2.4)


def site_plan(pad: Pad, frame: Frame, rng: Random) -> None:
    pad.path(
        [
            (frame.x + frame.w * a, frame.y + frame.h * b)
            for a, b in ((0.1, 0.1), (0.86, 0.07), (0.92, 0.7), (0.55, 0.86), (0.08, 0.78), (0.1, 0.1))
        ],
        0.8,
        RED,
        "dash-dotted",
    )
    for k in range(6):
        x, y = frame.x + frame.w * (0.16 + 0.24 * (k % 3)), frame.y + frame.h * (0.18 + 0.3 * (k // 3))
        pad.rect(x, y, frame.w * 0.13, frame.h * 0.14, 0.6, INK, "#e9e5da")
        pad.text(x + 5, y + frame.h * 0.06, f"{k + 1}# 楼  {rng.randint(6, 18)}F", 4)
        pad.text(x, y - 5, f"X=31487{rng.randint(10, 99)}.{rng.randint(100, 999)}", 2.6)
        pad.text(x, y - 1.6, f"Y=5979{rng.randint(10, 99)}.{rng.randint(100, 999)}", 2.6)
    for k in range(5):
        pad.line(
            frame.x + 8,
            frame.y + frame.h * (0.05 + k * 0.19),
            frame.x + frame.w - 8,
            frame.y + frame.h * (0.02 + k * 0.2),
            0.15,
            GREY,
        )


def road_plan(pad: Pad, frame: Frame, rng: Random) -> None:
    bend = rng.uniform(0, 3)
    middle = [
        (frame.x + frame.w * (0.04 + 0.92 * i / 24), frame.y + frame.h * (0.5 + 0.1 * math.sin(i / 5.5 + bend)))
        for i in range(25)
    ]
    for offset, pen, color, dash in (
        (0, 0.35, RED, "dash-dotted"),
        (-12, 0.6, INK, None),
        (12, 0.6, INK, None),
        (-18, 0.3, GREY, None),
        (18, 0.3, GREY, None),
    ):
        pad.path([(x, y + offset) for x, y in middle], pen, color, dash)
    for i, (x, y) in enumerate(middle):
        if i % 2 == 0:
            pad.line(x, y - 22, x, y + 22, 0.18)
            pad.text(x - 6, y - 27, f"K0+{i * 20:03d}", 3)
    for k in range(9):
        pad.circle(*middle[k * 2 + 3], 1.5, 0.5, BLUE)
        pad.text(middle[k * 2 + 3][0] + 3, middle[k * 2 + 3][1] + rng.choice((6, -9)), f"Y{k + 1}", 3)


def profile(pad: Pad, frame: Frame, rng: Random) -> None:
    base = frame.y + frame.h * 0.62
    ground, design = [], []
    level = 0.0
    for i in range(31):
        level += rng.uniform(-2.2, 2.0)
        x = frame.x + frame.w * (0.1 + 0.85 * i / 30)
        ground.append((x, base - frame.h * 0.3 + level))
        design.append((x, base - frame.h * 0.27 + 6 * ((i / 15) - 1) ** 2))
        pad.line(x, base, x, base + frame.h * 0.24, 0.15)
        pad.text(x - 1, base + frame.h * 0.22, f"{388 - level / 3:.2f}", 2.4, -90)
    pad.path(ground, 0.3, GREY, "dashed")
    pad.path(design, 0.7, RED)
    for k, name in enumerate(("设计高程", "地面高程", "填挖高", "坡度与坡长", "桩号")):
        y = base + frame.h * 0.048 * k
        pad.line(frame.x + 4, y, frame.x + frame.w - 6, y, 0.25)
        pad.text(frame.x + 5, y + 3, name, 3)
    pad.line(frame.x + 4, base + frame.h * 0.24, frame.x + frame.w - 6, base + frame.h * 0.24, 0.25)


def pipe_plan(pad: Pad, frame: Frame, rng: Random) -> None:
    road_plan(pad, frame, rng)
    for k, (name, color) in enumerate(
        (
            ("给水 DN300 球墨铸铁", "#1d84c6"),
            ("雨水 d600 钢筋混凝土", "#8a5a2b"),
            ("污水 d400 HDPE", "#5f4330"),
            ("燃气 de160 PE", "#d6408b"),
        )
    ):
        y = frame.y + frame.h * (0.14 + 0.05 * k)
        pad.line(frame.x + frame.w * 0.05, y, frame.x + frame.w * 0.95, y, 0.5, color, "dashed" if k == 3 else None)
        pad.text(frame.x + frame.w * 0.06, y - 4, name, 3)
        for i in range(12):
            x = frame.x + frame.w * (0.08 + i * 0.075)
            pad.circle(x, y, 1.6, 0.5, color)
            pad.text(x + 2, y - 4, f"{386 + rng.random() * 3:.3f}/{384 + rng.random() * 2:.3f}", 2.2)


def bridge(pad: Pad, frame: Frame, rng: Random) -> None:
    deck, spans = frame.y + frame.h * 0.3, rng.randint(3, 6)
    left, right = frame.x + frame.w * 0.08, frame.x + frame.w * 0.94
    pad.rect(left, deck, right - left, 4, 0.6, INK, "#dbd5c6")
    for k in range(spans + 1):
        x = left + (right - left) * k / spans
        pad.rect(x - 3, deck + 4, 6, frame.h * rng.uniform(0.2, 0.34), 0.5)
        pad.text(x - 6, deck - 6, f"{k}# {'台' if k in (0, spans) else '墩'}", 3.4)
    pad.path(
        [
            (left + (right - left) * i / 20, deck + frame.h * (0.3 + 0.16 * (1 - ((i / 10) - 1) ** 2)))
            for i in range(21)
        ],
        0.4,
        GREY,
    )
    pad.line(left, deck + frame.h * 0.4, right, deck + frame.h * 0.4, 0.3, BLUE, "dashed")
    pad.text(left + 20, deck + frame.h * 0.41, f"设计洪水位 {372 + rng.random() * 4:.2f}", 3.2)


def node_detail(pad: Pad, frame: Frame, rng: Random) -> None:
    for k in range(6):
        x, y = frame.x + frame.w * (0.06 + 0.31 * (k % 3)), frame.y + frame.h * (0.1 + 0.4 * (k // 3))
        w, h = frame.w * 0.24, frame.h * 0.27
        pad.rect(x, y, w, h, 0.5)
        for i in range(9):
            pad.line(x + i * w / 9, y + h, x + i * w / 9 + 6, y + h - 8, 0.15, GREY)
            pad.circle(x + 5 + i * (w - 10) / 8, y + 5, 1, 0.5, RED)
        pad.text(x + w * 0.3, y + h + 6, f"节点 {k + 1}　1:{rng.choice((10, 20, 25))}", 3.6)


@dataclass(frozen=True)
class SheetType:
    """One type of sheet: discipline letter of its number, title, who draws it, which sizes it comes in."""

    key: str
    letter: str
    discipline: str
    title: str
    draw: Drawer
    sizes: tuple[str, ...]


def _water(pad: Pad, frame: Frame, rng: Random) -> None:
    services(pad, frame, rng, "#1d84c6", "JL")


def _power(pad: Pad, frame: Frame, rng: Random) -> None:
    services(pad, frame, rng, "#d23b2a", "WL")


def _air(pad: Pad, frame: Frame, rng: Random) -> None:
    services(pad, frame, rng, "#2b6349", "FG")


SHEETS: dict[str, SheetType] = {
    sheet.key: sheet
    for sheet in (
        SheetType("site", "总", "总图", "总平面竣工图", site_plan, ("A0", "A1")),
        SheetType("floor", "建", "建筑", "平面竣工图", floor_plan, ("A1", "A2")),
        SheetType("elevation", "建", "建筑", "立面竣工图", elevation, ("A2", "A3")),
        SheetType("section", "建", "建筑", "剖面竣工图", section, ("A2", "A3")),
        SheetType("structure", "结", "结构", "梁板配筋竣工图", structure_plan, ("A1", "A2")),
        SheetType("foundation", "结", "结构", "基础平面竣工图", foundation, ("A1", "A2")),
        SheetType("detail", "结", "结构", "节点详图", node_detail, ("A3", "A4")),
        SheetType("water", "水", "给排水", "给排水平面竣工图", _water, ("A1", "A2")),
        SheetType("power", "电", "电气", "照明平面竣工图", _power, ("A1", "A2")),
        SheetType("air", "暖", "暖通", "通风平面竣工图", _air, ("A2",)),
        SheetType("road", "路", "道路", "道路平面竣工图", road_plan, ("A2", "A3")),
        SheetType("profile", "路", "道路", "纵断面竣工图", profile, ("A2", "A3")),
        SheetType("pipe", "管", "管线", "管线综合平面竣工图", pipe_plan, ("A1", "A2")),
        SheetType("bridge", "桥", "桥梁", "桥型布置竣工图", bridge, ("A1", "A2")),
    )
}


def sheet_data(
    kind: SheetType, facts: Facts, rng: Random, *, size: str, number: str, title: str, stamped: bool = True
) -> Data:
    """The data of one sheet for the form `drawing`; `stamped` False leaves the as-built stamp out (a fault to be found)."""
    width, height = SIZES[size]
    bind = 25 if size != "A4" else 15
    pad = Pad()
    kind.draw(pad, Frame(bind + 8, 18, width - bind - 26, height - 36 - 40), rng)
    as_built = {
        "contractor": facts.firms.get("contractor", ""), "supervisor": facts.firms.get("supervisor", ""),
        "compiler": person(rng, "编制"), "reviewer": person(rng, "审核"), "chief": person(rng, "技负"), "date": f"{facts.day:%Y.%m}", "director": person(rng, "总监"), "site": person(rng, "监理"),
    }  # fmt: skip
    return {
        "width": width, "height": height, "bind": bind, "marks": pad.marks, "title": title, "number": number, "project": f"{facts.project}　{facts.unit}",
        "designer": facts.firms.get("designer", ""), "people": [person(rng, "设计"), person(rng, "校核"), person(rng, "审定")], "scale": rng.choice(("1:100", "1:150", "1:500")),
        "discipline": kind.discipline, "date": date_text(facts.day), "revision": "竣", "as_built": as_built if stamped else None, "block_height": 44,
    }  # fmt: skip
