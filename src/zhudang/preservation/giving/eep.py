"""Encapsulations by DA/T 48-2009 (EEP): one XML file a record, its files inside, signed with the archive's seal key.

What is signed is written in its canonical form (C14N 1.0, UTF-8) from the start, so it is digested as it is written and
a record of any size passes through in the same memory. The standard's schema was not available to us: the tree follows
two systems that write it, and the rule of signing, in which makers differ, is stated in the package (knowledge-low).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from zhudang.checks.packages.eep import NAMESPACE
from zhudang.checks.packages.transfer import LONGEST_NAME
from zhudang.checks.packing import plain_name
from zhudang.documents.sealing import Signatory
from zhudang.preservation.domain.description import LEVEL_NAMES, RECORD_LABELS, said, xml_safe
from zhudang.preservation.giving.gathering import GivenVolume
from zhudang.preservation.giving.sinks import Sink
from zhudang.preservation.ocfl.content import SourceChanged

ENDING, RULE, ALGORITHM = ".eep", "C14N 1.0, UTF-8, 被签名对象", "SHA256withRSA"
MAIN, ATTACHED = "主文档", "附属文档"
LARGEST_RECORD_BYTES = 256 * 1024 * 1024
"""A larger record goes by one of the other forms: readers of this one hold the whole file in memory."""
_CHUNK = 3 * 256 * 1024
_SENTENCE = "本EEP根据中华人民共和国档案行业标准DA/T 48-2009《基于XML的电子文件封装规范》生成"
_FILING = {"submission": "归档", "transfer": "移交", "appraisal": "验收", "accession": "接收", "validation": "检测"}


def too_large(volume: GivenVolume) -> list[str]:
    """Titles of the records that are too large for this form."""
    return [
        record["title"]
        for record in volume.description["records"]
        if sum(file["size_bytes"] for file in record["files"]) > LARGEST_RECORD_BYTES
    ]


def write(sink: Sink, volumes: Iterable[GivenVolume], *, source: str, signatory: Signatory, now: datetime) -> None:
    """Write one encapsulation for every record, in a folder for each volume."""
    for volume in volumes:
        folder = plain_name(volume.code)[:LONGEST_NAME]
        for number, record in enumerate(volume.description["records"], 1):
            path = f"{folder}/{number:03d}{ENDING}"
            sink.stream(path, _encapsulation(volume, number, record, source, signatory, now))


def _encapsulation(
    volume: GivenVolume, number: int, record: Mapping[str, Any], source: str, signatory: Signatory, now: datetime
) -> Iterator[bytes]:
    digest = hashlib.sha256()
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<电子文件封装包 xmlns="{NAMESPACE}">'.encode()
    yield (_element("封装包格式描述", _SENTENCE) + _element("版本", "2009")).encode()
    for piece in _signed(volume, number, record, source, now):
        digest.update(piece)
        yield piece
    yield _signature(digest.digest(), signatory, now).encode()
    yield "</电子文件封装包>\n".encode()


def _signed(volume: GivenVolume, number: int, record: Mapping[str, Any], source: str, now: datetime) -> Iterator[bytes]:
    """被签名对象 in its canonical form: the namespace stands on it, no element is closed within its own tag."""
    yield (
        f'<被签名对象 xmlns="{NAMESPACE}" eep版本="2009">'
        + _element("封装包类型", "原始型")
        + _element("封装包类型描述", "原始型：由档案馆按保存库内容封装，未经修改")
        + _element("封装包创建时间", now.isoformat(timespec="seconds"))
        + _element("封装包创建单位", source)
        + "<封装内容><文件实体块><文件实体>"
        + _entity(volume, number, record, source)
        + "<文件数据>"
    ).encode()
    for position, file in enumerate(record["files"], 1):
        yield from _document(volume, position, file)
    yield (
        "</文件数据></文件实体></文件实体块>"
        + _acts(volume, record)
        + _agents(volume, record)
        + "</封装内容></被签名对象>"
    ).encode()


def _entity(volume: GivenVolume, number: int, record: Mapping[str, Any], source: str) -> str:
    project, words = volume.description["project"], said("record", RECORD_LABELS, record)
    return (
        _element("聚合层次", "文件")
        + "<来源>"
        + _elements(档案馆名称=source, 立档单位名称=record.get("filed_by_organisation"), 工程项目名称=project["name"])
        + "</来源>"
        + _elements(电子文件号=record["id"], 档号=volume.code_of(record, number))
        + "<内容描述>"
        + _elements(
            题名=record["title"], 文件编号=record.get("document_no"), 责任者=record.get("responsible"),
            日期=record.get("formed_on"), 密级=LEVEL_NAMES[record["level"]], 案卷题名=volume.package.title,
        )
        + "</内容描述><形式特征>"
        + _elements(稿本=words.get("稿本"), 页数=record.get("pages"), 载体类型=words.get("载体类型"))
        + "</形式特征><权限管理>"
        + _elements(密级=LEVEL_NAMES[record["level"]], 保管期限=words.get("保管期限"))
        + "</权限管理>"
        + _elements(附注=record.get("notes"))
    )  # fmt: skip


def _document(volume: GivenVolume, position: int, file: Mapping[str, Any]) -> Iterator[bytes]:
    """One file: what is known of it, then its bytes as base64; they must be those that were received.

    Raises:
        SourceChanged: they are not.
    """
    content = volume.contents[file["stored_as"]]
    yield (
        "<文档>"
        + _elements(
            文档标识符=file["id"], 文档序号=position, 文档主从声明=MAIN if position == 1 else ATTACHED,
            题名=file["original_name"],
        )
        + f'<文档数据 文档数据ID="文档数据{position}"><编码 编码ID="编码{position}"><电子属性>'
        + _elements(
            格式名称=file.get("format_name"), 格式标识=file.get("format_id"), 计算机文件名=file["original_name"],
            计算机文件大小=file["size_bytes"], 摘要算法="SHA256", 摘要值=file["sha256"],
        )
        + "</电子属性>"
        + _elements(编码描述="base64（RFC 4648）", 反编码关键字="base64")
        + "<编码数据>"
    ).encode()  # fmt: skip
    made = hashlib.sha256()
    with content.open() as stream:
        while chunk := stream.read(_CHUNK):  # a multiple of three, so that the pieces join
            made.update(chunk)
            yield base64.b64encode(chunk)
    if made.hexdigest() != content.sha256:
        raise SourceChanged(content.path, content.sha256, made.hexdigest())
    yield "</编码数据></编码></文档数据></文档>".encode()


def _events(volume: GivenVolume, record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    things = {record["id"], *(file["id"] for file in record["files"])}
    return [event for event in volume.events if event["linkingObjectIdentifier"]["value"] in things]


def _acts(volume: GivenVolume, record: Mapping[str, Any]) -> str:
    told = "".join(
        "<业务实体>"
        + _elements(
            业务标识符=event["eventIdentifier"]["value"], 机构人员标识符=event["linkingAgentIdentifier"]["value"],
            业务状态="历史行为", 业务行为=_FILING.get(event["eventType"], event["eventType"]),
            行为时间=event["eventDateTime"], 行为描述=event["eventDetailInformation"]["eventDetail"],
        )
        + "</业务实体>"
        for event in _events(volume, record)
    )  # fmt: skip
    return f"<业务实体块>{told}</业务实体块>" if told else ""


def _agents(volume: GivenVolume, record: Mapping[str, Any]) -> str:
    linked = sorted({event["linkingAgentIdentifier"]["value"] for event in _events(volume, record)})
    told = "".join(
        "<机构人员实体>" + _elements(机构人员标识符=each, 机构人员名称=volume.agents[each]) + "</机构人员实体>"
        for each in linked
    )
    return f"<机构人员实体块>{told}</机构人员实体块>" if told else ""


def _signature(digest: bytes, signatory: Signatory, now: datetime) -> str:
    value = signatory.key.sign(digest, PKCS1v15(), Prehashed(SHA256()))
    return (
        "<电子签名块><电子签名>"
        + _elements(
            签名标识符="修改0-签名1", 签名规则=RULE, 签名时间=now.isoformat(timespec="seconds"), 签名人=signatory.name,
            签名结果=base64.b64encode(value).decode(),
        )
        + "<证书块>"
        + _elements(证书=base64.b64encode(signatory.certificate).decode())
        + "</证书块>"
        + _elements(签名算法标识=ALGORITHM)
        + "</电子签名></电子签名块>"
    )  # fmt: skip


def _elements(**values: Any) -> str:
    return "".join(_element(name, str(value)) for name, value in values.items() if value not in (None, ""))


def _element(name: str, text: str) -> str:
    """An element as C14N writes it: carriage returns as references; characters XML cannot hold are left out."""
    return f"<{name}>{escape(xml_safe(text), {chr(13): '&#xD;'})}</{name}>"
