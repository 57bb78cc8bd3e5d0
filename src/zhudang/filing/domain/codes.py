"""Reference codes (档号) and accession numbers (总登记号) from templates with typed segments.

A template such as ``{class}-{year}-{project:4}-{volume:3}`` names segments; a number after the colon
pads with zeros. Codes must be unique, padded, stable and never reused (DA/T 13-2022 principles).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SEGMENT = re.compile(r"\{([a-z_]+)(?::(\d+))?\}")
SEGMENTS = frozenset({"class", "year", "project", "volume", "volume_code", "file", "number", "area"})
COUNTED = frozenset({"project", "volume", "file", "number"})


class CodeTooLong(ValueError):
    """A number no longer fits its segment; the template must be widened by the archive."""


def faults_in_template(template: str, *, needed: set[str], only: bool = False) -> list[str]:
    """Tell everything wrong with a template.

    Args:
        only: it may hold no segments but the needed ones.
    """
    names = [m.group(1) for m in _SEGMENT.finditer(template)]
    faults = [f"template {template!r}: unknown segment {name!r}" for name in names if name not in SEGMENTS]
    faults += [
        f"template {template!r}: segment {name!r} has no value here" for name in names if only and name not in needed
    ]
    faults += [f"template {template!r}: segment {name!r} is missing" for name in sorted(needed - set(names))]
    if "{" in _SEGMENT.sub("", template) or "}" in _SEGMENT.sub("", template):
        faults.append(f"template {template!r}: a brace is left over")
    faults += [
        f"template {template!r}: segment {m.group(1)!r} needs a width"
        for m in _SEGMENT.finditer(template)
        if m.group(1) in COUNTED and not m.group(2)
    ]
    return faults


def fill(template: str, values: Mapping[str, str | int]) -> str:
    """Write one code.

    Raises:
        CodeTooLong: a number has more digits than its segment allows.
    """

    def segment(match: re.Match[str]) -> str:
        name, width = match.group(1), match.group(2)
        value = str(values[name])
        if width:
            if len(value) > int(width):
                raise CodeTooLong(f"{name} {value} does not fit {width} digits")
            return value.zfill(int(width))
        return value

    return _SEGMENT.sub(segment, template)


def record_code(template: str, volume_code: str, position: int) -> str:
    """Write the reference code of a record: its volume's and its number in it; a number too long for the template stands whole."""
    widened = _SEGMENT.sub(
        lambda match: f"{{file:{max(int(match[2]), len(str(position)))}}}" if match[1] == "file" else match[0], template
    )
    return fill(widened, {"volume_code": volume_code, "file": position})


def read_record_code(template: str, code: str) -> tuple[str, int] | None:
    """Take a record's code apart into its volume's code and its number, with or without leading zeros; None when it is none."""
    form = re.escape(_SEGMENT.sub(lambda match: f"<{match[1]}>", template))
    form = form.replace("<volume_code>", r"(?P<volume>\S+)").replace("<file>", r"(?P<file>\d{1,9})")
    found = re.fullmatch(form, code)
    return (found["volume"], int(found["file"])) if found else None


def pattern(template: str) -> re.Pattern[str]:
    """A pattern that accepts exactly the codes the template can write."""
    parts, last = [], 0
    for match in _SEGMENT.finditer(template):
        parts.append(re.escape(template[last : match.start()]))
        width = match.group(2)
        if width and match.group(1) in COUNTED:
            parts.append(rf"(?P<{match.group(1)}>\d{{{width}}})")
        else:
            parts.append(rf"(?P<{match.group(1)}>[^\s]+?)")
        last = match.end()
    parts.append(re.escape(template[last:]))
    return re.compile("".join(parts) + r"\Z")
