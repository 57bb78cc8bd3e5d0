"""Real files of formats that are migrated, and a project whose volumes hold them."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import openpyxl
from PIL import Image

from filing.filing_support import NOW, Site
from preservation.kept_project import KeptProject, site_settings
from zhudang.content.models import File

TEXT = "工程竣工验收说明\r\n建设单位：云溪滨河置业有限公司\r\n地基承载力 180 kPa，𠮷\r\n"
BMP, PLAIN, XLSX = ("fmt/116", "Windows Bitmap 3.0", "image/bmp"), ("x-fmt/111", "Plain Text File", "text/plain"), (
    "fmt/214", "Microsoft Excel for Windows 2007 onwards", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip


def picture(number: int = 1, kind: str = "BMP") -> bytes:
    image = Image.frombytes("RGB", (9, 7), bytes((index * number) % 251 for index in range(9 * 7 * 3)))
    out = io.BytesIO()
    image.save(out, kind, dpi=(300, 300))
    return out.getvalue()


def workbook(formula: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "工程量"
    for row in (
        ["名称", "数量", "合价"],
        ["钢筋, HRB400", 3.25, -1e-7],
        ['带"引号"\n换行', True, None],
        [NOW.replace(tzinfo=None), 0.1, "=1"],
    ):
        sheet.append(row)
    if formula:
        sheet["D1"] = "=B2*2"
    else:
        sheet["C4"].data_type, sheet["C4"].value = "s", "一"
    second = book.create_sheet("空表")
    assert second.max_row == 1
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


FILES = {
    "地基验槽照片.bmp": (picture(1), BMP),
    "地基验槽照片（二）.bmp": (picture(2), BMP),
    "说明.txt": (TEXT.encode("gb18030"), PLAIN),
    "工程量.xlsx": (workbook(), XLSX),
}


class FormatsProject(KeptProject):
    """A project whose records hold `FILES`; formats are noted as the checks note them."""

    def __init__(self, files: dict[str, tuple[bytes, tuple[str, str, str]]] | None = None, **more) -> None:
        self.files = files or FILES
        plain_upload = Site.upload

        def upload(site: Site, name: str, **given) -> object:
            data, (format_id, format_name, mime) = self.files[name]
            file_id = plain_upload(site, name, **{**given, "data": data, "mime": mime})
            File.objects.filter(id=file_id).update(format_id=format_id, format_name=format_name)
            return file_id

        Site.upload = upload
        try:
            super().__init__(names=[("C5-12", name) for name in self.files], **more)
        finally:
            Site.upload = plain_upload

    def file(self, name: str) -> File:
        return File.objects.select_related("blob").get(name=name, own_document=False)


def use(settings, folder: Path) -> None:
    settings.SITES = site_settings(folder)
    settings.CONTENT_ROOT = str(folder / "content")
    settings.DATA = folder / "data"
    settings.DERIVATIVES_ROOT = str(folder / "derivatives")
    (folder / "data").mkdir()


A_DAY = timedelta(days=1)
