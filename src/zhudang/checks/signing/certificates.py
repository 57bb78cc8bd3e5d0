"""Is a certificate one this installation trusts, and was it good when it signed? SM2, RSA and ECDSA alike.

Nothing is fetched: anchors, intermediates and revocation lists come from the trust folder (`checks.trust.Trust`) and
from the signature itself. Without an anchor the answer is "cannot decide", never "invalid".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import x509

from zhudang.checks.signing.algorithms import verify
from zhudang.checks.trust import Trust

LONGEST_CHAIN = 8
MOST_TRIES = 200


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a certificate at one moment.

    `trust`: `trusted` (a chain to an anchor), `none` (no anchor is configured), `unknown` (anchors, but no chain).
    `revocation`: `good`, `revoked` (before the moment), `revoked_later`, `unknown`.
    `validity`: `valid`, `expired`, `not_yet` or `unknown` at the moment.
    """

    trust: str
    revocation: str
    validity: str
    revoked_at: datetime | None = None


def load(der: bytes) -> x509.Certificate | None:
    """A certificate, or None when the bytes are none, or one too damaged to be judged."""
    try:
        certificate = x509.Certificate.load(der, strict=True)
        # Parses lazily: every part that is asked about later must fail here, not there.
        key = certificate.public_key
        for part in (certificate.subject, certificate.issuer, certificate["signature_value"]):
            part.native  # noqa: B018
        key["algorithm"]["parameters"].dump(), key["public_key"].contents[0], key.dump()
        certificate["signature_algorithm"]["algorithm"].dotted, certificate.serial_number
        certificate.subject.human_friendly, certificate.key_identifier, certificate.self_issued  # noqa: B018
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError):
        return None
    return certificate


def name_of(certificate: x509.Certificate | None) -> str | None:
    """Whom a certificate names: common name, else organisation, else the whole subject."""
    if certificate is None:
        return None
    names = certificate.subject.native
    told = names.get("common_name") or names.get("organization_name") or certificate.subject.human_friendly
    return str(told[0] if isinstance(told, list) else told)[:200]


def standing(
    certificate: x509.Certificate,
    others: Iterable[x509.Certificate],
    trust: Trust,
    moment: datetime,
) -> Standing:
    """How a certificate stands at `moment` (timezone-aware).

    Args:
        others: certificates that came with the signature; they help to build a chain and are not trusted.
    """
    helpers = [*trust.intermediates, *others]
    chain = _chain([certificate], helpers, trust, moment, [MOST_TRIES])
    validity = validity_at(certificate, moment)
    if chain is None:
        issuer = _issuers(certificate, [*trust.anchors, *helpers])
        revocation, since = _revocation(certificate, issuer[0] if issuer else None, trust, moment)
        return Standing("unknown" if trust.anchors else "none", revocation, validity, since)
    revocation, since = _chain_revocation(chain, trust, moment)
    return Standing("trusted", revocation, validity, since)


def _chain(
    path: list[x509.Certificate],
    helpers: list[x509.Certificate],
    trust: Trust,
    moment: datetime,
    tries: list[int],
) -> list[x509.Certificate] | None:
    """A path from the first certificate to an anchor, or None. `tries` bounds the search over hostile helpers."""
    last = path[-1]
    if any(last.dump() == anchor.dump() for anchor in trust.anchors):
        return path
    if len(path) > LONGEST_CHAIN:
        return None
    for issuer in _issuers(last, [*trust.anchors, *helpers], tries):
        if issuer in path or not _may_issue(issuer, len(path) - 1) or validity_at(issuer, moment) != "valid":
            continue
        if found := _chain([*path, issuer], helpers, trust, moment, tries):
            return found
    return None


def _issuers(
    certificate: x509.Certificate, candidates: list[x509.Certificate], tries: list[int] | None = None
) -> list[x509.Certificate]:
    """Those whose name is the issuer's and whose key made the certificate's signature."""
    found = []
    for candidate in candidates:
        if candidate.subject != certificate.issuer:
            continue
        if tries is not None:
            if not tries[0]:
                break
            tries[0] -= 1
        if signed_by(certificate, candidate):
            found.append(candidate)
    return found


def signed_by(thing: Any, issuer: x509.Certificate) -> bool:
    """Whether a certificate or revocation list carries `issuer`'s signature."""
    listed = isinstance(thing, asn1_crl.CertificateList)
    try:
        body = thing["tbs_cert_list" if listed else "tbs_certificate"]
        signature = bytes(thing["signature" if listed else "signature_value"].native)
        algorithm = thing["signature_algorithm"]["algorithm"].dotted
    except (ValueError, TypeError, KeyError):
        return False
    return verify(issuer.public_key, algorithm, signature, body.dump()) is True


def _may_issue(issuer: x509.Certificate, below: int) -> bool:
    """Basic constraints and key usage, where they are stated; roots of old make often lack them."""
    try:
        constraints, usage = issuer.basic_constraints_value, issuer.key_usage_value
    except ValueError:
        return False
    if constraints is not None:
        if not constraints["ca"].native:
            return False
        longest = constraints["path_len_constraint"].native
        if longest is not None and below > longest:
            return False
    elif issuer["tbs_certificate"]["version"].native == "v3" and not issuer.self_issued:
        return False
    return usage is None or "key_cert_sign" in usage.native


def validity_at(certificate: x509.Certificate, moment: datetime) -> str:
    """`valid`, `expired`, `not_yet`, or `unknown` where the certificate does not say."""
    try:
        start, end = certificate.not_valid_before, certificate.not_valid_after
    except (ValueError, TypeError):
        return "unknown"
    if moment < start:
        return "not_yet"
    return "expired" if moment > end else "valid"


def _chain_revocation(chain: list[x509.Certificate], trust: Trust, moment: datetime) -> tuple[str, datetime | None]:
    """The worst of the chain; the anchor itself is not asked about."""
    told = [
        _revocation(certificate, chain[place + 1], trust, moment) for place, certificate in enumerate(chain[:-1])
    ] or [("good", None)]
    order = ("revoked", "unknown", "revoked_later", "good")
    return min(told, key=lambda each: order.index(each[0]))


def _revocation(
    certificate: x509.Certificate, issuer: x509.Certificate | None, trust: Trust, moment: datetime
) -> tuple[str, datetime | None]:
    if issuer is None:
        return "unknown", None
    covered = False
    for revoked in trust.crls:
        if revoked.issuer != certificate.issuer or not signed_by(revoked, issuer):
            continue
        when = revoked_at(revoked, certificate.serial_number)
        if when is not None:
            return ("revoked" if when <= moment else "revoked_later"), when
        until = revoked["tbs_cert_list"]["next_update"].native
        made = revoked["tbs_cert_list"]["this_update"].native
        covered |= made >= moment or (until is not None and until >= moment)
    return ("good" if covered else "unknown"), None


def revoked_at(revoked: asn1_crl.CertificateList, serial: int) -> datetime | None:
    """When a list says the certificate of this number was revoked; None when it does not."""
    for entry in revoked["tbs_cert_list"]["revoked_certificates"] or ():
        if entry["user_certificate"].native == serial:
            if entry.crl_reason_value is not None and entry.crl_reason_value.native == "remove_from_crl":
                continue
            moment = entry["revocation_date"].native
            return moment if isinstance(moment, datetime) else None
    return None
