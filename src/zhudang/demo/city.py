"""云溪县: an invented county town. Organisations, people by duty, projects in every stage, the town's base map.

Area code 990241 is invented too and comes in as data. Coordinates are CGCS2000 (EPSG:4490), longitude, latitude.
"""

import math
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

AREA_CODE, AREA_NAME = "990241", "云溪县"
ARCHIVE, DEPARTMENT = "云溪县城建档案馆", "云溪县住房和城乡建设局"
CENTRE = (109.012, 28.446)
PASSWORD = "Yunxi-2026"
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(seed: str, kind: str = "91") -> str:
    """A well-formed unified social credit code (GB 32100) with area 990241: invented, but its check digits hold."""
    rng = Random(seed)
    body = "MA" + "".join(rng.choice("0123456789") for _ in range(6))
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum((int(c) if c.isdigit() else ord(c) - 55) * w for c, w in zip(body, weights, strict=True))
    check = (11 - total % 11) % 11
    code = f"{kind}{AREA_CODE}{body}{'X' if check == 10 else check}"
    value = sum(_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(code))
    return code + _ALPHABET[(31 - value % 31) % 31]


@dataclass(frozen=True)
class Firm:
    """One organisation; kind: archive, department, client, contractor, supervisor, designer, surveyor, public."""

    key: str
    name: str
    short: str
    kind: str

    @property
    def code(self) -> str:
        return credit_code(self.key, {"archive": "12", "department": "11"}.get(self.kind, "91"))


FIRMS = (
    Firm("archive", ARCHIVE, "县档案馆", "archive"),
    Firm("bureau", DEPARTMENT, "县住建局", "department"),
    Firm("anju", "云溪安居建设有限公司", "安居建设", "client"),
    Firm("chengtou", "云溪县城市建设投资有限公司", "县城投", "client"),
    Firm("jiaowei", "云溪县教育委员会", "县教委", "client"),
    Firm("jiaotong", "云溪县交通开发有限公司", "交通开发", "client"),
    Firm("shuiwu", "云溪清源水务有限公司", "清源水务", "client"),
    Firm("qingshi", "青石建筑工程有限公司", "青石建筑", "contractor"),
    Firm("yunling", "云岭市政工程有限公司", "云岭市政", "contractor"),
    Firm("hongqiao", "虹桥路桥工程有限公司", "虹桥路桥", "contractor"),
    Firm("xiyuan", "溪源工程监理有限公司", "溪源监理", "supervisor"),
    Firm("gongzheng", "云溪公正建设监理有限公司", "公正监理", "supervisor"),
    Firm("shanshui", "云溪山水规划设计院", "山水设计", "designer"),
    Firm("kance", "溪源岩土勘察有限公司", "溪源勘察", "surveyor"),
)


@dataclass(frozen=True)
class Person:
    """One demo account: user name, name by duty, roles as (organisation key, role)."""

    username: str
    name: str
    roles: tuple[tuple[str, str], ...]
    clearance: int = 1


PEOPLE = (
    Person("client", "甲方档案经理", (("anju", "client_manager"), ("anju", "client_clerk"))),
    Person("clientclerk", "甲方资料员", (("anju", "client_clerk"),)),
    Person("clerk", "资料员甲", (("qingshi", "party_clerk"),)),
    Person("chengtou", "城投档案经理", (("chengtou", "client_manager"), ("chengtou", "client_clerk"))),
    Person("jiaowei", "教委基建科员", (("jiaowei", "client_manager"), ("jiaowei", "client_clerk"))),
    Person("jiaotong", "交通档案经理", (("jiaotong", "client_manager"), ("jiaotong", "client_clerk"))),
    Person("shuiwu", "水务档案经理", (("shuiwu", "client_manager"), ("shuiwu", "client_clerk"))),
    Person("yunling", "资料员乙", (("yunling", "party_clerk"),)),
    Person("hongqiao", "资料员丙", (("hongqiao", "party_clerk"),)),
    Person("supervisor", "监理资料员", (("xiyuan", "party_clerk"), ("gongzheng", "party_clerk"))),
    Person("designer", "设计资料员", (("shanshui", "party_clerk"),)),
    Person("surveyor", "勘察资料员", (("kance", "party_clerk"),)),
    Person("reviewer", "馆员乙", (("archive", "reviewer"),)),
    Person("archivist", "馆员丙", (("archive", "archivist"), ("archive", "reviewer"))),
    Person("keeper", "库管员丁", (("archive", "keeper"),)),
    Person("desk", "窗口戊", (("archive", "service_desk"),)),
    Person("official", "科长己", (("bureau", "official"),)),
    Person("emergency", "应急值班员", (("bureau", "emergency_officer"),)),
    Person("sysadmin", "系统管理员", (("archive", "system_admin"),)),
    Person("secadmin", "安全管理员", (("archive", "security_admin"),)),
    Person("auditor", "审计员", (("archive", "audit_admin"),)),
    Person("citizen", "市民庚", (("", "public"),), 0),
)


@dataclass(frozen=True)
class Works:
    """One project of the demo city.

    Attributes:
        stage: how far it has come, one of STAGES; units: names of its unit works, all of the project's kind;
        records: about how many records it holds at that stage; at: longitude and latitude.
    """

    key: str
    name: str
    kind: str
    client: str
    contractor: str
    supervisor: str
    place: str
    at: tuple[float, float]
    started: date
    stage: str
    units: tuple[str, ...]
    records: int
    completed: date | None = None
    accepted: date | None = None

    @property
    def code(self) -> str:
        """Investment project code: year and month, area, division, approval, serial."""
        division = {"building": "47", "road": "48", "bridge": "48", "pipeline": "78"}[self.kind]
        serial = int(Random(self.key).random() * 900000) + 10000
        return f"{self.started:%y%m}-{AREA_CODE}-{division}-01-{serial:06d}"


STAGES = (
    "registered", "noticed", "collecting", "delivering", "applied", "reviewing", "returned", "reapplied", "accepted", "committed",
    "transferred", "certified", "suspended",
)  # fmt: skip

PROJECTS = (
    Works("school", "滨河路学校综合楼", "building", "jiaowei", "qingshi", "xiyuan", "云溪县滨河路 27 号", (109.0182, 28.4471), date(2023, 3, 6), "certified", ("综合楼", "风雨操场"), 150, date(2025, 9, 20), date(2025, 11, 28)),
    Works("clinic", "城东社区卫生服务中心", "building", "chengtou", "qingshi", "gongzheng", "云溪县城东大道 8 号", (109.0291, 28.4522), date(2023, 5, 18), "certified", ("门诊楼",), 100, date(2025, 6, 30), date(2025, 9, 12)),
    Works("bridge1", "云溪二桥工程", "bridge", "jiaotong", "hongqiao", "gongzheng", "云溪县云溪河下游", (109.0063, 28.4398), date(2022, 9, 1), "certified", ("主桥", "引桥"), 120, date(2025, 4, 30), date(2025, 7, 3)),
    Works("housing", "滨河安置房一期", "building", "anju", "qingshi", "xiyuan", "云溪县滨河路 61 号", (109.0215, 28.4438), date(2024, 3, 18), "collecting", ("1# 住宅楼", "2# 住宅楼", "地下车库"), 170),
    Works("market", "云溪中心农贸市场改造", "building", "chengtou", "qingshi", "gongzheng", "云溪县解放街 3 号", (109.0098, 28.4492), date(2025, 2, 10), "delivering", ("市场主楼",), 60, date(2026, 9, 1)),
    Works("library", "县图书馆扩建工程", "building", "chengtou", "qingshi", "xiyuan", "云溪县文化路 12 号", (109.0134, 28.4519), date(2024, 6, 3), "applied", ("扩建楼",), 70, date(2026, 8, 20), date(2026, 10, 30)),
    Works("road1", "云溪大道改造工程", "road", "chengtou", "yunling", "gongzheng", "云溪县云溪大道 K0+000～K2+460", (109.0041, 28.4466), date(2024, 4, 2), "reviewing", ("道路工程", "交通工程"), 80, date(2026, 7, 15), date(2026, 9, 30)),
    Works("pipe1", "城东片区雨污分流工程", "pipeline", "shuiwu", "yunling", "gongzheng", "云溪县城东片区", (109.0263, 28.4497), date(2024, 10, 8), "returned", ("雨水管线", "污水管线"), 90, date(2026, 6, 20), date(2026, 9, 10)),
    Works("kinder", "溪畔幼儿园", "building", "jiaowei", "qingshi", "xiyuan", "云溪县溪畔路 5 号", (109.0159, 28.4427), date(2024, 7, 1), "reapplied", ("教学楼",), 60, date(2026, 5, 30), date(2026, 8, 18)),
    Works("fire", "消防救援站", "building", "chengtou", "qingshi", "gongzheng", "云溪县迎宾路 1 号", (109.0012, 28.4531), date(2024, 5, 6), "accepted", ("执勤楼",), 60, date(2026, 4, 10), date(2026, 8, 6)),
    Works("gas", "老城区燃气管网更新", "pipeline", "shuiwu", "yunling", "gongzheng", "云溪县老城片区", (109.0107, 28.4463), date(2024, 11, 4), "committed", ("中压燃气管线",), 60, date(2026, 6, 5), date(2026, 10, 9)),
    Works("plaza", "人民广场地下停车场", "building", "chengtou", "qingshi", "xiyuan", "云溪县人民广场", (109.0119, 28.4478), date(2023, 11, 20), "transferred", ("地下停车场",), 70, date(2026, 3, 31), date(2026, 6, 26)),
    Works("bridge2", "溪口人行桥", "bridge", "jiaotong", "hongqiao", "gongzheng", "云溪县溪口", (108.9989, 28.4412), date(2025, 9, 1), "collecting", ("人行桥",), 40),
    Works("road2", "北环路新建工程", "road", "chengtou", "yunling", "gongzheng", "云溪县北环路", (109.0138, 28.4568), date(2026, 3, 2), "noticed", ("道路工程",), 12),
    Works("water", "城北给水主干管", "pipeline", "shuiwu", "yunling", "gongzheng", "云溪县北环路沿线", (109.0176, 28.4574), date(2026, 9, 14), "registered", ("给水管线",), 0),
    Works("tower", "云溪商务中心", "building", "anju", "qingshi", "xiyuan", "云溪县迎宾路 18 号", (109.0031, 28.4502), date(2025, 5, 12), "suspended", ("主楼",), 20),
)  # fmt: skip


def _wave(t: float, height: float, turns: float, shift: float = 0.0) -> float:
    return height * math.sin(t * turns * math.pi + shift)


def base_map() -> dict[str, Any]:
    """The town as a GeoJSON FeatureCollection; properties: layer (boundary, water, green, block, road, name), name, grade."""
    lon, lat = CENTRE
    features: list[dict[str, Any]] = []

    def add(layer: str, kind: str, coordinates: Any, name: str = "", grade: int = 0) -> None:
        features.append(
            {
                "type": "Feature",
                "properties": {"layer": layer, "name": name, "grade": grade},
                "geometry": {"type": kind, "coordinates": coordinates},
            }
        )

    ring = [
        [
            round(lon + math.cos(a) * (0.031 + _wave(a / math.pi, 0.003, 5)), 6),
            round(lat + math.sin(a) * (0.021 + _wave(a / math.pi, 0.002, 7)), 6),
        ]
        for a in [i * math.pi / 40 for i in range(80)]
    ]
    add("boundary", "Polygon", [[*ring, ring[0]]], "云溪县城规划区")
    course = [(lon - 0.034 + 0.068 * i / 40, lat - 0.0055 + _wave(i / 40, 0.0022, 3)) for i in range(41)]
    banks = [[round(x, 6), round(y + 0.00055, 6)] for x, y in course] + [
        [round(x, 6), round(y - 0.00055, 6)] for x, y in reversed(course)
    ]
    add("water", "Polygon", [[*banks, banks[0]]], "云溪河")
    lake = [
        [round(lon + 0.0135 + 0.0016 * math.cos(a), 6), round(lat + 0.0105 + 0.001 * math.sin(a), 6)]
        for a in [i * math.pi / 12 for i in range(24)]
    ]
    add("water", "Polygon", [[*lake, lake[0]]], "明月湖")
    for name, x, y, w, h in (
        ("滨河公园", 0.002, -0.0048, 0.009, 0.0011),
        ("凤凰山公园", -0.0195, 0.006, 0.007, 0.006),
        ("明月湖公园", 0.0105, 0.0118, 0.006, 0.0012),
    ):
        add("green", "Polygon", [_box(lon + x, lat + y, w, h)], name)
    rng = Random("blocks")
    for i in range(-6, 7):
        for j in range(-1, 5):
            x, y = lon + i * 0.0036 + 0.0003, lat + j * 0.0026 + 0.0002
            if (x - lon) ** 2 / 0.029**2 + (y - lat) ** 2 / 0.019**2 < 0.8 and rng.random() < 0.86:
                add("block", "Polygon", [_box(x, y, 0.0029, 0.0020)])
    for name, y, grade in (
        ("滨河路", -0.0030, 2),
        ("解放街", 0.0, 1),
        ("文化路", 0.0026, 2),
        ("迎宾路", 0.0052, 2),
        ("北环路", 0.0104, 1),
    ):
        add(
            "road",
            "LineString",
            [
                [round(lon - 0.027 + 0.054 * i / 30, 6), round(lat + y + _wave(i / 30, 0.0005, 2.2), 6)]
                for i in range(31)
            ],
            name,
            grade,
        )
    for name, x, grade in (
        ("云溪大道", -0.0075, 1),
        ("建设路", -0.0018, 2),
        ("溪畔路", 0.0042, 2),
        ("城东大道", 0.0155, 1),
    ):
        add(
            "road",
            "LineString",
            [
                [round(lon + x + _wave(i / 30, 0.0006, 1.6), 6), round(lat - 0.0155 + 0.032 * i / 30, 6)]
                for i in range(31)
            ],
            name,
            grade,
        )
    for name, x, y, grade in (
        ("云溪县", 0.0, 0.0013, 1),
        ("城东片区", 0.0148, 0.0032, 2),
        ("老城片区", -0.0028, -0.0006, 2),
        ("溪口", -0.0131, -0.0052, 3),
        ("北环片区", 0.003, 0.0116, 2),
        ("凤凰山", -0.0165, 0.009, 3),
    ):
        add("name", "Point", [round(lon + x, 6), round(lat + y, 6)], name, grade)
    return {"type": "FeatureCollection", "name": AREA_NAME, "features": features}


def _box(x: float, y: float, w: float, h: float) -> list[list[float]]:
    return [[round(a, 6), round(b, 6)] for a, b in ((x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y))]
