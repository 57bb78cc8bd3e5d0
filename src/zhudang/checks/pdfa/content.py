"""Content streams, operator by operator: what is drawn, in which colours, fonts and states."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import pikepdf

from zhudang.checks.pdfa import graphics, syntax
from zhudang.checks.pdfa.colour import Colours, lookup, profile
from zhudang.checks.pdfa.document import inherited, items
from zhudang.checks.pdfa.fonts import Fonts, Use
from zhudang.checks.pdfa.judgement import Judgement
from zhudang.checks.pdfa.objects import LIMITS, is_plain, judge_value
from zhudang.checks.pdfa.operators import (
    FILLS,
    IDLE_OPERATORS,
    INLINE_FILTERS,
    OPERATORS,
    RESOURCE_OPERATORS,
    SHOWS,
    STROKES,
)
from zhudang.checks.pdfa.structure import judge_language, private
from zhudang.checks.pdfa.values import inflates_beyond, label

Object = Any
DEEPEST_STATE, DEEPEST_FORM = 28, 24
BUDGET_S = 12.0
LARGEST_CONTENT = 32 * 1024 * 1024


@dataclass(frozen=True)
class State:
    """The part of a graphics state the rules ask about."""

    fill: Object = pikepdf.Name.DeviceGray
    stroke: Object = pikepdf.Name.DeviceGray
    fill_pattern: Object = None
    stroke_pattern: Object = None
    font: Use | None = None
    mode: int = 0
    fill_overprint: bool = False
    stroke_overprint: bool = False
    overprint_mode: int = 0


@dataclass
class Frame:
    """One content stream being read: its own resources, those it may inherit, and its marked content."""

    own: Object
    inherited: Object
    place: str
    depth: int
    marks: list[bool] = field(default_factory=list)
    used: dict[int, Object] = field(default_factory=dict)
    judged: set[int] = field(default_factory=set)
    named: dict[tuple[str, str], Object] = field(default_factory=dict, init=False)
    """Resources found so far: programs name the same few thousands of times."""

    @property
    def resources(self) -> Object:
        return self.own if isinstance(self.own, pikepdf.Dictionary) else self.inherited

    @property
    def explained(self) -> bool:
        return any(self.marks)

    def within(self, holder: Object, marks: list[bool]) -> Frame:
        """A stream that this one draws with: `holder` has its resources."""
        return Frame(holder.get("/Resources"), self.resources, self.place, self.depth + 1, marks)


class Reader:
    """Reads the content of a document once, telling colours, fonts and graphics what it meets."""

    def __init__(self, judgement: Judgement, colours: Colours, fonts: Fonts) -> None:
        self.judgement = judgement
        self.colours = colours
        self.fonts = fonts
        self.transparent = False
        self.seen: set[Any] = set()
        self.states: set[Any] = set()
        self.until = time.monotonic() + BUDGET_S

    def page(self, page: Object, number: int) -> None:
        """Judge one page with its annotations' appearances."""
        place, judgement = f"page {number}", self.judgement
        self.transparent = False
        self.colours.page = self.colours.intents(page, place) if judgement.part == 4 else None
        own = page.get("/Resources")
        available = own if own is not None else inherited(page, "/Resources")
        self.colours.blending = self.colours.blended = None
        self.colours.blending, self.colours.blended = self._blending(page, available, place)
        self.transparent |= graphics.judge_group(judgement, page, place)
        self._run(page, Frame(own, available, place, 0), State())
        for annotation in items(page.get("/Annots")):
            if isinstance(annotation, pikepdf.Dictionary):
                self._annotation(annotation, place)
        group = page.get("/Group")
        grouped = isinstance(group, pikepdf.Dictionary) and "/CS" in group
        if self.transparent and self.colours.intent is None and not grouped:
            judgement.violate("blend-space", place)

    @property
    def out_of_time(self) -> bool:
        return time.monotonic() > self.until

    def _blending(self, holder: Object, resources: Object, place: str) -> tuple[str | None, bytes | None]:
        """Device independent colour space of a transparency group, and the digest of its profile."""
        group = holder.get("/Group")
        space = group.get("/CS") if isinstance(group, pikepdf.Dictionary) else None
        if space is None:
            return (self.colours.blending, self.colours.blended) if holder.get("/Type") != "/Page" else (None, None)
        self.colours.use(space, resources, place)
        if isinstance(space, pikepdf.Name):
            space = lookup(resources, "/ColorSpace", label(space))
        if isinstance(space, pikepdf.Array) and len(space) > 1:
            if label(space[0]) == "/CalRGB":
                return "RGB ", None
            seen = profile(space[1]) if label(space[0]) == "/ICCBased" else None
            if seen is not None and self.judgement.part == 4:
                return seen.space.decode("latin-1"), seen.digest
        return None, None

    def _annotation(self, annotation: Object, place: str) -> None:
        if "/BM" in annotation:
            graphics.judge_blend(self.judgement, annotation.get("/BM"), place)
        appearance = annotation.get("/AP")
        normal = appearance.get("/N") if isinstance(appearance, pikepdf.Dictionary) else None
        streams = [normal]
        if isinstance(normal, pikepdf.Dictionary) and not isinstance(normal, pikepdf.Stream):
            streams = list(normal.values())
        for stream in streams:
            if isinstance(stream, pikepdf.Stream):
                self._form(stream, Frame(None, None, f"{place} annotation", 1), State())

    def _run(self, holder: Object, frame: Frame, state: State) -> None:
        try:
            if any(inflates_beyond(stream, LARGEST_CONTENT) for stream in _streams(holder)):
                self.judgement.leave("operator")
                return
            raw = b"\n".join(stream.read_bytes() for stream in _streams(holder))
            instructions = pikepdf.parse_content_stream(pikepdf.Page(holder) if "/Contents" in holder else holder)
        except (pikepdf.PdfError, TypeError, ValueError, RuntimeError):
            if "/Contents" in holder or isinstance(holder, pikepdf.Stream):
                self.judgement.leave("operator")
            return
        syntax.judge_strings(self.judgement, raw, frame.place)
        stack: list[State] = []
        for count, instruction in enumerate(instructions):
            name = str(instruction.operator)
            if name == "q":
                stack.append(state)
                if len(stack) > DEEPEST_STATE:
                    self.judgement.violate("limit-nesting", frame.place)
            elif name == "Q":
                state = stack.pop() if stack else state
            else:
                state = self._step(name, instruction, frame, state)
            if not count % 64 and self.out_of_time:
                self.judgement.leave("operator")
                return

    def _step(self, name: str, instruction: Any, frame: Frame, state: State) -> State:
        operands = instruction.operands
        if name not in OPERATORS:
            self.judgement.violate("operator", f"{frame.place} {name[:20]}")
            return state
        if name == "INLINE IMAGE":
            self._inline(instruction.iimage, frame, state)
            return state
        if self.judgement.part in LIMITS:
            for operand in operands:
                if not is_plain(operand):
                    judge_value(self.judgement, operand, frame.place)
        if name in IDLE_OPERATORS:
            return state
        if name in RESOURCE_OPERATORS and len(operands):
            thing = self._resource(RESOURCE_OPERATORS[name], label(operands[0]), frame)
            return self._named(name, thing, frame, state)
        if name in SHOWS:
            self._show(operands, frame, state)
        elif name in FILLS or name in STROKES:
            self._paint(frame, state, fill=name in FILLS, stroke=name in STROKES)
        elif name in {"BDC", "BMC"}:
            frame.marks.append(name == "BDC" and self._explains(operands, frame))
        elif name == "EMC":
            if frame.marks:
                frame.marks.pop()
        elif name == "ri" and len(operands):
            graphics.judge_intent(self.judgement, operands[0], frame.place)
        elif name == "Tr" and len(operands):
            return _changed(state, mode=int(operands[0]))
        else:
            return self._colour(name, operands, frame, state)
        return state

    def _resource(self, category: str, name: str, frame: Frame) -> Object:
        """A named resource; one that is inherited or absent breaks 6.2.2."""
        found = frame.named.get((category, name))
        if found is None:
            found = lookup(frame.own, category, name)
        if found is not None:
            frame.named[category, name] = found
            return found
        self.judgement.violate("resources", f"{frame.place} {name}")
        return lookup(frame.inherited, category, name) if frame.own is None or self.judgement.part == 1 else None

    def _named(self, name: str, thing: Object, frame: Frame, state: State) -> State:
        if name == "Tf" and isinstance(thing, pikepdf.Dictionary):
            return _changed(state, font=self.fonts.select(thing, frame.place))
        if name == "gs" and isinstance(thing, pikepdf.Dictionary):
            return self._external(thing, frame, state)
        if name == "Do" and isinstance(thing, pikepdf.Stream):
            self._drawn(thing, frame, state)
        elif name == "sh" and isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
            self.colours.use(thing.get("/ColorSpace"), frame.resources, frame.place)
        return state

    def _external(self, thing: Object, frame: Frame, state: State) -> State:
        graphics.judge_state(self.judgement, thing, frame.place)
        self.transparent |= graphics.is_transparent(thing)
        mask = thing.get("/SMask")
        if isinstance(mask, pikepdf.Dictionary) and isinstance(mask.get("/G"), pikepdf.Stream):
            self._form(mask.G, Frame(None, frame.resources, frame.place, frame.depth + 1), State())
        font = thing.get("/Font")
        if isinstance(font, pikepdf.Array) and len(font) and isinstance(font[0], pikepdf.Dictionary):
            state = replace(state, font=self.fonts.select(font[0], frame.place))
        stroke = thing.get("/OP")
        fill = thing.get("/op", stroke)
        if stroke is not None:
            state = replace(state, stroke_overprint=stroke is True)
        if fill is not None:
            state = replace(state, fill_overprint=fill is True)
        if "/OPM" in thing:
            state = replace(state, overprint_mode=int(thing.OPM))
        return state

    def _drawn(self, thing: Object, frame: Frame, state: State) -> None:
        kind = label(thing.get("/Subtype"))
        if kind == "/PS":
            self.judgement.violate("postscript", frame.place)
        elif kind == "/Image":
            self._image(thing, frame, state)
        elif kind == "/Form":
            self._form(thing, replace(frame, own=None, inherited=frame.resources, depth=frame.depth + 1), state)

    def _image(self, image: Object, frame: Frame, state: State) -> None:
        mark = (image.objgen, self.colours.intent, self.colours.blending)
        if image.get("/ImageMask") is True:
            self._paint(frame, state, fill=True, stroke=False)
        if image.is_indirect and mark in self.seen:
            self.transparent |= "/SMask" in image
            return
        self.seen.add(mark)
        graphics.judge_image(self.judgement, image, frame.place)
        self.colours.use(image.get("/ColorSpace"), frame.resources, frame.place)
        mask = image.get("/SMask")
        if isinstance(mask, pikepdf.Stream):
            self.transparent = True
            graphics.judge_image(self.judgement, mask, frame.place)
        if image.get("/SMaskInData", 0) not in (0, None):
            self.transparent = True
        if isinstance(image.get("/Mask"), pikepdf.Stream):
            graphics.judge_image(self.judgement, image.Mask, frame.place)

    def _form(self, form: Object, frame: Frame, state: State) -> None:
        mark = (form.objgen, "form", state.fill_overprint, self.colours.intent, state.mode)
        graphics.judge_form(self.judgement, form, frame.place)
        group = form.get("/Group")
        self.transparent |= isinstance(group, pikepdf.Dictionary) and group.get("/S") == "/Transparency"
        if (form.is_indirect and mark in self.seen) or frame.depth > DEEPEST_FORM:
            return
        self.seen.add(mark)
        inner = replace(frame, own=form.get("/Resources"), marks=list(frame.marks), used={}, judged=set())
        before = self.colours.blending, self.colours.blended
        self.colours.blending, self.colours.blended = self._blending(form, inner.resources, frame.place)
        self._run(form, inner, state)
        self.colours.blending, self.colours.blended = before

    def _show(self, operands: Any, frame: Frame, state: State) -> None:
        shown = operands[-1] if len(operands) else None
        strings = items(shown) if isinstance(shown, pikepdf.Array) else [shown]
        texts = [bytes(each) for each in strings if isinstance(each, pikepdf.String)]
        if not any(texts):
            return
        fill, stroke = state.mode in {0, 2, 4, 6}, state.mode in {1, 2, 5, 6}
        self._paint(frame, state, fill=fill, stroke=stroke)
        if state.font is None:
            return
        for text in texts:
            state.font.show(text, state.mode, frame.explained)
        if label(state.font.font.get("/Subtype")) == "/Type3":
            self._type3(state.font.font, frame, state)

    def _type3(self, font: Object, frame: Frame, state: State) -> None:
        mark = (font.objgen, "type3")
        if (font.is_indirect and mark in self.seen) or frame.depth > DEEPEST_FORM:
            return
        self.seen.add(mark)
        procedures = font.get("/CharProcs")
        for stream in list(procedures.values()) if isinstance(procedures, pikepdf.Dictionary) else []:
            if isinstance(stream, pikepdf.Stream):
                inner = frame.within(font, frame.marks)
                self._run(stream, inner, replace(state, mode=0))

    def _paint(self, frame: Frame, state: State, *, fill: bool, stroke: bool) -> None:
        for used, space, pattern, overprinted in (
            (fill, state.fill, state.fill_pattern, state.fill_overprint),
            (stroke, state.stroke, state.stroke_pattern, state.stroke_overprint),
        ):
            if not used:
                continue
            self._use(space, frame)
            if pattern is not None:
                self._pattern(pattern, frame)
            if overprinted and state.overprint_mode and self.colours.is_icc_cmyk(space, frame.resources):
                self.judgement.violate("overprint", frame.place)

    def _use(self, space: Object, frame: Frame) -> None:
        """Judge a colour space once in each content stream; painting is too frequent to ask every time."""
        if frame.used.setdefault(id(space), space) is not space or id(space) not in frame.judged:
            frame.judged.add(id(space))
            self.colours.use(space, frame.resources, frame.place)

    def _pattern(self, pattern: Object, frame: Frame) -> None:
        mark = (pattern.objgen, "pattern", self.colours.intent)
        if (pattern.is_indirect and mark in self.seen) or frame.depth > DEEPEST_FORM:
            return
        self.seen.add(mark)
        if isinstance(pattern, pikepdf.Stream):
            inner = frame.within(pattern, [])
            self._run(pattern, inner, State())
            return
        shading = pattern.get("/Shading")
        if isinstance(shading, pikepdf.Dictionary | pikepdf.Stream):
            self.colours.use(shading.get("/ColorSpace"), frame.resources, frame.place)
        if isinstance(pattern.get("/ExtGState"), pikepdf.Dictionary):
            self._external(pattern.get("/ExtGState"), frame, State())

    def _colour(self, name: str, operands: Any, frame: Frame, state: State) -> State:
        if name in {"g", "rg", "k", "G", "RG", "K"}:
            device = {"g": "/DeviceGray", "rg": "/DeviceRGB", "k": "/DeviceCMYK"}[name.lower()]
            key = "fill" if name.islower() else "stroke"
            self.colours.use(pikepdf.Name(device), frame.resources, frame.place)
            return _changed(state, **{key: pikepdf.Name(device), f"{key}_pattern": None})
        if name in {"cs", "CS"} and len(operands):
            key = "fill" if name == "cs" else "stroke"
            space = self._space(operands[0], frame)
            self._use(space, frame)
            return _changed(state, **{key: space, f"{key}_pattern": None})
        if name in {"scn", "SCN"} and len(operands) and isinstance(operands[-1], pikepdf.Name):
            key = "fill" if name == "scn" else "stroke"
            found = self._resource("/Pattern", label(operands[-1]), frame)
            return _changed(state, **{f"{key}_pattern": found})
        return state

    def _space(self, name: Object, frame: Frame) -> Object:
        if label(name) in {"/DeviceRGB", "/DeviceCMYK", "/DeviceGray", "/Pattern"}:
            return name
        return self._resource("/ColorSpace", label(name), frame)

    def _inline(self, image: Any, frame: Frame, state: State) -> None:
        described = image.obj
        graphics.judge_image(self.judgement, described, frame.place)
        listed = described.get("/Filter")
        for each in items(listed) or ([listed] if listed is not None else []):
            allowed = label(each) not in {"/LZWDecode", "/LZW"}
            if not allowed or (self.judgement.part > 1 and label(each) not in INLINE_FILTERS):
                self.judgement.violate("inline-filter", frame.place)
        if described.get("/ImageMask") is True:
            self._paint(frame, state, fill=True, stroke=False)
        self.colours.use(described.get("/ColorSpace"), frame.resources, frame.place)

    def _explains(self, operands: Any, frame: Frame) -> bool:
        properties = operands[1] if len(operands) > 1 else None
        if isinstance(properties, pikepdf.Name):
            properties = lookup(frame.resources, "/Properties", label(properties))
        if self.judgement.level == "a" and isinstance(properties, pikepdf.Dictionary):
            judge_language(self.judgement, properties, frame.place)
        text = properties.get("/ActualText") if isinstance(properties, pikepdf.Dictionary) else None
        if text is None:
            return False
        if private(str(text)):
            self.judgement.violate("actual-text", frame.place)
        return True


def _changed(state: State, **changes: Any) -> State:
    """The state with these changes; programs set again and again what is set."""
    if all(getattr(state, name) is value for name, value in changes.items()):
        return state
    return replace(state, **changes)


def _streams(holder: Object) -> list[Object]:
    contents = holder.get("/Contents") if "/Contents" in holder else holder
    streams = items(contents) if isinstance(contents, pikepdf.Array) else [contents]
    return [stream for stream in streams if isinstance(stream, pikepdf.Stream)]
