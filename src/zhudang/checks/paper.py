"""Sheet names for page sizes, as drawing offices use them."""

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


def sheet_name(width_mm: float, height_mm: float) -> str:
    """`A4`, `A1+` for a sheet lengthened along its long side (GB/T 14689), else `420×900 mm`."""
    short, long = sorted((width_mm, height_mm))
    for name, side, full in SHEETS:
        if abs(short - side) <= TOLERANCE_MM and abs(long - full) <= TOLERANCE_MM:
            return name
    for name, side, full in SHEETS[:5]:
        if abs(short - side) <= TOLERANCE_MM and long > full + TOLERANCE_MM:
            return f"{name}+"
        if abs(short - full) <= TOLERANCE_MM and long > full * 1.2:
            return f"{name}+"
    return f"{round(short)}×{round(long)} mm"
