"""Figures the rules measure against, each with its source. A city may set others (issue: data)."""

DIGITISATION_DPI = 200
"""DA/T 31-2017, 9.4: at least 200 dpi for scanned pages [knowledge]."""
MEMBER_BYTES = 2 * 1024**3
"""Largest member read out of an archive or document container while checking."""
TOTAL_BYTES = 8 * 1024**3
RATIO = 200
"""Expansion beyond which a member is looked at as a bomb, once it is larger than `RATIO_FROM_BYTES`."""
RATIO_FROM_BYTES = 256 * 1024**2
MEMBERS = 100_000
PIXELS = 1_000_000_000
"""A0 at 600 dpi is 560 million pixels; more than this in one frame is no drawing."""
ALLOCATION_BYTES = 3 * 1024**3
"""Backstop for one huge allocation between two looks of the watcher. A limit on address space would kill
the identification library's runtime, which reserves far more than it uses."""
READING_S = 40.0
"""Longest time for reading what an archive holds; what was not reached is told."""
INSIDE_FILES = 500
INSIDE_BYTES = 1024**3
INSIDE_FILE_BYTES = 256 * 1024**2
INSIDE_S = 25.0
INSIDE_DEPTH = 8
"""Files within files: how many, how many bytes in all and each, how long and how deep they are examined. The
nested bombs of record hide their load on the sixth level."""
