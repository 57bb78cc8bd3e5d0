"""Sheet names for page sizes, as drawing offices use them."""

from fractions import Fraction

SHEETS = (
    ("A0", 841, 1189),
    ("A1", 594, 841),
    ("A2", 420, 594),
    ("A3", 297, 420),
    ("A4", 210, 297),
    ("A5", 148, 210),
    ("B4", 250, 353),
    ("B5", 176, 250),
)
TOLERANCE_MM = 6
MOST_LENGTHS = 8


def sheet_name(width_mm: float, height_mm: float) -> str:
    """`A4`; a lengthened sheet by its rule; else `420×900 mm`.

    `A3×3`: the short side taken several times (GB/T 14689-2008, table 2). `A1+1/4`: the long side made longer
    by eighths (GB/T 50001-2017). `A2+`: longer by neither.
    """
    short, long = sorted((width_mm, height_mm))
    for name, side, full in SHEETS:
        if abs(short - side) <= TOLERANCE_MM and abs(long - full) <= TOLERANCE_MM:
            return name
    for name, side, full in SHEETS[:5]:
        if abs(short - full) <= TOLERANCE_MM and (times := _times(long, side)):
            return f"{name}×{times}"
        if abs(short - side) <= TOLERANCE_MM and long > full + TOLERANCE_MM:
            return f"{name}+{_longer(long, full)}"
    for name, _, full in SHEETS[:5]:
        if abs(short - full) <= TOLERANCE_MM and long > full * 1.2:
            return f"{name}+"
    return f"{round(short)}×{round(long)} mm"


def _times(long: float, side: float) -> int:
    """How many short sides a length is; 0 when it is no whole number of three or more (two for A0)."""
    times = round(long / side)
    least = 2 if side == SHEETS[0][1] else 3
    return times if least <= times <= MOST_LENGTHS and abs(long - times * side) <= TOLERANCE_MM else 0


def _longer(long: float, full: float) -> str:
    """What a length has beyond the full side, as `1/4` or `3/2`; empty when not by eighths."""
    eighths = round((long - full) / full * 8)
    fits = eighths >= 1 and abs(long - full * (1 + eighths / 8)) <= TOLERANCE_MM
    return str(Fraction(eighths, 8)) if fits else ""
