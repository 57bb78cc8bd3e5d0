"""What the certificate of transfer says (建设工程档案移交凭证)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from zhudang.documents.operations import Paper
from zhudang.filing.queries import RecordRow, VolumeRow
from zhudang.handover.domain.states import Mode
from zhudang.handover.papers import MODE_WORDS, write_day
from zhudang.handover.project_facts import ProjectFacts
from zhudang.shared.digests import Hasher

BODY = (
    "你单位移交的下列建设工程档案，经验收合格，{counted}，本馆已接收入库，并在各存储地点写入、读回核验一致。"
    "依据《城市建设档案管理规定》及建设工程档案移交的有关规定，发给此凭证。"
)
SUPPLEMENT_BODY = "本凭证为移交凭证 {number} 的补充，记载其后移交的档案；原凭证继续有效。"


COUNTED = "清点相符"
COUNTED_WITH_DIFFERENCES = "清点有 {n} 处缺项或出入，见接收清单所附补充清单"


@dataclass(frozen=True, slots=True)
class Listed:
    """What a certificate asks of a record: little, since it may list tens of thousands.

    Args:
        files: SHA-256, SM3, bytes and verdict of each current file, readable ones first.
    """

    id: UUID
    title: str
    volume_id: UUID | None
    position: int
    has_paper: bool
    carrier: str
    pages: int
    files: tuple[tuple[str, str, int, str | None], ...]


def listed(row: RecordRow) -> Listed:
    """Keep of a record what the certificate asks."""
    files = tuple((file.sha256, file.sm3, file.size_bytes, file.verdict) for file in row.files if file.current)
    return Listed(
        row.id, row.title, row.volume_id, row.position or 0, row.has_paper, row.carrier, row.pages or 0, files
    )


def list_digest(volumes: Sequence[VolumeRow], records: Sequence[Listed]) -> str:
    """SM3 over the list of everything transferred: volume codes, record ids, digests of every file, in order."""
    hasher = Hasher()
    order = {volume.id: position for position, volume in enumerate(volumes)}
    for volume in volumes:
        hasher.update(f"V {volume.reference_code} {volume.accession_no}\n".encode())
    for record in sorted(records, key=lambda row: (order.get(row.volume_id, -1), row.position, str(row.id))):  # type: ignore[arg-type]
        hasher.update(f"R {record.id} {record.title}\n".encode())
        for sha256, sm3, size_bytes, _verdict in record.files:
            hasher.update(f"F {sha256} {sm3} {size_bytes}\n".encode())
    return hasher.digests().sm3


def _size(size_bytes: int) -> str:
    value, unit = float(size_bytes), 0
    while value >= 1000 and unit < 4:
        value, unit = value / 1024, unit + 1
    return f"{value:.3g} {('B', 'KB', 'MB', 'GB', 'TB')[unit]}"


def quantities(volumes: Sequence[VolumeRow], records: Sequence[Listed]) -> list[list[str]]:
    """The two rows of the quantities table: what came on paper, what came as files."""
    paper_volumes = {record.volume_id for record in records if record.has_paper}
    on_paper = [volume for volume in volumes if volume.id in paper_volumes]
    paper_records = [record for record in records if record.has_paper]
    text = sum(r.pages for r in paper_records if r.carrier == "text")
    sheets = sum(r.pages for r in paper_records if r.carrier == "drawing")
    photos = sum(r.pages for r in paper_records if r.carrier == "photo")
    kinds: Mapping[str, int] = {
        kind: sum(len(r.files) for r in records if r.carrier == kind) for kind in ("text", "drawing", "photo")
    }
    every = sum(len(record.files) for record in records)
    others = every - sum(kinds.values())
    volume = sum(size_bytes for record in records for _sha256, _sm3, size_bytes, _verdict in record.files)
    return [
        ["纸质", _told(text, "页"), _told(sheets, "张"), _told(photos, "张"), "—", f"{len(on_paper)} 卷" if on_paper else "—"],
        ["电子", _told(kinds["text"], "件"), _told(kinds["drawing"], "件"), _told(kinds["photo"], "件"), _told(others, "件"),
         f"{len(volumes)} 卷 {every} 件　{_size(volume)}"],
    ]  # fmt: skip


def _told(number: int, unit: str) -> str:
    return f"{number} {unit}" if number else "—"


def certificate(
    card: ProjectFacts, volumes: Sequence[VolumeRow], records: Sequence[Listed], *, mode: str, opinions: Sequence[str],
    kept: bool, people: Mapping[str, str], supplements: str, verdicts: str, subject: str, differences: int = 0,
) -> tuple[Paper, dict[str, Any]]:  # fmt: skip
    """Paper and record of the certificate for these volumes; `supplements` names the certificate it adds to."""
    codes = [volume.reference_code or "" for volume in volumes]
    span = codes[0] if len(codes) == 1 else f"{codes[0]} ～ {codes[-1]}"
    how = MODE_WORDS[Mode(mode)] + ("（已兑现）" if kept else "")
    units = "、".join(dict.fromkeys(volume.unit_work_name for volume in volumes if volume.unit_work_name))
    digest = list_digest(volumes, records)
    table = quantities(volumes, records)
    facts = [
        {"label": "工程名称", "value": card.name, "wide": True},
        {"label": "项目代码", "value": card.code}, {"label": "单位工程", "value": units or "—"},
        {"label": "工程地点", "value": card.address or "—"}, {"label": "规划许可", "value": card.permit("planning")},
        {"label": "竣工验收", "value": write_day(card.accepted_on)}, {"label": "施工许可", "value": card.permit("construction")},
        {"label": "验收意见", "value": "、".join(opinions) or "—"}, {"label": "移交方式", "value": how},
        {"label": "档　　号", "value": span, "wide": True},
    ]  # fmt: skip
    body = BODY.format(counted=COUNTED_WITH_DIFFERENCES.format(n=differences) if differences else COUNTED)
    data = {
        "client": card.client_name, "body": SUPPLEMENT_BODY.format(number=supplements) + body if supplements else body,
        "facts": facts, "quantities": table,
        "proof": [{"label": "四性检测", "value": verdicts}, {"label": "清单摘要", "value": f"SM3　{_spaced(digest)}", "mono": True}],
        **people,
    }  # fmt: skip
    record = {
        "project": {"code": card.code, "name": card.name, "client": card.client_name, "address": card.address},
        "mode": mode, "opinions": list(opinions), "supplements": supplements, "list_sm3": digest,
        "volumes": [{"code": v.reference_code, "accession": v.accession_no, "title": v.title, "records": v.record_count} for v in volumes],
        "quantities": table,
    }  # fmt: skip
    face = [
        ("工程名称", card.name), ("移交单位", card.client_name), ("移交方式", how), ("档号", span),
        ("档案数量", f"{table[1][5]}；纸质 {table[0][5]}"),
    ]  # fmt: skip
    return Paper("certificate", "建设工程档案移交凭证", data, face=face, subject=subject), record


def _spaced(digest: str) -> str:
    return " ".join(digest[i : i + 4] for i in range(0, len(digest), 4))
