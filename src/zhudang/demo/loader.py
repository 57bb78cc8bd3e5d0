"""Load the demo city: every project of `city.PROJECTS` goes its way through the operations everyone uses."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from zhudang.atlas import operations as atlas
from zhudang.content import operations as content
from zhudang.content import queries as content_queries
from zhudang.demo import city, people, stock, upkeep
from zhudang.demo.city import Works
from zhudang.demo.makers import Makers
from zhudang.demo.paper.layouts import Facts
from zhudang.demo.road import Road, wait_for_preservation
from zhudang.filing import operations as filing
from zhudang.filing import queries as filing_queries
from zhudang.filing.domain.describing import Description
from zhudang.filing.queries import ObligationRow
from zhudang.identity.rights import SYSTEM, Actor
from zhudang.registry import operations as registry
from zhudang.registry import queries as registry_queries

# How far each stage has come; a project passes every step before its own.
ORDER = (
    "registered", "noticed", "collecting", "delivering", "applied", "reviewing", "returned", "reapplied", "accepted",
    "committed", "transferred", "certified",
)  # fmt: skip
_MILESTONES = {
    "building": ("start", "foundation", "main_structure", "installation", "completion"),
    "road": ("start", "subgrade", "pavement", "completion"),
    "bridge": ("start", "substructure", "superstructure", "completion"),
    "pipeline": ("start", "before_cover", "pressure_test", "completion"),
}
WAIT_SECONDS = 600
AHEAD = 2
"""For how many projects beyond the present one papers are being made."""
PUBLIC, INTERNAL = 0, 1


def moment(day: date, hour: int = 10) -> datetime:
    """An hour of a working day, never later than now."""
    wanted = timezone.make_aware(datetime.combine(day, datetime.min.time().replace(hour=hour)))
    return min(wanted, timezone.now())


AGAIN = "./dev clean, then ./dev demo"


def is_loaded() -> bool:
    """Whether every project of the city came to its stage; one loaded before this was noted has all its projects."""
    if not _book().exists():
        return registry_queries.visible_projects(SYSTEM).count() >= len(city.PROJECTS)
    return finished() >= {works.code for works in city.PROJECTS}


def finished() -> set[str]:
    """Codes of the projects that came to their stage; a load that was interrupted leaves others half way."""
    book = _book()
    return set(book.read_text().split()) if book.exists() else set()


def _note_finished(code: str) -> None:
    with _book().open("a") as book:
        book.write(f"{code}\n")


def _book() -> Path:
    return Path(settings.DATA) / "demo-city.txt"


def load(say: object = print) -> int:
    """Load what is not there yet; give how many records the city has now."""
    told = say if callable(say) else print
    began = time.monotonic()
    now = timezone.now()
    registry.record_areas(
        areas=[{"code": city.AREA_CODE, "name": city.AREA_NAME}], source="演示城，虚构 / demo city, invented", now=now
    )
    atlas.load_base_map(collection=city.base_map(), source="演示城，虚构 / demo city, invented", now=now)
    firms = people.bring_in_organisations(now)
    if not people.known("clerk"):
        people.bring_in_people(firms, now)
    known = set(registry_queries.visible_projects(SYSTEM).values_list("code", flat=True))
    waiting = [Loader(works, firms) for works in city.PROJECTS if works.code not in known]
    for works in city.PROJECTS:
        if works.code in known - finished():
            told(
                f"  ! {works.name}：上次装载中断，只装了一部分；./dev clean 后可重新装载 / half loaded: {AGAIN}",
                flush=True,
            )
    total = 0
    with Makers() as makers:
        for loader in _in_step(waiting, makers):
            count = loader.finish()
            total += count
            works = loader.works
            _note_finished(works.code)
            told(f"  · {works.name}：{count} 件（{works.stage}，{time.monotonic() - began:.0f} s）", flush=True)
    for loader in waiting:
        loader.settle()
    upkeep.keep_house()
    return total


def _in_step(loaders: Sequence[Loader], makers: Makers) -> Iterator[Loader]:
    """Give one project after the other to be finished, while the next one's papers come in and those of the one after are made."""
    papers: list[Iterator[list[stock.Made]]] = []
    for place in range(len(loaders)):
        for ahead in loaders[len(papers) : place + 1 + AHEAD]:
            papers.append(makers.make(ahead.begin()))
        for near in loaders[place : place + 2]:
            if not near.brought_in:
                near.bring_in(papers[loaders.index(near)])
        yield loaders[place]


@dataclass(frozen=True)
class Bundle:
    """What one clerk uploaded: the files' ids and, beside them, what each answers and says (without its bytes)."""

    clerk: Actor
    at: datetime
    ids: list[UUID]
    files: list[tuple[ObligationRow, stock.Made]]


class Loader:
    """Takes one project from its registration to its stage."""

    def __init__(self, works: Works, firms: dict[str, UUID]) -> None:
        self.works, self.firms = works, firms
        self.client = people.filer_of(works.client)
        self.step = ORDER.index("collecting" if works.stage == "suspended" else works.stage)
        self.level = PUBLIC if works.stage == "certified" else INTERNAL
        self.today = timezone.localdate()
        self.names = {firm.key: firm.name for firm in city.FIRMS}
        self.project_id = UUID(int=0)
        self.units: dict[str, UUID] = {}
        self.asked: dict[UUID, list[ObligationRow]] = {}
        self.bundles: list[Bundle] = []
        self.brought_in = False
        self.received: UUID | None = None

    def reached(self, stage: str) -> bool:
        return self.step >= ORDER.index(stage)

    def begin(self) -> list[stock.Order]:
        """Register the project as far as its papers are asked for; give the papers to be made."""
        self._register()
        if not self.reached("noticed"):
            return []
        self._permits()
        return self._order() if self.works.records else []

    def bring_in(self, papers: Iterator[list[stock.Made]]) -> None:
        """Upload the papers, made in the order they were asked for, each by its clerk; their checks begin."""
        self.brought_in = True
        self.bundles = [self._upload(organisation_id, rows, papers) for organisation_id, rows in self.asked.items()]

    def finish(self) -> int:
        """Wait for the checks, file what was brought in, go the road to the project's stage; give the number of records."""
        wait_for_checks([file_id for bundle in self.bundles for file_id in bundle.ids])
        records = sum(self._take_in(bundle) for bundle in self.bundles)
        if self.works.stage == "suspended":
            registry.suspend_project(
                actor=people.actor("official"), project_id=self.project_id, reason="建设资金暂缓", now=timezone.now()
            )
        if self.reached("delivering"):
            self.received = Road(self.works, self.project_id, self.firms).drive(self.step, ORDER)
        return records

    def settle(self) -> None:
        """Wait for what the product does by itself at the end of the road, and open what is public."""
        if self.received is not None:
            wait_for_preservation(self.received)
        if self.level == PUBLIC:
            # Old holdings reviewed as open: what the public may search without signing in.
            registry.classify_project(
                actor=people.actor("archivist"),
                project_id=self.project_id,
                level=PUBLIC,
                is_open=True,
                now=timezone.now(),
            )

    # ── registration and permits ──────────────────────────────────────────────────────────────────────────────────

    def _register(self) -> None:
        works, desk = self.works, people.actor("archivist")
        started = works.started
        begun = moment(started - timedelta(days=120))
        self.project_id = registry.register_project(
            actor=desk, code=works.code, name=works.name, kind=works.kind, client_id=self.firms[works.client], address=works.place,
            area_code=city.AREA_CODE, level=self.level, lon=works.at[0], lat=works.at[1], now=begun,
        )  # fmt: skip
        phase = registry.add_phase(
            actor=desk, project_id=self.project_id, code=f"{works.code}-001", name=works.name, now=begun
        )
        for number, name in enumerate(works.units, 1):
            structure = None
            if works.kind in {"building", "bridge"}:
                structure = registry.register_structure(
                    actor=desk, name=f"{works.name}{name}" if len(works.units) > 1 else works.name.removesuffix("扩建工程").removesuffix("改造"), kind=works.kind, address=works.place,
                    lon=works.at[0] + number * 0.0004, lat=works.at[1], now=begun,
                    built_on=date(1996, 10, 1) if works.key in {"market", "library"} else None,
                )  # fmt: skip
            nature = "alteration" if works.key == "market" else "extension" if works.key == "library" else "new"
            self.units[name] = registry.add_unit_work(
                actor=desk,
                phase_id=phase,
                code=f"{number:02d}",
                name=name,
                kind=works.kind,
                structure_id=structure,
                nature=nature,
                now=begun,
            )
        parties = (
            ("contractor", works.contractor),
            ("supervisor", works.supervisor),
            ("design", "shanshui"),
            ("survey", "kance"),
        )
        for role, firm in parties:
            registry.add_party(
                actor=desk,
                project_id=self.project_id,
                organisation_id=self.firms[firm],
                role=role,
                since=timezone.localdate(begun),
                now=begun,
            )
        for duty, who, firm in (
            ("leader", "分管负责人辛", works.client),
            ("archive_person", "专职档案员壬", works.client),
            ("as_built", "资料员甲", works.contractor),
        ):
            registry.record_responsibility(
                actor=desk,
                project_id=self.project_id,
                duty=duty,
                person=who,
                phone="0900-6612345" if who else "",
                organisation_id=self.firms[firm],
                now=begun,
            )
        atlas.index_project(self.project_id, now=begun)

    def _permits(self) -> None:
        works, desk = self.works, people.actor("archivist")
        planning = min(works.started - timedelta(days=60), self.today - timedelta(days=5))
        serial = int(works.code[-6:]) % 100000
        first = registry.record_permit(
            actor=desk, project_id=self.project_id, kind="planning", number=f"建字第{city.AREA_CODE}{planning:%Y}GG{serial:07d}号", issued_on=planning,
            issuer="云溪县自然资源局", now=moment(planning, 15),
        )  # fmt: skip
        Road(works, self.project_id, self.firms).notice(first, moment(planning, 16))
        if not self.reached("collecting"):
            return
        permit = works.started - timedelta(days=12)
        kind = "01" if works.kind == "building" else "02"
        registry.record_permit(
            actor=desk, project_id=self.project_id, kind="construction", number=f"{city.AREA_CODE}{permit:%Y%m%d}{kind}01", issued_on=permit,
            issuer=city.DEPARTMENT, now=moment(permit, 15),
        )  # fmt: skip
        ends = works.completed or self.today + timedelta(days=240)
        names = _MILESTONES[works.kind]
        for unit_id in self.units.values():
            for place, name in enumerate(names):
                day = works.started + (ends - works.started) * place // (len(names) - 1)
                past = day <= self.today
                registry.record_milestone(
                    actor=desk,
                    unit_work_id=unit_id,
                    kind=name,
                    planned_on=day,
                    happened_on=day if past else None,
                    now=moment(day) if past else timezone.now(),
                )
        registry.describe_project(
            actor=desk, project_id=self.project_id, started_on=works.started, now=moment(works.started)
        )
        if works.completed:
            registry.describe_project(
                actor=desk, project_id=self.project_id, completed_on=works.completed, now=moment(works.completed)
            )
        if works.accepted:
            registry.record_completion_acceptance(
                actor=desk, project_id=self.project_id, accepted_on=works.accepted, now=moment(works.accepted, 17)
            )

    # ── collecting ────────────────────────────────────────────────────────────────────────────────────────────────

    def _order(self) -> list[stock.Order]:
        """Choose which obligations are answered, and ask for a paper for each, holder by holder."""
        filing.plan_project(self.project_id)
        owed = [
            row for row in filing_queries.project_obligations(self.project_id) if row.applicable and row.organisation_id
        ]
        wanted = self._chosen(owed)
        if self.reached("applied"):
            self._excuse(owed, {row.id for row, _copies in wanted})
        for row, copies in wanted:
            self.asked.setdefault(row.organisation_id or self.firms[self.works.client], []).extend([row] * copies)
        orders = stock.Orders(self._facts(), self.works.key)
        return [
            self._paper(orders, row, copy)
            for rows in self.asked.values()
            for _id, same in groupby(rows, key=lambda row: row.id)
            for copy, row in enumerate(same)
        ]

    def _chosen(self, owed: Sequence[ObligationRow]) -> list[tuple[ObligationRow, int]]:
        """Which obligations are answered, and with how many records, until the wanted number is reached."""
        must = [row for row in owed if row.archive == "must" and not self._is_later(row)]
        limit = self.works.records
        if not self.reached("delivering"):
            must = must[: max(limit // 2, 8)]
        copies = dict.fromkeys((row.id for row in must), 1)
        repeatable = [
            row
            for row in must
            if row.part == "D" or any(word in row.title for word in ("隐蔽", "试验报告", "记录", "通知", "照片"))
        ]
        while repeatable and sum(copies.values()) < limit:
            for row in repeatable:
                if sum(copies.values()) >= limit:
                    break
                copies[row.id] += 1
        keep = [must[i * len(must) // limit] for i in range(limit)] if len(must) > limit else must
        return [(row, copies[row.id]) for row in keep]

    def _is_later(self, row: ObligationRow) -> bool:
        """What can only form after the completion acceptance: promised in the commitment, not collected before."""
        return row.milestone == "acceptance" and self.works.stage == "committed"

    def _excuse(self, owed: Sequence[ObligationRow], answered: set[UUID]) -> None:
        rest = [row.id for row in owed if row.id not in answered and not self._is_later(row)]
        if rest:
            filing.excuse(
                actor=self.client,
                obligation_ids=rest,
                reason="本工程不涉及",
                now=moment(self.works.started + timedelta(days=30)),
            )

    def _facts(self) -> Facts:
        works = self.works
        firms = {
            "client": self.names[works.client], "contractor": self.names[works.contractor], "supervisor": self.names[works.supervisor],
            "designer": self.names["shanshui"], "surveyor": self.names["kance"],
        }  # fmt: skip
        return Facts(
            works.name,
            "",
            works.place,
            firms,
            works.started,
            "",
            permit=f"建字第{city.AREA_CODE}{works.started:%Y}00412号",
        )

    def _upload(
        self, organisation_id: UUID, rows: Sequence[ObligationRow], papers: Iterator[list[stock.Made]]
    ) -> Bundle:
        clerk = people.filer_of(next(key for key, value in self.firms.items() if value == organisation_id))
        last = self.works.accepted + timedelta(days=8) if self.works.accepted else self.works.completed or self.today
        end = moment(min(last, self.today), 18)
        place = registry_queries.place_of(self.project_id)
        assert place is not None
        flat = [(row, file) for row in rows for file in next(papers)]
        incoming = (
            content.Incoming(file.name, file.folder, data=file.data, level=self.level, unit_work_id=row.unit_work_id)
            for row, file in flat
        )
        ids = content.receive_many(actor=clerk, items=incoming, place=place, now=end, organisation_id=organisation_id)
        told = [(row, replace(file, data=b"")) for row, file in flat]  # the bytes are stored now
        return Bundle(clerk, end, ids, told)

    def _take_in(self, bundle: Bundle) -> int:
        """Assign, describe and file what a clerk uploaded; give how many records it became."""
        kept = len(bundle.files) - self._left_in_inbox(len(bundle.files))
        pairs = [(file_id, row.id) for file_id, (row, _file) in zip(bundle.ids, bundle.files, strict=True)][:kept]
        record_ids = set(filing.assign(actor=bundle.clerk, assignments=pairs, now=bundle.at))
        by_file = dict(zip(bundle.ids, (file for _row, file in bundle.files), strict=True))
        self._describe(bundle.clerk, record_ids, by_file, bundle.at)
        self._file(bundle.clerk, record_ids, bundle.at)
        return len(record_ids)

    def _left_in_inbox(self, count: int) -> int:
        """While collecting, some files wait for their clerk to confirm what they are."""
        return min(count // 6, 9) if self.works.stage in {"collecting", "noticed"} else 0

    def _paper(self, orders: stock.Orders, row: ObligationRow, copy: int) -> stock.Order:
        unit = row.unit_work_name
        need = stock.Need(
            row.printed_code, row.title, row.part, unit, f"{unit}/{row.part}/{stock.clean(row.title)[:24]}"
        )
        number = orders.count
        way = "photo" if "照片" in row.title else "film" if "录像" in row.title else stock.mixed_way(number, row.part)
        span = ((self.works.completed or self.today) - self.works.started).days
        day = self.works.started + timedelta(days=(number * 37 + copy * 11) % max(span - 5, 1))
        if row.part == "A":
            day = self.works.started - timedelta(days=20 + number % 90)
        if row.part == "E" and self.works.accepted:
            day = self.works.accepted - timedelta(days=number % 9)
        if row.milestone == "acceptance" and self.works.accepted:
            day = min(self.works.accepted + timedelta(days=1 + number % 6), self.today)
        return orders.order(
            need,
            min(day, self.today),
            way=way,
            fault=self._fault(number),
            pages=self._pages(number),
            blank=number % 17 == 6,
        )

    def _fault(self, number: int) -> str:
        """Queues need work: projects before their acceptance have a few wrong files among the others."""
        if self.reached("accepted") or self.works.stage == "noticed":
            return ""
        return {13: "cut_off", 29: "locked", 37: "scripted", 43: "noise", 51: "print_locked", 58: "empty"}.get(
            number % 61, ""
        )

    def _pages(self, number: int) -> int:
        return {5: 60, 11: 120, 3: 200}.get(number % 40, 8 + number % 13)

    def _describe(self, clerk: Actor, record_ids: set[UUID], by_file: dict[UUID, stock.Made], now: datetime) -> None:
        rows = filing_queries.records_by_id(record_ids)
        facts = content_queries.stored_files([f.file_id for row in rows.values() for f in row.files])
        descriptions = {}
        for row in rows.values():
            files = [f for f in row.files if f.current]
            readable = next((f for f in files if f.part != "native"), files[0])
            made = by_file[readable.file_id]
            pages = facts[readable.file_id].pages or 1
            descriptions[row.id] = Description(
                title=made.title, document_no=made.number, responsible=row.organisation_name, formed_on=made.day, manuscript="original", copy_kind="original",
                origin=made.origin, has_paper=True, legal_force=True, carrier=made.carrier if made.carrier != "model" else "drawing",
                specialty=made.specialty, pages=pages, level=self.level, retention="permanent" if row.part in {"A", "D", "E"} else "long",
            )  # fmt: skip
        if descriptions:
            filing.describe_many(actor=clerk, descriptions=descriptions, now=now)

    def _file(self, clerk: Actor, record_ids: set[UUID], now: datetime) -> None:
        """File everything that may be filed; a clerk in a hurry passes findings on knowingly where work is under review."""
        hurried = self.works.stage in {"applied", "reviewing", "returned", "reapplied"}
        rows = filing_queries.records_by_id(record_ids)
        broken = {
            row.id
            for row in rows.values()
            if any(f.verdict == "fail" and f.part != "native" for f in row.files if f.current)
        }
        good = [row_id for row_id in rows if row_id not in broken]
        if self.works.stage == "collecting":
            good = good[: len(good) * 9 // 10]
        if good:
            filing.file_many(actor=clerk, record_ids=good, now=now, knowingly=True)
        if broken and hurried:
            filing.file_many(actor=clerk, record_ids=broken, now=now, knowingly=True)


def wait_for_checks(file_ids: Iterable[UUID], *, seconds: float = WAIT_SECONDS) -> None:
    """Wait until the worker has checked every file.

    Raises:
        TimeoutError: it has not in time; is a worker running?
    """
    left = list(file_ids)
    end = time.monotonic() + seconds
    while left := list(content_queries.unchecked(left)):
        if time.monotonic() > end:
            raise TimeoutError(
                "检测没有在时限内完成：后台在运行吗？/ the checks did not finish in time: is the worker running?"
            )
        time.sleep(0.25)
