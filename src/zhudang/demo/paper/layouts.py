"""Over thirty form layouts of construction records: what each is called, how it is set, what it says.

A layout is a function from the facts of one record and a random source to the data of one typst form.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from zhudang.demo.paper import phrases
from zhudang.demo.paper.phrases import date_text, person


@dataclass(frozen=True)
class Facts:
    """What a paper must know of its works.

    Attributes:
        project: name of the project; unit: of the unit work; firms: role -> name of the organisation;
        day: when the paper was made; number: its own number; blank: a signature box left empty on purpose;
        pages: how long a book is to be; claimed_pages: what the footer claims, when it is to be wrong.
    """

    project: str
    unit: str
    place: str
    firms: dict[str, str]
    day: date
    number: str
    permit: str = ""
    blank: bool = False
    pages: int = 12
    claimed_pages: int | None = None
    extra: dict[str, str] = field(default_factory=dict)


Data = dict[str, Any]
Filler = Callable[[Facts, Random], Data]


@dataclass(frozen=True)
class Layout:
    """One layout: `form` is the typst file, `title` what is printed on top."""

    key: str
    title: str
    form: str
    fill: Filler

    def data(self, facts: Facts, rng: Random) -> Data:
        """The data of the form, ready for `typeset`."""
        made = {"title": self.title, "number": facts.number, "project": facts.project, "unit": facts.unit} | self.fill(
            facts, rng
        )
        if facts.claimed_pages is not None:
            made["claimed_pages"] = facts.claimed_pages
        return made


_DUTY = {
    "contractor": "质检员",
    "supervisor": "监理师",
    "designer": "设计代表",
    "surveyor": "勘察代表",
    "client": "甲方代表",
}
_UNIT = {
    "contractor": "施工单位",
    "supervisor": "监理单位",
    "designer": "设计单位",
    "surveyor": "勘察单位",
    "client": "建设单位",
}


def _signers(facts: Facts, rng: Random, roles: tuple[str, ...]) -> list[Data]:
    boxes = [
        {"unit": _UNIT[role], "person": person(rng, _DUTY[role]), "stamp": facts.firms.get(role, ""), "date": date_text(facts.day),
         "signed": bool(facts.firms.get(role)), "tilt": rng.randint(-10, 10)}
        for role in roles
    ]  # fmt: skip
    if facts.blank:
        boxes[rng.randrange(len(boxes))]["signed"] = False
    return boxes


def _head(facts: Facts, rng: Random, *more: tuple[str, str]) -> list[list[str]]:
    return [
        ["工程名称", f"{facts.project} {facts.unit}"],
        ["施工单位", facts.firms.get("contractor", "—")],
        *[list(pair) for pair in more],
    ]


def record(what: str, roles: tuple[str, ...], *sections: str, ink: str = "#1b1b1b", opinion: bool = True) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        part = rng.choice(phrases.PARTS)
        return {
            "ink": ink,
            "fields": _head(facts, rng, (what, part), ("日　　期", date_text(facts.day)), ("部　　位", rng.choice(phrases.AXES)), ("标　　高", f"{rng.uniform(-6, 24):.3f} m")),
            "sections": [{"title": title, "lines": phrases.seen(rng, rng.randint(2, 4))} for title in sections],
            "opinion": "符合设计及规范要求，同意。" if opinion else None,
            "signers": _signers(facts, rng, roles),
        }  # fmt: skip

    return fill


def test(columns: tuple[str, ...], low: float, high: float, basis: str, unit: str = "MPa") -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        rows = [
            [f"{facts.number[-3:]}-{i + 1}", *[f"{rng.uniform(low, high):.1f}" for _ in columns[1:-1]], "合格"]
            for i in range(rng.randint(3, 9))
        ]
        return {
            "lab": "云溪县诚信工程检测有限公司", "licence": f"2026{rng.randint(100000, 999999)}", "basis": basis, "columns": list(columns), "rows": rows,
            "fields": _head(facts, rng, ("委托单位", facts.firms.get("contractor", "—")), ("使用部位", rng.choice(phrases.PARTS)), ("代表数量", f"{rng.randint(5, 60)} t"), ("见证人", person(rng, "见证员"))),
            "conclusion": f"所检项目符合 {basis} 的要求（单位：{unit}）。", "people": [person(rng, "主任"), person(rng, "审核员"), person(rng, "试验员")], "date": date_text(facts.day),
        }  # fmt: skip

    return fill


def official(issuer: str, heading: str) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        return {
            "issuer": issuer, "heading": heading.format(project=facts.project), "to": facts.firms.get("client", "有关单位"),
            "paragraphs": [f"你单位报来《关于{facts.project}的请示》收悉。经研究，现将有关事项批复如下：", *phrases.talks(rng, rng.randint(3, 6)), "此复。"],
            "number": f"云{issuer[3:5]}〔{facts.day.year}〕{rng.randint(8, 240)}号", "date": date_text(facts.day), "copies": "县自然资源局、县住房和城乡建设局、县城建档案馆。",
        }  # fmt: skip

    return fill


def permit(heading: str, issuer: str, basis: str, flipped: bool = True) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        return {
            "heading": heading, "issuer": issuer, "basis": basis, "flipped": flipped, "number": facts.permit or facts.number, "date": date_text(facts.day),
            "fields": [["建设单位", facts.firms.get("client", "—")], ["项目名称", facts.project], ["建设位置", facts.place], ["建设规模", f"{rng.randint(1200, 48000)} 平方米"], ["勘察单位", facts.firms.get("surveyor", "—")], ["设计单位", facts.firms.get("designer", "—")], ["施工单位", facts.firms.get("contractor", "—")], ["监理单位", facts.firms.get("supervisor", "—")]],
            "annex": "总平面图 1 份；红线图 1 份。",
        }  # fmt: skip

    return fill


def contract(other: str) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        clauses = [
            {"title": f"　{name}", "items": phrases.talks(rng, rng.randint(3, 7))}
            for name in (
                "工程概况",
                "承包范围",
                "工期",
                "质量标准",
                "合同价款",
                "双方义务",
                "验收与移交",
                "违约责任",
                "争议解决",
            )
        ]
        return {
            "a": facts.firms.get("client", "—"),
            "b": facts.firms.get(other, "—"),
            "date": date_text(facts.day),
            "clauses": clauses,
        }

    return fill


def minutes(topic: str) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        return {
            "fields": [["会议时间", f"{date_text(facts.day)} 9:30"], ["会议地点", "项目部会议室"], ["主 持 人", person(rng, "总监")], ["会议议题", topic]],
            "items": [{"title": title, "lines": phrases.talks(rng, rng.randint(2, 4))} for title in ("情况通报", "存在问题", "讨论意见", "会议决定")],
            "attendees": [[facts.firms.get(role, "—"), name, name] for role, duty in _DUTY.items() for name in [person(rng, duty)]],
        }  # fmt: skip

    return fill


def listing(
    columns: tuple[str, ...], rows: int, *, flipped: bool = False, striped: bool = False, kind: str = "numbers"
) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        made = []
        for i in range(rows):
            if kind == "people":
                made.append(
                    [
                        str(i + 1),
                        f"{phrases.FIRST[i % 10]}某",
                        rng.choice(("项目经理", "技术负责人", "质检员", "安全员", "资料员", "材料员")),
                        f"YX{rng.randint(10000, 99999)}",
                        "在岗",
                        "",
                    ][: len(columns)]
                )
            elif kind == "sheets":
                made.append(
                    [
                        str(i + 1),
                        f"{rng.choice(('建', '结', '水', '电', '暖'))}施-{i + 1:02d}",
                        f"{rng.choice(phrases.PARTS)}平面图",
                        rng.choice(("A1", "A2", "A3")),
                        "1",
                        "",
                    ][: len(columns)]
                )
            else:
                made.append(
                    [
                        str(i + 1),
                        rng.choice(phrases.WORKS),
                        f"{rng.randint(1, 40)} 批",
                        *[f"{rng.uniform(20, 48):.1f}" for _ in columns[3:]],
                    ]
                )
        return {
            "columns": list(columns),
            "widths": [1, *[3 if i < 2 else 2 for i in range(len(columns) - 1)]],
            "rows": made,
            "flipped": flipped,
            "striped": striped,
            "people": [person(rng, "资料员"), person(rng, "技术员")],
            "date": date_text(facts.day),
        }

    return fill


def measure(points: int, label: str) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        rows, series = [], []
        for point in range(points):
            level, path = 0.1, []
            for step in range(10):
                level = min(0.95, level + rng.uniform(0.01, 0.09))
                path.append([step * 10.5 + 2, level])
            series.append(path)
            rows.append(
                [
                    f"{label}{point + 1}",
                    *[f"{rng.uniform(0.2, 6.4):.2f}" for _ in range(4)],
                    f"{rng.uniform(3, 14):.2f}",
                ]
            )
        return {
            "fields": _head(facts, rng, ("观测日期", date_text(facts.day)), ("仪　　器", "DS05 水准仪 2 号"), ("观 测 员", person(rng, "测量员")), ("天　　气", rng.choice(("晴", "阴", "多云")))),
            "series": series, "columns": [f"{label}点", "第 1 次", "第 2 次", "第 3 次", "第 4 次", "累计（mm）"], "rows": rows, "signers": _signers(facts, rng, ("contractor", "supervisor")),
        }  # fmt: skip

    return fill


def matrix(rows: int) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        items = [
            [
                rng.choice(phrases.WORKS),
                f"允许偏差 {rng.randint(3, 10)} mm",
                "  ".join(str(rng.randint(0, 6)) for _ in range(10)),
                "√",
            ]
            for _ in range(rows)
        ]
        return {
            "fields": _head(
                facts,
                rng,
                ("分部工程", "主体结构"),
                ("验收部位", rng.choice(phrases.PARTS)),
                ("项目经理", person(rng, "经理")),
                ("检验批容量", f"{rng.randint(2, 40)} 件"),
            ),
            "rows": items,
            "signers": _signers(facts, rng, ("contractor", "supervisor")),
        }

    return fill


def book(issuer_role: str) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        wanted, chapters = max(facts.pages - 4, 2), []
        per_chapter = max(wanted // 6, 1)
        for title in rng.sample(phrases.CHAPTERS, min(6, wanted)):
            sections = []
            for page in range(per_chapter):
                section: Data = {
                    "title": phrases.SECTIONS[page % len(phrases.SECTIONS)],
                    "paragraphs": phrases.talks(rng, 6),
                    "rows": [],
                    "columns": ["测点", "深度 m", "标贯击数", "承载力 kPa"],
                }
                section["rows"] = [
                    [f"ZK{page + 1}-{i + 1}", f"{i * 1.5 + 1:.1f}", str(rng.randint(6, 42)), str(rng.randint(120, 900))]
                    for i in range(rng.randint(10, 16))
                ]
                sections.append(section)
            chapters.append({"title": title, "sections": sections})
        return {"issuer": facts.firms.get(issuer_role, "—"), "date": date_text(facts.day), "chapters": chapters}

    return fill


def slip(sender: str, receiver: str, *, reply: bool = False) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        made: Data = {
            "to": facts.firms.get(receiver, "—"),
            "from": facts.firms.get(sender, "—"),
            "person": person(rng, "负责人"),
            "date": date_text(facts.day),
            "paragraphs": [f"关于{rng.choice(phrases.PARTS)}{rng.choice(phrases.WORKS)}事宜：", *phrases.seen(rng, 3)],
        }
        if reply:
            made |= {
                "reply": phrases.seen(rng, 2),
                "reply_by": f"{facts.firms.get(receiver, '—')}　{date_text(facts.day + timedelta(days=2))}",
            }
        return made

    return fill


def parties(*roles: str) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        fields = [
            ["工程名称", f"{facts.project} {facts.unit}"],
            ["工程地点", facts.place],
            ["开工日期", date_text(facts.day - timedelta(days=540))],
            ["竣工日期", date_text(facts.day)],
            ["结构层次", f"框架 {rng.randint(3, 18)} 层"],
            ["规　　模", f"{rng.randint(900, 26000)} m²"],
        ]
        return {"fields": fields, "paragraphs": phrases.talks(rng, 4), "signers": _signers(facts, rng, roles)}

    return fill


def diary(days: int) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        made = []
        for i in range(days):
            made.append(
                {
                    "fields": [
                        ["日　　期", date_text(facts.day + timedelta(days=i))],
                        ["天　　气", rng.choice(("晴", "阴", "小雨"))],
                        ["气　　温", f"{rng.randint(4, 18)}～{rng.randint(19, 34)} ℃"],
                        ["记 录 人", person(rng, "施工员")],
                    ],
                    "sections": [
                        {"title": "施工情况", "lines": phrases.seen(rng, 4)},
                        {"title": "质量安全", "lines": phrases.seen(rng, 3)},
                        {"title": "其他", "lines": phrases.talks(rng, 2)},
                    ],
                }
            )
        return {"days": made}

    return fill


def photos(count: int) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        return {
            "photos": [
                {
                    "sky": rng.choice(("#bcd3e6", "#cfd8dc", "#e3d9c6")),
                    "caption": f"{facts.unit}{rng.choice(phrases.PARTS)}{rng.choice(phrases.WORKS)}",
                    "date": date_text(facts.day),
                    "blocks": [
                        [rng.randint(2, 130), rng.randint(10, 40), rng.randint(15, 74), rng.randint(90, 200)]
                        for _ in range(7)
                    ],
                }
                for _ in range(count)
            ]
        }

    return fill


def cards(count: int) -> Filler:
    def fill(facts: Facts, rng: Random) -> Data:
        return {
            "cards": [
                {
                    "title": f"{rng.choice(('水泥', '钢筋', '电缆', '阀门', '管材', '外加剂'))}合格证",
                    "fields": [
                        ["生产单位", "云溪建材有限公司"],
                        ["规格型号", f"YX-{rng.randint(10, 99)}"],
                        ["批　　号", f"{facts.day:%Y%m}{rng.randint(10, 99)}"],
                        ["数　　量", f"{rng.randint(1, 60)} 件"],
                        ["检 验 员", person(rng, "检验员")],
                    ],
                }
                for _ in range(count)
            ]
        }

    return fill


_FIVE = ("surveyor", "designer", "contractor", "supervisor", "client")
LAYOUTS: dict[str, Layout] = {
    layout.key: layout
    for layout in (
        Layout(
            "proposal_reply",
            "项目建议书批复",
            "official",
            official("云溪县发展和改革委员会", "关于{project}项目建议书的批复"),
        ),
        Layout("feasibility", "可行性研究报告", "book", book("client")),
        Layout("project_meeting", "立项专题会议纪要", "minutes", minutes("项目立项及建设条件")),
        Layout(
            "land_permit",
            "建设用地规划许可证",
            "permit",
            permit(
                "建设用地规划许可证",
                "云溪县自然资源局",
                "根据《中华人民共和国城乡规划法》，经审核，本用地项目符合国土空间规划和用途管制要求，颁发此证。",
                flipped=False,
            ),
        ),
        Layout(
            "planning_permit",
            "建设工程规划许可证",
            "permit",
            permit(
                "建设工程规划许可证",
                "云溪县自然资源局",
                "根据《中华人民共和国城乡规划法》第四十条规定，经审核，本建设工程符合国土空间规划和用途管制要求，颁发此证。",
            ),
        ),
        Layout(
            "construction_permit",
            "建筑工程施工许可证",
            "permit",
            permit(
                "建筑工程施工许可证",
                "云溪县住房和城乡建设局",
                "根据《中华人民共和国建筑法》第八条规定，经审查，本建筑工程符合施工条件，准予施工。",
            ),
        ),
        Layout("survey_report", "岩土工程勘察报告", "book", book("surveyor")),
        Layout(
            "drawing_review",
            "施工图设计文件审查意见",
            "official",
            official("云溪县施工图审查中心", "关于{project}施工图设计文件的审查意见"),
        ),
        Layout("construction_contract", "建设工程施工合同", "contract", contract("contractor")),
        Layout("supervision_contract", "建设工程监理合同", "contract", contract("supervisor")),
        Layout(
            "staff_list",
            "项目管理人员名册",
            "table",
            listing(("序号", "姓名", "岗位", "证书编号", "状态", "备注"), 16, kind="people"),
        ),
        Layout("overview", "工程概况表", "parties", parties("client", "contractor", "supervisor")),
        Layout("supervision_plan", "监理规划", "book", book("supervisor")),
        Layout("supervision_log", "监理日志", "diary", diary(3)),
        Layout("supervision_notice", "监理工程师通知单", "slip", slip("supervisor", "contractor", reply=True)),
        Layout("start_report", "工程开工报审表", "slip", slip("contractor", "supervisor")),
        Layout("joint_review", "图纸会审记录", "minutes", minutes("施工图会审")),
        Layout("change_notice", "设计变更通知单", "slip", slip("designer", "contractor")),
        Layout(
            "negotiation",
            "工程洽商记录",
            "record",
            record("洽商事项", ("contractor", "supervisor", "designer", "client"), "洽商内容", opinion=False),
        ),
        Layout("diary", "施工日志", "diary", diary(5)),
        Layout("certificates", "材料合格证汇贴", "cards", cards(6)),
        Layout(
            "material_entry",
            "材料、构配件进场检验记录",
            "table",
            listing(("序号", "名称", "进场数量", "规格 mm", "抽检值", "标准值"), 14, flipped=True, striped=True),
        ),
        Layout(
            "steel_test",
            "钢材试验报告",
            "test",
            test(("试件", "屈服强度", "抗拉强度", "伸长率", "弯曲", "评定"), 18, 640, "GB/T 1499.2"),
        ),
        Layout(
            "cement_test",
            "水泥试验报告",
            "test",
            test(("试件", "3 d 抗折", "28 d 抗折", "28 d 抗压", "评定"), 3, 58, "GB 175"),
        ),
        Layout(
            "concrete_test",
            "混凝土抗压强度试验报告",
            "test",
            test(("试块", "龄期 d", "荷载 kN", "强度", "评定"), 26, 48, "GB/T 50081"),
        ),
        Layout(
            "weld_test",
            "钢筋焊接连接试验报告",
            "test",
            test(("试件", "抗拉强度", "断裂位置 mm", "弯曲 °", "评定"), 60, 590, "JGJ/T 27"),
        ),
        Layout("pile_test", "桩基检测报告", "book", book("surveyor")),
        Layout(
            "concealed",
            "隐蔽工程验收记录",
            "record",
            record("隐检项目", ("contractor", "supervisor"), "隐检依据", "隐检内容", ink="#22386b"),
        ),
        Layout("foundation_trench", "地基验槽记录", "record", record("验槽部位", _FIVE, "土层情况", "验收意见")),
        Layout("positioning", "工程定位测量记录", "measure", measure(4, "T")),
        Layout("settlement", "沉降观测记录", "measure", measure(8, "C")),
        Layout(
            "strength_statistics",
            "混凝土试块强度统计、评定记录",
            "table",
            listing(("序号", "部位", "组数", "均值", "最小值", "标准差", "判定值"), 22, flipped=True),
        ),
        Layout("batch", "检验批质量验收记录", "matrix", matrix(14)),
        Layout("division", "分部（子分部）工程质量验收记录", "matrix", matrix(9)),
        Layout(
            "drawing_list",
            "竣工图目录",
            "table",
            listing(("序号", "图号", "图名", "图幅", "张数", "备注"), 28, kind="sheets", striped=True),
        ),
        Layout(
            "designer_report",
            "设计单位工程质量检查报告",
            "official",
            official("云溪山水规划设计院", "关于{project}工程质量的检查报告"),
        ),
        Layout("completion_report", "施工单位工程竣工报告", "book", book("contractor")),
        Layout("acceptance_certificate", "工程竣工验收证书", "parties", parties(*_FIVE)),
        Layout("filing_form", "建设工程竣工验收备案表", "parties", parties(*_FIVE)),
        Layout("warranty", "工程质量保修书", "contract", contract("contractor")),
        Layout("photo_sheet", "工程照片", "photos", photos(4)),
        Layout("acceptance_meeting", "竣工验收会议纪要", "minutes", minutes("工程竣工验收")),
    )
}
