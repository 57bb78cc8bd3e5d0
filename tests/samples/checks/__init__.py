"""Good and bad files, made on the spot: one maker per finding code, and sound ones of every kind.

A module per kind of file. `BAD[code](folder)` writes the sample and gives its path; its report must carry that code.
`GOOD[name]` must not fail.
"""

from __future__ import annotations

from samples.checks import (
    archival,
    archives,
    business,
    drawings,
    formats,
    images,
    mail,
    media,
    models,
    ofd,
    ofd_signed,
    office,
    pdf,
    signatures,
    spatial,
    texts,
)
from samples.checks.making import Maker

MODULES = (
    formats,
    pdf,
    signatures,
    ofd,
    ofd_signed,
    images,
    drawings,
    models,
    media,
    office,
    archives,
    texts,
    business,
    archival,
    mail,
    spatial,
)
BAD: dict[str, Maker] = {code: make for module in MODULES for code, make in getattr(module, "BAD", {}).items()}
"""One bad file per code that a file alone can show."""
GOOD: dict[str, Maker] = {name: make for module in MODULES for name, make in getattr(module, "GOOD", {}).items()}
