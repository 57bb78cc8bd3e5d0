"""Files that are wrong on purpose, as they come from sites: cut off, locked, misnamed, empty, with a script."""

import io
from collections.abc import Callable

import pikepdf


def cut_off(data: bytes) -> bytes:
    """The upload of the office software stopped half-way."""
    return data[: len(data) * 2 // 5]


def empty(_data: bytes) -> bytes:
    return b""


def locked(data: bytes) -> bytes:
    """Encrypted: cannot be opened without a password."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="owner", user="secret", R=6))
    return out.getvalue()


def print_locked(data: bytes) -> bytes:
    """Opens, but printing and copying are forbidden by its owner's password."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        document.save(
            out, encryption=pikepdf.Encryption(owner="owner", user="", R=6, allow=pikepdf.Permissions(extract=False))
        )
    return out.getvalue()


def scripted(data: bytes) -> bytes:
    """Carries a script that runs when it is opened."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert('demo')"))
        document.save(out, deterministic_id=True)
    return out.getvalue()


def noise(data: bytes) -> bytes:
    """A file whose middle was overwritten by a failing stick."""
    middle = len(data) // 2
    return data[: middle // 3] + b"\x00" * (len(data) - middle // 3)


# name -> (what was done, whether the archive's checks must block it)
FAULTS: dict[str, tuple[Callable[[bytes], bytes], bool]] = {
    "cut_off": (cut_off, True),
    "empty": (empty, True),
    "locked": (locked, True),
    "noise": (noise, True),
    "print_locked": (print_locked, False),
    "scripted": (scripted, False),
}
