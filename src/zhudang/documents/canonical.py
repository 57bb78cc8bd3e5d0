"""The machine-readable record of a document in its one canonical form, and its digest."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

# No 0 O 1 I L U V: people read these aloud and copy them from paper.
LETTERS = "23456789ABCDEFGHJKMNPQRSTWXYZ"
CODE_LENGTH = 8


def canonical_json(record: Mapping[str, Any]) -> str:
    """Write a record the one way it is digested: sorted keys, no spaces, UTF-8 as it is."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sm3(data: bytes) -> str:
    """SM3, lowercase hex."""
    return hashlib.new("sm3", data).hexdigest()


def new_check_code() -> str:
    """A check code nobody can guess from another."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def tidy_code(text: str) -> str:
    """Bring a check code as people type it into the form it is stored in; spaces and case do not matter."""
    return "".join(ch for ch in text.upper() if ch in LETTERS)


def spaced(text: str, group: int = 4) -> str:
    """Write digests and codes in groups, as they are printed."""
    return " ".join(text[i : i + group] for i in range(0, len(text), group))
