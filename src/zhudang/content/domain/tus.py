"""The words of tus 1.0 (https://tus.io/protocols/resumable-upload): headers in, facts out."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "checksum", "termination", "expiration")
CHECKSUM_ALGORITHMS = ("sha256", "sha1")
CONTENT_TYPE = "application/offset+octet-stream"

_KEY = re.compile(r"^[\x21-\x2b\x2d-\x7e]+$")


class Malformed(ValueError):
    """A header does not say what the protocol wants; `header` names it."""

    def __init__(self, header: str) -> None:
        self.header = header
        super().__init__(header)


@dataclass(frozen=True)
class Checksum:
    """The digest a client announces for the bytes of one request."""

    algorithm: str
    digest: bytes


def read_length(text: str | None, header: str) -> int:
    """Read a length or an offset: decimal digits only, no sign.

    Raises:
        Malformed
    """
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Malformed(header)
    return int(text)


def read_metadata(text: str) -> dict[str, str]:
    """Read `Upload-Metadata`: `key base64,key base64`; a key without value means empty.

    Raises:
        Malformed: a key twice, a bad key, a value that is not base64 of UTF-8.
    """
    found: dict[str, str] = {}
    for pair in text.split(",") if text.strip() else []:
        key, _, value = pair.strip().partition(" ")
        if not _KEY.match(key) or key in found:
            raise Malformed("Upload-Metadata")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as problem:
            raise Malformed("Upload-Metadata") from problem
    return found


def write_metadata(metadata: Mapping[str, str]) -> str:
    """Write `Upload-Metadata`; the counterpart of `read_metadata`."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}".strip() for key, value in metadata.items())


def read_checksum(text: str | None) -> Checksum | None:
    """Read `Upload-Checksum`: `algorithm base64`.

    Raises:
        Malformed: not of that shape, or an algorithm this server does not offer.
    """
    if text is None:
        return None
    algorithm, _, value = text.strip().partition(" ")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except binascii.Error as problem:
        raise Malformed("Upload-Checksum") from problem
    if algorithm not in CHECKSUM_ALGORITHMS or len(digest) != {"sha256": 32, "sha1": 20}[algorithm]:
        raise Malformed("Upload-Checksum")
    return Checksum(algorithm, digest)
