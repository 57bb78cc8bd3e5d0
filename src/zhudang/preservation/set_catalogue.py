"""What a removable set says of itself: a list of what is on it, to be read without this program."""

from __future__ import annotations

import csv
import io

from zhudang.preservation.models import ArchivalObject, Copy
from zhudang.preservation.ocfl import durable, layout
from zhudang.preservation.ocfl.root import StorageRoot
from zhudang.preservation.sites import Place
from zhudang.shared.web.exports import FORMULA_STARTS

_BATCH = 100
OPEN_LEVEL = 0
CATALOGUE = "CATALOGUE.csv"


def write(place: Place, root: StorageRoot) -> None:
    """Write on the set itself what is on it; titles only of what is open, since the set leaves the house."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(
        ["总登记号 accession", "档号 code", "题名 title", "对象 object", "版本 version", "文件夹 folder", "清单 inventory sha512", "读回 verified"]
    )  # fmt: skip
    rows = (
        Copy.objects.filter(site_id=place.site_id)
        .select_related("object")
        .order_by("object__accession_no", "object_id")
    )
    for copy in rows.iterator(chunk_size=_BATCH):
        item = copy.object
        table.writerow(
            [
                item.accession_no, item.reference_code, _title(item), item.ocfl_id,
                copy.version, f"store/{layout.object_path(item.ocfl_id)}", copy.inventory_sha512,
                copy.verified_at.isoformat() if copy.verified_at else "",
            ]
        )  # fmt: skip
    durable.replace_durably(root.place / CATALOGUE, b"\xef\xbb\xbf" + text.getvalue().encode())


def _title(item: ArchivalObject) -> str:
    if item.level != OPEN_LEVEL:
        return ""
    return f"'{item.title}" if item.title.startswith(FORMULA_STARTS) else item.title
