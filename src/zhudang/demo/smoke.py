"""`./dev demo --smoke`: walk the whole road as its roles, a line a step, exit 0 or 1."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from zhudang.demo import city
from zhudang.demo.paper import faults, other, typeset
from zhudang.demo.paper.layouts import LAYOUTS, Facts
from zhudang.demo.paper.sheets import SHEETS, sheet_data
from zhudang.demo.roadwalk import Astray, Known, RoadWalk, Sent, half_a_year_ago
from zhudang.demo.visitor import Refused, Visitor


def walk(url: str) -> int:
    """Walk the road on a running demo; 0 when every step held."""
    stamp = datetime.now().strftime("%H%M%S")  # noqa: DTZ005 - only a number that is new in every run
    road = Smoke(RoadWalk(url, Known(f"走查项目 {stamp}", f"2611-{city.AREA_CODE}-47-01-{stamp}")))
    for name, step in road.steps():
        began = time.monotonic()
        try:
            told = step()
        except (Astray, Refused, AssertionError, StopIteration, OSError) as problem:
            print(f"✗ {name}：{problem or type(problem).__name__}", flush=True)
            traceback.print_exc(limit=-3)
            return 1
        print(f"✓ {name}{f'：{told}' if told else ''}（{time.monotonic() - began:.1f} s）", flush=True)
    return 0


class Smoke:
    """The steps in order, each told in one line."""

    def __init__(self, road: RoadWalk) -> None:
        self.road, self.day = road, half_a_year_ago()
        self.good: list[Sent] = []
        self.bad: list[Sent] = []

    def steps(self) -> list[tuple[str, Callable[[], str | None]]]:
        return [
            ("登记项目、工程、单位工程、参建单位", self.register), ("规划许可带来归档告知书，建设单位签收", self.notice),
            ("上传文件（tus，逐段校验）并逐件检测", self.upload), ("归类、著录、归档", self.file), ("交付建设单位并签收", self.deliver),
            ("申请验收", self.apply), ("审查：有阻断问题的退回，一次告知", self.review), ("整改后再报，验收合格，出具意见", self.cure),
            ("移交：逐卷清点，另一人接收", self.transfer), ("两处保存、读回相符，凭证签发", self.preserve), ("公众查验凭证：编号、校验码、上传 PDF", self.verify),
            ("检索、文件页、地图找得到", self.find), ("别人的东西不存在", self.foreign),
        ]  # fmt: skip

    def register(self) -> str:
        self.road.register()
        return self.road.known.code

    def notice(self) -> str:
        self.road.permit(
            "planning", f"建字第{city.AREA_CODE}{self.day:%Y}GG{int(self.road.known.code[-6:]):07d}号", self.day
        )
        self.road.notice()
        return ""

    def upload(self) -> str:
        firms = {
            "client": "云溪安居建设有限公司",
            "contractor": "青石建筑工程有限公司",
            "supervisor": "溪源工程监理有限公司",
            "designer": "云溪山水规划设计院",
        }
        facts = Facts(self.road.known.name, "1# 楼", "云溪县试验路 1 号", firms, self.day, "C5-1-001")
        form = LAYOUTS["concealed"]
        native = typeset.pdf(form.form, form.data(facts, random.Random(1)))
        other_day = typeset.pdf(form.form, form.data(facts, random.Random(2)))
        scan = typeset.scanned(typeset.pictures(other_day, random.Random(3), dpi=150), dpi=150)
        sheet = SHEETS["structure"]
        drawing = typeset.pdf(
            "drawing", sheet_data(sheet, facts, random.Random(4), size="A2", number="结施-01", title="梁板配筋竣工图")
        )
        rng = random.Random(5)
        self.good = [
            Sent("隐蔽工程验收记录_001.pdf", "隐蔽", native), Sent("隐蔽工程验收记录_002_扫描.pdf", "隐蔽", scan),
            Sent("隐蔽工程验收记录_003.ofd", "隐蔽", other.ofd("隐蔽工程验收记录", ["二层梁板钢筋绑扎", "同意隐蔽"], self.day)),
            Sent("隐蔽工程验收记录_004.jpg", "隐蔽", other.photograph(rng, datetime(2026, 4, 8, 10, 0, tzinfo=UTC))),
            Sent("结施-01 梁板配筋竣工图.pdf", "竣工图", drawing), Sent("结施-01 梁板配筋竣工图.dxf", "竣工图", other.dxf(rng, "梁板配筋")),
        ]  # fmt: skip
        self.bad = [Sent("隐蔽工程验收记录_005_截断.pdf", "隐蔽", faults.cut_off(native))]
        self.road.upload("clerk", [*self.good, *self.bad])
        if self.bad[0].verdict != "fail" or any(one.verdict == "fail" for one in self.good):
            raise Astray(f"verdicts: {[(one.name, one.verdict) for one in [*self.good, *self.bad]]}")
        return f"{len(self.good) + len(self.bad)} 件，1 件不通过"

    def file(self) -> str:
        hidden = [one for one in [*self.good, *self.bad] if one.folder == "隐蔽"]
        self.road.assign("clerk", hidden, "隐蔽工程")
        self.road.assign("clerk", [one for one in self.good if one.folder == "竣工图"], "结构竣工图")
        everything = [*self.good, *self.bad]
        self.road.find_records("clerk", everything)
        done = set()
        for one in everything:
            if one.record_id not in done:
                done.add(one.record_id)
                title = f"{self.road.known.name}{one.name.rsplit('.', 1)[0]}"
                self.road.describe_and_file(
                    "clerk",
                    one.record_id,
                    title,
                    formed=self.day + timedelta(days=9),
                    carrier="drawing" if one.folder == "竣工图" else "text",
                    knowingly=one in self.bad,
                )
        return f"{len(done)} 件"

    def deliver(self) -> None:
        self.road.deliver_and_sign()

    def apply(self) -> None:
        self.road.excuse_rest()
        self.road.apply()

    def review(self) -> str:
        self.road.pass_rest()
        given = self.road.judge_open(
            lambda title: {"verdict": "returned", "reason": "文件打不开", "cure": "请重新导出后整件替换"}
        )
        if [title for title in given if "005_截断" not in title] or len(given) != 1:
            raise Astray(f"left open after the sample: {given}")
        page = self.road.issue_list()
        if "005_截断" not in page.text:
            raise Astray("the returned record is not on the client's list")
        return "1 件退回"

    def cure(self) -> None:
        self.road.cure(
            "clerk", self.bad[0], Sent("隐蔽工程验收记录_005_重报.pdf", "重报", self.good[0].data + b"\n% again\n")
        )
        self.road.deliver_and_sign()
        self.road.apply()
        self.road.pass_rest()
        self.road.accept()

    def transfer(self) -> None:
        self.road.transfer()

    def preserve(self) -> None:
        self.road.await_certificate()

    def verify(self) -> str:
        pdf, number, code = self.road.certificate_pdf()
        anyone = Visitor(self.road.base)
        told = anyone.submit(
            anyone.page("/verify/"),
            "/verify/",
            files={"pdf": ("凭证.pdf", pdf)},
            pick=lambda f: "multipart" in (f.get("enctype") or ""),
        )
        if number.replace(" ", "") not in told.text.replace(" ", ""):
            raise Astray(f"the uploaded certificate is not recognised: {told.said()}")
        changed = anyone.submit(
            anyone.page("/verify/"),
            "/verify/",
            files={"pdf": ("凭证.pdf", pdf[:-200] + bytes(200))},
            pick=lambda f: "multipart" in (f.get("enctype") or ""),
        )
        if "sealmark" in changed.text:
            raise Astray("a changed PDF is called genuine")
        if anyone.get(f"/verify/{code.replace(' ', '')}/").status != 200:
            raise Astray("the check code leads nowhere")
        return number

    def find(self) -> None:
        from zhudang.demo.roadwalk import wait

        archivist = self.road.visitor("archivist")
        record = self.good[0].record_id
        wait(
            "the record in the search",
            lambda: record in archivist.page("/search/", q=self.road.known.name).text,
            seconds=90,
        )
        page = archivist.page(f"/records/{record}/")
        if "读回相符" not in page.text:
            raise Astray("the record page shows no proof of its copies")
        if archivist.page(f"/files/{self.good[0].file_id}/").body != self.good[0].data:
            raise Astray("the bytes that come out are not the bytes that went in")
        if self.road.known.project not in archivist.page("/map/").text + archivist.page("/map/features.geojson").text:
            raise Astray("the project is not on the map")

    def foreign(self) -> None:
        stranger, absent = self.road.visitor("hongqiao"), "00000000-0000-7000-8000-000000000000"
        for at in ("/projects/{}/", "/records/{}/", "/files/{}/"):
            own = {
                "/projects/{}/": self.road.known.project,
                "/records/{}/": self.good[0].record_id,
                "/files/{}/": self.good[0].file_id,
            }[at]
            answers = [stranger.get(at.format(one)) for one in (own, absent)]
            if [a.status for a in answers] != [404, 404]:
                raise Astray(f"{at}: {[a.status for a in answers]}")
