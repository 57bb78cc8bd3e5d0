"""Whom this installation trusts: certificates and revocation lists from a folder. None is assumed.

A folder holds PEM or DER files: what stands in `anchors/` (or in the folder itself) is trusted as a root; what
stands in `intermediates/` only helps to build a chain; `crls/` holds revocation lists (`*.crl`). A file that is
none of these is named in `complaints` and ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from asn1crypto import crl as asn1_crl
    from asn1crypto import x509

INTERMEDIATES, REVOCATION = "intermediates", "crls"
LARGEST_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Trust:
    """What a chain may end at, and what helps to get there. Certificates of any algorithm, SM2 included."""

    anchors: tuple[x509.Certificate, ...] = ()
    intermediates: tuple[x509.Certificate, ...] = ()
    crls: tuple[asn1_crl.CertificateList, ...] = ()
    complaints: tuple[str, ...] = field(default=())

    @classmethod
    def from_folder(cls, folder: Path | None) -> Self:
        """Read a folder; an empty trust without one."""
        if folder is None:
            return cls()
        anchors: list[x509.Certificate] = []
        intermediates: list[x509.Certificate] = []
        crls: list[asn1_crl.CertificateList] = []
        complaints: list[str] = []
        if not folder.is_dir():
            return cls(complaints=(f"{folder}: no such folder",))
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            place = path.relative_to(folder)
            try:
                if REVOCATION in place.parts[:-1] or path.suffix.lower() == ".crl":
                    crls.extend(_lists(path))
                elif INTERMEDIATES in place.parts[:-1]:
                    intermediates.extend(_certificates(path))
                else:
                    anchors.extend(_certificates(path))
            except (ValueError, TypeError, OSError) as trouble:
                complaints.append(f"{place}: {trouble}")
        return cls(tuple(anchors), tuple(intermediates), tuple(crls), tuple(complaints))


def _ders(path: Path) -> Iterator[bytes]:
    if path.stat().st_size > LARGEST_BYTES:
        raise ValueError("too large")
    from asn1crypto import pem  # a start without anchors needs none of this

    content = path.read_bytes()
    if pem.detect(content):
        for _kind, _headers, der in pem.unarmor(content, multiple=True):
            yield der
    else:
        yield content


def _certificates(path: Path) -> Iterator[x509.Certificate]:
    from asn1crypto import x509

    for der in _ders(path):
        certificate = x509.Certificate.load(der, strict=True)
        certificate.subject.native  # noqa: B018 - parses lazily; a file that is no certificate fails here
        yield certificate


def _lists(path: Path) -> Iterator[asn1_crl.CertificateList]:
    from asn1crypto import crl as asn1_crl

    for der in _ders(path):
        revoked = asn1_crl.CertificateList.load(der, strict=True)
        revoked.issuer.native  # noqa: B018 - as above
        yield revoked
