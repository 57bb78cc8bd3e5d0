"""Files whose content and name say different things, or nothing."""

from __future__ import annotations

from samples.checks.images import picture
from samples.checks.making import Maker, text

BAD: dict[str, Maker] = {
    "FMT-001": text("unknown.qqq9", bytes(range(1, 32)) * 40),
    "FMT-002": lambda folder: picture(folder, "named.png").rename(folder / "named.jpg"),
    "FMT-003": text("empty.pdf", b""),
    "FMT-004": text("model.skp", b"\xff\xfe\xff\x0eS\0k\0e\0t\0c\0h\0U\0p\0 \0M\0o\0d\0e\0l\0\xff\xfe\xff" + bytes(99)),
    "FMT-005": text("造价.gbq6", bytes(range(1, 32)) * 40),
}
