"""E-mail (EML, MSG, MBOX) and web archives (MHTML): opened, parts named, attachments examined one by one."""

from __future__ import annotations

import email
import email.errors
import email.header
import email.policy
import re
import time
from collections.abc import Iterator
from email.message import Message
from typing import Any

from zhudang.checks.encodings import encoding_of
from zhudang.checks.examine import Case
from zhudang.checks.members import Members
from zhudang.checks.openers.web import tell_page

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WHOLE_BYTES = 64 * 1024 * 1024
MOST_MESSAGES = 5000
MOST_PARTS = 10_000
HEAD_BYTES = 256 * 1024
BUDGET_S = 30.0
SHOWN = 20
MBOX_START = re.compile(rb"^From [^\n]*\r?\n", re.MULTILINE)
HEAD_END = re.compile(rb"\r?\n\r?\n|\r\r")
LOCKED_TYPES = frozenset({"multipart/encrypted"})
ATTACHMENT = re.compile(r"__attach_version1\.0_#[0-9A-F]{8}", re.IGNORECASE)
DATA, EMBEDDED = "__substg1.0_37010102", "__substg1.0_3701000D"
LONG_NAME, SHORT_NAME = "__substg1.0_3707", "__substg1.0_3704"
BODY_HTML = "__substg1.0_10130102"
TROUBLING = ("StartBoundaryNotFound", "CloseBoundaryNotFound", "InvalidBase64Length", "NoBoundaryInMultipart")


def examine(case: Case) -> None:
    case.facts["active_content"] = []
    case.facts["encrypted"] = False
    if case.size > WHOLE_BYTES:
        case.not_checked["MSG-002"] = "too_large"
        return
    content = case.path.read_bytes()
    members = Members(case)
    try:
        if content.startswith(OLE_MAGIC):
            _outlook(case, members)
        else:
            case.facts["encoding"] = encoding_of(content)
            _messages(case, content, members)
    finally:
        members.finish()
    if members.count and case.kind == "email":
        names = [row["name"] for row in case.facts["members"]]
        case.find("MSG-002", count=members.count, names=names[:SHOWN])


def _messages(case: Case, content: bytes, members: Members) -> None:
    count, until = 0, time.monotonic() + BUDGET_S
    for number, raw in enumerate(_split(content)):
        if number >= MOST_MESSAGES or time.monotonic() > until:
            case.not_checked["MSG-002"] = f"after_{number}_messages"
            break
        if _is_excessive(raw):
            # The parser's time grows with the square of what such a message piles up.
            case.find("MSG-004", detail="parts")
            case.not_checked["MSG-002"] = "too_large"
            count += 1
            continue
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        if not message.keys():
            continue
        count += 1
        _message(case, message, members)
        if _stops(raw, message):
            case.find("MSG-005")
        if not HEAD_END.search(raw):
            case.find("MSG-004", detail="head")
        if _shorter_than_said(raw, message):
            case.find("MSG-004", detail="Content-Length")
    case.facts["messages"] = count
    if not count:
        case.find("MSG-001", detail="no header")


def _shorter_than_said(raw: bytes, message: Message) -> bool:
    """Whether less follows the head than its Content-Length says, line ends counted both ways."""
    said = str(message.get("Content-Length", "")).strip()
    body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[1:]
    return said.isdecimal() and len(said) < 12 and len(b"".join(body)) + raw.count(b"\n") < int(said)


def _stops(raw: bytes, message: Message) -> bool:
    """Whether a message ends within a line, its parts not closed or its last one not decodable. Source: RFC 2046 5.1.1."""
    if raw.rstrip(b" \t\0").endswith((b"\n", b"\r")):
        return False
    last = message
    while isinstance(inner := last.get_payload(), list) and inner and isinstance(inner[-1], Message):
        last = inner[-1]
    told = [type(each).__name__ for each in message.defects]
    spoiled = [type(each).__name__ for each in last.defects]
    return "CloseBoundaryNotFoundDefect" in told or any(each.startswith("InvalidBase64") for each in spoiled)


def _is_excessive(raw: bytes) -> bool:
    """Heads of hundreds of kilobytes, and parts by the ten thousand, no program writes."""
    head = raw[: HEAD_BYTES + 4]
    ended = b"\n\n" in head or b"\r\n\r\n" in head
    return (not ended and len(raw) > HEAD_BYTES) or raw.count(b"\n--") > MOST_PARTS


def _split(content: bytes) -> Iterator[bytes]:
    """The messages of a mailbox, or the one message the file is."""
    if not content.startswith(b"From "):
        yield content
        return
    starts = [found for found in MBOX_START.finditer(content) if _begins(content, found.start())]
    ends = [found.start() for found in starts[1:]] + [len(content)]
    for found, end in zip(starts, ends, strict=True):
        yield content[found.end() : end]


def _begins(content: bytes, at: int) -> bool:
    return at == 0 or content[max(0, at - 2) : at] in {b"\n\n", b"\r\n"} or content[max(0, at - 4) : at] == b"\r\n\r\n"


def _message(case: Case, message: Message, members: Members) -> None:
    troubles = []
    for part in message.walk():
        kind = part.get_content_type()
        smime = kind in {"application/pkcs7-mime", "application/x-pkcs7-mime"}
        if kind in LOCKED_TYPES or (smime and "signed" not in str(part.get_param("smime-type", "")).lower()):
            case.facts["encrypted"] = True
            case.find("MSG-003", kind=kind)
        if not part.is_multipart():
            _part(case, part, kind, members)
        troubles += [type(each).__name__ for each in part.defects]  # decoding adds to them
    grave = sorted({each for each in troubles if each.startswith(TROUBLING)})
    if grave:
        case.find("MSG-004", detail=", ".join(grave)[:120])


def _part(case: Case, part: Message, kind: str, members: Members) -> None:
    name = _name(part)
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    if kind == "text/html" and not part.get_filename():
        tell_page(case, content, inside=True)
        return
    if kind.startswith("text/") and not name:
        return
    members.take(name or kind.replace("/", "."), [content])


def _name(part: Message) -> str:
    """The attachment's name with its encoded words read; raw bytes are GBK here as a rule."""
    name = part.get_filename() or part.get("Content-Location") or ""
    pieces = []
    try:
        for piece, charset in email.header.decode_header(str(name)):
            pieces.append(piece.decode(charset or "gb18030", "replace") if isinstance(piece, bytes) else piece)
    except (LookupError, ValueError, email.errors.HeaderParseError):
        return str(name)
    return "".join(pieces)


def _outlook(case: Case, members: Members) -> None:
    import olefile

    try:
        with olefile.OleFileIO(case.path) as ole:
            _storages(case, ole, members)
    except Exception as trouble:  # a hostile allocation table raises anything
        case.find("MSG-001", detail=f"{type(trouble).__name__}: {trouble}"[:120])


def _storages(case: Case, ole: Any, members: Members) -> None:
    paths = ole.listdir(streams=True, storages=True)
    if not any(parts[0].startswith("__properties_version1.0") for parts in paths):
        case.find("MSG-001", detail="__properties_version1.0")
        return
    if ole.exists(BODY_HTML):
        tell_page(case, ole.openstream(BODY_HTML).read(WHOLE_BYTES), inside=True)
    if b"IPM.Note.SMIME\0" in _class(ole):
        case.facts["encrypted"] = True
        case.find("MSG-003", kind="IPM.Note.SMIME")
    for place in sorted({parts[0] for parts in paths if ATTACHMENT.fullmatch(parts[0])}):
        name = _text(ole, place, LONG_NAME) or _text(ole, place, SHORT_NAME) or place
        if ole.exists(f"{place}/{DATA}"):
            members.take(name, [ole.openstream(f"{place}/{DATA}").read(WHOLE_BYTES)])
        else:
            # A message within a message, or an OLE object: a storage, not a file.
            members.named(name)


def _class(ole: Any) -> bytes:
    for name, encoding in (("__substg1.0_001A001F", "utf-16-le"), ("__substg1.0_001A001E", "latin-1")):
        if ole.exists(name):
            text: str = ole.openstream(name).read(200).decode(encoding, "replace")
            return text.encode("latin-1", "replace") + b"\0"
    return b""


def _text(ole: Any, place: str, prefix: str) -> str:
    for suffix, encoding in (("001F", "utf-16-le"), ("001E", "gb18030")):
        if ole.exists(f"{place}/{prefix}{suffix}"):
            raw: bytes = ole.openstream(f"{place}/{prefix}{suffix}").read(2000)
            return raw.decode(encoding, "replace").strip("\0")
    return ""
