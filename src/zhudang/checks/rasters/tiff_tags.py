"""Tags of TIFF 6.0 and its common extensions: allowed types, count, and values where the list is closed."""

from __future__ import annotations

from typing import NamedTuple

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, IFD, LONG8, IFD8 = 1, 2, 3, 4, 5, 7, 13, 16, 18
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of one value of each type."""
WHOLE = (SHORT, LONG, LONG8)
"""Types that may replace each other for sizes and places."""


class Tag(NamedTuple):
    """`number` of values; 0: any."""

    types: tuple[int, ...]
    number: int = 0
    values: frozenset[int] = frozenset()


def _closed(*values: int) -> Tag:
    return Tag((SHORT, LONG), 1, frozenset(values))


SUBFILE, WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
STRIPS, SAMPLES, ROWS, STRIP_BYTES, X_DPI, Y_DPI, PLANAR, UNIT = 273, 277, 278, 279, 282, 283, 284, 296
DATE, COLOURS, TILE_WIDTH, TILE_LENGTH, TILES, TILE_BYTES, SUBIFDS = 306, 320, 322, 323, 324, 325, 330
SAMPLE_FORMAT, JPEG_TABLES, OLD_JPEG, ICC, EXIF, GPS, MAKE = 339, 347, 513, 34675, 34665, 34853, 271
EXPOSURE, FOCAL = 33434, 37386

TAGS: dict[int, Tag] = {
    SUBFILE: Tag((LONG,), 1),
    255: _closed(1, 2, 3),
    WIDTH: Tag(WHOLE, 1),
    LENGTH: Tag(WHOLE, 1),
    BITS: Tag((SHORT,)),
    COMPRESSION: Tag((SHORT, LONG), 1),
    PHOTOMETRIC: _closed(0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 32803, 32844, 32845, 34892, 51177, 52527),
    263: _closed(1, 2, 3),
    264: Tag((SHORT,), 1),
    265: Tag((SHORT,), 1),
    266: _closed(1, 2),
    269: Tag((ASCII,)),
    270: Tag((ASCII,)),
    MAKE: Tag((ASCII,)),
    272: Tag((ASCII,)),
    STRIPS: Tag(WHOLE),
    274: _closed(1, 2, 3, 4, 5, 6, 7, 8),
    SAMPLES: Tag((SHORT, LONG), 1),
    ROWS: Tag(WHOLE, 1),
    STRIP_BYTES: Tag(WHOLE),
    280: Tag((SHORT,)),
    281: Tag((SHORT,)),
    X_DPI: Tag((RATIONAL,), 1),
    Y_DPI: Tag((RATIONAL,), 1),
    PLANAR: _closed(1, 2),
    285: Tag((ASCII,)),
    286: Tag((RATIONAL,), 1),
    287: Tag((RATIONAL,), 1),
    290: _closed(1, 2, 3, 4, 5),
    291: Tag((SHORT,)),
    292: Tag((LONG,), 1),
    293: Tag((LONG,), 1),
    UNIT: _closed(1, 2, 3),
    297: Tag((SHORT,), 2),
    301: Tag((SHORT,)),
    305: Tag((ASCII,)),
    DATE: Tag((ASCII,), 20),
    315: Tag((ASCII,)),
    316: Tag((ASCII,)),
    317: _closed(1, 2, 3, 34892, 34893, 34894, 34895),
    318: Tag((RATIONAL,), 2),
    319: Tag((RATIONAL,), 6),
    COLOURS: Tag((SHORT,)),
    321: Tag((SHORT,), 2),
    TILE_WIDTH: Tag(WHOLE, 1),
    TILE_LENGTH: Tag(WHOLE, 1),
    TILES: Tag(WHOLE),
    TILE_BYTES: Tag(WHOLE),
    SUBIFDS: Tag((LONG, IFD, LONG8, IFD8)),
    332: _closed(1, 2),
    334: Tag((SHORT,), 1),
    338: Tag((SHORT,)),
    SAMPLE_FORMAT: Tag((SHORT,)),
    JPEG_TABLES: Tag((UNDEFINED, BYTE)),
    512: _closed(1, 14),
    513: Tag((LONG,), 1),
    514: Tag((LONG,), 1),
    529: Tag((RATIONAL,), 3),
    530: Tag((SHORT,), 2),
    531: _closed(1, 2),
    532: Tag((RATIONAL, LONG), 6),
    700: Tag((BYTE, UNDEFINED)),
    33432: Tag((ASCII,)),
    EXIF: Tag((LONG, IFD, LONG8, IFD8), 1),
    ICC: Tag((UNDEFINED, BYTE)),
    GPS: Tag((LONG, IFD, LONG8, IFD8), 1),
}
COMPRESSIONS = {
    1: "none",
    2: "CCITT RLE",
    3: "CCITT G3",
    4: "CCITT G4",
    5: "LZW",
    6: "JPEG (old)",
    7: "JPEG",
    8: "Deflate",
    9: "JBIG",
    10: "JBIG",
    32766: "NeXT",
    32771: "CCITT RLE/W",
    32773: "PackBits",
    32809: "ThunderScan",
    32895: "IT8",
    32896: "IT8",
    32897: "IT8",
    32898: "IT8",
    32908: "Pixar film",
    32909: "Pixar log",
    32946: "Deflate",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34661: "JBIG",
    34676: "SGI LogLuv",
    34677: "SGI LogLuv 24",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG",
    34925: "LZMA",
    34926: "Zstandard",
    34927: "WebP",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
