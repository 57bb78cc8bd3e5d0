"""What is found, in which order, by whom: the same by every way to candidates."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.test import Client
from filing_support import NOW, Site

from preservation.kept_project import KeptProject
from zhudang.discovery import operations, queries
from zhudang.discovery.domain import folding
from zhudang.discovery.queries import Wanted, candidates
from zhudang.filing import queries as filing
from zhudang.filing.models import Record
from zhudang.identity.models import Account
from zhudang.preservation import packing
from zhudang.preservation.around_volumes import around
from zhudang.preservation.giving.gathering import GivenVolume
from zhudang.shared.ids import new_id

pytestmark = pytest.mark.django_db
MANY = sys.maxsize


class Shelf:
    """Records with their texts, as rows of the index; remembers them for the plain answer to any question."""

    def __init__(self) -> None:
        self.site = Site()
        self.pattern = Record.objects.get(id=self.site.record())
        self.pages: dict[UUID, dict[int, str]] = {}
        self.rows: dict[UUID, Record] = {}

    def put(
        self, description: str, *pages: str, formed: date | None = date(2025, 1, 1), reached: int = 2, **more
    ) -> UUID:
        """One record with its description and its pages, numbered from 1."""
        return self.put_pages(description, dict(enumerate(pages, 1)), formed=formed, reached=reached, **more)

    def put_pages(
        self, description: str, pages: dict[int, str], *, formed: date | None, reached: int = 2, **more
    ) -> UUID:
        row = Record.objects.get(id=self.pattern.id)
        row.id, row.title, row.formed_on, row.reached = new_id(), description, formed, reached
        row.state = "submitted" if reached == 2 else "draft"
        for name, value in more.items():
            setattr(row, name, value)
        row.save(force_insert=True)
        texts = {0: description, **pages}
        operations._write(
            [(row.id, None, number, 0, text, None if number else formed) for number, text in texts.items()]
        )
        self.pages[row.id] = {number: folding.fold(text) for number, text in texts.items()}
        self.rows[row.id] = row
        return row.id

    def plainly(self, question: str, seen: Callable[[Record], bool]) -> list[UUID]:
        """The answer by looking at everything: described so first, then the newest."""
        terms = [term.text for term in folding.terms(question)]
        found = [
            one for one, pages in self.pages.items()
            if seen(self.rows[one]) and all(any(term in text for text in pages.values()) for term in terms)
        ]  # fmt: skip
        return sorted(
            found,
            key=lambda one: (
                all(term in self.pages[one][0] for term in terms), self.rows[one].formed_on is not None,
                self.rows[one].formed_on or date.min, one,
            ),
            reverse=True,
        )  # fmt: skip


_NOT_AT_ONCE = {"FEW_PAGES": -1, "FETCHED_AT_ONCE": -1, "FILLED_BY_MONTH": 0, "LIKELY_BY_MONTH": MANY}
_NO_WALK = {"WALKED_AT_MOST": 0, "WALKED_AT_ALL": 0, "LOOKED_AT_ALL": 0}
_NO_MONTHS = {"MONTHS": (), "MONTHS_UNSEEN": ()}
WAYS = {
    "by the index": {"FEW_PAGES": MANY},
    "all of them looked at": {**_NOT_AT_ONCE, "LOOKED_AT": 1_000_000},
    "looked at, then by the index at once": {"FEW_PAGES": -1, "FETCHED_AT_ONCE": MANY, "LOOKED_AT": 5},
    "by walking": {**_NOT_AT_ONCE, "LOOKED_AT": 5, "WALKED_AT_MOST": 100_000},
    "by walking further": {**_NOT_AT_ONCE, "LOOKED_AT": 5, "WALKED_AT_MOST": 0},
    "by month, then by the index": {**_NOT_AT_ONCE, "LOOKED_AT": 5, **_NO_WALK},
    "by month while it is likely to do": {**_NOT_AT_ONCE, "LOOKED_AT": 5, **_NO_WALK, "LIKELY_BY_MONTH": 0},
    "looked at, then by the index": {**_NOT_AT_ONCE, "LOOKED_AT": 5, **_NO_WALK, **_NO_MONTHS},
    "looked at, then all looked at": {
        **_NOT_AT_ONCE, "LOOKED_AT": 5, **_NO_WALK, **_NO_MONTHS, "LOOKED_AT_ALL": 100_000, "WALK_COSTS": MANY,
    },
}  # fmt: skip


@pytest.fixture(params=list(WAYS))
def way(request, monkeypatch) -> str:
    for name, value in WAYS[request.param].items():
        monkeypatch.setattr(candidates, name, value)
    return request.param


@pytest.fixture
def shelf() -> Shelf:
    """Sixty records of few words, so that every question finds some and misses some."""
    made, rng = Shelf(), random.Random(3)
    words = ("隐蔽工程", "混凝土强度", "钢筋", "验收记录", "BG-012", "二层梁板", "防水卷材")
    for number in range(60):
        texts = ["，".join(rng.sample(words, rng.randint(1, 3))) for _ in range(rng.randint(1, 4))]
        formed = None if number % 11 == 0 else date(2024, 1, 1) + timedelta(days=rng.randint(0, 40))
        made.put(*texts, formed=formed, reached=number % 3, level=1)
    return made


def _ids(actor, question: str, **more) -> list[UUID]:
    return [hit.record_id for hit in queries.search(actor, Wanted(question, rows=1000, **more)).hits]


@pytest.mark.parametrize("question", ["隐蔽工程", "工程", "钢筋 强度", "记录 BG-012 梁板", "防水卷材", "不存在"])
def test_every_way_finds_what_looking_at_everything_finds_in_the_same_order(way, shelf, question):
    found = _ids(shelf.site.reviewer, question)
    assert found == shelf.plainly(question, lambda row: row.reached == 2)
    if question == "不存在":
        assert not found
    else:
        assert found


def test_every_way_counts_only_what_the_person_may_know_of(way, shelf):
    results = queries.search(shelf.site.clerk, Wanted("隐蔽工程"))
    assert results.total == len(shelf.plainly("隐蔽工程", lambda row: True))
    ours = queries.search(shelf.site.reviewer, Wanted("隐蔽工程"))
    assert ours.total == len(shelf.plainly("隐蔽工程", lambda row: row.reached == 2)) < results.total
    assert sum(facet.count for facet in ours.facets["part"]) == ours.total
    nothing = queries.search(shelf.site.outsider, Wanted("隐蔽工程"))
    assert (nothing.total, nothing.hits, nothing.bounded) == (0, (), False)
    assert not any(nothing.facets.values())


def test_every_way_ranks_the_best_when_there_are_more_than_the_bound(way, shelf):
    results = queries.search(shelf.site.clerk, Wanted("隐蔽工程", rows=1000, bound=7))
    best = shelf.plainly("隐蔽工程", lambda row: True)[:7]
    assert [hit.record_id for hit in results.hits] == best
    assert (results.total, results.bounded) == (7, True)
    assert sum(facet.count for facet in results.facets["kind"]) == 7


def test_a_bound_that_is_just_reached_is_not_called_bounded(way, shelf):
    whole = len(shelf.plainly("隐蔽工程", lambda row: True))
    assert not queries.search(shelf.site.clerk, Wanted("隐蔽工程", bound=whole)).bounded
    assert queries.search(shelf.site.clerk, Wanted("隐蔽工程", bound=whole - 1)).bounded


def test_two_characters_on_page_six_hundred_are_found_there(way, shelf):
    pages = {number: f"第 {number} 页 混凝土强度" for number in range(1, 600)} | {600: "末页有一处渗漏"}
    one = shelf.put_pages("厚册", pages, formed=date(2020, 1, 1))
    hits = queries.search(shelf.site.reviewer, Wanted("渗漏")).hits
    assert [(hit.record_id, hit.page) for hit in hits] == [(one, 600)]
    both = queries.search(shelf.site.reviewer, Wanted("渗漏 厚册")).hits
    assert [hit.record_id for hit in both] == [one]


def test_any_part_of_a_code_is_found_and_nothing_that_only_has_its_figures(way, shelf):
    one = shelf.put("见 BG-012 及 2403-990241 号图，管径 DN1200", "正文", formed=date(2019, 5, 1))
    other = shelf.put("见 BG-120 及 2403-909241 号图", "0 12 99 02 41 DN 1200", formed=date(2019, 6, 1))
    for code in ("BG-012", "bg-012", "ＢＧ－０１２", "G-01", "2403-990241", "3-9902", "990241", "02", "DN1200"):
        found = _ids(shelf.site.reviewer, code)
        assert found == shelf.plainly(code, lambda row: row.reached == 2), code
        assert one in found, code
        assert (other in found) == (code == "02"), code


def test_by_month_the_newest_months_come_first_and_undated_ones_last(way, shelf):
    days = [date(2024, 3, 31), date(2024, 4, 1), date(2023, 12, 31), date(2001, 1, 1), None]
    made = {day: shelf.put("竖向位移观测", formed=day) for day in days}
    order = [made[day] for day in sorted((d for d in days if d), reverse=True)] + [made[None]]
    assert _ids(shelf.site.reviewer, "位移观测") == order
    for bound in range(1, 5):
        assert _ids(shelf.site.reviewer, "位移观测", bound=bound) == order[:bound]


def test_pairs_that_stand_apart_are_no_hit(way, shelf):
    shelf.put("甲乙 与 乙丙", formed=date(2025, 1, 1))
    assert _ids(shelf.site.reviewer, "甲乙丙") == []


def test_filters_cut_before_counting(way, shelf):
    shelf.put("隐蔽工程 乙", formed=date(2019, 5, 1))
    results = queries.search(shelf.site.reviewer, Wanted("隐蔽工程", {"year": "2019"}))
    assert results.total == 1 and [facet.value for facet in results.facets["year"]] == ["2019"]


def test_withdrawn_records_are_found_by_nobody(way, shelf):
    one = shelf.put("撤回的渗漏记录", formed=date(2025, 1, 1), withdrawn_at=NOW)
    assert one not in _ids(shelf.site.clerk, "渗漏记录")


def test_without_words_the_newest_come_first(shelf):
    found = _ids(shelf.site.reviewer, "")
    dated = [shelf.rows[one].formed_on for one in found if shelf.rows[one].formed_on]
    assert dated == sorted(dated, reverse=True)
    assert len(found) == sum(1 for row in shelf.rows.values() if row.reached == 2)


def test_statistics_of_the_database_say_how_common_a_pair_is(shelf):
    terms = folding.terms("隐蔽工程")
    told = candidates._pages_at_most(terms)
    assert all(told.pages(term) >= 0 for term in terms)


def test_only_the_rarest_pairs_are_looked_up_and_never_none():
    (term,) = folding.terms("隐蔽工程验收")
    shares = {"隐蔽": 0.1, "蔽工": 0.2, "工程": 0.9, "程验": 0.3, "验收": 0.25}
    assert candidates.Rarity(1000, 0.01, shares).looked_up(term) == "'隐蔽' & '蔽工' & '验收'"
    assert candidates.Rarity(1000, 0.01, {**shares, "蔽工": 0.002}).looked_up(term, marks=("§1", "§2")) == (
        "'蔽工' & ('§1' | '§2')"
    )
    assert candidates.Rarity(float("inf"), 1.0, {}).looked_up(term).count("'") == 6


def test_a_record_is_found_by_its_reference_code_with_or_without_leading_zeros_by_who_may_know_of_it():
    project = KeptProject()
    row = Record.objects.select_related("volume").get(id=project.record_ids[1])
    code = f"{row.volume.reference_code}-{row.position:03}"
    for written in (code, f"{row.volume.reference_code}-{row.position}", f" {code.lower()} "):
        results = queries.search(project.site.archivist, Wanted(written))
        assert [(hit.record_id, hit.reference) for hit in results.hits] == [(row.id, code)]
    assert queries.search(project.site.outsider, Wanted(code)).hits == ()
    assert queries.search(project.site.archivist, Wanted(code, filters={"part": "A"})).hits == ()
    assert queries.search(project.site.archivist, Wanted(f"{row.volume.reference_code}-999")).hits == ()


def test_the_page_of_a_record_tells_the_reference_code_that_is_preserved():
    project = KeptProject()
    row = Record.objects.select_related("volume").get(id=project.record_ids[1])
    page = queries.record_page(project.site.archivist, row.id)
    assert page.reference_code == f"{row.volume.reference_code}-{row.position:03}"
    client = Client()
    client.force_login(Account.objects.get(username="archivist"))
    shown = client.get(f"/records/{row.id}/").content.decode()
    assert f">{page.reference_code}</dd>" in shown
    volume = next(v for v in filing.volumes_of(project.project_id) if v.id == row.volume_id)
    [told] = [
        record
        for record in GivenVolume(packing.pack_volume(around(project.project_id), volume)).description["records"]
        if record["id"] == str(row.id)
    ]  # fmt: skip
    assert told["reference_code"] == page.reference_code
