"""Graphics state dictionaries, halftones, images, form XObjects and their transparency (6.2, 6.4)."""

from __future__ import annotations

import re
from typing import Any

import pikepdf

from zhudang.checks.pdfa.document import items
from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.values import label

Object = Any
INTENTS = {"/RelativeColorimetric", "/AbsoluteColorimetric", "/Perceptual", "/Saturation"}
PLAIN_BLENDS = {"/Normal", "/Compatible"}
BLENDS = PLAIN_BLENDS | {
    "/Multiply", "/Screen", "/Overlay", "/Darken", "/Lighten", "/ColorDodge", "/ColorBurn", "/HardLight", "/SoftLight",
    "/Difference", "/Exclusion", "/Hue", "/Saturation", "/Color", "/Luminosity",
}  # fmt: skip
PRIMARY = {"", "/Cyan", "/Magenta", "/Yellow", "/Black"}
BITS = {1, 2, 4, 8, 16}
JPX_HEAD_BYTES = 256 * 1024


def judge_state(judgement: Judgement, state: Object, place: str) -> None:
    """Judge an ExtGState dictionary."""
    if not isinstance(state, pikepdf.Dictionary):
        return
    if "/TR" in state:
        judgement.violate("transfer", place)
    if "/TR2" in state and state.get("/TR2") != "/Default":
        judgement.violate("transfer2", place)
    if ("/HTO" if judgement.part == 4 else "/HTP") in state:
        judgement.violate("halftone-phase", place)
    if "/RI" in state:
        judge_intent(judgement, state.get("/RI"), place, "state-intent")
    _halftone(judgement, state.get("/HT"), "", place)
    if "/SMask" in state and state.get("/SMask") != "/None":
        judgement.violate("soft-mask", place)
    judge_blend(judgement, state.get("/BM"), place)
    for key in ("/CA", "/ca"):
        if not _opaque(state.get(key)):
            judgement.violate("alpha", place)


def is_transparent(state: Object) -> bool:
    """Whether an ExtGState makes what is drawn with it transparent."""
    if not isinstance(state, pikepdf.Dictionary):
        return False
    masked = "/SMask" in state and state.get("/SMask") != "/None"
    blended = any(label(mode) not in PLAIN_BLENDS for mode in _modes(state.get("/BM")))
    return masked or blended or not all(_opaque(state.get(key)) for key in ("/CA", "/ca"))


def _opaque(value: Object) -> bool:
    try:
        return value is None or abs(float(value) - 1) < 1e-6
    except (TypeError, ValueError):
        return True


def _modes(modes: Object) -> list[Object]:
    return items(modes) if isinstance(modes, pikepdf.Array) else [] if modes is None else [modes]


def judge_blend(judgement: Judgement, modes: Object, place: str) -> None:
    allowed = PLAIN_BLENDS if judgement.part == 1 else BLENDS
    if any(label(mode) not in allowed for mode in _modes(modes)):
        judgement.violate("blend", place)


def judge_intent(judgement: Judgement, intent: Object, place: str, rule: str = "intent") -> None:
    if label(intent) not in INTENTS:
        judgement.violate(rule, place)


def _halftone(judgement: Judgement, halftone: Object, colorant: str, place: str, depth: int = 0) -> None:
    if not isinstance(halftone, pikepdf.Dictionary | pikepdf.Stream) or depth > 3:
        return
    kind = halftone.get("/HalftoneType")
    if kind not in (1, 5) or "/HalftoneName" in halftone:
        judgement.violate("halftone", place)
    if (depth and colorant != "/Default" and (("/TransferFunction" in halftone) == (colorant in PRIMARY))) or (
        not depth and kind == 1 and "/TransferFunction" in halftone
    ):
        judgement.violate("halftone", place)
    if kind == 5 and isinstance(halftone, pikepdf.Dictionary):
        for key, inner in halftone.items():
            _halftone(judgement, inner, key, place, depth + 1)


def judge_image(judgement: Judgement, image: Object, place: str) -> None:
    """Judge the dictionary of an image XObject or inline image, and JPEG 2000 data."""
    if "/Alternates" in image:
        judgement.violate("image-alternates", place)
    if "/OPI" in image:
        judgement.violate("image-opi", place)
    if image.get("/Interpolate", image.get("/I")) is True:
        judgement.violate("image-interpolate", place)
    if "/Intent" in image:
        judge_intent(judgement, image.get("/Intent"), place, "image-intent")
    bits = image.get("/BitsPerComponent", image.get("/BPC"))
    if bits is not None:
        masked = image.get("/ImageMask", image.get("/IM")) is True
        if (masked and bits != 1) or (not masked and bits not in BITS):
            judgement.violate("image-bits", place)
    mask = image.get("/SMask")
    if mask is not None:
        judgement.violate("soft-mask", place)
    if isinstance(image, pikepdf.Stream) and any(
        each in {"/JPXDecode"} for each in (label(name) for name in _modes(image.get("/Filter")))
    ):
        _jpeg2000(judgement, image, place)


def judge_form(judgement: Judgement, form: Object, place: str) -> None:
    """Judge the dictionary of a form XObject."""
    if "/OPI" in form:
        judgement.violate("form-opi", place)
    if "/PS" in form or form.get("/Subtype2") == "/PS":
        judgement.violate("form-ps", place)
    if "/Ref" in form:
        judgement.violate("form-reference", place)
    if "/SMask" in form:
        judgement.violate("soft-mask", place)
    judge_group(judgement, form, place)


def judge_group(judgement: Judgement, holder: Object, place: str) -> bool:
    """Judge the group of a form or page; tell whether it is a transparency group."""
    group = holder.get("/Group")
    transparent = isinstance(group, pikepdf.Dictionary) and group.get("/S") == "/Transparency"
    if transparent:
        judgement.violate("group", place)
    return transparent


def _jpeg2000(judgement: Judgement, image: Object, place: str) -> None:
    data = image.read_raw_bytes()[:JPX_HEAD_BYTES]
    size = re.search(rb"\xff\x51(..)(..)(.{32})(..)(.)", data, re.DOTALL)
    if size is None:
        judgement.violate("jpeg2000", place)
        return
    components = int.from_bytes(size[4], "big")
    depths = {data[size.start(5) + 3 * index] for index in range(components) if size.start(5) + 3 * index < len(data)}
    depth = (size[5][0] & 0x7F) + 1
    channels = components - _opacity_channels(data)
    if channels not in {1, 3, 4} or not 1 <= depth <= 38 or len(depths) > 1 or b"bpcc" in data[: size.start()]:
        judgement.violate("jpeg2000", place)
    if "/ColorSpace" in image:
        return
    _jpeg2000_colours(judgement, data, size.start(), place)


def _opacity_channels(data: bytes) -> int:
    """Channels the `cdef` box gives to opacity."""
    at = data.find(b"cdef")
    if at < 0:
        return 0
    count = int.from_bytes(data[at + 4 : at + 6], "big")
    kinds = [int.from_bytes(data[at + 8 + 6 * index : at + 10 + 6 * index], "big") for index in range(min(count, 64))]
    return sum(kind in {1, 2} for kind in kinds)


def _jpeg2000_colours(judgement: Judgement, data: bytes, end: int, place: str) -> None:
    boxes = [found.end() for found in re.finditer(rb"colr", data[:end])]
    if not boxes:
        judgement.violate("jpeg2000", place)
        return
    best = [at for at in boxes if data[at + 2] == 1]
    if len(boxes) > 1 and len(best) != 1:
        judgement.violate("jpeg2000", place)
    at = best[0] if len(boxes) > 1 and best else boxes[0]
    if data[at] not in {1, 2, 3} or (data[at] == 1 and int.from_bytes(data[at + 3 : at + 7], "big") == 19):
        judgement.violate("jpeg2000", place)
