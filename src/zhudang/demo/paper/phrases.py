"""Words of the trade that the demo's papers are filled with. Nobody and nothing in them is real."""

from random import Random

PARTS = (
    "二层梁板",
    "地下室底板",
    "基础承台",
    "三层剪力墙",
    "屋面板",
    "四层柱",
    "地下室外墙",
    "楼梯间",
    "女儿墙",
    "五层梁板",
    "电梯井壁",
    "设备基础",
)
AXES = ("①～⑫／A～F 轴", "③～⑨／B～E 轴", "①～⑥／A～D 轴", "⑦～⑫／C～F 轴")
WORKS = ("钢筋绑扎", "模板安装", "防水卷材铺贴", "预埋管线", "回填土", "砌体拉结筋", "保温层铺设", "避雷引下线焊接")
SEEN = (
    "板底筋 φ{a}@{b} 双向，支座负筋 φ12@150，间距抽查 {n} 处，偏差均在允许范围内。",
    "钢筋接头采用直螺纹套筒，接头面积百分率不大于 50%，外露丝扣 1～2 扣。",
    "保护层垫块 φ50 间距 {c}，马凳 φ10@1000，绑扎牢固，无松动、脱落。",
    "预埋管线位置、标高与施工图一致，管口封堵严密，共 {n} 处。",
    "基层清理干净，含水率 {d}%，阴阳角做成圆弧，附加层宽度 500 mm。",
    "搭接长度 {b} mm，热熔粘结均匀，边缘溢出沥青条连续。",
    "分层回填，每层虚铺厚度 250 mm，压实系数 0.9{d}，取样 {n} 点。",
    "已按设计变更 BG-0{n} 增设附加筋 2φ20，位置与变更单相符。",
    "轴线位移 {d} mm，截面尺寸偏差 +{d} mm，表面平整度 {d} mm。",
    "焊缝长度 {c} mm，双面施焊，焊缝饱满，药皮已清除。",
    "混凝土表面密实，未见蜂窝、孔洞、露筋；局部气泡已修补。",
    "坑底为中风化泥岩，与勘察报告相符，无扰动、无积水、无软弱夹层。",
)
TALKS = (
    "会议认为，项目建设符合县城总体规划，选址合理，建设规模和标准适当，建设条件基本具备。",
    "请建设单位按照审查意见修改完善后，抓紧办理规划、用地、环评等有关手续。",
    "严格执行工程质量终身责任制，落实五方责任主体项目负责人的质量责任。",
    "施工过程中应做好地下管线的保护，开挖前须向城建档案馆查询现状管线资料。",
    "工程档案应与工程建设同步形成，竣工验收前由城建档案机构进行档案验收。",
    "基础持力层为中风化泥岩，地基承载力特征值不小于 {n}0 kPa。",
    "雨水管网与市政主干管的衔接标高应现场复测，确认后方可施工。",
    "对涉及结构安全的试块、试件及有关材料，应在监理单位见证下取样送检。",
    "本工程抗震设防烈度为 6 度，设计基本地震加速度 0.05g，场地类别 Ⅱ 类。",
    "消防车道、登高操作场地应保持畅通，不得设置妨碍登高的树木和架空管线。",
    "本项目总投资 {n}{n}00 万元，资金由县财政统筹解决，分年度安排。",
    "各参建单位应按照归档告知书的要求，随工程进度收集、整理、报送有关文件。",
)
CHAPTERS = (
    "概述",
    "工程地质条件",
    "水文地质条件",
    "岩土参数分析",
    "场地稳定性评价",
    "地基基础方案",
    "施工组织",
    "质量控制",
    "安全措施",
    "环境保护",
    "进度计划",
    "结论与建议",
)
SECTIONS = ("依据与范围", "主要内容", "数据与分析", "方法和设备", "评价", "注意事项")
FIRST = "甲乙丙丁戊己庚辛壬癸"


def person(rng: Random, duty: str) -> str:
    """A person by duty only: 质检员甲."""
    return f"{duty}{rng.choice(FIRST)}"


def fill(sentence: str, rng: Random) -> str:
    """Put numbers into a phrase."""
    return (
        sentence.replace("{a}", str(rng.choice((8, 10, 12, 14))))
        .replace("{b}", str(rng.choice((100, 120, 150, 180, 200))))
        .replace("{c}", str(rng.choice((600, 800, 1000))))
        .replace("{d}", str(rng.randint(2, 8)))
        .replace("{n}", str(rng.randint(8, 26)))
    )


def seen(rng: Random, count: int) -> list[str]:
    return [fill(line, rng) for line in rng.sample(SEEN, count)]


def talks(rng: Random, count: int) -> list[str]:
    return [fill(line, rng) for line in rng.sample(TALKS, min(count, len(TALKS)))]


def date_text(day: object) -> str:
    return f"{day.year}年{day.month}月{day.day}日"  # type: ignore[attr-defined]
