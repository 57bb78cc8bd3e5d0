"""The words of an OFD page in the order people read them.

Text objects stand in any order and direction, often a character each. Every run of characters is placed on the page,
runs of one direction are turned until they read from left to right, then lines are built from the top.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zhudang.checks.ofdfile import numbers

Element = Any
Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)
DEEPEST = 4
BREAK = re.compile(r"[^\S ]*[\r\n]\s*")
MOST_CHARACTERS = 2_000_000
SAME_LINE = 0.5
"""Baselines closer than this share of the character's height stand on one line."""
WORD_GAP = 0.6
"""A gap wider than this share of the height parts two words."""
WIDE = 0.55
"""Width of a Latin character as a share of its height where no advance is written."""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters in a row: start and end along the line, baseline across it, height, in mm; quarter turns."""

    turn: int
    start: float
    end: float
    base: float
    height: float
    text: str


def text_in_reading_order(layers: list[Element], units: Mapping[str, Element] | None = None) -> str:
    """Lines of text from the top, each from the left; texts of another direction follow as blocks of their own.

    Args:
        layers: roots of templates and page.
        units: composite graphics by ID, whose words stand where they are used.
    """
    runs: list[Run] = []
    left = MOST_CHARACTERS
    for layer in layers:
        for run in _runs(layer, IDENTITY, units or {}, 0):
            left -= len(run.text)
            if left < 0:
                break
            runs.append(run)
    blocks = [_lines([run for run in runs if run.turn == turn]) for turn in sorted({run.turn for run in runs})]
    return "\n".join(block for block in blocks if block)


def _runs(root: Element, above: Matrix, units: Mapping[str, Element], depth: int) -> Iterator[Run]:
    for thing in root.iter("{*}TextObject", "{*}CompositeObject"):
        if thing.tag.endswith("TextObject"):
            yield from _of_object(thing, above)
        elif depth < DEEPEST:
            unit = units.get(thing.get("ResourceID", ""))
            if unit is not None:
                yield from _runs(unit, _times(_matrix_of(thing), above), units, depth + 1)


def _matrix_of(thing: Element) -> Matrix:
    """From the object's own space to the page: its CTM, then the corner of its boundary."""
    box, ctm = numbers(thing.get("Boundary")), numbers(thing.get("CTM"))
    x, y = (box[0], box[1]) if len(box) >= 2 else (0.0, 0.0)
    a, b, c, d, e, f = ctm if len(ctm) == 6 else IDENTITY
    return a, b, c, d, e + x, f + y


def _times(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    a2, b2, c2, d2, e2, f2 = outer
    return (
        a * a2 + b * c2,
        a * b2 + b * d2,
        c * a2 + d * c2,
        c * b2 + d * d2,
        e * a2 + f * c2 + e2,
        e * b2 + f * d2 + f2,
    )


def _of_object(thing: Element, above: Matrix) -> Iterator[Run]:
    matrix = _times(_matrix_of(thing), above)
    size = (numbers(thing.get("Size")) or [3.5])[0]
    across = (numbers(thing.get("HScale")) or [1.0])[0] or 1.0
    turned = int((numbers(thing.get("ReadDirection")) or [0])[0]) % 360
    x = y = 0.0
    for code in thing.iter("{*}TextCode"):
        x = (numbers(code.get("X")) or [x])[0]
        y = (numbers(code.get("Y")) or [y])[0]
        if text := BREAK.sub(" ", (code.text or "").strip("\r\n\t")):
            yield from _of_code(text, (x, y), matrix, (size, across, turned), _deltas(code))


def _deltas(code: Element) -> tuple[list[float], list[float]]:
    return _advances(code.get("DeltaX")), _advances(code.get("DeltaY"))


def _advances(text: str | None) -> list[float]:
    """Advances between characters; `g 3 2.5` stands for three of 2.5."""
    found: list[float] = []
    words = iter((text or "").split())
    try:
        for word in words:
            if word == "g":
                count = min(int(next(words)), 100_000)
                found += [float(next(words))] * count
            else:
                found.append(float(word))
            if len(found) > MOST_CHARACTERS:
                break
    except (StopIteration, ValueError):
        pass
    return found


def _of_code(
    text: str,
    start: tuple[float, float],
    matrix: Matrix,
    style: tuple[float, float, int],
    deltas: tuple[list[float], list[float]],
) -> Iterator[Run]:
    """Split one TextCode where its characters stand further apart than words do."""
    size, across, turned = style
    along_x, along_y = deltas
    down = turned in (90, 270) or (not any(along_x) and any(along_y))
    moves = along_y if down else along_x
    widths = [size * (WIDE if ord(character) < 0x2E80 else 1.0) * across for character in text]
    steps = [abs(moves[place]) if place < len(moves) else widths[place] for place in range(len(text))]
    sign = -1.0 if moves and sum(moves) < 0 else 1.0
    words, place, at = [text[0]], 0.0, 0.0
    for number, character in enumerate(text[1:], 1):
        at += steps[number - 1]
        if at - place > size * 1000:
            break
        if steps[number - 1] > widths[number - 1] + size * WORD_GAP * 2:
            ended = at - steps[number - 1] + widths[number - 1]
            yield _run("".join(words), start, matrix, (place, ended, size), (down, sign))
            words, place = [], at
        words.append(character)
    yield _run("".join(words), start, matrix, (place, at + widths[-1], size), (down, sign))


def _run(
    text: str, start: tuple[float, float], matrix: Matrix, extent: tuple[float, float, float], way: tuple[bool, float]
) -> Run:
    """Place a run: its direction on the page in quarter turns, its extent along and across it."""
    begin, end, size = extent
    down, sign = way
    dx, dy = (0.0, sign) if down else (sign, 0.0)
    a, b, c, d, _, _ = matrix
    points = [_at(matrix, start[0] + dx * along, start[1] + dy * along) for along in (begin, end)]
    angle = math.degrees(math.atan2(dx * b + dy * d, dx * a + dy * c))
    turn = round(angle / 90) % 4
    (u1, v1), (u2, _) = (_turned(point, turn) for point in points)
    scale = math.hypot(a, b) if down else math.hypot(c, d)
    return Run(turn, min(u1, u2), max(u1, u2), v1, max(abs(size * scale), 0.1), text)


def _at(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _turned(point: tuple[float, float], turn: int) -> tuple[float, float]:
    """(along, across) for a direction of quarter turns; across grows from line to line."""
    x, y = point
    return ((x, y), (y, -x), (-x, -y), (-y, x))[turn]


def _lines(runs: list[Run]) -> str:
    lines: list[list[Run]] = []
    for run in sorted(runs, key=lambda each: (each.base, each.start)):
        last = lines[-1][-1] if lines else None
        if last is not None and abs(run.base - last.base) < SAME_LINE * min(run.height, last.height):
            lines[-1].append(run)
        else:
            lines.append([run])
    return "\n".join(_line(line) for line in lines)


def _line(line: list[Run]) -> str:
    """Join runs from the left; a gap is a space. The same words drawn twice at one place are read once."""
    pieces: list[str] = []
    before: Run | None = None
    for run in sorted(line, key=lambda each: each.start):
        if before is not None:
            if run.text == before.text and abs(run.start - before.start) < 0.1 * run.height:
                continue
            if run.start - before.end > WORD_GAP * min(run.height, before.height):
                pieces.append(" ")
        pieces.append(run.text)
        before = run
    return "".join(pieces)


def count_characters(layers: list[Element]) -> int:
    """Characters that are no space, as written; without putting them in order."""
    return sum(len("".join((code.text or "").split())) for layer in layers for code in layer.iter("{*}TextCode"))
