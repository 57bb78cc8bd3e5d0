"""Encapsulations by DA/T 48-2009 (EEP): one XML file that carries files, their metadata and signatures.

The document is read in one streaming pass; encoded files are decoded as they pass by, so memory does not grow with
them. Signatures are verified over the canonical form (C14N 1.0, UTF-8) of 被签名对象 where the package says that it
was signed so; makers differ in this, and what cannot be decided is told as such.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from zhudang.checks.packages.eep_signature import Signature, verify
from zhudang.checks.packages.model import Package
from zhudang.checks.packages.tree import CHUNK_BYTES, Unreadable

ROOT, SIGNED, SIGNATURES = "电子文件封装包", "被签名对象", "电子签名块"
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
SIZES = ("计算机文件大小", "文件大小", "大小")
DIGESTS = ("sm3", "sha256", "sha1", "md5")
DEEPEST, LONGEST_VALUE = 100, 1024 * 1024
SNIFF_BYTES = 8192


def recognises(head: bytes) -> bool:
    """Whether a file that begins with these bytes is an encapsulation."""
    return any(ROOT.encode(name) in head for name in ("utf-8", "gb18030", "utf-16-le", "utf-16-be"))


@dataclass
class _Level:
    name: str
    children: set[str] = field(default_factory=set)
    text: list[str] = field(default_factory=list)
    length: int = 0


class _Stop(Exception):
    """The document goes beyond what is read; the message says why."""


class _Payload:
    """Base64 decoded as it passes by: bytes counted and digested, nothing kept."""

    def __init__(self) -> None:
        self._rest = ""
        self.size, self.trouble = 0, ""
        self.hashers = {name: hashlib.new(name, usedforsecurity=False) for name in DIGESTS}

    def feed(self, text: str) -> None:
        if self.trouble:
            return
        joined = self._rest + "".join(text.split())
        usable = len(joined) // 4 * 4
        self._rest = joined[usable:]
        try:
            self._take(base64.b64decode(joined[:usable], validate=True))
        except (binascii.Error, ValueError) as wrong:
            self.trouble = str(wrong)

    def _take(self, decoded: bytes) -> None:
        self.size += len(decoded)
        for each in self.hashers.values():
            each.update(decoded)

    def close(self) -> None:
        if self._rest and not self.trouble:
            self.trouble = "length"


class _Reader:
    def __init__(self, package: Package) -> None:
        self.package = package
        self.levels: list[_Level] = []
        self.payload: _Payload | None = None
        self.facts: dict[str, str] = {}
        self.where = "?"
        self.seen: set[tuple[str, str]] = set()
        self.signatures: list[Signature] = []

    def parse(self, stream: IO[bytes]) -> None:
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text
        parser.StartDoctypeDeclHandler = _no_dtd
        while chunk := stream.read(CHUNK_BYTES):
            parser.Parse(chunk, False)
        parser.Parse(b"", True)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rsplit("}", 1)[-1]
        if not self.levels:
            if name != ROOT:
                raise _Stop(f"<{name}>")
            if "}" not in tag or tag.rsplit("}", 1)[0] != NAMESPACE:
                self.package.find("EEP-009", where=ROOT, value=tag.rpartition("}")[0] or "-", allowed=NAMESPACE)
        if len(self.levels) >= DEEPEST:
            raise _Stop("too deep")
        if self.levels:
            self.levels[-1].children.add(name)
        self.levels.append(_Level(name))
        for key, value in attributes.items():
            self.identify(key.rsplit("}", 1)[-1], value)
        if name == "编码数据":
            self.payload = _Payload()
        elif name == "编码":
            self.facts = {}
        elif name == "电子签名":
            self.signatures.append(Signature())

    def text(self, text: str) -> None:
        if self.payload is not None:
            self.payload.feed(text)
            return
        level = self.levels[-1]
        level.length += len(text)
        if level.length > LONGEST_VALUE:
            raise _Stop(f"{level.name}: {level.length}")
        level.text.append(text)

    def end(self, tag: str) -> None:
        level = self.levels.pop()
        value = "".join(level.text).strip()
        for element in REQUIRED.get(level.name, ()):
            if element not in level.children:
                self.package.find("EEP-002", where=level.name, element=element)
        if level.name == "编码数据":
            self.decoded()
        if level.name in IDENTIFIERS:
            self.identify(level.name, value)
        if level.name == "文档标识符":
            self.where = value or "?"
        if (allowed := VALUES.get(level.name)) and value not in allowed:
            self.package.find("EEP-009", where=level.name, value=value[:100], allowed="、".join(allowed))
        if level.name == "版本" and len(self.levels) == 1:
            self.package.version = value or None
        self.facts[level.name] = value
        if self.signatures and any(each.name == "电子签名" for each in self.levels):
            self.signatures[-1].take(level.name, value)

    def identify(self, name: str, value: str) -> None:
        if name in IDENTIFIERS and value:
            if (name, value) in self.seen and name != "电子文件号":
                self.package.find("EEP-010", value=value[:200])
            self.seen.add((name, value))

    def decoded(self) -> None:
        payload, self.payload = self.payload, None
        assert payload is not None
        payload.close()
        if payload.trouble or not payload.size:
            self.package.find("EEP-003", where=self.where, why=payload.trouble or "empty")
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


def _no_dtd(*_: object) -> None:
    raise _Stop("DTD")


def examine(package: Package, path: str) -> None:
    """Examine the one file `path` of the package's tree."""
    reader = _Reader(package)
    try:
        with package.tree.open(path) as stream:
            reader.parse(_utf8(stream))
    except (expat.ExpatError, _Stop, Unreadable, OSError, ValueError, LookupError) as trouble:
        package.find("EEP-001", why=str(trouble)[:200])
        return
    if not reader.signatures:
        package.find("EEP-005")
    for signature in reader.signatures:
        verify(package, path, signature)


class _Transcoded:
    """A stream in GB 18030, which the parser does not know, given as UTF-8."""

    def __init__(self, stream: IO[bytes], first: bytes) -> None:
        self._stream, self._decoder = stream, codecs.getincrementaldecoder("gb18030")()
        text = self._decoder.decode(first)
        self._first = re.sub(r"^<\?xml.*?\?>", "", text, count=1, flags=re.DOTALL).lstrip().encode()

    def read(self, size: int) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        while chunk := self._stream.read(size):
            if text := self._decoder.decode(chunk):
                return text.encode()
        return self._decoder.decode(b"", final=True).encode()


class _Rejoined:
    def __init__(self, stream: IO[bytes], first: bytes) -> None:
        self._stream, self._first = stream, first

    def read(self, size: int) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        return self._stream.read(size)


def _utf8(stream: IO[bytes]) -> IO[bytes]:
    first = stream.read(SNIFF_BYTES) or b""
    wrap = _Transcoded if re.search(rb"encoding=[\"'](gb18030|gbk|gb2312)", first[:200], re.IGNORECASE) else _Rejoined
    return wrap(stream, first)  # type: ignore[return-value]
