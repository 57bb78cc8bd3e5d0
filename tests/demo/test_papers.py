"""The demo's papers: the same bytes each time, also when made elsewhere, and what each kind is to be."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from datetime import date

import pikepdf
import pytest
from PIL import Image

from zhudang.demo import stock
from zhudang.demo.makers import Makers
from zhudang.demo.paper import faults, typeset
from zhudang.demo.paper.layouts import LAYOUTS, Facts
from zhudang.demo.paper.sheets import SHEETS

FIRMS = dict.fromkeys(("client", "contractor", "supervisor", "designer", "surveyor"), "青石建筑工程有限公司")
FACTS = Facts(
    "滨河路学校综合楼", "", "云溪县滨河路 27 号", FIRMS, date(2024, 3, 6), "", permit="建字第990241202400412号"
)
HIDDEN = stock.Need("C5-1-1", "隐蔽工程验收记录", "C", "综合楼", "综合楼/C/隐蔽")
DRAWN = stock.Need("D1-1", "建筑竣工图", "D", "综合楼", "综合楼/D/建筑")


def orders() -> list[stock.Order]:
    """One of every way a paper comes, and of every fault but the two that need random salts to lock."""
    book = stock.Orders(FACTS, "school")
    day = date(2025, 2, 3)
    ways = [book.order(HIDDEN, day, way=way) for way in ("native", "scan", "low_scan", "ofd", "photo", "film")]
    drawn = [book.order(DRAWN, day, way=way) for way in ("native", "cad", "ifc")]
    wrong = [book.order(HIDDEN, day, fault=name) for name in faults.FAULTS if "locked" not in name]
    return [*ways, *drawn, *wrong]


@pytest.fixture(scope="module")
def made() -> list[list[stock.Made]]:
    return [stock.make(order) for order in orders()]


def test_papers_made_again_in_other_processes_are_the_same_to_the_last_byte(made):
    with Makers(2) as makers:
        again = list(makers.make(orders()))
    told = [
        (file.name, file == twin)
        for files, twins in zip(made, again, strict=True)
        for file, twin in zip(files, twins, strict=True)
    ]
    assert [name for name, same in told if not same] == []


def test_every_way_gives_the_files_it_names(made):
    suffixes = [[file.name.rpartition(".")[2] for file in files] for files in made[:9]]
    assert suffixes == [["pdf"], ["pdf"], ["pdf"], ["ofd"], ["jpg"], ["mp4"], ["pdf"], ["pdf", "dxf"], ["pdf", "ifc"]]


def test_a_locked_paper_differs_only_by_its_lock():
    order = replace(orders()[0], fault="locked")
    locked = stock.make(order)[0].data
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(io.BytesIO(locked))
    with pikepdf.open(io.BytesIO(locked), password="secret") as document:
        assert len(document.pages) == 1


def test_a_scan_has_no_text_its_resolution_and_a_page_for_each_page(made):
    with pikepdf.open(io.BytesIO(made[1][0].data)) as document:
        [page] = document.pages
        [image] = page.get_images().values()
        assert image.Width / (float(page.mediabox[2]) / 72) == pytest.approx(200, abs=1)
        assert b"BT" not in page.Contents.read_bytes()


def test_scanned_pages_lie_turned_but_whole_on_grey_paper():
    paper = typeset.pdf("record", LAYOUTS["concealed"].data(FACTS, random.Random(1)))
    one, other = (typeset.pictures(paper, random.Random(seed), dpi=72)[0] for seed in (1, 2))
    assert one.size == other.size == (596, 842)
    assert one.tobytes() != other.tobytes()
    assert one.getpixel((2, 2)) == typeset.PAPER
    dark = one.convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    assert dark is not None
    assert min(dark[0], dark[1], 596 - dark[2], 842 - dark[3]) > 20


def test_a_long_document_is_scanned_up_to_its_sixth_page():
    order = replace(orders()[1], need=replace(HIDDEN, title="监理规划"), pages=12)
    with pikepdf.open(io.BytesIO(stock.make(order)[0].data)) as document:
        assert len(document.pages) == stock.MOST_SCANNED_PAGES


def test_there_are_thirty_layouts_and_ten_kinds_of_sheets():
    assert len(LAYOUTS) >= 30
    assert len(SHEETS) >= 10


def test_photographs_tell_their_moment(made):
    with Image.open(io.BytesIO(made[4][0].data)) as picture:
        assert picture.getexif()[0x0132] == "2025:02:03 10:20:00"
