"""How a signer's certificate stood when it signed and how it stands now, from what the file and the archive hold.

Nothing is fetched. The chain is built by `pyhanko-certvalidator`; what that cannot read (SM2, keys written carelessly)
goes through `certificates`. Revocation is read from lists and answers whose own signature leads to the issuer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pikepdf
from asn1crypto import core, crl, ocsp, x509
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError
from pyhanko_certvalidator.policy_decl import AcceptAllAlgorithms
from pyhanko_certvalidator.validate import async_validate_path

from zhudang.checks.signing import certificates
from zhudang.checks.signing.algorithms import verify
from zhudang.checks.signing.certificates import Standing
from zhudang.checks.signing.pdf_values import TROUBLES
from zhudang.checks.trust import Trust

MOST_PIECES = 300
LARGEST_PIECE = 20 * 1024 * 1024
LONGEST_CHAIN = 8
TOLERANCE = timedelta(minutes=5)


@dataclass
class Material:
    """Certificates and revocation data that came along; none of them is trusted by itself."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    crls: list[crl.CertificateList] = field(default_factory=list)
    ocsps: list[ocsp.OCSPResponse] = field(default_factory=list)


def stored(pdf: pikepdf.Pdf) -> Material:
    """The document security store (ISO 32000-2, 12.8.4.3): certificates, lists and answers kept for later."""
    material = Material()
    store = pdf.Root.get("/DSS")
    if not isinstance(store, pikepdf.Dictionary):
        return material
    for der in _pieces(store.get("/Certs")):
        certificate = certificates.load(der)
        if certificate is not None:
            material.certificates.append(certificate)
    for der in _pieces(store.get("/CRLs")):
        try:
            material.crls.append(crl.CertificateList.load(der))
        except TROUBLES:
            continue
    for der in _pieces(store.get("/OCSPs")):
        try:
            material.ocsps.append(ocsp.OCSPResponse.load(der))
        except TROUBLES:
            continue
    return material


def _pieces(held: Any) -> Iterable[bytes]:
    for piece in list(held)[:MOST_PIECES] if isinstance(held, pikepdf.Array) else ():
        if isinstance(piece, pikepdf.Stream):
            try:
                content = piece.read_bytes()
            except (pikepdf.PdfError, RuntimeError, ValueError):
                continue
            if len(content) <= LARGEST_PIECE:
                yield content


def standing(certificate: x509.Certificate, material: Material, trust: Trust, moment: datetime) -> Standing:
    """How the certificate stands at `moment` (timezone-aware): chain, revocation of the whole chain, validity."""
    validity = certificates.validity_at(certificate, moment)
    inside = moment
    if validity == "expired":
        inside = certificate.not_valid_after
    elif validity == "not_yet":
        inside = certificate.not_valid_before
    chain = _trusted_chain(certificate, material, trust, inside)
    known = "trusted" if chain else "unknown" if trust.anchors else "none"
    chain = chain or _likely_chain(certificate, [*trust.anchors, *trust.intermediates, *material.certificates])
    revocation, revoked_at = _chain_revocation(chain, material, trust, moment)
    return Standing(known, revocation, validity, revoked_at)


def _trusted_chain(
    certificate: x509.Certificate, material: Material, trust: Trust, moment: datetime
) -> list[x509.Certificate]:
    """The signer's certificate first, an anchor last; empty when no chain holds."""
    if not trust.anchors:
        return []
    helpers = [*trust.intermediates, *material.certificates]
    try:
        found = asyncio.run(_validated(certificate, helpers, trust, moment))
    except (PathError, ValidationError):
        return []
    except Exception:  # an algorithm the library does not know, or a key it does not read, raises anything
        told = certificates.standing(certificate, helpers, replace(trust, crls=()), moment)
        return _likely_chain(certificate, [*trust.anchors, *helpers]) if told.trust == "trusted" else []
    return found


async def _validated(
    certificate: x509.Certificate, helpers: list[x509.Certificate], trust: Trust, moment: datetime
) -> list[x509.Certificate]:
    context = ValidationContext(
        trust_roots=list(trust.anchors),
        other_certs=helpers,
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
        algorithm_usage_policy=AcceptAllAlgorithms(),
    )
    trouble: Exception | None = None
    for path in await context.path_builder.async_build_paths(certificate):
        try:
            await async_validate_path(context, path)
        except ValidationError as failed:
            trouble = failed
            continue
        chain = list(path.iter_certs(include_root=True))
        return chain[::-1]
    if trouble:
        raise trouble
    return []


def _likely_chain(certificate: x509.Certificate, helpers: list[x509.Certificate]) -> list[x509.Certificate]:
    """As far up as signatures lead; tells whose word on revocation counts, not whom to trust."""
    chain = [certificate]
    while len(chain) < LONGEST_CHAIN and not chain[-1].self_issued:
        last = chain[-1]
        issuer = next(
            (each for each in helpers if each.subject == last.issuer and certificates.signed_by(last, each)), None
        )
        if issuer is None or issuer in chain:
            break
        chain.append(issuer)
    return chain


def _chain_revocation(
    chain: list[x509.Certificate], material: Material, trust: Trust, moment: datetime
) -> tuple[str, datetime | None]:
    """The worst of the chain; the one at its top is not asked about."""
    lists = [*trust.crls, *material.crls]
    told = [_revocation(one, chain[place + 1], lists, material.ocsps, moment) for place, one in enumerate(chain[:-1])]
    if not told:
        return ("good" if chain[0].self_issued and trust.anchors and chain[0] in trust.anchors else "unknown"), None
    order = ("revoked", "unknown", "revoked_later", "good")
    return min(told, key=lambda each: order.index(each[0]))


def _revocation(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    lists: list[crl.CertificateList],
    answers: list[ocsp.OCSPResponse],
    moment: datetime,
) -> tuple[str, datetime | None]:
    known = False
    for when, made, until in [*_from_lists(certificate, issuer, lists), *_from_answers(certificate, issuer, answers)]:
        if when is not None:
            return ("revoked" if when <= moment else "revoked_later"), when
        known |= made >= moment - TOLERANCE or (until is not None and until >= moment)
    return ("good" if known else "unknown"), None


Word = tuple[datetime | None, datetime, datetime | None]
"""(revoked at, word given at, next word at)"""


def _from_lists(
    certificate: x509.Certificate, issuer: x509.Certificate, lists: list[crl.CertificateList]
) -> Iterable[Word]:
    for held in lists:
        try:
            if held.issuer == certificate.issuer and certificates.signed_by(held, issuer):
                body = held["tbs_cert_list"]
                # Lists grow long: whether the number stands in it at all is quickly seen in its bytes.
                listed = core.Integer(certificate.serial_number).dump() in body.dump()
                when = certificates.revoked_at(held, certificate.serial_number) if listed else None
                yield when, body["this_update"].native, body["next_update"].native
        except TROUBLES:
            continue


def _from_answers(
    certificate: x509.Certificate, issuer: x509.Certificate, answers: list[ocsp.OCSPResponse]
) -> Iterable[Word]:
    for answer in answers:
        try:
            yield from _answer(certificate, issuer, answer)
        except TROUBLES:
            continue


def _answer(certificate: x509.Certificate, issuer: x509.Certificate, answer: ocsp.OCSPResponse) -> Iterable[Word]:
    if answer["response_status"].native != "successful":
        return
    basic = answer.basic_ocsp_response
    for single in basic["tbs_response_data"]["responses"]:
        if not _about(single["cert_id"], certificate, issuer) or not _answered_by(basic, issuer):
            continue
        status = single["cert_status"]
        when = status.chosen["revocation_time"].native if status.name == "revoked" else None
        if status.name in ("good", "revoked"):
            yield when, single["this_update"].native, single["next_update"].native


def _about(told: Any, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    name = told["hash_algorithm"]["algorithm"].native
    key = getattr(issuer.public_key, name, None)
    return bool(told["serial_number"].native == certificate.serial_number and told["issuer_key_hash"].native == key)


def _answered_by(basic: Any, issuer: x509.Certificate) -> bool:
    """RFC 6960, 4.2.2.2: the issuer itself, or one it made for answering."""
    signature = bytes(basic["signature"].native)
    algorithm = basic["signature_algorithm"]["algorithm"].dotted
    message = basic["tbs_response_data"].dump()
    if verify(issuer.public_key, algorithm, signature, message):
        return True
    for held in basic["certs"] if basic["certs"].contents else ():
        usage = held.extended_key_usage_value
        if usage is None or "ocsp_signing" not in usage.native or not certificates.signed_by(held, issuer):
            continue
        if verify(held.public_key, algorithm, signature, message):
            return True
    return False


def now() -> datetime:
    return datetime.now(UTC)
