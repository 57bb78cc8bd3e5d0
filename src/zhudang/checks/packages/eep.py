"""Encapsulations by DA/T 48-2009 (EEP): one XML file that carries files, their metadata and signatures.

The document is read in one streaming pass; encoded files are decoded as they pass by, so memory does not grow with
them. Signatures are verified over the canonical form (C14N 1.0, UTF-8) of 被签名对象 where the package says that it
was signed so; makers differ in this, and what cannot be decided is told as such. No document may lie outside of it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from zhudang.checks import limits
from zhudang.checks.packages.eep_documents import DATA, ENTITY, FILE_NAME, Decoder
from zhudang.checks.packages.eep_signature import SIGNED, Signature, verify
from zhudang.checks.packages.model import Package
from zhudang.checks.packages.paths import leaves
from zhudang.checks.packages.tree import CHUNK_BYTES, Unreadable
from zhudang.checks.packages.xmlstream import Stopped, as_utf8, parser
from zhudang.checks.trust import Trust

ROOT, SIGNATURES = "电子文件封装包", "电子签名块"
NAMESPACE = "http://www.saac.gov.cn/standards/ERM/encapsulation"
REQUIRED = {
    ROOT: ("封装包格式描述", "版本", SIGNED),
    SIGNED: ("封装包类型", "封装包创建时间", "封装包创建单位", "封装内容"),
    "封装内容": ("文件实体块",),
    "文件实体块": ("文件实体",),
    "文件实体": ("聚合层次", "文件数据"),
    "文件数据": ("文档",),
    "文档": ("文档标识符", "文档数据"),
    "文档数据": ("编码",),
    "编码": ("编码数据",),
    "电子签名": ("签名时间", "签名人", "签名结果", "签名算法标识"),
}
"""Element -> children it must have (DA/T 48-2009 annex C as far as it is known here)."""
VALUES = {
    "封装包类型": ("原始型", "修改型"),
    "聚合层次": ("案卷", "文件", "盒", "类", "组"),
    "文档主从声明": ("主文档", "附属文档"),
}
IDENTIFIERS = frozenset({"文档标识符", "编码ID", "签名标识符", "电子文件号"})
APART = frozenset({SIGNED, ENTITY, DATA})
"""What is told when it lies outside the signed object, the outermost only."""
SIZES = ("计算机文件大小", "文件大小", "大小")
DIGESTS = ("sm3", "sha256", "sha1", "md5")
DEEPEST, LONGEST_VALUE, MOST_SIGNATURES = 100, 1024 * 1024, 100


def recognises(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an encapsulation."""
    return any(ROOT.encode(name) in head for name in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"))


@dataclass
class _Level:
    name: str
    children: set[str] = field(default_factory=set)
    text: list[str] = field(default_factory=list)
    length: int = 0


class _Payload:
    """An encoded file as it passes by: bytes counted and digested, nothing kept."""

    def __init__(self) -> None:
        self.size = 0
        self.hashers = {name: hashlib.new(name, usedforsecurity=False) for name in DIGESTS}
        self.decoder = Decoder(self._take)

    def _take(self, decoded: bytes) -> None:
        self.size += len(decoded)
        if self.size > limits.MEMBER_BYTES:
            raise Stopped(f"a file of more than {limits.MEMBER_BYTES} bytes")
        for each in self.hashers.values():
            each.update(decoded)


class _Reader:
    def __init__(self, package: Package) -> None:
        self.package = package
        self.levels: list[_Level] = []
        self.payload: _Payload | None = None
        self.facts: dict[str, str] = {}
        self.where = "?"
        self.seen: set[tuple[str, str]] = set()
        self.signatures: list[Signature] = []
        self.signed = self.had_signed = False
        self.encoded = self.bytes = 0

    def parse(self, stream: IO[bytes]) -> None:
        reads = parser("}")
        reads.StartElementHandler = self.start
        reads.EndElementHandler = self.end
        reads.CharacterDataHandler = self.text
        while chunk := stream.read(CHUNK_BYTES):
            reads.Parse(chunk, False)
        reads.Parse(b"", True)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rsplit("}", 1)[-1]
        if not self.levels:
            if name != ROOT:
                raise Stopped(f"<{name}>")
            if "}" not in tag or tag.rsplit("}", 1)[0] != NAMESPACE:
                self.package.find("EEP-009", where=ROOT, value=tag.rpartition("}")[0] or "-", allowed=NAMESPACE)
        if len(self.levels) >= DEEPEST:
            raise Stopped("too deep")
        if self.levels:
            self.levels[-1].children.add(name)
        self.placed(name)
        self.levels.append(_Level(name))
        for key, value in attributes.items():
            self.identify(key.rsplit("}", 1)[-1], value)
        if name == DATA:
            self.payload = _Payload()
            self.encoded += 1
        elif name == "编码":
            self.facts = {}
        elif [each.name for each in self.levels] == [ROOT, SIGNATURES, "电子签名"]:
            self.signatures.append(Signature())
        if self.encoded > limits.MEMBERS or len(self.signatures) > MOST_SIGNATURES:
            raise Stopped(f"{self.encoded} / {len(self.signatures)}")

    def placed(self, name: str) -> None:
        """What is signed is the one child 被签名对象 of the package: nothing to be read may lie elsewhere."""
        if self.signed:
            return
        if name == SIGNED and len(self.levels) == 1 and not self.had_signed:
            self.signed = self.had_signed = True
        elif name in APART and not any(each.name in APART for each in self.levels):
            self.package.find("EEP-011", where="/".join(each.name for each in (*self.levels, _Level(name)))[:200])

    def text(self, text: str) -> None:
        if self.payload is not None:
            self.payload.decoder.feed(text)
            return
        level = self.levels[-1]
        level.length += len(text)
        if level.length > LONGEST_VALUE:
            raise Stopped(f"{level.name}: {level.length}")
        level.text.append(text)

    def end(self, tag: str) -> None:
        level = self.levels.pop()
        value = "".join(level.text).strip()
        if level.name == SIGNED and len(self.levels) == 1:
            self.signed = False
        for element in REQUIRED.get(level.name, ()):
            if element not in level.children:
                self.package.find("EEP-002", where=level.name, element=element)
        if level.name == DATA:
            self.decoded()
        if level.name in IDENTIFIERS:
            self.identify(level.name, value)
        if level.name == "文档标识符":
            self.where = value or "?"
        if (allowed := VALUES.get(level.name)) and value not in allowed:
            self.package.find("EEP-009", where=level.name, value=value[:100], allowed="、".join(allowed))
        if level.name == "版本" and len(self.levels) == 1:
            self.package.version = value or None
        if level.name == FILE_NAME and leaves(value):
            self.package.find("EEP-016", where=self.where, value=value[:200])
        self.facts[level.name] = value
        if [each.name for each in self.levels[:3]] == [ROOT, SIGNATURES, "电子签名"]:
            self.signatures[-1].take(level.name, value)

    def identify(self, name: str, value: str) -> None:
        if name in IDENTIFIERS and value:
            if (name, value) in self.seen and name != "电子文件号":
                self.package.find("EEP-010", value=value[:200])
            self.seen.add((name, value))

    def decoded(self) -> None:
        payload, self.payload = self.payload, None
        assert payload is not None
        payload.decoder.close()
        self.bytes += payload.size
        if self.bytes > limits.TOTAL_BYTES:
            raise Stopped(f"files of more than {limits.TOTAL_BYTES} bytes")
        if payload.decoder.trouble or not payload.size:
            self.package.find("EEP-003", where=self.where, why=payload.decoder.trouble or "empty")
            return
        for what, stated, found in self.differences(payload):
            self.package.find("EEP-004", where=self.where, what=what, stated=stated, found=found)

    def differences(self, payload: _Payload) -> Iterator[tuple[str, str, str]]:
        for name in SIZES:
            stated = self.facts.get(name, "")
            if re.fullmatch(r"\d+(\s*(字节|B|bytes))?", stated):
                number = int(re.match(r"\d+", stated)[0])  # type: ignore[index]
                if number != payload.size:
                    yield name, stated, str(payload.size)
                break
        algorithm = self.facts.get("摘要算法", "").lower().replace("-", "")
        digest = self.facts.get("摘要值", "") or self.facts.get("数字摘要", "")
        if algorithm in DIGESTS and digest:
            made = payload.hashers[algorithm]
            if digest.lower() != made.hexdigest() and digest != base64.b64encode(made.digest()).decode():
                yield "摘要值", digest[:64], made.hexdigest()


def examine(package: Package, path: str, trust: Trust | None = None) -> None:
    """Examine the one file `path` of the package's tree.

    Args:
        trust: whom this installation trusts; nobody without it.
    """
    reader = _Reader(package)
    try:
        with package.tree.open(path) as stream:
            reader.parse(as_utf8(stream))
    except (expat.ExpatError, Stopped, Unreadable, zipfile.BadZipFile, OSError, ValueError, LookupError) as trouble:
        package.find("EEP-001", why=str(trouble)[:200])
        return
    if not reader.signatures:
        package.find("EEP-005")
    verify(package, path, reader.signatures, trust or Trust())
