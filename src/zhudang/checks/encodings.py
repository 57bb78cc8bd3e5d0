"""Which encoding a text is in: proven by decoding, then weighed by how Chinese it reads."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

SAMPLE_BYTES = 256 * 1024
LEAST_CUT = 64
"""Fewer bytes may be read as text by chance once their end need not be."""
WIDE_BYTES, LEAST_WIDE, WIDE_SENSE = 32 * 1024, 6, 0.95
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
HZ = re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e]){2,}~\}")
"""GB 2312 within seven bits, as early mail wrote it (RFC 1843)."""
CONTROLS = frozenset(range(0x20)) - {0x09, 0x0A, 0x0C, 0x0D, 0x1B}
COMMON = frozenset(
    "的一是不了在人有我他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家十用发天如然作方成者多日都三小军二无同主经公此已工使情明性知全定心本长市建设单位程项目施工图验收監這個為會國來時說們對開關發學現經過"
)
"""Frequent characters, both scripts and of the trade: a right decoding is full of them."""


def guess_encoding(path: Path, head: bytes | None = None) -> str | None:
    """The encoding of a text file, by the name Python knows; None when this is not text."""
    with path.open("rb") as stream:
        sample = stream.read(SAMPLE_BYTES)
        more = bool(stream.read(1))
    # A text that was cut off within a character is text all the same; reading it whole tells.
    return encoding_of(sample, cut=more) or (encoding_of(sample, cut=True) if len(sample) > LEAST_CUT else None)


def encoding_of(sample: bytes, cut: bool = False) -> str | None:
    """The encoding of `sample`; `cut` says it may end within a character."""
    for bom, name in BOMS:
        if sample.startswith(bom):
            return name if _decodes(sample, name, cut) else None
    if b"\0" in sample:
        return _wide_chinese(sample, cut) or _utf16_without_bom(sample, cut)
    if sum(byte in CONTROLS for byte in sample[:4096]) > len(sample[:4096]) // 50:
        return _wide_chinese(sample, cut)
    if sample.isascii():
        return "hz" if HZ.search(sample) and _decodes(sample, "hz", cut) else "ascii"
    if _decodes(sample, "utf-8", cut) and not utf8_by_accident(sample):
        return "utf-8"
    candidates = [name for name in ("gb18030", "big5", "big5hkscs") if _decodes(sample, name, cut)]
    if not candidates:
        return _wide_chinese(sample, cut)
    best = max(candidates, key=lambda name: (_chineseness(sample, name), name == "gb18030"))
    if _chineseness(sample, best) <= 0 and (wide := _wide_chinese(sample, cut)):
        return wide
    return _narrowest(sample, best, cut)


def utf8_by_accident(raw: bytes) -> bool:
    """Whether a few bytes are UTF-8 only by chance: 联通 and 图纸 in GBK also read as letters nobody mixes here.

    Two-byte UTF-8 beyond the Latin letters (U+0250 to U+07FF) and nothing else, while GBK gives ideographs.
    """
    if len(raw) > 400:
        return False
    foreign = [character for character in raw.decode("utf-8", "replace") if ord(character) > 0x7F]
    if not foreign or not all(0x80 <= ord(character) < 0x800 for character in foreign):
        return False
    if all(ord(character) < 0x250 for character in foreign):
        return False
    try:
        read = [character for character in raw.decode("gb18030") if ord(character) > 0x7F]
    except UnicodeDecodeError:
        return False
    return all(0x4E00 <= ord(character) < 0xA000 for character in read)


def _narrowest(sample: bytes, name: str, cut: bool) -> str:
    """The smallest member of the GB family that holds the text."""
    if name != "gb18030":
        return name
    return next(inner for inner in ("gb2312", "gbk", "gb18030") if _decodes(sample, inner, cut))


def _decodes(sample: bytes, name: str, cut: bool) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        decoder.decode(sample, final=not cut)
    except UnicodeDecodeError:
        return False
    return True


def _chineseness(sample: bytes, name: str) -> float:
    text = sample.decode(name, "replace")
    foreign = [character for character in text if ord(character) > 0x7F]
    if not foreign:
        return 0.0
    common = sum(character in COMMON for character in foreign)
    odd = sum(0xE000 <= ord(character) < 0xF900 or character == "�" for character in foreign)
    unusual = sum(not 0x3000 <= ord(character) < 0xA000 and ord(character) < 0xFF00 for character in foreign)
    return (2 * common - 4 * odd - unusual) / len(foreign)


def _wide_chinese(sample: bytes, cut: bool) -> str | None:
    """UTF-16 without its mark, of Chinese that holds neither line break nor Latin letter: read in both orders, one makes
    sense. Pairs of Latin letters would also do, so what is ASCII never comes here."""
    begin = sample[: min(len(sample), WIDE_BYTES) // 2 * 2]
    if len(begin) < 2 * LEAST_WIDE or (len(sample) % 2 and not cut):
        return None
    orders = ("utf-16-le", "utf-16-be")
    sense = {name: _makes_sense(begin.decode(name, "replace")) for name in orders}
    best, other = sorted(orders, key=lambda name: -sense[name])
    clear = sense[best] >= WIDE_SENSE and sense[other] < WIDE_SENSE and _chineseness(begin, best) > 0
    return best if clear and _decodes(sample, best, cut) else None


def _makes_sense(text: str) -> float:
    """Share of characters that stand in Chinese texts: ideographs, their punctuation and wide forms, ASCII."""
    likely = sum(
        "\u4e00" <= each <= "\u9fff"
        or "\u3000" <= each <= "\u303f"
        or "\uff00" <= each <= "\uffef"
        or "\u2010" <= each <= "\u2030"
        or (each <= "\x7e" and (each >= " " or each in "\r\n\t"))
        for each in text
    )
    return likely / len(text) if text else 0.0


def _utf16_without_bom(sample: bytes, cut: bool) -> str | None:
    """UTF-16 is full of zero bytes on one side when it holds line breaks or Latin letters."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    name = "utf-16-le" if odd > even else "utf-16-be"
    if min(even, odd) > max(even, odd) // 10 or not _decodes(sample, name, cut):
        return None
    text = sample.decode(name, "replace")
    controls = sum(ord(character) in CONTROLS for character in text)
    printable = sum(character.isprintable() or character.isspace() for character in text)
    return name if controls == 0 and printable > len(text) * 0.95 else None
