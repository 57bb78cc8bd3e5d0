"""Which paper answers which obligation: layouts by the title of the scope item, drawings for part D."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import cycle
from typing import Any

from zhudang.demo.paper import faults, other, typeset
from zhudang.demo.paper.layouts import LAYOUTS, Facts
from zhudang.demo.paper.sheets import SHEETS, sheet_data

# (words in the title of the scope item, layout); the first that fits is taken
BY_TITLE: tuple[tuple[str, str], ...] = (
    ("项目建议书", "proposal_reply"), ("可行性研究", "feasibility"), ("会议纪要、领导批示", "project_meeting"), ("用地规划许可证", "land_permit"),
    ("工程规划许可证", "planning_permit"), ("施工许可证", "construction_permit"), ("地质勘察", "survey_report"), ("施工图设计文件审查", "drawing_review"),
    ("施工合同", "construction_contract"), ("监理合同", "supervision_contract"), ("设计合同", "construction_contract"), ("名册", "staff_list"),
    ("概况", "overview"), ("监理规划", "supervision_plan"), ("监理实施细则", "supervision_plan"), ("监理工作日志", "supervision_log"),
    ("监理工程师通知", "supervision_notice"), ("开工报审", "start_report"), ("复工报审", "start_report"), ("图纸会审", "joint_review"),
    ("设计变更", "change_notice"), ("洽商", "negotiation"), ("施工日志", "diary"), ("出厂", "certificates"), ("合格证", "certificates"),
    ("进场检验", "material_entry"), ("开箱检验", "material_entry"), ("钢材", "steel_test"), ("水泥", "cement_test"), ("抗压强度试验", "concrete_test"),
    ("焊接连接", "weld_test"), ("桩基检测", "pile_test"), ("隐蔽", "concealed"), ("地基验槽", "foundation_trench"), ("定位测量", "positioning"),
    ("沉降观测", "settlement"), ("统计、评定", "strength_statistics"), ("检验批", "batch"), ("分部", "division"), ("分项", "division"),
    ("竣工图目录", "drawing_list"), ("质量检查报告", "designer_report"), ("竣工报告", "completion_report"), ("质量评估报告", "completion_report"),
    ("竣工验收报告", "acceptance_certificate"), ("竣工验收证书", "acceptance_certificate"), ("备案表", "filing_form"), ("保修书", "warranty"),
    ("照片", "photo_sheet"), ("纪要", "acceptance_meeting"), ("试验报告", "concrete_test"), ("复试报告", "steel_test"), ("检测报告", "concrete_test"),
    ("记录", "concealed"), ("合同", "construction_contract"), ("批", "proposal_reply"),
)  # fmt: skip
MOST_SCANNED_PAGES = 6
_BY_PART = {"A": "proposal_reply", "B": "supervision_notice", "C": "concealed", "E": "acceptance_meeting"}
_SHEETS_BY_TITLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("建筑竣工图", ("floor", "elevation", "section")), ("结构", ("structure", "foundation", "detail")), ("给水排水", ("water",)), ("电气", ("power",)),
    ("智能", ("power",)), ("通风", ("air",)), ("管线平面", ("pipe",)), ("纵断面", ("profile",)), ("管线", ("pipe",)), ("桥", ("bridge", "detail")),
    ("道路", ("road", "profile")), ("室外", ("site", "pipe")), ("总", ("site",)), ("节点", ("detail",)),
)  # fmt: skip


@dataclass(frozen=True)
class Need:
    """One obligation to be answered by made papers, as far as the making goes."""

    code: str
    title: str
    part: str
    unit: str
    folder: str


@dataclass(frozen=True)
class Made:
    """A made file with what its clerk would type about it."""

    name: str
    folder: str
    data: bytes
    title: str
    number: str
    day: date
    origin: str
    carrier: str
    specialty: str = ""
    fault: str = ""


def layout_for(need: Need) -> str:
    """The layout that answers an obligation."""
    if need.part == "A" and "纪要" in need.title:
        return "project_meeting"
    return next((layout for words, layout in BY_TITLE if words in need.title), _BY_PART.get(need.part, "concealed"))


def _name_it(data: dict[str, Any], title: str, project: str) -> None:
    """Print on a paper what it is, where its layout was made for another of its kind."""
    if data.get("heading"):
        if title not in data["heading"]:
            data["heading"] = f"关于{project}{title}的批复" if project in data["heading"] else title
    elif data.get("title") and title not in data["title"]:
        data["title"] = title


def clean(text: str) -> str:
    """A text as a file name: without what file systems refuse."""
    return "".join(c for c in text if c not in '\\/:*?"<>|\n').strip()[:60]


@dataclass(frozen=True)
class Order:
    """One paper to be made, with everything its making needs: may be made anywhere, at any time, and comes out the same.

    Attributes:
        facts: of the project; serial: which paper of the project it is, from 1; seed: of its random source;
        way: native (PDF with text), scan, low_scan (under 200 dpi), ofd, photo, film, cad (DXF beside its PDF), ifc
        (beside its PDF); sheet: key of the drawing, for part D; fault: a name in `faults.FAULTS`, done to its first file.
    """

    facts: Facts
    need: Need
    serial: int
    seed: str
    day: date
    way: str = "native"
    sheet: str = ""
    fault: str = ""
    pages: int = 12
    blank: bool = False

    @property
    def number(self) -> str:
        return f"{self.need.code}-{self.serial:03d}"

    @property
    def own_facts(self) -> Facts:
        of_this = {"unit": self.need.unit, "day": self.day, "number": self.number}
        return Facts(**{**self.facts.__dict__, **of_this, "pages": self.pages, "blank": self.blank})


class Orders:
    """Orders the papers of one project, the same ones in every run."""

    def __init__(self, facts: Facts, seed: str) -> None:
        self.facts, self.seed = facts, seed
        self.count = 0
        self._kinds: dict[str, cycle[str]] = {}

    def order(
        self, need: Need, day: date, *, way: str = "native", fault: str = "", pages: int = 12, blank: bool = False
    ) -> Order:
        """The next paper of the project."""
        self.count += 1
        sheet = ""
        if need.part == "D":
            kinds = next((kinds for words, kinds in _SHEETS_BY_TITLE if words in need.title), ("floor", "detail"))
            sheet = next(self._kinds.setdefault(need.title, cycle(kinds)))
            pages, blank = 1, False
        seed = f"{self.seed}/{self.count}/{need.code}"
        return Order(self.facts, need, self.count, seed, day, way, sheet, fault, pages, blank)


def make(order: Order) -> list[Made]:
    """Make the file or files of an order."""
    rng = random.Random(order.seed)
    if order.sheet:
        made = _drawing(order, rng)
    elif order.way == "photo":
        taken = datetime.combine(order.day, time(10, 20))
        made = [_named(order, "jpg", other.photograph(rng, taken), "photo", "born_digital")]
    elif order.way == "ofd":
        made = [_ofd(order, rng)]
    elif order.way == "film":
        made = [_named(order, "mp4", other.film(rng), "av", "born_digital")]
    else:
        made = [_form(order, rng)]
    if order.fault:
        made[0] = _spoilt(made[0], order.fault)
    return made


def _spoilt(made: Made, fault: str) -> Made:
    if not made.data.startswith(b"%PDF") and fault in {"locked", "scripted", "print_locked"}:
        return made  # these faults are of PDF only
    return replace(made, data=faults.FAULTS[fault][0](made.data), fault=fault)


def _named(order: Order, suffix: str, data: bytes, carrier: str, origin: str) -> Made:
    title = _short(order.need.title)
    name = f"{order.day:%Y%m%d}_{title}{'_扫描' if origin == 'scan' else ''}_{order.serial:03d}.{suffix}"
    return Made(name, order.need.folder, data, f"{order.need.unit}{title}", order.number, order.day, origin, carrier)


def _short(title: str) -> str:
    return clean(title.split("(")[0].split("、")[0])


def _form(order: Order, rng: random.Random) -> Made:
    layout = LAYOUTS[layout_for(order.need)]
    data = layout.data(order.own_facts, rng)
    _name_it(data, _short(order.need.title), order.facts.project)
    paper = typeset.pdf(layout.form, data)
    if order.way not in {"scan", "low_scan"}:
        return _named(order, "pdf", paper, "text", "born_digital")
    dpi = 200 if order.way == "scan" else 96
    scan = typeset.scanned(typeset.pictures(paper, rng, dpi=dpi, most=MOST_SCANNED_PAGES), dpi=dpi)
    return _named(order, "pdf", scan, "text", "scan")


def _drawing(order: Order, rng: random.Random) -> list[Made]:
    kind, need = SHEETS[order.sheet], order.need
    number = f"{kind.letter}施-{order.serial % 40 + 1:02d}"
    title = f"{need.unit}{kind.title}"
    size = rng.choice(kind.sizes)
    sheet = sheet_data(
        kind, order.own_facts, rng, size=size, number=number, title=title, stamped=order.way != "unstamped"
    )
    name = clean(f"{number} {title}_{order.serial:03d}")

    def made(suffix: str, data: bytes, carrier: str) -> Made:
        said = (title, number, order.day, "born_digital", carrier, kind.discipline)
        return Made(f"{name}.{suffix}", need.folder, data, *said)

    files = [made("pdf", typeset.pdf("drawing", sheet), "drawing")]
    if order.way == "cad":
        files.append(made("dxf", other.dxf(rng, title), "drawing"))
    if order.way == "ifc":
        files.append(made("ifc", other.ifc(rng, need.unit, rng.randint(3, 12), order.day), "model"))
    return files


def _ofd(order: Order, rng: random.Random) -> Made:
    from zhudang.demo.paper import phrases

    lines = [
        f"工程名称：{order.facts.project} {order.need.unit}",
        f"编号：{order.number}",
        *phrases.talks(rng, 8),
        *phrases.seen(rng, 6),
    ]
    data = other.ofd(clean(order.need.title), [line[:40] for line in lines], order.day, pages=rng.randint(1, 3))
    return _named(order, "ofd", data, "text", "born_digital")


Way = Callable[[int], str]


def mixed_way(number: int, part: str) -> str:
    """A plain mixture over the records of a project: mostly native, some scanned, some OFD, photos, models."""
    if part == "D":
        return "cad" if number % 9 == 4 else "ifc" if number % 23 == 7 else "native"
    if number % 7 == 3:
        return "scan"
    if number % 11 == 5:
        return "ofd"
    if number % 61 == 9:
        return "low_scan"
    return "native"
