"""Converters by themselves: what they make is what was there, and what is not is refused with its reason."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from preservation.format_files import picture, workbook
from zhudang.preservation.formats import converting
from zhudang.preservation.formats.converters import images, tables, texts
from zhudang.preservation.formats.converters.results import NotConverted, NotNeeded

ANY_TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)


def put(folder: Path, data: bytes) -> Path:
    (folder / "out").mkdir(exist_ok=True)
    (folder / "source").write_bytes(data)
    return folder / "source"


def encoded(image: Image.Image, kind: str, **more) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_every_kind_of_pixel_comes_through_unchanged(tmp_path: Path, mode: str):
    size = {"1": 2, "I;16": 34, "LA": 34, "RGB": 51, "RGBA": 68}.get(mode, 17)
    image = Image.frombytes(mode, (17, 1), bytes(range(3, 3 + size))) if mode != "1" else Image.new("1", (17, 1), 1)
    if mode == "P":
        image.putpalette([9, 8, 7] * 20)
    done = images.convert(put(tmp_path, encoded(image, "PNG")), tmp_path / "out")
    assert done.figures["pixels"] == 17
    with Image.open(tmp_path / "out" / "1") as result:
        assert result.tobytes() == image.tobytes()


def test_a_tool_that_loses_one_pixel_is_found_out(tmp_path: Path, monkeypatch):
    honest = Image.Image.save

    def lossy(self, target, *given, **more):
        copy = self.copy()
        copy.putpixel((0, 0), (1, 2, 3))
        honest(copy, target, *given, **more)

    source = put(tmp_path, picture())
    monkeypatch.setattr(Image.Image, "save", lossy)
    with pytest.raises(NotConverted) as told:
        images.convert(source, tmp_path / "out")
    assert (told.value.reason, told.value.data["what"]) == ("differs", "pixels")


def test_what_tiff_cannot_hold_is_refused(tmp_path: Path):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert why(images.convert, tmp_path, data) == "frames"
    clear = Image.new("P", (4, 4), 1)
    assert why(images.convert, tmp_path, encoded(clear, "PNG", transparency=0)) == "transparent_palette"
    assert why(images.convert, tmp_path, b"BM" + bytes(60)) == "unreadable"


def why(convert, folder: Path, data: bytes) -> str:
    with pytest.raises(NotConverted) as told:
        convert(put(folder, data), folder / "out")
    return told.value.reason


@ANY_TMP
@given(text=st.text(alphabet=st.characters(codec="gb18030", exclude_categories=("Cc", "Cs")), min_size=1, max_size=60))
def test_any_gb18030_text_becomes_the_same_characters_in_utf8_or_is_refused(tmp_path: Path, text: str):
    source = put(tmp_path, ("工程档案验收说明，" * 9 + text).encode("gb18030"))
    try:
        texts.convert(source, tmp_path / "out")
    except NotConverted:
        return
    assert (tmp_path / "out" / "1").read_bytes().decode() == "工程档案验收说明，" * 9 + text


def test_a_text_is_not_touched_where_its_encoding_cannot_be_proven_or_is_utf8_already(tmp_path: Path):
    assert why(texts.convert, tmp_path, bytes(range(1, 200)) * 3) == "encoding_unknown"
    with pytest.raises(NotNeeded):
        texts.convert(put(tmp_path, "说明".encode()), tmp_path / "out")


def test_a_character_lost_on_the_way_back_is_found_out(tmp_path: Path, monkeypatch):
    honest = texts._rewritten

    def lossy(source: Path, target: Path, encoding: str) -> int:
        number = honest(source, target, encoding)
        target.write_bytes(target.read_bytes().replace("收".encode(), "牧".encode()))
        return number

    monkeypatch.setattr(texts, "_rewritten", lossy)
    assert why(texts.convert, tmp_path, "工程竣工验收说明，建设单位".encode("gbk")) == "differs"


def test_every_cell_is_in_the_csv_and_a_formula_without_a_value_is_refused(tmp_path: Path, monkeypatch):
    done = tables.convert(put(tmp_path, workbook()), tmp_path / "out")
    assert [each.label for each in done.made] == ["工程量"]
    assert why(tables.convert, tmp_path, workbook(formula=True)) == "formula_without_value"
    honest = tables._write
    monkeypatch.setattr(tables, "_write", lambda path, rows: honest(path, [[*row[:2], "9"] for row in rows]))
    assert why(tables.convert, tmp_path, workbook()) == "differs"


def test_a_child_that_takes_too_long_is_ended_and_one_that_breaks_is_told(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(converting, "_LOOK_SECONDS", 0.01)
    with pytest.raises(NotConverted) as told:
        converting.convert("tiff", put(tmp_path, picture()), tmp_path / "out", seconds=-1.0)
    assert told.value.reason == "too_slow"
    with pytest.raises(NotConverted) as told:
        converting.convert("no such path", put(tmp_path, picture()), tmp_path / "out")
    assert told.value.reason == "child_lost"
