"""The drawn marks of the interface: every state has a shape of its own.

A state is always shape, word and colour together, so the shapes live here in
code and do not depend on a sprite that may not have been built.
"""

from __future__ import annotations

CHECKED = (
    '<circle cx="7" cy="7" r="6" fill="currentColor" stroke="none"/><path d="M4.2 7.2 6.2 9.2 9.9 5.1" class="cut"/>'
)
WARNING = '<path d="M7 1.3 13 12.3H1z" fill="currentColor" stroke="none"/><path d="M7 5.2v3.4M7 10.4v.1" class="cut"/>'

STATE_SHAPES: dict[str, str] = {
    # not yet due: dotted circle
    "none": '<circle cx="7" cy="7" r="5.3" stroke-dasharray=".6 2.4"/>',
    # due and still open: circle
    "owed": '<circle cx="7" cy="7" r="5.3"/>',
    # begun, not complete: half-filled circle
    "part": (
        '<circle cx="7" cy="7" r="5.3"/><path d="M7 1.7a5.3 5.3 0 0 1 0 10.6z" fill="currentColor" stroke="none"/>'
    ),
    # soon due: clock
    "soon": '<circle cx="7" cy="7" r="5.3"/><path d="M7 3.8V7l2 1.3"/>',
    # breach: filled triangle
    "late": WARNING,
    # a guess of the system: dashed circle with a plus
    "pencil": '<circle cx="7" cy="7" r="5.3" stroke-dasharray="2.1 1.7"/><path d="M7 4.5v5M4.5 7h5"/>',
    # sent back: arrow
    "back": '<path d="M5 2.5 1.8 5.5 5 8.5M2.2 5.5h6.3a3 3 0 0 1 0 6.2H5.5"/>',
    "filed": CHECKED,
    # does not apply: circle with a bar
    "na": '<circle cx="7" cy="7" r="5.3"/><path d="M4 7h6"/>',
    # not checked: hatched square, the same hatch as on maps and bands
    "unchecked": (
        '<rect x="1.7" y="1.7" width="10.6" height="10.6"/>'
        '<path d="M2 8 8 2M4 12l8-8M8.5 12.2 12.2 8.5" stroke-width=".9"/>'
    ),
    "ok": CHECKED,
    "warn": '<path d="M7 1.6 12.9 12.2H1.1z"/><path d="M7 5.4v3.2M7 10.3v.1"/>',
    # blocks: filled square with a cross
    "fail": (
        '<rect x="1" y="1" width="12" height="12" fill="currentColor" stroke="none"/>'
        '<path d="M4.5 4.5l5 5M9.5 4.5l-5 5" class="cut"/>'
    ),
    # a person must look: diamond
    "manual": '<path d="M7 1.3 12.7 7 7 12.7 1.3 7z"/><path d="M7 4.5v3M7 9.3v.1"/>',
}


def state_svg(code: str, size: int = 13) -> str:
    """Give the inline drawing of a state; an unknown code is a programming error."""
    return (
        f'<svg class="shape" width="{size}" height="{size}" viewBox="0 0 14 14" fill="none" '
        'stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" '
        f'aria-hidden="true">{STATE_SHAPES[code]}</svg>'
    )
